// How an environment is made: derivations, each from files of known hash and from the outputs of earlier ones. The last
// one's output is the root file system.
import { byteStringOf } from "#base/bytes.ts";
import type { Derivation } from "#nix/derivation.ts";
import { ownPlaceholder, upstreamPlaceholder } from "#nix/placeholder.ts";
import { makeFixedPath } from "#nix/store-path.ts";
import type { StorePath } from "#nix/store-path.ts";

/** A file that is pinned by its hash. It is added to the store at its fixed path before what needs it is built. */
export interface LockedFile {
  name: string;
  /** Hex. */
  sha256: string;
  size: number;
  /** Where it can be had; no part of what it is. */
  from: { kind: "archive"; archive: string; path: string; date?: string };
}

/** One derivation of an environment. */
export interface Step {
  name: string;
  files: readonly LockedFile[];
  /** Programs and code that it runs. */
  sources: readonly StorePath[];
  /** Steps whose outputs it reads. */
  inputs: readonly Step[];
  invoke: (pathOf: (input: Step) => string) => Invocation;
}

export interface Invocation {
  builder: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
}

/** Where an input is: a derivation that is yet to be built, or a path. */
export type Origin = { kind: "path"; path: StorePath } | { kind: "derivation"; drvPath: StorePath };

/** A root file system, and the environment variables of what runs in it. */
export interface Recipe {
  root: Step;
  /** PATH among them. */
  variables: Readonly<Record<string, string>>;
}

export function pathOfFile({ name, sha256 }: Pick<LockedFile, "name" | "sha256">): StorePath {
  return makeFixedPath({
    name,
    method: "flat",
    hash: { algorithm: "sha256", bytes: Buffer.from(sha256, "hex") },
  });
}

/** A step and all that it needs, each once, what is needed first. */
export function stepsOf(step: Step): Step[] {
  const found = new Set<Step>();
  const visit = (each: Step): void => {
    if (found.has(each)) return;
    for (const input of each.inputs) visit(input);
    found.add(each);
  };
  visit(step);
  return [...found];
}

export function deriveStep(step: Step, originOf: (input: Step) => Origin): Derivation {
  const inputDrvs = new Map<StorePath, string[]>();
  const inputSrcs = new Set<StorePath>([...step.sources, ...step.files.map(pathOfFile)]);
  const paths = new Map<Step, string>();
  for (const input of step.inputs) {
    const origin = originOf(input);
    if (origin.kind === "path") inputSrcs.add(origin.path);
    else inputDrvs.set(origin.drvPath, ["out"]);
    paths.set(input, origin.kind === "path" ? origin.path : upstreamPlaceholder(origin.drvPath, "out"));
  }
  const { builder, args, env } = step.invoke((input) => {
    const path = paths.get(input);
    if (path === undefined) throw new Error(`${input.name} is no input of ${step.name}`);
    return path;
  });
  const variables = { ...env, name: step.name, out: ownPlaceholder("out") };
  return {
    name: step.name,
    outputs: new Map([["out", { kind: "floating", method: "recursive", algorithm: "sha256" }]]),
    inputDrvs,
    inputSrcs: [...inputSrcs].toSorted(),
    system: SYSTEM,
    builder: byteStringOf(builder),
    args: args.map(byteStringOf),
    env: new Map(Object.entries(variables).map(([key, value]) => [key, byteStringOf(value)])),
  };
}

export const SYSTEM = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`;
