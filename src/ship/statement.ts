// The words of signatures over what is shipped.
import { storePathBase, type StorePath } from "#nix/store-path.ts";

/** Of bundles as cosign and Sigstore's verifiers look for them (cosign, specs/BUNDLE_SPEC.md). */
export const BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** What is said of an image: which paths of the store it has. */
export const IMAGE_PREDICATE = "https://pipelite.dev/image/v1";

/** The same of a package, by the digest of its file. */
export const PACKAGE_PREDICATE = "https://pipelite.dev/package/v1";

/** Where the signature of a package lies: beside it. */
export const SIGNATURE_ENDING = ".sigstore.json";

/** How a statement names a path. @param narHash SHA-256 of its NAR in hex */
export function pathClaim(path: StorePath, narHash: string): object {
  return { digest: { narHash }, uri: `nix:${storePathBase(path)}` };
}

/** Of all, in the order of their names. */
export function pathClaims(paths: ReadonlyMap<StorePath, string>): object[] {
  return [...paths].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([path, hash]) => pathClaim(path, hash));
}
