// What a run record must look like before anything that it says is used.
import { isObject } from "#base/strict-json.ts";
import type { SandboxReport, Usage } from "#engine/engine.ts";
import type { HeldLimit, HeldLimits } from "#engine/limits.ts";
import type { SecretFound } from "#secrets/secrets.ts";
import * as shape from "#base/shape.ts";
import { isPipeliteError } from "#base/errors.ts";
import { isNodeName } from "#base/node-name.ts";
import { parseStorePath } from "#nix/store-path.ts";
import type { ListExpanded, RunEvent, RunStarted } from "./events.ts";
import {
  RECORD_SCHEMA,
  type BuildReason,
  type Claim,
  type ExpandedItem,
  type Expansion,
  type FailedAttempt,
  type HostFacts,
  type Material,
  type Phase,
  type RunRecord,
  type StageFailure,
  type StageRecord,
  type VariantRow,
  type VariantTable,
  type StageStatus,
} from "./run-record.ts";

const { amount, count, list, mapOf, object, oneOf, optional, text, time } = shape;

const storePath: shape.Shape<string> = (value) => {
  if (typeof value !== "string") return " is not a store path";
  try {
    parseStorePath(value);
    return undefined;
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return " is not a store path";
  }
};

const nodeName: shape.Shape<string> = (value) =>
  typeof value === "string" && isNodeName(value) ? undefined : " is no name of a stage";
const runId = shape.matching(/^[\w-]+$/, "name of a run");
const narHash = shape.digest;

const status = oneOf<StageStatus>("built", "cached", "substituted", "failed", "skipped", "cancelled");

const usage = object<Usage>({
  wallMs: amount,
  cpuUserMs: optional(amount),
  cpuSystemMs: optional(amount),
  peakMemoryBytes: optional(amount),
  ioReadBytes: optional(amount),
  ioWriteBytes: optional(amount),
  outOfMemoryKills: optional(count),
  refusedProcesses: optional(count),
  minorFaults: optional(count),
  majorFaults: optional(count),
  voluntarySwitches: optional(count),
  involuntarySwitches: optional(count),
  counters: optional(
    list(
      object<NonNullable<Usage["counters"]>[number]>({
        name: oneOf(
          "task-clock",
          "cycles",
          "instructions",
          "cache-references",
          "cache-misses",
          "branch-misses",
        ),
        unit: oneOf("count", "ms"),
        value: optional(amount),
        source: oneOf("perf", "unavailable"),
        reason: optional(text),
        scope: optional(text as shape.Shape<never>),
        share: optional(amount),
      }),
    ),
  ),
  source: object<Usage["source"]>({
    wall: text,
    cpu: text,
    memory: text,
    io: text,
    events: optional(text),
  }),
  machine: optional(
    object<NonNullable<Usage["machine"]>>({
      name: text,
      system: text,
      nix: text,
      sandbox: oneOf("set by us", "as configured there"),
      movedFrom: optional(
        list(object<Record<"machine" | "problem", string>>({ machine: text, problem: text })),
      ),
    }),
  ),
});

const failure = object<StageFailure>({
  code: text,
  message: text,
  hint: optional(text),
  place: optional(text),
  ending: optional(
    object<NonNullable<StageFailure["ending"]>>({
      kind: text,
      code: optional(shape.integer),
      signal: optional(text),
    }),
  ),
  logTail: optional(list(text)),
});

const heldLimit = object<HeldLimit>({
  limit: amount,
  by: oneOf(
    "cgroup1",
    "cgroup2",
    "rlimit",
    "procfs",
    "affinity",
    "unavailable",
    "pipelite",
    "nix",
    "told",
    "nothing",
  ),
});

const heldLimits = object<HeldLimits>({
  memoryBytes: optional(heldLimit),
  cpus: optional(heldLimit),
  timeoutMs: optional(heldLimit),
  processes: optional(heldLimit),
  outputBytes: optional(heldLimit),
  logBytes: optional(heldLimit),
});

const failedAttempt = object<FailedAttempt>({
  failure,
  durationMs: amount,
  pauseMs: amount,
  usage: optional(usage),
});

const reason = object<BuildReason>({
  kind: oneOf(
    "first-build",
    "module",
    "code",
    "param",
    "input",
    "source",
    "tool",
    "no-sandbox",
    "output-gone",
    "forced",
    "pipelite",
  ),
  text,
});

const stageMembers: shape.ShapeMembers<StageRecord> = {
  name: nodeName,
  kind: oneOf("stage", "gate", "check", "each", "command", "fetch", "environment", "answer"),
  status,
  place: text,
  inputs: list(text),
  drvPath: optional(storePath),
  graphDrvPath: optional(storePath),
  outPath: optional(storePath),
  narHash: optional(narHash),
  narSize: optional(count),
  startMs: optional(amount),
  waitedMs: optional(amount),
  durationMs: amount,
  usage: optional(usage),
  limits: optional(heldLimits),
  failedAttempts: optional(list(failedAttempt)),
  former: optional(
    object<NonNullable<StageRecord["former"]>>({ outPath: storePath, firstDifference: optional(text) }),
  ),
  substitutedFrom: optional(text),
  logDigest: optional(shape.digest),
  builtInRun: optional(runId),
  reason: optional(reason),
  failure: optional(failure),
  because: optional(text),
};
const stage = object<StageRecord>(stageMembers);

