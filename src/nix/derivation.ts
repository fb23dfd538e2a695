// Derivations: what to run, with which inputs, to make which outputs; the unit of building, and by its path the name of
// what it will make. aterm.ts has the text form, derivation-hash.ts the hashes that output paths are made from.
// Specification: Nix manual, "Store Derivation"; invariants as Nix 2.31 and newer enforce them (`checkInvariants`).
import { compareByteStrings } from "#base/bytes.ts";
import { derivationText, type Derivation } from "./aterm.ts";
import {
  fillOutputPaths,
  outputVariable,
  type DerivationLookup,
  type ModuloMemo,
} from "./derivation-hash.ts";
import { sha256OfText } from "./hash.ts";
import { upstreamPlaceholder } from "./placeholder.ts";
import { makeTextPath, sortPaths, type StorePath } from "./store-path.ts";
import { pipeliteError } from "./errors.ts";

export { parseDerivation, writeDerivation, type Derivation, type DerivationOutput } from "./aterm.ts";

/** Path of the .drv file: that of a text object which refers to all inputs. */
export function derivationPath(derivation: Derivation): StorePath {
  let path = paths.get(derivation);
  if (path === undefined) {
    path = makeTextPath({
      name: `${derivation.name}.drv`,
      sha256: sha256OfText(derivationText(derivation)),
      references: [...derivation.inputDrvs.keys(), ...derivation.inputSrcs],
    });
    paths.set(derivation, path);
  }
  return path;
}

/** It is asked for when a derivation is made, and again when it is written. */
const paths = new WeakMap<Derivation, StorePath>();

/**
 * Checks what newer Nix demands of every derivation it registers: its output paths are those that follow from it, the
 * variables named after outputs say so, each input derivation is there for an output of it.
 * @throws PipeliteError DRV_INVARIANT_BROKEN, DRV_INPUT_INVALID
 */
export function checkDerivation(derivation: Derivation, lookup: DerivationLookup, memo?: ModuloMemo): void {
  const { name, env } = derivation;
  const refuse = (reason: string): never => {
    throw pipeliteError("DRV_INVARIANT_BROKEN", { name, reason });
  };
  if (name.endsWith(".drv")) refuse("its name ends in .drv");
  for (const [path, outputs] of derivation.inputDrvs) {
    if (outputs.length === 0) {
      throw pipeliteError("DRV_INPUT_INVALID", { path, reason: "no output of it is named" });
    }
  }
  const right = fillOutputPaths(derivation, lookup, memo);
  for (const [output, actual] of derivation.outputs) {
    const wanted = right.outputs.get(output) ?? actual;
    const actualPath = outputVariable(output, actual);
    const wantedPath = outputVariable(output, wanted);
    if (actual.kind !== wanted.kind || actualPath !== wantedPath) {
      refuse(`the path of output '${output}' is '${actualPath}', and '${wantedPath}' follows from it`);
    }
    const variable = env.get(output);
    const isFree = actual.kind === "floating" || actual.kind === "impure";
    if (!isFree && variable !== wantedPath) {
      refuse(`the variable ${output} is '${variable ?? "not set"}', not '${wantedPath}'`);
    }
  }
}

/** Output paths of derivations: path of the .drv -> name of the output -> its path. */
export type KnownOutputs = ReadonlyMap<StorePath, ReadonlyMap<string, StorePath>>;

/**
 * Resolution: a derivation whose inputs are outputs of other derivations becomes one whose inputs are plain store paths,
 * so that it has the same path whatever way its inputs were made. It is what lets a build stop early.
 * Specification: `libstore/derivations.cc`, Derivation::tryResolve.
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
