// A run that has something to do: load -> graph -> prepare -> plan -> build -> tree with evidence -> record.
import { availableParallelism, release } from "node:os";
import { PipeliteError, EXIT } from "#base/errors.ts";
import type { ErrorCode, ExitCode } from "#base/errors.ts";
import { isPipeliteError } from "#base/errors.ts";
import { VERSION } from "#base/version.ts";
import { embeddedEngine } from "#build/embedded.ts";
import type { Engine } from "#build/engine.ts";
import { nixEngine } from "#build/nix-engine.ts";
import { schedule } from "#build/schedule.ts";
import type { NodeEnd } from "#build/schedule.ts";
import { derive } from "#define/compile.ts";
import type { Origin } from "#define/compile.ts";
import { isBuildNode } from "#define/graph.ts";
import type { AnswerNode, BuildNode, Graph, GraphNode } from "#define/graph.ts";
import { signatures } from "#define/signatures.ts";
import { traceMapper } from "#define/trace.ts";
import { claimsOf } from "#evidence/claims.ts";
import type { Claim } from "#evidence/claims.ts";
import { addResultTree } from "#evidence/result-tree.ts";
import { RECORD_SCHEMA, countsOf } from "#evidence/run-record.ts";
import type { Host, RunRecord, StageFailure, StageRecord, StageStatus } from "#evidence/run-record.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { ask, locateAnswer } from "./answer-node.ts";
import { lockFile, pinAnswer } from "./answers.ts";
import type { Pinned } from "./answers.ts";
import { LogLines } from "./log-lines.ts";
import { rememberRun } from "./no-op.ts";
import { inputNames, isShown, open, planNodes } from "./plan.ts";
import type { Opened } from "./plan.ts";
import { checkTakenFiles, compositionOf, reasonFor, resolve, writeTimings } from "./realise.ts";
import { writeRun } from "./records.ts";
import type { RunOptions, RunOutcome } from "./run.ts";
import { newRunId } from "./run-id.ts";

export async function execute(options: RunOptions, start: { at: Date; ms: number }): Promise<RunOutcome> {
  let engine: Engine | undefined;
  const opened = await open(options, async (store) => {
    engine = await (options.engine === "nix"
      ? nixEngine(store)
      : embeddedEngine({ store, sandbox: options.sandbox }));
    return engine.sandbox.kind;
  });
  try {
    if (engine === undefined) throw new Error("a run without an engine");
    return await new Run(options, opened, engine, start).execute();
  } finally {
    opened.close();
  }
}

class Run {
  readonly #options: RunOptions;
  readonly #opened: Opened;
  readonly #engine: Engine;
  readonly #start: { at: Date; ms: number };
  readonly #runId: string;
  readonly #stages = new Map<GraphNode, StageRecord>();
  /** Answers that were asked for in this run and are not pinned yet. */
  readonly #unpinned = new Map<GraphNode, { requestHash: string; pinned: Pinned }>();
  readonly #mapTrace: (line: string) => string;
  #exitCode: ExitCode = EXIT.ok;

  constructor(options: RunOptions, opened: Opened, engine: Engine, start: { at: Date; ms: number }) {
    this.#options = options;
    this.#opened = opened;
    this.#engine = engine;
    this.#start = start;
    this.#runId = newRunId(start.at);
    this.#mapTrace = traceMapper(options.home);
  }

  async execute(): Promise<RunOutcome> {
    const { graph, work } = this.#opened;
    const { listener, signal, keepGoing } = this.#options;
    const jobs = this.#options.jobs ?? availableParallelism();
    const shown = graph.nodes.filter(isShown);
    listener({
      type: "run-started",
      runId: this.#runId,
      pipeline: graph.name,
      startedAt: this.#start.at.toISOString(),
      engine: this.#engine.name,
      sandbox: this.#engine.sandbox,
      stages: shown.map((node) => ({ name: node.name, inputs: inputNames(node) })),
      jobs,
    });
    const graphDrvs = await this.#instantiate();
    await this.#plan();
    await schedule(graph.nodes, {
      needs: (node) => node.needs,
      isWork: (node) => isShown(node) && !work.outputs.has(node),
      jobs,
      keepGoing,
      signal,
      run: (node) => this.#realise(node),
      skip: (node, because) => this.#skip(node, because),
    });
    for (const [node, drvPath] of graphDrvs) {
      const stage = this.#stages.get(node);
      if (stage !== undefined) stage.graphDrvPath = drvPath;
    }
    return this.#finish();
  }

