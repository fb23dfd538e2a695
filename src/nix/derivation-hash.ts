// The hash of a derivation "modulo" its fixed-output inputs: what output paths are made from. Two derivations that
// differ only in how a file of known content is fetched have the same one.
// Specification: Nix manual, "Input-addressing derivation outputs"; `libstore/derivations.cc`, hashDerivationModulo.
import { compareByteStrings, hex } from "#base/bytes.ts";
import { writeATerm, writeMethod, type Derivation, type DerivationOutput } from "./aterm.ts";
import { sha256OfText } from "./hash.ts";
import { ownPlaceholder } from "./placeholder.ts";
import { makeFixedPath, makeOutputPath, type StorePath } from "./store-path.ts";
import { pipeliteError } from "./errors.ts";

/** Gives the derivation of a path; throws where there is none. */
export type DerivationLookup = (path: StorePath) => Derivation;

/** `deferred`: an input's path is not known before it is built, hence neither is that of this one's outputs. */
export interface ModuloHash {
  readonly kind: "fixed" | "regular" | "deferred";
  readonly hash: Uint8Array;
  readonly outputs: readonly string[];
}

/** Hashes of inputs, by path: pass one map to all calls that share a lookup. */
export type ModuloMemo = Map<StorePath, ModuloHash>;

/** The hash that output paths of `derivation` are made from: its own outputs do not count. */
export function hashModulo(
  derivation: Derivation,
  lookup: DerivationLookup,
  memo: ModuloMemo = new Map(),
): ModuloHash {
  for (const input of derivation.inputDrvs.keys()) hashInput(input, lookup, memo);
  return hashWithInputs(derivation, memo, true);
}

/**
 * The hash of a derivation as those that take from it are hashed with it: its own outputs count.
 * @param memo has the hashes of all that it takes from itself
 */
export function hashAsInput(derivation: Derivation, memo: ModuloMemo): ModuloHash {
  return hashWithInputs(derivation, memo, false);
}

/**
 * The derivation with the paths of its outputs, in `outputs` and in the variables named after them: real paths where
 * they follow from the derivation, placeholders for floating ones, nothing where an input is not known yet.
 */
export function fillOutputPaths(
  derivation: Derivation,
  lookup: DerivationLookup,
  memo: ModuloMemo = new Map(),
): Derivation {
  // A variable that is not there yet is no part of the hash, as in newer Nix: it is added when the path is known.
  const names = [...derivation.outputs.keys()].filter((name) => derivation.env.has(name));
  const blank = {
    ...derivation,
    env: new Map([...derivation.env, ...names.map((name) => [name, ""] as const)]),
  };
  const isAddressed = [...derivation.outputs.values()].some(isInputAddressed);
  const modulo = isAddressed ? hashModulo(blank, lookup, memo) : undefined;
  const outputs = new Map<string, DerivationOutput>();
  const env = new Map(blank.env);
  for (const [name, output] of derivation.outputs) {
    const filled = fillOutput(blank, name, output, modulo);
    outputs.set(name, filled);
    env.set(name, outputVariable(name, filled));
  }
  return { ...blank, env, outputs };
}

function fillOutput(
  derivation: Derivation,
  name: string,
  output: DerivationOutput,
  modulo: ModuloHash | undefined,
): DerivationOutput {
  if (output.kind === "fixed") return { ...output, path: fixedOutputPath(derivation.name, output) };
  if (!isInputAddressed(output) || modulo === undefined) return output;
  if (modulo.kind === "deferred") return { kind: "deferred" };
  const path = makeOutputPath({ drvName: derivation.name, output: name, hashModulo: modulo.hash });
  return { kind: "input-addressed", path };
}

/** The value of the variable named after an output. */
export function outputVariable(name: string, output: DerivationOutput): string {
  if ("path" in output) return output.path;
  return output.kind === "deferred" ? "" : ownPlaceholder(name);
}

/** Path of the one output of a fixed-output derivation. */
export function fixedOutputPath(
  drvName: string,
  { method, hash }: Pick<Extract<DerivationOutput, { kind: "fixed" }>, "method" | "hash">,
): StorePath {
  return makeFixedPath({ name: drvName, method, hash });
}

function isInputAddressed(output: DerivationOutput): boolean {
  return output.kind === "input-addressed" || output.kind === "deferred";
}

/** Hashes `root` and all it is made of, deepest first; graphs may be deeper than the call stack. */
function hashInput(root: StorePath, lookup: DerivationLookup, memo: ModuloMemo): void {
  const open: { path: StorePath; derivation: Derivation; rest: Iterator<StorePath> }[] = [];
  const onWay = new Set<StorePath>();
  const enter = (path: StorePath): void => {
    if (memo.has(path)) return;
    if (onWay.has(path)) throw pipeliteError("DRV_INPUT_INVALID", { path, reason: "it is its own input" });
    const derivation = lookup(path);
    onWay.add(path);
    open.push({ path, derivation, rest: derivation.inputDrvs.keys() });
  };
  enter(root);
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const next = top.rest.next();
    if (next.done !== true) {
      enter(next.value);
      continue;
    }
    memo.set(top.path, hashWithInputs(top.derivation, memo, false));
    onWay.delete(top.path);
    open.pop();
  }
}

function hashWithInputs(derivation: Derivation, memo: ModuloMemo, maskOutputs: boolean): ModuloHash {
  const outputs = [...derivation.outputs.keys()];
  const out = derivation.outputs.get("out");
  if (out?.kind === "fixed") {
    const method = writeMethod(out.method, out.hash.algorithm);
    const text = `fixed:out:${method}:${hex(out.hash.bytes)}:${out.path}`;
    return { kind: "fixed", hash: sha256OfText(text), outputs };
  }
  const inputs = new Map<string, string[]>();
  let isDeferred = [...derivation.outputs.values()].some(
    ({ kind }) => kind === "floating" || kind === "impure",
  );
  for (const [path, names] of derivation.inputDrvs) {
    const input = memo.get(path);
    if (input === undefined) throw new Error(`input ${path} was not hashed`);
    if (input.kind === "deferred") isDeferred = true;
    for (const name of names) {
      if (!input.outputs.includes(name)) {
        throw pipeliteError("DRV_INPUT_INVALID", {
          path,
          reason: `it has no output '${name}'`,
        });
      }
    }
    const key = hex(input.hash);
    if (names.length > 0) inputs.set(key, [...(inputs.get(key) ?? []), ...names]);
  }
  const sorted = [...inputs].toSorted(([a], [b]) => compareByteStrings(a, b));
  const text = writeATerm(derivation, { inputs: sorted, maskOutputs });
  return { kind: isDeferred ? "deferred" : "regular", hash: sha256OfText(text), outputs };
}
