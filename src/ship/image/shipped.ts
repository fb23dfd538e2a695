// What every image of ours has in its root: all that is in it, and how it is started.
import * as shape from "#base/shape.ts";
import { parseStrictJson } from "#base/strict-json.ts";

/** In the root of every image. */
export const SHIPPED_FILE = ".pipelite.json";

export interface ShippedImage {
  version: number;
  /** What it was made for; all they need is there, too. */
  roots: string[];
  paths: ShippedPath[];
  /** All besides. */
  files: ShippedImageFile[];
  /** The part of the configuration that says how it is started, as canonical JSON. */
  start: string;
}

interface ShippedPath {
  path: string;
  /** `sha256:HEX` */
  narHash: string;
  narSize: number;
  references: string[];
}

export interface ShippedImageFile {
  /** Byte string, as it stands in the layer. */
  path: string;
  kind: string;
  mode: number;
  /** `sha256:HEX` of a file, the text of a link. */
  content: string;
}

const { count, list, matching, object, text } = shape;
const storePath = matching(/^\/nix\/store\/[0-9a-df-np-sv-z]{32}-[\w.+?=-]+$/, "path of the store");

const shipped: shape.Shape<ShippedImage> = object<ShippedImage>({
  version: count,
  roots: list(storePath),
  paths: list(
    object<ShippedPath>({
      path: storePath,
      narHash: matching(/^sha256:[0-9a-f]{64}$/, "SHA-256"),
      narSize: count,
      references: list(storePath),
    }),
  ),
  files: list(object<ShippedImageFile>({ path: text, kind: text, mode: count, content: text })),
  start: text,
});

/** @throws SyntaxError that says what is wrong with it */
export function parseShipped(bytes: Uint8Array): ShippedImage {
  const value = shape.requireShape(shipped, parseStrictJson(bytes));
  if (value.version !== 1) throw new SyntaxError(`it is of version ${value.version}`);
  return value;
}
