// What is known of a store path, as JSON for programs: the names are those of `nix path-info --json`.
import { formatHash } from "#nix/hash.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { PathInfo, Store } from "#store/index.ts";
import { pipeliteError } from "#store/errors.ts";

export interface DescribedPath {
  path: string;
  narHash: string;
  narSize: number;
  references: readonly string[];
  deriver: string | null;
  ca: string | null;
  signatures: readonly string[];
  registrationTime: number;
  ultimate: boolean;
  /** Where it is on this machine. */
  physical: string;
}

export function requireInfo(store: Store, path: StorePath): PathInfo {
  const info = store.info(path);
  if (info === undefined) throw pipeliteError("STORE_PATH_NOT_VALID", { path, home: store.home });
  return info;
}

export function describePath(store: Store, path: StorePath): DescribedPath {
  const info = requireInfo(store, path);
  return {
    path,
    narHash: formatHash({ algorithm: "sha256", bytes: info.narHash }, "sri"),
    narSize: info.narSize,
    references: info.references,
    deriver: info.deriver ?? null,
    ca: info.contentAddress ?? null,
    signatures: info.signatures,
    registrationTime: info.registeredAt,
    ultimate: info.ultimate,
    physical: store.physical(path),
  };
}
