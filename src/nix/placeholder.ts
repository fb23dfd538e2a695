// Texts that stand for output paths which are not known yet.
// Specification: Nix manual, "Derivation outputs: placeholders".
import { sha256OfText } from "./hash.ts";
import { encodeNix32 } from "./nix32.ts";
import { makeStorePath, outputPathName, storePathBase, storePathHash, storePathName } from "./store-path.ts";
import type { StorePath } from "./store-path.ts";

/** Stands for a derivation's own output. */
export function ownPlaceholder(output: string): string {
  return output === "out" ? (placeholderOfOut ??= ownPlaceholderOf(output)) : ownPlaceholderOf(output);
}

/** Nearly every derivation has this one, several times. */
let placeholderOfOut: string | undefined;

function ownPlaceholderOf(output: string): string {
  return placeholderOf(`nix-output:${output}`);
}

/** Stands for the output of another derivation. */
export function upstreamPlaceholder(drvPath: StorePath, output: string): string {
  const name = outputPathName(drvNameOf(drvPath), output);
  return placeholderOf(`nix-upstream-output:${storePathHash(drvPath)}:${name}`);
}

/** Where a builder puts an output whose path is not known before it is built. */
export function scratchPath(drvPath: StorePath, output: string): StorePath {
  const type = `rewrite:${storePathBase(drvPath)}:name:${output}`;
  return makeStorePath(type, new Uint8Array(32), outputPathName(drvNameOf(drvPath), output));
}

/** Name of a derivation: that of its path without `.drv`. */
export function drvNameOf(drvPath: StorePath): string {
  return storePathName(drvPath).slice(0, -".drv".length);
}

function placeholderOf(text: string): string {
  return `/${encodeNix32(sha256OfText(text))}`;
}