const expansionMembers: shape.ShapeMembers<Expansion> = {
  name: text,
  from: text,
  file: optional(text),
  key: optional(text),
  items: list(
    object<ExpandedItem>({ key: text, name: text, stages: list(text), made: text, file: optional(text) }),
  ),
};

const variants = list(
  object<VariantTable>({
    place: text,
    axes: list(object<VariantTable["axes"][number]>({ name: text, values: list(shape.scalar) })),
    rows: list(object<VariantRow>({ values: mapOf(shape.scalar), stages: list(text) })),
  }),
);

const material = object<Material>({
  name: nodeName,
  kind: oneOf("source", "timings"),
  path: storePath,
  narHash,
  narSize: count,
});

const phase = object<Phase>({
  name: oneOf("prepare", "plan", "build"),
  startMs: amount,
  durationMs: amount,
});

const sandbox = object<SandboxReport>({
  kind: text,
  version: optional(text),
  tried: list(object<SandboxReport["tried"][number]>({ kind: text, reason: text })),
});

const secret = object<SecretFound>({
  name: text,
  from: oneOf("environment", "file", "command"),
  status: oneOf("present", "absent"),
});

const host = object<HostFacts>({ system: text, kernel: text, cores: count, node: text, pipelite: text });

const claim = object<Claim>({
  id: text,
  kind: oneOf("check", "figure"),
  statement: text,
  value: shape.scalar,
  unit: optional(text),
  formula: text,
  evidence: list(text),
  status: text,
  limit: optional(shape.scalar),
  accept: optional(text),
  problem: optional(text),
  source: optional(text),
});

type StageFinished = Extract<RunEvent, { type: "stage-finished" }>;

/** The events that show a run without a record. */
export const stageShape = object<StageFinished>({ type: oneOf("stage-finished"), ...stageMembers });
const announced = list(object<RunStarted["stages"][number]>({ name: text, inputs: list(text) }));
export const expandedShape = object<ListExpanded>({
  type: oneOf("list-expanded"),
  ...expansionMembers,
  params: mapOf(shape.json),
  stages: announced,
});
export const startedShape = object<RunStarted>({
  type: oneOf("run-started"),
  runId,
  pipeline: text,
  pipelineFile: text,
  startedAt: time,
  engine: oneOf("embedded", "nix"),
  sandbox,
  params: mapOf(shape.json),
  secrets: optional(list(secret)),
  host,
  stages: announced,
  variants: optional(variants),
  jobs: count,
});

const pathsByName = mapOf(storePath);
/** Results are links in one folder, beside the evidence. */
const resultsShape: shape.Shape<Record<string, string>> = (value) => {
  const fault = pathsByName(value);
  if (fault !== undefined) return fault;
  const odd = Object.keys(value as object).find((name) => !isNodeName(name) || name === "evidence");
  return odd === undefined ? undefined : `/${odd} is no name of a result`;
};

const record = object<RunRecord>({
  schema: oneOf(RECORD_SCHEMA),
  runId,
  pipeline: text,
  pipelineFile: text,
  startedAt: time,
  finishedAt: time,
  durationMs: amount,
  tookMs: optional(amount),
  status: oneOf("passed", "failed", "cancelled"),
  engine: text,
  sandbox,
  params: mapOf(shape.json),
  secrets: optional(list(secret)),
  host,
  tree: optional(storePath),
  evidenceOfRun: optional(runId),
  documentsBy: optional(text),
  jobs: optional(count),
  phases: optional(list(phase)),
  stages: list(stage),
  expansions: optional(list(object<Expansion>(expansionMembers))),
  variants: optional(variants),
  materials: list(material),
  results: resultsShape,
  counts: object<Record<StageStatus, number>>({
    built: count,
    cached: count,
    substituted: count,
    failed: count,
    skipped: count,
    cancelled: count,
  }),
  claims: list(claim),
});

/** A record from a value of JSON. @throws SyntaxError with the place of the first fault */
export function parseRecord(value: unknown): RunRecord {
  const found = shape.requireShape(record, withKinds(value));
  const names = new Set(found.stages.map(({ name }) => name));
  if (names.size !== found.stages.length) throw new SyntaxError("two of its stages have one name");
  return found;
}

/** Records of before claims said which kind they are of: a check is what reads the checks of a verdict. */
function withKinds(value: unknown): unknown {
  if (!isObject(value) || !Array.isArray(value["claims"])) return value;
  const claims = value["claims"].map((each: unknown) => {
    if (!isObject(each) || each["kind"] !== undefined || !Array.isArray(each["evidence"])) return each;
    const isCheck = each["evidence"].some((place) => /\/verdict\.json(#\/checks\/|$)/.test(String(place)));
    return { ...each, kind: isCheck ? "check" : "figure" };
  });
  return { ...value, claims };
}
