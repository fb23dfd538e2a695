// The words of signatures beside images.

/** Of bundles as cosign and Sigstore's verifiers look for them (cosign, specs/BUNDLE_SPEC.md). */
export const BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** What is said of an image: which paths of the store it has. */
export const IMAGE_PREDICATE = "https://pipelite.dev/image/v1";
