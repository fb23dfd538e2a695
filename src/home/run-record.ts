// The record of a run: what ran, from what, how long, with what outcome. Everything that is said about a run later is
// computed from this and from the outputs it names.
import type { SandboxReport, Usage } from "#engine/engine.ts";
import type { SecretFound } from "#secrets/secrets.ts";
import type { HeldLimits } from "#engine/limits.ts";

export type StageStatus = "built" | "cached" | "substituted" | "failed" | "skipped" | "cancelled";

/** Why a planned stage will be built, in the words of pipeline.ts; absent when nothing is to be built. */
export interface BuildReason {
  kind:
    | "first-build"
    | "module"
    | "code"
    | "param"
    | "input"
    | "source"
    | "tool"
    | "no-sandbox"
    | "output-gone"
    | "forced"
    | "pipelite";
  /** One line, such as `stages/audio.ts changed` or `param seconds: 10 -> 20`. */
  text: string;
}

export interface StageFailure {
  code: string;
  message: string;
  hint?: string;
  /** `pipeline.ts:12:15`, where the stage is declared. */
  place?: string;
  /** How the process ended, for a stage that ran. */
  ending?: { kind: string; code?: number; signal?: string };
  /** The end of its log, as text lines. */
  logTail?: string[];
}

/** A try of a stage that failed, after which it was tried again. */
export interface FailedAttempt {
  failure: StageFailure;
  durationMs: number;
  /** How long was waited before the next one. */
  pauseMs: number;
  usage?: Usage;
}

export const RECORD_SCHEMA = 2;

export interface StageRecord {
  name: string;
  kind: "stage" | "gate" | "check" | "each" | "command" | "fetch" | "environment" | "answer";
  status: StageStatus;
  /** `pipeline.ts:12:15` */
  place: string;
  /** Names of the nodes whose outputs it reads. */
  inputs: string[];
  /** The derivation that was built: all its inputs are store paths. */
  drvPath?: string;
  /** The same before its inputs were known: real Nix can build the whole graph from it. */
  graphDrvPath?: string;
  outPath?: string;
  narHash?: string;
  narSize?: number;
  /** When this run turned to it, from the start of the run by the monotonic clock; absent when it never did. */
  startMs?: number;
  /** Of the time before `startMs`: how long all it needed was there and it waited for its turn. */
  waitedMs?: number;
  /** Time this run spent on it; the figures of the build itself are in `usage`. */
  durationMs: number;
  /** The binary cache whose word it is that the derivation gave this output; of a substituted stage. */
  substitutedFrom?: string;
  usage?: Usage;
  /** What it was limited to when it was built in this run, and what held it to that. */
  limits?: HeldLimits;
  /** In the order of time. */
  failedAttempts?: FailedAttempt[];
  /** The output that was there, of a stage that this run was told to build again: the same bytes if the paths are equal. */
  former?: { outPath: string; firstDifference?: string };
  /** `sha256:<hex>` of the log of its build, where there is one. */
  logDigest?: string;
  /** The run that built the output, when that was an earlier one. */
  builtInRun?: string;
  reason?: BuildReason;
  failure?: StageFailure;
  because?: string;
}

/** A part of the run that is not one stage's: loading and bundling, planning, building. */
export interface Phase {
  name: "prepare" | "plan" | "build";
  /** From the start of the run. */
  startMs: number;
  durationMs: number;
}

export interface RunRecord {
  schema: typeof RECORD_SCHEMA;
  runId: string;
  pipeline: string;
  pipelineFile: string;
  startedAt: string;
  finishedAt: string;
  /** Until the result and its evidence were to be gathered; the documents in the result tree say this. */
  durationMs: number;
  /** The same with the gathering and the link to the result; absent in records of before this was measured. */
  tookMs?: number;
  status: "passed" | "failed" | "cancelled";
  engine: string;
  sandbox: SandboxReport;
  params: Record<string, unknown>;
  /** Those that the pipeline declares: where their values come from, never the values. */
  secrets?: SecretFound[];
  host: HostFacts;
  /** Store path of the result tree, for a run that passed; its evidence may come from an earlier run. */
  tree?: string;
  evidenceOfRun?: string;
  /** What wrote the documents of the result tree: the version of Pipelite, and a digest of the code that writes them. */
  documentsBy?: string;
  /** Stages at a time. */
  jobs?: number;
  /** In the order of time. */
  phases?: Phase[];
  stages: StageRecord[];
  /** What came of lists that stages wrote; absent where there are none. */
  expansions?: Expansion[];
  /** What `matrix` made; absent where there is none. */
  variants?: VariantTable[];
  /** What stages read that no stage made. */
  materials: Material[];
  /** Name in the result tree -> store path, for the results that there are. */
  results: Record<string, string>;
  counts: Record<StageStatus, number>;
  /** All that the run states; see claims.ts for the ids. */
  claims: Claim[];
}

