// The events of one run, in order: what a run says while it happens. They are written to a log (event-log.ts), the record
// is their fold (fold.ts), and every view (tree, plain lines, NDJSON) reads them. Field names are public: `pipelite run
// --json` prints these objects, one a line.
import type { SandboxReport } from "#engine/engine.ts";
import type { SecretFound } from "#secrets/secrets.ts";
import type {
  BuildReason,
  Claim,
  Expansion,
  HostFacts,
  Material,
  Phase,
  RunRecord,
  StageRecord,
  StageStatus,
  VariantTable,
} from "./run-record.ts";

export interface RunStarted {
  type: "run-started";
  runId: string;
  pipeline: string;
  pipelineFile: string;
  startedAt: string;
  engine: "embedded" | "nix";
  sandbox: SandboxReport;
  params: Record<string, unknown>;
  /** Those that the pipeline declares, and where their values come from. */
  secrets?: SecretFound[];
  host: HostFacts;
  /** In the order of the record. */
  stages: { name: string; inputs: string[] }[];
  variants?: VariantTable[];
  jobs: number;
}

/** A list of a stage is there, and with it what is made for each of its items. */
export interface ListExpanded extends Expansion {
  type: "list-expanded";
  /** All parameters that are known by now. */
  params: Record<string, unknown>;
  /** Those that are new, before the one of kind `each`. */
  stages: RunStarted["stages"];
}

/** What became of the stages and their checks; what follows is the gathering of the result. */
export interface RunJudged {
  type: "run-judged";
  status: RunRecord["status"];
  finishedAt: string;
  durationMs: number;
  results: Record<string, string>;
}

export interface RunFinished {
  type: "run-finished";
  runId: string;
  /** The run whose record says all about this one, which had nothing to do. */
  repeats?: string;
  status: RunRecord["status"];
  /** Physical path of the folder the result link points at, when the run passed. */
  tree?: string;
  link?: string;
  stages: { name: string; status: StageStatus; outPath?: string }[];
  claims: number;
  /** All that was done, up to the link. */
  durationMs: number;
  counts: Record<StageStatus, number>;
}

export type RunEvent =
  /** Before anything else, where something must be prepared: sources are read, code is bundled. Not in the log. */
  | { type: "run-preparing"; pipeline: string; stages: number }
  /** Now and then meanwhile: what is turned to, and how many of all nodes are ready. Not in the log. */
  | { type: "preparing"; what: string; done: number; total: number }
  /** Now and then while a large source is read. Not in the log. */
  | { type: "source-read"; source: string; doneBytes: number; totalBytes: number }
  | RunStarted
  | ListExpanded
  /** `expectedMs`: what its last build took. */
  | {
      type: "stage-planned";
      name: string;
      status: "cached" | "substitute" | "build";
      reason?: BuildReason;
      expectedMs?: number;
    }
  | { type: "stage-started"; name: string; drvPath: string; expectedMs?: number }
  | { type: "stage-log"; name: string; line: string }
  /** Now and then: how a line stands that a stage writes over again (a progress bar). Not in the log. */
  | { type: "stage-progress"; name: string; line: string }
  /** A cache that answered wrongly or not at all is asked no more in this run. */
  | { type: "cache-refused"; url: string; problem: string }
  /** It failed and is tried again after the pause. `attempt`: the next one, of at most `attempts`. */
  | {
      type: "stage-retry";
      name: string;
      code: string;
      message: string;
      attempt: number;
      attempts: number;
      pauseMs: number;
    }
  | ({ type: "stage-finished" } & StageRecord)
  /** `phase`: which one, since `name` is that of a stage everywhere else. */
  | ({ type: "phase-finished"; phase: Phase["name"] } & Omit<Phase, "name">)
  | ({ type: "material" } & Material)
  | RunJudged
  | ({ type: "claim" } & Claim)
  | RunFinished;

/** Receives the events of a run in order. */
export type RunListener = (event: RunEvent) => void;