  /** Writes the derivations as they are before any input is known: the whole graph, for real Nix. */
  async #instantiate(): Promise<Map<GraphNode, StorePath>> {
    const { graph, work } = this.#opened;
    const origins = new Map<GraphNode, Origin>();
    const drvPaths = new Map<GraphNode, StorePath>();
    for (const node of graph.nodes) {
      const source = work.outputs.get(node);
      if (source !== undefined) origins.set(node, { kind: "path", path: source });
      const prepared = isBuildNode(node) ? work.prepared.prepared.get(node) : undefined;
      if (prepared === undefined || !node.needs.every((need) => origins.has(need))) continue;
      const drvPath = await work.store.addDerivation(derive(prepared, origins));
      origins.set(node, { kind: "derivation", drvPath });
      drvPaths.set(node, drvPath);
    }
    return drvPaths;
  }

  async #plan(): Promise<void> {
    const { graph, work } = this.#opened;
    const { listener, model } = this.#options;
    const byName = new Map(graph.nodes.map((node) => [node.name, node]));
    const planned = await planNodes(work, graph, model);
    for (const { name, status, reason } of planned) {
      listener({ type: "stage-planned", name, status, ...(reason && { reason }) });
    }
    for (const { name, status, outPath, drvPath } of planned) {
      const node = byName.get(name);
      if (node === undefined || status !== "cached") continue;
      this.#record(node, "cached", 0, { ...(outPath && { outPath }), ...(drvPath && { drvPath }) });
    }
  }

  async #realise(node: GraphNode): Promise<NodeEnd> {
    const { work } = this.#opened;
    if (work.outputs.has(node)) return "done";
    if (node.kind === "source") throw new Error(`the source ${node.name} has no path`);
    if (node.kind === "timings") {
      work.outputs.set(node, await writeTimings(work, node));
      return "done";
    }
    const start = performance.now();
    try {
      const end = node.kind === "answer" ? await this.#answer(node, start) : await this.#build(node, start);
      const outPath = work.outputs.get(node);
      if (end === "done" && outPath !== undefined) this.#pinWhatPassed(node);
      return end;
    } catch (error) {
      if (this.#options.signal.aborted) return this.#cancelled(node, start);
      if (!isPipeliteError(error)) throw error;
      return this.#failed(node, start, error, {});
    }
  }

  async #build(node: BuildNode, start: number): Promise<NodeEnd> {
    const { work } = this.#opened;
    const { listener, signal, timeoutMs } = this.#options;
    const { derivation, drvPath, outPath } = resolve(work, node);
    if (outPath !== undefined) {
      work.outputs.set(node, outPath);
      this.#record(node, "cached", performance.now() - start, { drvPath, outPath });
      return "done";
    }
    const reason = reasonFor(work, node);
    await work.store.addDerivation(derivation);
    listener({ type: "stage-started", name: node.name, drvPath });
    const lines = new LogLines(this.#mapTrace, (line) =>
      listener({ type: "stage-log", name: node.name, line }),
    );
    const startedAt = new Date().toISOString();
    const outcome = await this.#engine.build({
      name: node.name,
      drvPath,
      derivation,
      timeoutMs: node.kind === "fetch" ? timeoutMs : (node.options.timeoutMs ?? timeoutMs),
      onLog: (chunk) => lines.push(chunk),
      signal,
    });
    lines.end();
    if (outcome.status === "cancelled") return this.#cancelled(node, start);
    if (outcome.status === "failed") {
      const isGate = node.kind === "gate" && outcome.ending?.kind === "exited";
      const error = isGate ? new PipeliteError("GATE_CLOSED", { stage: node.name }) : outcome;
      const { ending, usage } = outcome;
      return this.#failed(node, start, error, {
        drvPath,
        reason,
        logTail: lines.tail(),
        ...(ending && { ending }),
        ...(usage && { usage }),
      });
    }
    const { outPath: built, usage } = outcome;
    work.outputs.set(node, built);
    checkTakenFiles(work, node, built);
    const { name: engine, sandbox } = this.#engine;
    work.builds.record({
      drvPath,
      outPath: built,
      runId: this.#runId,
      startedAt,
      usage,
      engine,
      sandbox: sandbox.kind,
    });
    this.#record(node, "built", performance.now() - start, { drvPath, outPath: built, usage, reason });
    return "done";
  }

  async #answer(node: AnswerNode, start: number): Promise<NodeEnd> {
    const { work, graph } = this.#opened;
    const { model, listener, signal } = this.#options;
    if (model === undefined) throw new Error("an answer without a model");
    const located = await locateAnswer(work, graph, node, model);
    if (located.path !== undefined) {
      work.outputs.set(node, located.path);
      this.#record(node, "cached", performance.now() - start, { outPath: located.path });
      return "done";
    }
    listener({ type: "stage-started", name: node.name, drvPath: located.requestHash });
    const { path, pinned } = await ask(work, node, model, located, signal);
    work.outputs.set(node, path);
    this.#unpinned.set(node, { requestHash: located.requestHash, pinned });
    this.#record(node, "built", performance.now() - start, { outPath: path });
    return "done";
  }

  /** An answer is pinned once the stage that checks it has passed. */
  #pinWhatPassed(node: GraphNode): void {
    for (const need of node.needs) {
      const answer = this.#unpinned.get(need);
      if (answer === undefined) continue;
      pinAnswer(this.#opened.graph.root, answer.requestHash, answer.pinned);
      this.#unpinned.delete(need);
    }
  }

  #record(node: GraphNode, status: StageStatus, durationMs: number, more: Partial<StageRecord>): void {
    const { store, builds } = this.#opened.work;
    const info = more.outPath === undefined ? undefined : store.info(more.outPath as StorePath);
    const row = more.drvPath === undefined ? undefined : builds.find(more.drvPath as StorePath);
    const stage: StageRecord = {
      name: node.name,
      status,
      place: node.place,
      inputs: inputNames(node),
      durationMs,
      ...(row && status === "cached" && { usage: row.usage, builtInRun: row.runId }),
      ...(info && { narHash: `sha256:${Buffer.from(info.narHash).toString("hex")}`, narSize: info.narSize }),
      ...more,
    };
    this.#stages.set(node, stage);
    if (!isShown(node)) return;
    const { name, drvPath, outPath, narHash, narSize, usage, failure, because } = stage;
    this.#options.listener({
      type: "stage-finished",
      name,
      status,
      durationMs,
      ...(drvPath && { drvPath }),
      ...(outPath && { outPath }),
      ...(narHash && { narHash }),
      ...(narSize !== undefined && { narSize }),
      ...(usage && { usage }),
      ...(failure && { failure }),
      ...(because && { because }),
    });
  }

  #failed(
    node: GraphNode,
    start: number,
    error: { code: ErrorCode; message: string; hint?: string | undefined },
    more: Partial<StageRecord> & Pick<StageFailure, "logTail" | "ending">,
  ): NodeEnd {
    const { logTail, ending, ...rest } = more;
    const { code, message, hint } = error;
    const failure: StageFailure = {
      code,
      message,
      place: node.place,
      ...(hint !== undefined && { hint }),
      ...(ending && { ending }),
      ...(logTail && { logTail }),
    };
    const exitCode = new PipeliteError(code).exitCode;
    if (this.#exitCode === EXIT.ok)
      this.#exitCode = exitCode === EXIT.verification ? EXIT.verification : EXIT.failed;
    this.#record(node, "failed", performance.now() - start, { ...rest, failure });
    return "failed";
  }

  #cancelled(node: GraphNode, start: number): NodeEnd {
    this.#record(node, "cancelled", performance.now() - start, {});
    return "cancelled";
  }

  #skip(node: GraphNode, because: GraphNode | undefined): void {
    if (!isShown(node) || this.#stages.has(node)) return;
    const cancelled = because === undefined && this.#options.signal.aborted;
    this.#record(node, cancelled ? "cancelled" : "skipped", 0, because ? { because: because.name } : {});
  }

  async #finish(): Promise<RunOutcome> {
    const { graph, work } = this.#opened;
    const { listener, home, out, signal } = this.#options;
    const stages = graph.nodes.flatMap((node) => this.#stages.get(node) ?? []);
    const status = signal.aborted
      ? "cancelled"
      : stages.some((stage) => stage.status === "failed")
        ? "failed"
        : "passed";
    const exitCode =
      status === "cancelled" ? EXIT.interrupted : status === "failed" ? this.#exitCode : EXIT.ok;
    const durationMs = performance.now() - this.#start.ms;
    const record: RunRecord = {
      schema: RECORD_SCHEMA,
      runId: this.#runId,
      pipeline: graph.name,
      pipelineFile: graph.file,
      startedAt: this.#start.at.toISOString(),
      finishedAt: new Date(this.#start.at.getTime() + durationMs).toISOString(),
      durationMs,
      status,
      engine: this.#engine.name,
      sandbox: this.#engine.sandbox,
      params: graph.params,
      host: thisHost(),
      stages,
      counts: countsOf(stages),
    };
    const claims = this.#claims(graph);
    for (const claim of claims) listener({ type: "claim", ...claim });
    const tree = status === "passed" ? await this.#keep(record, claims) : undefined;
    const whole = { ...record, ...tree };
    writeRun(home, whole);
    if (tree !== undefined) this.#remember(whole, claims);
    listener({
      type: "run-finished",
      runId: this.#runId,
      status,
      ...(tree && { tree: work.store.physical(tree.tree) }),
      ...(tree && out !== null && { link: out }),
      stages: stages.map(({ name, status: end, outPath }) => ({
        name,
        status: end,
        ...(outPath && { outPath }),
      })),
      claims: claims.length,
      durationMs,
      counts: record.counts,
    });
    return { runId: this.#runId, status, exitCode };
  }

  /** For the next run: the files that this one was made from. */
  #remember(record: RunRecord, claims: Claim[]): void {
    const { loaded, graph, work } = this.#opened;
    const made = { ...work.prepared.made, ...signatures([...loaded.files, lockFile(graph.root)]) };
    const shown = graph.nodes.filter(isShown).map(({ name }) => name);
    rememberRun(this.#options, { made, record, claims, shown });
  }

  #claims({ results }: Graph): Claim[] {
    const { store, outputs } = this.#opened.work;
    return [...results].flatMap(([name, node]) => {
      const path = outputs.get(node);
      return path === undefined ? [] : claimsOf(name, store.physical(path));
    });
  }

  /**
   * The result tree, rooted by the result link. When the same outputs were gathered before, that tree and its evidence
   * stay: nothing was built, so there is nothing new to attest.
   */
  async #keep(record: RunRecord, claims: Claim[]): Promise<{ tree: StorePath; evidenceOfRun: string }> {
    const { graph, work } = this.#opened;
    const { store, builds, outputs } = work;
    const results = new Map(
      [...graph.results].flatMap(([name, node]) => {
        const path = outputs.get(node);
        return path === undefined ? [] : [[name, path] as const];
      }),
    );
    for (const node of graph.nodes) {
      if (isBuildNode(node)) builds.rememberIngredients(graph.file, node.name, compositionOf(work, node));
    }
    const key = JSON.stringify([graph.name, ...results]);
    const earlier = builds.tree(key);
    const isThere = earlier !== undefined && store.isValid(earlier.tree);
    const kept = isThere
      ? earlier
      : { tree: await addResultTree({ store, results, record, claims }), runId: this.#runId };
    if (!isThere) builds.rememberTree(key, kept.tree, kept.runId);
    await this.#link(store, kept.tree);
    return { tree: kept.tree, evidenceOfRun: kept.runId };
  }

  async #link(store: Store, tree: StorePath): Promise<void> {
    const { out } = this.#options;
    if (out !== null) await store.addRoot(out, tree);
  }
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
