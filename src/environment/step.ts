// How an environment is made: derivations, each from files of known hash and from the outputs of earlier ones. The last
// one's output is the root file system.
import { byteStringOf } from "#base/bytes.ts";
import type { Derivation, DerivationOutput } from "#nix/derivation.ts";
import type { Hash } from "#nix/hash.ts";
import { ownPlaceholder, upstreamPlaceholder } from "#nix/placeholder.ts";
import { makeFixedPath } from "#nix/store-path.ts";
import type { StorePath } from "#nix/store-path.ts";

/** A store path that is pinned by what its NAR is. */
export interface LockedPath {
  path: StorePath;
  /** Of the NAR, hex. */
  sha256: string;
  /** Bytes of the NAR. */
  size: number;
  /** Sorted. */
  references: StorePath[];
}

/** A file that is pinned by its hash. It is added to the store at its fixed path before what needs it is built. */
export interface LockedFile {
  name: string;
  /** Hex. */
  sha256: string;
  size: number;
  /** Where it can be had; no part of what it is. */
  from: InArchive | InRegistry | InLocalImage | InIndex;
}

/** An archive of an npm package: its lock has the SHA-512. */
export interface LockedArchive {
  name: string;
  /** Hex. */
  sha512: string;
  /** Not known before it is here. */
  size: 0;
  from: InNpm;
}

export interface InNpm {
  kind: "npm";
  package: string;
  version: string;
}

export interface InArchive {
  kind: "archive";
  archive: string;
  path: string;
  date?: string;
  /** What a package says of itself: `Package`, `Version`, `Architecture`. */
  says?: Readonly<Record<"name" | "version" | "architecture", string>>;
}

/** A blob of an image. */
export interface InRegistry {
  kind: "registry";
  /** As pipeline.ts names it. */
  image: string;
  registry: string;
  repository: string;
}

/** A wheel. */
export interface InIndex {
  kind: "index";
  project: string;
}

/** A member of a tar, or a file in a folder. */
export interface InLocalImage {
  kind: "local-image";
  image: string;
  /** Absolute path of the tar or folder. */
  file: string;
  member: string;
}

/** One derivation of an environment. */
export interface Step {
  name: string;
  files: readonly (LockedFile | LockedArchive)[];
  /** Store paths that caches have, each with all that it needs. Those that it names itself are among its sources. */
  closure?: readonly LockedPath[];
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

/** How an environment is made, entered and used. */
export interface Recipe {
  /** The last step: its output is the environment. */
  root: Step;
  /** Where in that output the root file system is, for one that is more than that: `/base`. A link does. */
  place: string;
  /** It has no root: its programs are started from the store, as any captured one. */
  isRootless?: true;
  /** Variables of what runs in it, PATH among them. @param output path of the last step's output */
  variables: (output: string) => Readonly<Record<string, string>>;
}

type Hashed = Pick<LockedFile, "name" | "sha256"> | Pick<LockedArchive, "name" | "sha512">;

export function pathOfFile(file: Hashed): StorePath {
  return makeFixedPath({ name: file.name, method: "flat", hash: hashOfFile(file) });
}

export function hashOfFile(file: Hashed): Hash {
  return "sha512" in file
    ? { algorithm: "sha512", bytes: Buffer.from(file.sha512, "hex") }
    : { algorithm: "sha256", bytes: Buffer.from(file.sha256, "hex") };
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

/** The store paths that are taken from caches for it. */
export function lockedClosureOf({ root }: Pick<Recipe, "root">): LockedPath[] {
  return stepsOf(root).flatMap(({ closure = [] }) => closure);
}

export function deriveStep(step: Step, originOf: (input: Step) => Origin): Derivation {
  const invocation = step.invoke((input) => {
    if (!step.inputs.includes(input)) throw new Error(`${input.name} is no input of ${step.name}`);
    return originPath(originOf(input));
  });
  const sources = [...step.sources, ...step.files.map(pathOfFile)];
  return derivationOf(step.name, { invocation, sources, origins: step.inputs.map(originOf) });
}

/** What stands for an input in an invocation: its path, or what Nix puts it in the place of. */
export function originPath(origin: Origin): string {
  return origin.kind === "path" ? origin.path : upstreamPlaceholder(origin.drvPath, "out");
}

export interface DerivationParts {
  invocation: Invocation;
  /** Programs, code and files. */
  sources: readonly StorePath[];
  /** Where what it reads comes from. */
  origins: readonly Origin[];
  /** Input-addressed outputs are deferred until no input derivation is left. Default: addressed by its content. */
  isInputAddressed?: boolean;
}

/** The derivation of a program that makes one output. */
export function derivationOf(
  name: string,
  { invocation, sources, origins, isInputAddressed = false }: DerivationParts,
): Derivation {
  const paths = origins.flatMap((origin) => (origin.kind === "path" ? origin.path : []));
  const drvPaths = origins.flatMap((origin) => (origin.kind === "path" ? [] : origin.drvPath));
  const variables = { ...invocation.env, name, out: isInputAddressed ? "" : ownPlaceholder("out") };
  const output: DerivationOutput = isInputAddressed
    ? { kind: "deferred" }
    : { kind: "floating", method: "recursive", algorithm: "sha256" };
  return {
    name,
    outputs: new Map([["out", output]]),
    inputDrvs: new Map(drvPaths.map((path) => [path, ["out"]])),
    inputSrcs: [...new Set([...sources, ...paths])].toSorted(),
    system: SYSTEM,
    builder: byteStringOf(invocation.builder),
    args: invocation.args.map(byteStringOf),
    env: new Map(Object.entries(variables).map(([key, value]) => [key, byteStringOf(value)])),
  };
}

/** The kind of machine that builds, as Nix says it. */
export const SYSTEM = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`;
