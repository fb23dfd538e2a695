// What the lock file says of an image: the digests of all that it is made of, and its variables. Not where it is.
import type { ImageRequest } from "#author/environment-request.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import * as shape from "#base/shape.ts";
import type { LayerCompression } from "#package/oci.ts";

/** Of a configuration in the store, for the lock and for the run. */
export const CONFIG_NAME = "config.json";

export interface LockedImage {
  request: ImageRequest;
  architecture: string;
  /** SHA-256 of what the name stood for: an index or a manifest; of a file or folder, the manifest. */
  digest: string;
  /** SHA-256 of the manifest for this architecture; that of a configuration where an image came without one. */
  manifest: string;
  config: LockedBlob;
  /** From the lowest to the highest. */
  layers: LockedLayer[];
  /** `NAME=VALUE`s of the configuration. */
  env: string[];
}

export interface LockedBlob {
  sha256: string;
  size: number;
  /** In a file of `docker save`: which member of it. */
  member?: string;
}

export interface LockedLayer extends LockedBlob {
  compression: LayerCompression;
}

const { count, list, matching, object, oneOf, optional, text } = shape;

const sha256 = matching(/^[0-9a-f]{64}$/, "SHA-256");

const lockedImage: shape.Shape<LockedImage> = object<LockedImage>({
  request: shape.json as shape.Shape<ImageRequest>,
  architecture: text,
  digest: sha256,
  manifest: sha256,
  config: object<LockedBlob>({ sha256, size: count, member: optional(text) }),
  layers: list(
    object<LockedLayer>({
      sha256,
      size: count,
      member: optional(text),
      compression: oneOf("", ".gz", ".zst"),
    }),
  ),
  env: list(matching(/^[^=\0]+=[^\0]*$/, "NAME=VALUE")),
});

/** What is wrong with a lock that somebody may have edited: where, and what. */
export function faultOfLockedImage(value: unknown, request: ImageRequest): string | undefined {
  const fault = lockedImage(value);
  if (fault !== undefined) return fault.startsWith("/") ? fault : `it${fault}`;
  const locked = value as LockedImage;
  return canonicalJson(locked.request) === canonicalJson(request) ? undefined : "it answers another request";
}
