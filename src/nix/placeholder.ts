// Resolution: a derivation whose inputs are outputs of other derivations becomes one whose inputs are plain store
// paths, so that it has the same path whatever way its inputs were made. It is what lets a build stop early.
// Specification: `libstore/derivations.cc`, Derivation::tryResolve.
import { compareByteStrings } from "#base/bytes.ts";
import type { Derivation } from "./aterm.ts";
import { fillOutputPaths } from "./derivation-hash.ts";
import { upstreamPlaceholder } from "./output-placeholder.ts";
import { sortPaths, type StorePath } from "./store-path.ts";
import { pipeliteError } from "./errors.ts";

export { ownPlaceholder, scratchPath, upstreamPlaceholder } from "./output-placeholder.ts";

/** Output paths of derivations: path of the .drv -> name of the output -> its path. */
export type KnownOutputs = ReadonlyMap<StorePath, ReadonlyMap<string, StorePath>>;

/**
 * @param outputs paths of all outputs the derivation takes; more may be in it
 * @throws PipeliteError DRV_OUTPUT_UNKNOWN where one is missing
 */
export function resolveDerivation(derivation: Derivation, outputs: KnownOutputs): Derivation {
  const rewrites = new Map<string, StorePath>();
  const inputSrcs = [...derivation.inputSrcs];
  for (const [drvPath, names] of derivation.inputDrvs) {
    for (const name of names) {
      const path = outputs.get(drvPath)?.get(name);
      if (path === undefined) throw pipeliteError("DRV_OUTPUT_UNKNOWN", { drv: drvPath, output: name });
      rewrites.set(upstreamPlaceholder(drvPath, name), path);
      inputSrcs.push(path);
    }
  }
  const resolved = {
    ...derivation,
    inputDrvs: new Map<StorePath, string[]>(),
    inputSrcs: sortPaths(inputSrcs),
    builder: rewrite(derivation.builder, rewrites),
    args: derivation.args.map((arg) => rewrite(arg, rewrites)),
    env: rewriteEnv(derivation.env, rewrites),
  };
  const isDeferred = [...derivation.outputs.values()].some(({ kind }) => kind === "deferred");
  return isDeferred ? fillOutputPaths(resolved, unreachable) : resolved;
}

/** Where two names become one, the value of the first in order stays. */
function rewriteEnv(
  env: ReadonlyMap<string, string>,
  rewrites: ReadonlyMap<string, StorePath>,
): Map<string, string> {
  const rewritten = new Map<string, string>();
  for (const [key, value] of [...env].toSorted(([a], [b]) => compareByteStrings(a, b))) {
    const newKey = rewrite(key, rewrites);
    if (!rewritten.has(newKey)) rewritten.set(newKey, rewrite(value, rewrites));
  }
  return rewritten;
}

/** A placeholder is a slash and 52 nix32 digits, of which none is a slash: two can't overlap, so one pass does. */
function rewrite(text: string, rewrites: ReadonlyMap<string, StorePath>): string {
  if (rewrites.size === 0) return text;
  return text.replaceAll(/\/[0-9a-df-np-sv-z]{52}/g, (found) => rewrites.get(found) ?? found);
}

function unreachable(path: StorePath): never {
  throw new Error(`a resolved derivation has the input ${path}`);
}
