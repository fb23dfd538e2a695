// What a builder made becomes store paths: canonicalised, hashed and scanned for references in one read,
// moved to its place, registered. Outputs are named by their content (floating), by a hash given in advance
// (fixed), or by their derivation (input-addressed).
import { lstatSync } from "node:fs";
import { createHasher } from "#base/hasher.ts";
import { byteStringOf } from "#base/bytes.ts";
import { inTurns, type Steps } from "#base/steps.ts";
import { writeContentAddress } from "#nix/content-address.ts";
import { equalHashes, type Hash } from "#nix/hash.ts";
import { ReferenceScanner } from "#nix/references.ts";
import type { RealisationId } from "#nix/realisation.ts";
import { makeSourcePath, sortPaths, storePathHash } from "#nix/store-path.ts";
import type { ContentMethod, StorePath } from "#nix/store-path.ts";
import { hashMismatch } from "./add.ts";
import { canonicalise } from "./canonicalise.ts";
import { diskPath, removeLeftover, shownPath } from "./disk.ts";
import { place, type Placement, type PlaceOptions, type StoreContext } from "./place.ts";
import { pathInfo } from "./query.ts";
import type { Registration } from "./register.ts";
import { makeModuloHasher, makeRewriter, rewriteSteps, type Renames } from "./rewrite.ts";
import { unlistedTree } from "./scan.ts";
import { dumpSteps, type TreeHash } from "./tree.ts";
import { pipeliteError as nixError } from "#nix/errors.ts";
import { pipeliteError } from "./errors.ts";

/** How the path of an output follows. */
export type ExpectedOutput =
  | { readonly kind: "floating" }
  | { readonly kind: "fixed"; readonly path: StorePath; readonly method: ContentMethod; readonly hash: Hash }
  | { readonly kind: "input-addressed"; readonly path: StorePath };

export interface BuiltOutput {
  /** What the builder made, on the store's file system. It is moved away. */
  scratch: string;
  /** The path by which the builder knew it. */
  scratchPath: StorePath;
  /** Name of the resulting path. */
  name: string;
  /**
   * What it may refer to: the closure of its inputs. The outputs of this call are candidates by themselves.
   */
  references: Iterable<StorePath>;
  deriver?: StorePath;
  /** Under which it is written down for Nix as the output of its derivation; registered with it, or not at all. */
  realises?: RealisationId | undefined;
  /** By content where nothing is said. */
  expected?: ExpectedOutput;
  /** Apparent size of all its files, holes counted; more is refused before any of it is read. */
  sizeMaxBytes?: number;
}

export interface RegisteredOutput extends TreeHash {
  path: StorePath;
  references: StorePath[];
  /** False where the same content was in the store already. */
  added: boolean;
}

export interface RegisterOutputs extends PlaceOptions {
  /** Up to when they are moved. */
  signal?: AbortSignal | undefined;
}

/**
 * Registers the outputs of one build: all of them or none. The builder must be dead. Gives the results in the
 * same order.
 * @throws PipeliteError STORE_OUTPUT_MISSING, STORE_OUTPUT_UNSAFE, STORE_OUTPUT_TOO_LARGE, STORE_SPECIAL_FILE,
 * STORE_OUTPUT_NOT_FLAT, STORE_HASH_MISMATCH, STORE_REFERENCES_FORBIDDEN, STORE_REFERENCE_CYCLE; the reason of `signal`
 */
export async function registerOutputs(
  store: StoreContext,
  outputs: readonly BuiltOutput[],
  { signal, ...placing }: RegisterOutputs = {},
): Promise<RegisteredOutput[]> {
  await store.scratch.protect();
  const readings: Reading[] = [];
  for (const output of outputs) readings.push(await inTurns(readOutput(output, outputs), signal));
  const finals = new Map<StorePath, StorePath>();
  const placements = new Map<Reading, Placement>();
  try {
    for (const reading of sortBySiblings(readings)) {
      const placement = await inTurns(
        finishOutput(() => store.scratch.next(), reading, finals),
        signal,
      );
      finals.set(reading.output.scratchPath, placement.registration.path);
      placements.set(reading, { ...placement, realises: reading.output.realises });
    }
    const inOrder = readings.map((reading) => placements.get(reading)).filter(isDefined);
    return await placeOutputs(store, inOrder, placing);
  } catch (error) {
    for (const { scratch } of placements.values()) removeLeftover(scratch);
    throw error;
  }
}

