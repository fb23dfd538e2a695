// From the events of a run to what is known of it: to its record, once it was judged. Pure.
import type { RunEvent, RunFinished, RunJudged, RunStarted } from "./events.ts";
import {
  RECORD_SCHEMA,
  countsOf,
  type BareRecord,
  type Expansion,
  type Material,
  type Phase,
  type StageRecord,
} from "./run-record.ts";

/** What the events so far add up to. */
export interface FoldedRun {
  started?: RunStarted;
  /** The stages there are, in the order of the record. */
  announced: RunStarted["stages"];
  expansions: Expansion[];
  stages: Map<string, StageRecord>;
  phases: Phase[];
  materials: Material[];
  judged?: RunJudged;
  finished?: RunFinished;
}

export function newFold(): FoldedRun {
  return { announced: [], expansions: [], stages: new Map(), phases: [], materials: [] };
}

export function foldEvent(run: FoldedRun, event: RunEvent): void {
  switch (event.type) {
    case "run-started":
      run.started = event;
      run.announced = [...event.stages];
      return;
    case "list-expanded": {
      const { type: _, params, stages, ...expansion } = event;
      run.expansions.push(expansion);
      if (run.started !== undefined) run.started = { ...run.started, params };
      // Each behind what it needs: what takes them all stands behind them.
      const at = run.announced.findIndex(({ name }) => name === event.name);
      run.announced.splice(at === -1 ? run.announced.length : at, 0, ...stages);
      return;
    }
    case "stage-finished": {
      const { type: _, ...stage } = event;
      run.stages.set(stage.name, stage);
      return;
    }
    case "phase-finished": {
      const { phase: name, startMs, durationMs } = event;
      run.phases.push({ name, startMs, durationMs });
      return;
    }
    case "material": {
      const { type: _, ...material } = event;
      run.materials.push(material);
      return;
    }
    case "run-judged":
      run.judged = event;
      return;
    case "run-finished":
      run.finished = event;
      return;
    default:
  }
}

/** The stages that ended, in the order in which they were announced. */
export function stagesOf({ announced, stages }: FoldedRun): StageRecord[] {
  return announced.flatMap(({ name }) => stages.get(name) ?? []);
}

/** The record of a run that was judged; its claims follow from it and from the outputs. */
export function recordOf(run: FoldedRun): BareRecord {
  const { started, judged, phases, materials, expansions } = run;
  if (started === undefined || judged === undefined)
    throw new Error("a run that was not judged has no record");
  const { runId, pipeline, pipelineFile, startedAt, engine, sandbox, params, secrets, host, jobs, variants } =
    started;
  const { status, finishedAt, durationMs, results } = judged;
  const stages = stagesOf(run);
  return {
    schema: RECORD_SCHEMA,
    runId,
    pipeline,
    pipelineFile,
    startedAt,
    finishedAt,
    durationMs,
    status,
    engine,
    sandbox,
    params,
    ...(secrets && { secrets }),
    host,
    jobs,
    phases,
    stages,
    ...(expansions.length > 0 && { expansions }),
    ...(variants && { variants }),
    materials,
    results,
    counts: countsOf(stages),
  };
}
