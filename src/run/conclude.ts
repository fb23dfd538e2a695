// The end of a run: its record, its claims, the result tree with the link to it, and what the next run can go by.
import { availableParallelism, release } from "node:os";
import { EXIT } from "#base/errors.ts";
import { VERSION } from "#base/version.ts";
import type { Engine } from "#engine/engine.ts";
import { isBuildNode } from "#compile/graph.ts";
import type { Graph } from "#compile/graph.ts";
import { areSettled, signatures } from "#compile/file-stamps.ts";
import { outputClaims } from "#evidence/output-claims.ts";
import { addResultTree, readLogs } from "#evidence/result-tree.ts";
import { claimsOfRun } from "#evidence/run-claims.ts";
import type { BareRecord } from "#evidence/run-claims.ts";
import { RECORD_SCHEMA, countsOf } from "#home/run-record.ts";
import type { Claim, Host, Material, Phase, RunRecord } from "#home/run-record.ts";
import { parseStorePath } from "#nix/store-path.ts";
import type { StorePath } from "#nix/store-path.ts";
import { lockFile } from "./answers.ts";
import type { Ledger } from "./ledger.ts";
import { narOf } from "./ledger.ts";
import { rememberRun } from "./no-op.ts";
import type { Opened } from "./plan.ts";
import { compositionOf } from "./realise.ts";
import type { Workspace } from "./realise.ts";
import type { RunOptions, RunOutcome } from "./options.ts";

export interface Finished {
  runId: string;
  jobs: number;
  phases: Phase[];
  start: { at: Date; ms: number };
  options: RunOptions;
  opened: Opened;
  engine: Engine;
  ledger: Ledger;
}

export async function conclude({
  runId,
  jobs,
  phases,
  start,
  options,
  opened,
  engine,
  ledger,
}: Finished): Promise<RunOutcome> {
  const { loaded, graph, work } = opened;
  const { listener, home, out, signal } = options;
  const stages = graph.nodes.flatMap((node) => ledger.get(node) ?? []);
  const outputs = { stages, materials: materialsOf(work, graph), results: resultsOf(work, graph) };
  const ofOutputs = outputClaims(outputs, (path) => work.store.physical(parseStorePath(path)));
  // A value that a stage measured out of its limits fails the run, whether or not a gate stands behind that stage.
  const isOutOfLimits = ofOutputs.some((claim) => claim.status === "failed");
  const hasFailed = isOutOfLimits || stages.some((stage) => stage.status === "failed");
  const status = signal.aborted ? "cancelled" : hasFailed ? "failed" : "passed";
  const exitCode = { cancelled: EXIT.interrupted, failed: ledger.exitCode || EXIT.failed, passed: EXIT.ok }[
    status
  ];
  const durationMs = performance.now() - start.ms;
  const bare: BareRecord = {
    schema: RECORD_SCHEMA,
    runId,
    pipeline: graph.name,
    pipelineFile: graph.file,
    startedAt: start.at.toISOString(),
    finishedAt: new Date(start.at.getTime() + durationMs).toISOString(),
    durationMs,
    status,
    engine: engine.name,
    sandbox: engine.sandbox,
    params: graph.params,
    host: thisHost(),
    jobs,
    phases,
    ...outputs,
    counts: countsOf(stages),
  };
  const record: RunRecord = { ...bare, claims: claimsOfRun(bare, ofOutputs) };
  for (const claim of record.claims) listener({ type: "claim", ...claim });
  const kept = status === "passed" ? await keepResult(work, graph, record) : undefined;
  if (kept !== undefined && out !== null) await work.store.addRoot(out, kept.tree);
  const whole = { ...record, ...kept };
  const digest = home.runs.write(whole);
  if (kept !== undefined) {
    const made = { ...work.prepared.made, ...signatures([...loaded.files, lockFile(graph.root)]) };
    if (areSettled(made, start.at.getTime())) {
      const { pipeline, tree } = { ...whole, ...kept };
      const shown = whole.stages.map(({ name, inputs, outPath = "" }) => ({ name, inputs, outPath }));
      const claims = whole.claims.filter(isJudged);
      const signature = home.runs.signatureOf(runId) ?? "";
      rememberRun(options, {
        made,
        run: { runId, digest, signature },
        pipeline,
        tree,
        stages: shown,
        claims,
      });
    }
  }
  listener({
    type: "run-finished",
    runId,
    status,
    ...(kept && { tree: work.store.physical(kept.tree) }),
    ...(kept && out !== null && { link: out }),
    stages: stages.map(({ name, status: end, outPath }) => ({
      name,
      status: end,
      ...(outPath && { outPath }),
    })),
    claims: record.claims.length,
    durationMs,
    counts: record.counts,
  });
  return { runId, status, exitCode };
}

function resultsOf({ outputs }: Workspace, { results }: Graph): Record<string, StorePath> {
  return Object.fromEntries(
    [...results].flatMap(([name, node]) => {
      const path = outputs.get(node);
      return path === undefined ? [] : [[name, path] as const];
    }),
  );
}

function materialsOf({ store, outputs }: Workspace, { nodes }: Graph): Material[] {
  return nodes.flatMap((node) => {
    const path = outputs.get(node);
    if (path === undefined || (node.kind !== "source" && node.kind !== "timings")) return [];
    const info = store.info(path);
    return info === undefined ? [] : [{ name: node.name, kind: node.kind, path, ...narOf(info) }];
  });
}

/**
 * The result tree. When the same outputs were gathered before, that tree and its evidence stay: nothing was built, so
 * there is nothing new to attest.
 */
async function keepResult(
  work: Workspace,
  graph: Graph,
  record: RunRecord,
): Promise<{ tree: StorePath; evidenceOfRun: string; documentsBy?: string }> {
  const { store, builds } = work;
  for (const node of graph.nodes) {
    if (isBuildNode(node)) builds.rememberIngredients(graph.file, node.name, compositionOf(work, node));
  }
  const results = new Map(Object.entries(resultsOf(work, graph)));
  const key = JSON.stringify([graph.name, ...results]);
  const earlier = builds.tree(key);
  if (earlier !== undefined && store.isValid(earlier.tree)) {
    await store.addTempRoot(earlier.tree);
    return { tree: earlier.tree, evidenceOfRun: earlier.runId };
  }
  // Loaded here: a run that gathers nothing new needs none of it.
  const { documentWriter, evidenceDocuments, gatherAtEnd } = await import("#report/index.ts");
  const logs = readLogs(work.home, record);
  const tree = await addResultTree({
    home: work.home,
    store,
    results,
    record,
    documents: evidenceDocuments(gatherAtEnd(work.home, record, logs)),
    logs,
  });
  builds.rememberTree(key, tree, record.runId);
  return { tree, evidenceOfRun: record.runId, documentsBy: documentWriter() };
}

function thisHost(): Host {
  return {
    system: `${process.arch}-${process.platform}`,
    kernel: release(),
    cores: availableParallelism(),
    node: process.versions.node,
    pipelite: VERSION,
  };
}

/** What a person hears of at the end of a run that passed: figures, and what a run says of itself, are in the record. */
function isJudged({ id, status }: Claim): boolean {
  return status !== "recorded" && status !== "unavailable" && !id.startsWith("run/");
}