async function placeOutputs(
  store: StoreContext,
  placements: Placement[],
  placing: PlaceOptions,
): Promise<RegisteredOutput[]> {
  // Two outputs may be the same content under the same name; they are one path then.
  const unique = new Map(placements.map((placement) => [placement.registration.path, placement]));
  const flags = await place(store, [...unique.values()], placing);
  for (const placement of placements) {
    if (unique.get(placement.registration.path) !== placement) removeLeftover(placement.scratch);
  }
  const added = new Map([...unique.keys()].map((path, index) => [path, flags[index] ?? false]));
  return placements.map(({ registration }) => {
    const { path } = registration;
    const isNew = added.get(path) ?? false;
    // A path that was valid before keeps what is registered of it.
    const { narHash, narSize, references } = (isNew ? undefined : pathInfo(store, path)) ?? registration;
    return { path, narHash, narSize, references, added: isNew };
  });
}

interface Reading {
  output: BuiltOutput;
  scratch: string;
  hash: TreeHash;
  flatHash: Hash | undefined;
  isPlainFile: boolean;
  /** Found in it: inputs, and outputs of the same build by their scratch paths. */
  found: StorePath[];
  siblings: StorePath[];
}

function* readOutput(output: BuiltOutput, all: readonly BuiltOutput[]): Steps<Reading> {
  const { name, expected } = output;
  const scratch = byteStringOf(output.scratch);
  if (lstatSync(diskPath(scratch), { throwIfNoEntry: false }) === undefined) {
    throw pipeliteError("STORE_OUTPUT_MISSING", { name, file: shownPath(scratch) });
  }
  const tree = yield* canonicalise(scratch, name, { sizeMaxBytes: output.sizeMaxBytes });
  const scratchPaths = new Set(all.map(({ scratchPath }) => scratchPath));
  const scanner = new ReferenceScanner(new Set([...output.references, ...scratchPaths]));
  const algorithm = expected?.kind === "fixed" ? expected.hash.algorithm : undefined;
  const method = expected?.kind === "fixed" ? expected.method : "recursive";
  const other = algorithm === undefined ? undefined : createHasher(algorithm);
  const hash = yield* dumpSteps(tree, {
    sink: (chunk) => {
      scanner.push(chunk);
      if (method === "recursive") other?.update(chunk);
    },
    ...(method === "recursive" ? {} : { content: (chunk: Uint8Array) => other?.update(chunk) }),
  });
  const found = scanner.found();
  return {
    output,
    scratch,
    hash,
    flatHash:
      algorithm === undefined || other === undefined ? undefined : { algorithm, bytes: other.digest() },
    isPlainFile: tree.file?.executable === false,
    found,
    siblings: found.filter((path) => scratchPaths.has(path) && path !== output.scratchPath),
  };
}

/** Where a rewritten tree goes: gives a path that is not there, as a byte string. */
type NextScratch = () => string;

/**
 * The one output of a build in the form in which it would be registered, without registering it.
 * @param target where it goes if that form is another than the builder's; must not exist
 */
export function* finalForm(output: BuiltOutput, target: string): Steps<Placement> {
  const reading = yield* readOutput(output, [output]);
  return yield* finishOutput(() => byteStringOf(target), reading, new Map());
}

function* finishOutput(
  nextScratch: NextScratch,
  reading: Reading,
  finals: ReadonlyMap<StorePath, StorePath>,
): Steps<Placement> {
  const { output, scratch } = reading;
  const { expected } = output;
  if (expected?.kind === "fixed") return { scratch, registration: fixedRegistration(reading, expected) };
  const common = { ...(output.deriver === undefined ? {} : { deriver: output.deriver }), ultimate: true };
  if (expected?.kind === "input-addressed") {
    const references = reading.found.map((path) => finals.get(path) ?? path);
    return { scratch, registration: { path: expected.path, ...reading.hash, references, ...common } };
  }
  return yield* nameByContent(nextScratch, reading, { finals, common });
}

interface Naming {
  finals: ReadonlyMap<StorePath, StorePath>;
  common: Pick<Registration, "deriver" | "ultimate">;
}

