// What is signed about one rebuild: an in-toto statement whose subject is the output that was recorded, and whose predicate says
// what was built, how, and which bytes that gave. It has no verdict: whoever reads it compares the bytes. docs/rebuild.md
// describes its members.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hexDigestOf } from "#base/digest.ts";
import { bytesOfFile } from "#base/files.ts";
import * as shape from "#base/shape.ts";
import { VERSION } from "#base/version.ts";
import { parseHash } from "#nix/hash.ts";
import { hex } from "#base/bytes.ts";
import { parseStorePath, storePathBase, type StorePath } from "#nix/store-path.ts";
import type { Statement } from "#sigstore/statement.ts";
import type { Store } from "#store/store.ts";
import type { Attempt, Cause, RebuiltOutput } from "./outcome.ts";
import { VARIATIONS, type Untested } from "./variations.ts";

export const REBUILD_TYPE = "https://pipelite.dev/rebuild/v1";

export interface RebuildPredicate {
  runId: string;
  stage: string;
  derivation: { name: string; digest: { sha256: string } };
  /** When it was done, by the clock of the machine, and on which. */
  rebuiltOn: string;
  machine: { id: string; system: string; kernel: string; cores: number };
  version: { pipelite: string; node: string };
  builds: Attempt[];
  untested: Untested[];
  causes: StatedCause[];
}

type StatedCause = Pick<Cause, "by" | "heldStill" | "guesses"> & {
  file?: string;
  offset?: number;
  files?: number;
};

export interface Scene {
  runId: string;
  /** ISO 8601 */
  at: string;
  system: string;
  kernel: string;
  cores: number;
}

export function rebuildStatementOf(rebuilt: RebuiltOutput, scene: Scene, store: Store): Statement {
  const { stage, drvPath, outPath, narHash, attempts, untested, causes } = rebuilt;
  const { runId, at, system, kernel, cores } = scene;
  const derivation = parseStorePath(drvPath);
  const digest = hex(parseHash(narHash).bytes);
  const predicate: RebuildPredicate = {
    runId,
    stage,
    derivation: {
      name: storePathBase(derivation),
      digest: { sha256: hexDigestOf(readFileSync(store.physical(derivation))) },
    },
    rebuiltOn: at,
    machine: { id: machineId(), system, kernel, cores },
    version: { pipelite: VERSION, node: process.versions.node },
    builds: attempts,
    untested,
    causes: causes.map(({ by, heldStill, guesses, difference, files }) => ({
      by,
      ...(heldStill !== undefined && { heldStill }),
      guesses,
      ...(difference !== undefined && { file: difference.file }),
      ...(difference?.offset !== undefined && { offset: difference.offset }),
      ...(files !== undefined && { files }),
    })),
  };
  return {
    subject: [{ name: storePathBase(parseStorePath(outPath)), digest: { sha256: digest, narHash: digest } }],
    predicateType: REBUILD_TYPE,
    predicate: { ...predicate },
  };
}

/** Tells machines apart and names none: a hash of systemd's id of this one (machine-id(5) asks for that). */
function machineId(): string {
  const id = (bytesOfFile("/etc/machine-id") ?? Buffer.alloc(0)).toString("latin1");
  return /^[\da-f]{32}\n?$/.test(id) ? hashOfMachine(id) : UNKNOWN_MACHINE;
}

function hashOfMachine(id: string): string {
  return createHash("sha256").update("pipelite rebuild ").update(id, "latin1").digest("hex").slice(0, 32);
}

/** Of a machine, or a container, that has no id: it may be any of the others. */
export const UNKNOWN_MACHINE = hashOfMachine("unknown");

const ATTEMPT = shape.object<Attempt>({
  engine: shape.oneOf("embedded", "nix"),
  sandbox: shape.text,
  varied: shape.list(shape.oneOf(...VARIATIONS)),
  narHash: shape.optional(shape.digest),
  equivalentBy: shape.optional(
    shape.list(shape.oneOf("gzip-header", "tar-owner-and-time", "zip-time", "ar-owner-and-time")),
  ),
  failure: shape.optional(shape.text),
});

/** What counts of a statement; what else stands in it is for people. */
export interface StatedRebuild {
  runId: string;
  stage: string;
  /** Base name of the derivation that was built. */
  derivation: string;
  rebuiltOn: string;
  machine: string;
  /** `sha256:<hex>` of the NAR of the output that was recorded. */
  narHash: string;
  builds: Attempt[];
}

/** @throws RangeError with the problem */
export function readStatement({ subject, predicateType, predicate }: Statement): StatedRebuild {
  if (predicateType !== REBUILD_TYPE) throw new RangeError(`it is of the type ${predicateType}`);
  const { runId, stage, derivation, rebuiltOn, machine, builds } = predicate;
  const [first, ...others] = subject;
  const digest = first?.digest["narHash"];
  if (digest === undefined || others.length > 0) throw new RangeError("it is not about one output");
  try {
    return {
      runId: shape.requireShape(shape.text, runId),
      stage: shape.requireShape(shape.text, stage),
      derivation: shape.requireShape(DERIVATION, derivation).name,
      rebuiltOn: shape.requireShape(shape.time, rebuiltOn),
      machine: shape.requireShape(MACHINE, machine).id,
      narHash: shape.requireShape(shape.digest, `sha256:${digest}`),
      builds: shape.requireShape(shape.list(ATTEMPT), builds),
    };
  } catch (error) {
    throw error instanceof SyntaxError ? new RangeError(error.message, { cause: error }) : error;
  }
}

const DERIVATION = shape.object<RebuildPredicate["derivation"]>({
  name: shape.text,
  digest: shape.object<{ sha256: string }>({ sha256: shape.text }),
});

/** Whether it is about this output: the same bytes made by another derivation say nothing of this one. */
export function isAbout(stated: StatedRebuild, drvPath: StorePath, narHash: string): boolean {
  return stated.narHash === narHash && stated.derivation === storePathBase(drvPath);
}

const MACHINE = shape.object<RebuildPredicate["machine"]>({
  id: shape.text,
  system: shape.text,
  kernel: shape.text,
  cores: shape.count,
});