/** What a pipeline.ts made for each combination of values, by `matrix`. */
export interface VariantTable {
  /** `pipeline.ts:12:15` */
  place: string;
  axes: { name: string; values: ClaimValue[] }[];
  /** One for each combination, the values of the last axis changing first. */
  rows: VariantRow[];
}

export interface VariantRow {
  values: Record<string, ClaimValue>;
  /** Those that were made for it, of this run. */
  stages: string[];
}

/** What a run made of a list that one of its stages wrote: something for each item. */
export interface Expansion {
  /** The stage of kind `each` that has it all. */
  name: string;
  /** The stage, or what else, that wrote the list, and in which file; without one its output is the list. */
  from: string;
  file?: string;
  /** The property that items are called by, where pipeline.ts says one. */
  key?: string;
  /** In the order of the list. */
  items: ExpandedItem[];
}

export interface ExpandedItem {
  /** What the list calls it, and what names of stages and files call it. */
  key: string;
  name: string;
  /** Those that are there for this item alone. */
  stages: string[];
  /** Whose output, or which file of it, the list has for the item. */
  made: string;
  file?: string;
}

export interface Material {
  name: string;
  kind: "source" | "timings";
  path: string;
  narHash: string;
  narSize: number;
}

export interface HostFacts {
  system: string;
  kernel: string;
  cores: number;
  node: string;
  pipelite: string;
}

/** What a claim may say. */
export type ClaimValue = string | number | boolean | null;

export interface Claim {
  /** Unique in a run: `validation/capability.cpk`, `audio/wall`, `run/duration`. */
  id: string;
  /** A check is what a stage asked of a value: it alone passes or fails. A figure is recorded, or could not be had. */
  kind: "check" | "figure";
  statement: string;
  value: ClaimValue;
  unit?: string;
  /** An expression in the language of formula.ts whose value is `value`; `$1` is the first entry of `evidence`. */
  formula: string;
  /**
   * `<store path>/<file>#<JSON pointer>`, `<store path>/<file>`, `<store path>` or `run.json#<JSON pointer>` (the record
   * of the run itself); `*` in a pointer stands for every member.
   */
  evidence: string[];
  /**
   * `passed`, `failed`, `skipped`, `not-computable`, `gauge-limited` ... as the stage computed it: only `passed` is a
   * pass. `recorded`: a figure that nothing is asked of. `unavailable`: a figure that could not be had; its value is null.
   */
  status: string;
  /** What the value was held against. */
  limit?: ClaimValue;
  /** An expression over `value` and `limit` that is true exactly when the status is `passed`. */
  accept?: string;
  /** Why a check that the stage gave as `passed` counts as failed: its own formula does not say so. */
  problem?: string;
  /** Where a measured figure comes from: `cgroup v2`, `rusage`, `procfs`, `monotonic clock`, `unavailable`. */
  source?: string;
}

/** A record before its claims are known. */
export type BareRecord = Omit<RunRecord, "claims">;

/** How many stages ended in each way. */
export function countsOf(stages: StageRecord[]): Record<StageStatus, number> {
  const counts = { built: 0, cached: 0, substituted: 0, failed: 0, skipped: 0, cancelled: 0 };
  for (const { status } of stages) counts[status] += 1;
  return counts;
}

/** How the stages of a run ended, and who built. */
export interface RunWork extends Pick<RunRecord, "counts" | "engine"> {
  /** Where stages were built, but for the store of the home; sorted. */
  machines: string[];
}

export function workOf({ engine }: Pick<RunRecord, "engine">, stages: StageRecord[]): RunWork {
  const built = stages.filter(({ status }) => status === "built");
  const names = built.flatMap(({ usage }) => usage?.machine?.name ?? []);
  const machines = [...new Set(names)].filter((name) => name !== "local").toSorted();
  return { counts: countsOf(stages), engine, machines };
}

/** The stages of a run as one that repeats it found them. */
export function cachedStages({ runId, stages }: RunRecord): StageRecord[] {
  return stages.map(({ reason: _, startMs: __, waitedMs: ___, builtInRun, ...stage }) => ({
    ...stage,
    status: "cached" as const,
    builtInRun: builtInRun ?? runId,
    durationMs: 0,
  }));
}