/**
 * Gives an output the path that follows from its content. Where it mentions another one, or itself, by a scratch path,
 * the final path takes the place of that.
 */
function* nameByContent(
  nextScratch: NextScratch,
  reading: Reading,
  { finals, common }: Naming,
): Steps<Placement> {
  const { output, scratch, found } = reading;
  const own = output.scratchPath;
  const renames = renamesOf(reading, finals);
  const references = found.filter((path) => path !== own).map((path) => finals.get(path) ?? path);
  const selfReference = references.length < found.length;
  const named = (narSha256: Uint8Array): StorePath =>
    makeSourcePath({ name: output.name, narSha256, references, selfReference });
  const modulo = selfReference ? yield* moduloHash(output, renames) : undefined;
  if (modulo !== undefined) renames.set(storePathHash(own), storePathHash(named(modulo)));
  let finished = { hash: reading.hash, path: scratch };
  if (renames.size > 0) {
    const target = nextScratch();
    finished = { hash: yield* rewriteSteps(output.scratch, renames, target), path: target };
    removeLeftover(scratch);
  }
  const contentHash = modulo ?? finished.hash.narHash;
  const path = named(contentHash);
  const contentAddress = writeContentAddress({
    method: "recursive",
    hash: { algorithm: "sha256", bytes: contentHash },
  });
  const all = selfReference ? [...references, path] : references;
  const registration = { path, ...finished.hash, references: sortPaths(all), contentAddress, ...common };
  return { scratch: finished.path, registration };
}

/** Hash parts of other outputs' scratch paths that are not their final ones. */
function renamesOf({ siblings }: Reading, finals: ReadonlyMap<StorePath, StorePath>): Map<string, string> {
  const renames = new Map<string, string>();
  for (const sibling of siblings) {
    const final = finals.get(sibling);
    if (final !== undefined && final !== sibling) renames.set(storePathHash(sibling), storePathHash(final));
  }
  return renames;
}

function* moduloHash({ scratch, scratchPath }: BuiltOutput, renames: Renames): Steps<Uint8Array> {
  const hasher = makeModuloHasher(storePathHash(scratchPath));
  const rewriter = renames.size === 0 ? undefined : makeRewriter(renames, hasher.push);
  yield* dumpSteps(unlistedTree(scratch), { sink: rewriter?.push ?? hasher.push });
  rewriter?.end();
  return hasher.end();
}

function fixedRegistration(
  { output, hash, flatHash, isPlainFile, found }: Reading,
  expected: Extract<ExpectedOutput, { kind: "fixed" }>,
): Registration {
  const { name, deriver } = output;
  if (expected.method !== "recursive" && !isPlainFile) throw pipeliteError("STORE_OUTPUT_NOT_FLAT", { name });
  if (flatHash !== undefined && !equalHashes(flatHash, expected.hash)) {
    throw hashMismatch(expected.path, flatHash, expected.hash);
  }
  if (found.length > 0) {
    throw nixError("STORE_REFERENCES_FORBIDDEN", { name, kind: "fixed-output" });
  }
  const contentAddress = writeContentAddress({ method: expected.method, hash: expected.hash });
  return {
    path: expected.path,
    ...hash,
    references: [],
    contentAddress,
    ...(deriver === undefined ? {} : { deriver }),
    ultimate: true,
  };
}

/**
 * Outputs after those they mention, since the path of a content-addressed one is part of what mentions it.
 */
function sortBySiblings(readings: readonly Reading[]): Reading[] {
  const byScratch = new Map(readings.map((reading) => [reading.output.scratchPath, reading]));
  const sorted = new Set<Reading>();
  const open = new Set<Reading>();
  const visit = (reading: Reading): void => {
    if (sorted.has(reading)) return;
    if (open.has(reading)) {
      const path = reading.output.scratchPath;
      throw pipeliteError("STORE_REFERENCE_CYCLE", { path, through: reading.siblings.join(", ") });
    }
    open.add(reading);
    for (const sibling of reading.siblings) {
      const other = byScratch.get(sibling);
      if (other !== undefined) visit(other);
    }
    sorted.add(reading);
  };
  for (const reading of readings) visit(reading);
  return [...sorted];
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined;
}
