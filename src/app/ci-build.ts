// Building a pipeline for a job, and the bytes of what it gave.
import { join } from "node:path";
import { openHome } from "#home/home.ts";
import type { RunRecord } from "#home/run-record.ts";
import type { Variables } from "#base/environment.ts";
import { digestOf } from "#base/digest.ts";
import { sums } from "#evidence/result-tree.ts";
import { SUMS_MAX, type Artefacts } from "#export/workflow/results.ts";
import type { RunListener } from "#home/events.ts";
import type { StorePath } from "#nix/store-path.ts";
import { run } from "./run.ts";

export interface CiPlace {
  /** A pipeline.ts or its folder. */
  pipeline: string;
  /** Of all jobs that run here: what one has built is there for the next. */
  home: string;
  /** Where they may put files. */
  folder: string;
  /** What the jobs belong to: containers are given this folder. */
  root: string;
  env: Variables;
  signal: AbortSignal;
  listener: RunListener;
}

/** @returns the record of the run; why there is none that is good enough */
export async function buildPipeline({
  pipeline,
  home,
  env,
  signal,
  listener,
}: CiPlace): Promise<RunRecord | string> {
  const opened = openHome(home);
  const outcome = await run({
    pipeline,
    stages: [],
    home: opened,
    params: {},
    paranoid: false,
    env,
    engine: "embedded",
    out: null,
    keepGoing: true,
    listener,
    signal,
  });
  const { record } = opened.runs.read(outcome.runId);
  if (outcome.status !== "passed") {
    const failed = record.stages.filter(({ status }) => status === "failed");
    const unmet = record.claims.filter(({ kind, status }) => kind === "check" && status === "failed");
    const why = [
      ...failed.map(({ name, failure }) => `${name}: ${failure?.message ?? "failed"}`),
      ...unmet.map(({ id, statement }) => `the check ${id} failed: ${statement}`),
    ];
    return `the run ${outcome.status}: ${why.join("; ") || "no stage says why"}`;
  }
  const { kind, tried } = record.sandbox;
  if (kind !== "none") return record;
  return `it was built without a sandbox (${tried.map((each) => `${each.kind}: ${each.reason}`).join("; ")})`;
}

/** The bytes of the results of a run, without those that hold what was measured: no two runs have these in common. */
export function artefactsOf(record: RunRecord, home: string): Artefacts {
  return artefactsIn(record, record.results as Record<string, StorePath>, home);
}

/** @param results name -> path @param root of the store that they are in */
export function artefactsIn(
  record: RunRecord,
  results: Readonly<Record<string, StorePath>>,
  root: string,
): Artefacts {
  const measured = measuredIn(record);
  const kept = Object.entries(results).filter(([name]) => !measured.has(name));
  const listed = sums({ physical: (path) => join(root, path) }, new Map(kept)).toString("latin1");
  const lines = listed.split("\n").filter(Boolean);
  return {
    digest: digestOf(listed),
    files: lines.length,
    sums: Object.fromEntries(
      lines.slice(0, SUMS_MAX).map((line) => {
        const [, sum = "", name = ""] = /^\\?([0-9a-f]{64}) {2}(.*)$/.exec(line) ?? [];
        return [Buffer.from(name, "latin1").toString("utf8"), sum];
      }),
    ),
    measured: [...measured].toSorted(),
  };
}

/** Results that were made, at however many removes, from what stages took. */
function measuredIn({ stages, results, materials }: RunRecord): Set<string> {
  const measured = new Set(materials.filter(({ kind }) => kind === "timings").map(({ name }) => name));
  for (let size = 0; size < measured.size;) {
    size = measured.size;
    for (const { name, inputs } of stages) if (inputs.some((each) => measured.has(each))) measured.add(name);
  }
  const byPath = new Map(stages.map(({ name, outPath }) => [outPath, name]));
  return new Set(
    Object.entries(results).flatMap(([name, path]) => (measured.has(byPath.get(path) ?? name) ? [name] : [])),
  );
}
