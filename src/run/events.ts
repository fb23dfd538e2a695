// The event stream of one run: the one source from which every view (tree, plain lines, NDJSON) and the run record are
// derived. Field names are public: `pipelite run --json` prints these objects, one a line.
import type { Usage } from "#engine/engine.ts";
import type { Claim } from "#home/run-record.ts";
import type { BuildReason, StageFailure, StageStatus } from "#home/run-record.ts";

export type { BuildReason, StageFailure, StageStatus } from "#home/run-record.ts";

export type RunEvent =
  | {
      type: "run-started";
      runId: string;
      pipeline: string;
      startedAt: string;
      engine: "embedded" | "nix";
      sandbox: { kind: string; version?: string; tried: { kind: string; reason: string }[] };
      stages: { name: string; inputs: string[] }[];
      jobs: number;
    }
  | { type: "stage-planned"; name: string; status: "cached" | "build"; reason?: BuildReason }
  | { type: "stage-started"; name: string; drvPath: string; expectedMs?: number }
  | { type: "stage-log"; name: string; line: string }
  | {
      type: "stage-finished";
      name: string;
      status: StageStatus;
      drvPath?: string;
      outPath?: string;
      narHash?: string;
      narSize?: number;
      durationMs: number;
      usage?: Usage;
      failure?: StageFailure;
      /** For `skipped`: the stage whose end is the cause. */
      because?: string;
    }
  | ({ type: "claim" } & Claim)
  | {
      type: "run-finished";
      runId: string;
      /** The run whose record says all about this one, which had nothing to do. */
      repeats?: string;
      status: "passed" | "failed" | "cancelled";
      /** Physical path of the folder the result link points at, when the run passed. */
      tree?: string;
      link?: string;
      stages: { name: string; status: StageStatus; outPath?: string }[];
      claims: number;
      durationMs: number;
      counts: Record<StageStatus, number>;
    };

/** Receives the events of a run in order. */
export type RunListener = (event: RunEvent) => void;
