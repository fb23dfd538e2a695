// What the events of a run add up to at one moment. Pure: the time of an event is given by the caller.
import type { RunEvent, RunFinished, RunStarted } from "#home/events.ts";
import type { BuildReason, StageStatus } from "#home/run-record.ts";
import { cleanLine } from "./format.ts";

export type StageFinished = Extract<RunEvent, { type: "stage-finished" }>;
export type StageRetry = Extract<RunEvent, { type: "stage-retry" }>;
export type RunPreparing = Extract<RunEvent, { type: "run-preparing" }>;
export type SourceRead = Extract<RunEvent, { type: "source-read" }>;
export type CacheRefused = Extract<RunEvent, { type: "cache-refused" }>;
export type EnvironmentPreparing = Extract<RunEvent, { type: "preparing" }>;
export type ClaimEvent = Extract<RunEvent, { type: "claim" }>;

export interface StageState {
  name: string;
  inputs: readonly string[];
  reason?: BuildReason;
  startedMs?: number;
  expectedMs?: number;
  /** The last line it printed, safe to show. */
  lastLine?: string;
  logLines: number;
  finished?: StageFinished;
}

export interface RunState {
  started?: RunStarted;
  startedMs?: number;
  stages: Map<string, StageState>;
  /** Claims that something was asked of. */
  checks: ClaimEvent[];
  /** Caches that are asked no more. */
  refusals: CacheRefused[];
  /** What is prepared, until the run starts. */
  preparing?: RunPreparing | undefined;
  /** What is turned to meanwhile, and when that began. */
  part?: EnvironmentPreparing | undefined;
  preparingSinceMs?: number;
  /** The source that is being read meanwhile. */
  reading?: SourceRead | undefined;
  finished?: RunFinished;
}

export function createRunState(): RunState {
  return { stages: new Map(), checks: [], refusals: [] };
}

/** Takes one event into the state. */
export function applyEvent(state: RunState, event: RunEvent, nowMs: number): void {
  switch (event.type) {
    case "run-started":
      // One view can be shown several runs, one after the other.
      state.stages.clear();
      state.checks.length = 0;
      delete state.finished;
      state.started = event;
      state.preparing = undefined;
      state.startedMs = nowMs;
      for (const { name, inputs } of event.stages) state.stages.set(name, { name, inputs, logLines: 0 });
      return;
    case "list-expanded":
      for (const { name, inputs } of event.stages) state.stages.set(name, { name, inputs, logLines: 0 });
      return;
    case "run-preparing":
      state.preparing = event;
      state.preparingSinceMs = nowMs;
      return;
    case "preparing":
      state.part = event;
      state.reading = undefined;
      return;
    case "source-read":
      state.reading = event;
      return;
    case "stage-planned": {
      const stage = stageOf(state, event.name);
      if (event.reason !== undefined) stage.reason = event.reason;
      if (event.expectedMs !== undefined) stage.expectedMs = event.expectedMs;
      return;
    }
    case "stage-progress": {
      const line = cleanLine(event.line).trim();
      if (line !== "") stageOf(state, event.name).lastLine = line;
      return;
    }
    case "stage-started": {
      const stage = stageOf(state, event.name);
      stage.startedMs = nowMs;
      if (event.expectedMs !== undefined) stage.expectedMs = event.expectedMs;
      return;
    }
    case "stage-log": {
      const stage = stageOf(state, event.name);
      const line = cleanLine(event.line).trim();
      stage.logLines += 1;
      if (line !== "") stage.lastLine = line;
      return;
    }
    case "stage-finished":
      stageOf(state, event.name).finished = event;
      return;
    case "claim":
      // A run has many figures for each stage: those are in the record.
      if (event.kind === "check") state.checks.push(event);
      return;
    case "run-finished":
      state.finished = event;
      return;
    case "cache-refused":
      state.refusals.push(event);
      return;
    case "stage-retry":
    case "phase-finished":
    case "material":
    case "run-judged":
      return;
  }
}

export function stageOf(state: RunState, name: string): StageState {
  const known = state.stages.get(name);
  if (known !== undefined) return known;
  const stage: StageState = { name, inputs: [], logLines: 0 };
  state.stages.set(name, stage);
  return stage;
}

export function isRunning(stage: StageState): boolean {
  return stage.startedMs !== undefined && stage.finished === undefined;
}

/** The stages a waiting stage still waits for, in the order of its inputs; sources and the like are no stages. */
export function openInputs(state: RunState, stage: StageState): string[] {
  return stage.inputs.filter((name) => {
    const input = state.stages.get(name);
    return input !== undefined && input.finished === undefined;
  });
}

/** How many stages have ended in each status so far. */
export function countStatuses(state: RunState): Record<StageStatus, number> {
  const counts = { built: 0, cached: 0, substituted: 0, failed: 0, skipped: 0, cancelled: 0 };
  for (const { finished } of state.stages.values()) {
    if (finished !== undefined) counts[finished.status] += 1;
  }
  return counts;
}
