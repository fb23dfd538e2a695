// What is done once a pipeline is prepared: plan -> build -> tree with evidence -> record.
import { availableParallelism } from "node:os";
import { isPipeliteError } from "#base/errors.ts";
import { anySignal } from "#base/steps.ts";
import { downloadHere } from "#engine/embedded.ts";
import type { BuildJob, Engine } from "#engine/engine.ts";
import { privateRequest } from "#compile/secret-parts.ts";
import { requireSecret } from "#secrets/sources.ts";
import { schedule, type NodeEnd } from "#engine/schedule.ts";
import { isUnexpanded } from "#compile/nodes.ts";
import type { AnswerNode, BuildNode, EnvironmentNode, GraphNode } from "#compile/nodes.ts";
import { traceMapper } from "#compile/stack-map.ts";
import type { RunEvent } from "#home/events.ts";
import { ask, locateAnswer } from "./answer-node.ts";
import type { Substituter } from "#cache/substituter.ts";
import { pinAnswer } from "./answers.ts";
import type { Pinned } from "./answers.ts";
import type { Costs } from "#author/costs.ts";
import { admission, costsOf, limitsIn } from "./costs.ts";
import { DerivationWrites } from "./derivation-writes.ts";
import { loadEnd, loadEndSoon } from "./end.ts";
import { thisHost } from "./this-host.ts";
import { Ledger } from "./ledger.ts";
import { errorOf } from "./stage-error.ts";
import { Teller } from "./teller.ts";
import { buildParts, shareFiles } from "./steps.ts";
import { madeFrom, type OpenedPipeline } from "./open.ts";
import {
  checkTakenFiles,
  compositionOf,
  isReady,
  keepDerivation,
  reasonFor,
  resolveAnew,
  writeTimings,
} from "./realise.ts";
import { isShownNode } from "./select.ts";
import { ownRealisationId } from "#nix/own-realisation.ts";
import { compareOutputs } from "./compare.ts";
import { phasesOf } from "./phases.ts";
import { buildWithRetries } from "./retry.ts";
import { substituteOutput } from "./substitute.ts";
import { announcedStages } from "./expansion.ts";
import { RunPlanning } from "./run-planning.ts";
import type { RunOptions, RunOutcome } from "./options.ts";
import { newRunId } from "#home/run-id.ts";

/** So many wait at most for the disk while others are built. */
const REGISTERING_MAX = 64;

/** A run whose pipeline is prepared: plans it, builds what is to be built, and concludes. */
export class Run {
  readonly #options: RunOptions;
  readonly #opened: OpenedPipeline;
  readonly #engine: Engine;
  readonly #substituter: Substituter | undefined;
  readonly #start: { at: Date; ms: number };
  readonly #runId: string;
  readonly #teller: Teller;
  readonly #ledger: Ledger;
  /** Answers that were asked for in this run and are not pinned yet. */
  readonly #unpinned = new Map<GraphNode, { requestHash: string; pinned: Pinned }>();
  readonly #derivations: DerivationWrites;
  /** Stages whose builder has ended, and given back its room, while they wait for the disk. */
  readonly #registering = new Set<GraphNode>();
  readonly #mapTrace: (line: string) => string;
  readonly #planning: RunPlanning;
  /** Aborted when nothing new is to be started. */
  readonly #stopping: AbortSignal;

  constructor(
    options: RunOptions,
    opened: OpenedPipeline,
    { engine, caches }: { engine: Engine; caches: Substituter | undefined },
    start: { at: Date; ms: number },
  ) {
    this.#options = options;
    this.#opened = opened;
    this.#engine = engine;
    this.#substituter = caches;
    this.#start = start;
    this.#runId = newRunId(start.at);
    this.#mapTrace = traceMapper((bundle) => options.home.notes.sourceMap(bundle));
    this.#teller = new Teller(() => options.home.runs.openLog(this.#runId), options.listener, opened.secrets);
    const { follow, signal } = options;
    const emit = (event: RunEvent): void => {
      this.tell(event);
      // What is made for the items of a list is of other files.
      if (event.type === "list-expanded") follow?.onMade(madeFrom(opened));
    };
    this.#stopping = anySignal(signal, ...(follow === undefined ? [] : [follow.drained]));
    this.#derivations = new DerivationWrites(opened.work);
    this.#ledger = new Ledger(opened.work, emit, this.#stopping, start.ms);
    // Until all of it is prepared it is not known whether there is a run.
    if (opened.prepareRest !== undefined) this.#teller.hold();
    this.#planning = new RunPlanning(opened, options.model, {
      ledger: this.#ledger,
      emit,
      onWhole: () => this.#teller.release(),
    });
  }

  tell(event: RunEvent): void {
    this.#teller.emit(event);
    if (event.type === "stage-started") this.#planning.goOn();
  }

  async execute(): Promise<RunOutcome> {
    try {
      return await this.#execute();
    } finally {
      // What it has left to tell and to write needs the log and the store.
      await this.#planning.settled().catch(() => undefined);
      await this.#teller.close();
    }
  }

  async #execute(): Promise<RunOutcome> {
    const { graph, loaded, work, secrets } = this.#opened;
    const jobs = this.#options.jobs ?? this.#engine.jobs ?? availableParallelism();
    this.#teller.emit({
      type: "run-started",
      runId: this.#runId,
      pipeline: graph.name,
      pipelineFile: graph.file,
      startedAt: this.#start.at.toISOString(),
      engine: this.#engine.name,
      sandbox: this.#engine.sandbox,
      params: graph.params,
      ...(secrets.found.length > 0 && { secrets: [...secrets.found] }),
      host: thisHost(),
      ...announcedStages(loaded, graph),
      jobs,
    });
    const preparedAt = performance.now();
    await this.#planning.start();
    const plannedAt = performance.now();
    this.#ledger.startBuilding();
    const isWork = (node: GraphNode): boolean =>
      isShownNode(node) && !isUnexpanded(node) && !work.outputs.has(node);
    loadEndSoon();
    await schedule(graph.nodes, {
      needs: (node) => node.needs,
      isWork,
      isDone: (node) => work.outputs.has(node),
      ...admission(graph, work.builds, {
        isWork,
        jobs,
        isHere: this.#engine.jobs === undefined,
        costsOf: (node) => this.#costsOf(node),
        shared: this.#options.beside?.room,
      }),
      keepGoing: this.#options.keepGoing,
      signal: anySignal(this.#stopping, this.#planning.unprepared),
      onReady: (node) => this.#derivations.expect(node),
      onWanted: () => work.store.registerNow(),
      run: (node, giveBack) =>
        this.#realise(node, giveBack).finally(() => {
          this.#registering.delete(node);
          this.#ledger.ended(node);
        }),
      skip: (node, because) => this.#skip(node, because),
    });
    // What started stages ends while the run is concluded.
    if (this.#engine.name === "embedded") void this.#engine.close().catch(() => undefined);
    await this.#planning.whole();
    const problem = await this.#planning.keep();
    const moments = { prepare: preparedAt, plan: plannedAt, build: performance.now() };
    for (const { name: phase, ...times } of phasesOf(this.#start.ms, moments))
      this.#teller.emit({ type: "phase-finished", phase, ...times });
    return (await loadEnd())({
      teller: this.#teller,
      start: this.#start,
      options: { ...this.#options, signal: this.#stopping },
      opened: this.#opened,
      failureCode: this.#ledger.exitCode,
      problem,
      interruption: this.#options.signal,
    });
  }

  #skip(node: GraphNode, because: GraphNode | undefined): void {
    const skip = (): void => this.#ledger.skip(node, because);
    if (this.#opened.prepareRest === undefined) return skip();
    const { outputs } = this.#opened.work;
    // What is there is told with the plan of the rest. Why that could not be made is told where it is waited for.
    void this.#planning.whole().then(
      () => outputs.has(node) || skip(),
      () => undefined,
    );
  }

  async #realise(node: GraphNode, giveBack: () => void): Promise<NodeEnd | readonly GraphNode[]> {
    const { work } = this.#opened;
    if (!work.isPrepared(node)) await this.#planning.whole().catch(() => undefined);
    if (this.#planning.unprepared.aborted) return "cancelled";
    if (work.outputs.has(node)) return "done";
    if (node.kind === "source") throw new Error(`the source ${node.name} has no path`);
    if (node.kind === "timings") {
      work.found(node, await writeTimings(work, node));
      return "done";
    }
    const start = performance.now();
    try {
      const more = node.kind === "each" ? await this.#planning.expand(node) : undefined;
      if (more !== undefined) return more;
      const end =
        node.kind === "answer" ? await this.#answer(node, start) : await this.#build(node, start, giveBack);
      const outPath = work.outputs.get(node);
      if (end === "done" && outPath !== undefined) this.#pinWhatPassed(node);
      return end;
    } catch (error) {
      if (this.#options.signal.aborted) return this.#ledger.cancelled(node, start);
      if (!isPipeliteError(error)) throw error;
      return this.#ledger.failed(node, start, error, {});
    }
  }

  async #build(node: BuildNode, start: number, giveBack: () => void): Promise<NodeEnd> {
    const { work } = this.#opened;
    const isInParts = node.kind === "environment" && node.composed === undefined;
    const ended = isInParts ? await this.#buildParts(node, start) : undefined;
    if (ended !== undefined) return ended;
    const { derivation, drvPath, outPath } = work.resolve(node);
    const { follow } = this.#options;
    const wanted = follow === undefined ? [] : [follow.unwanted(drvPath)];
    const signal = anySignal(this.#options.signal, this.#planning.unprepared, ...wanted);
    const former = work.forced.has(node) ? outPath : undefined;
    if (outPath !== undefined && former === undefined) {
      work.found(node, outPath);
      this.#ledger.record(node, "cached", start, { drvPath, outPath });
      return "done";
    }
    // What is forced is built, even where a cache has it.
    const caches = work.forced.has(node) ? undefined : this.#substituter;
    const taken = caches && (await substituteOutput(work.store, caches, derivation, signal));
    if (taken !== undefined) {
      const { path, from: substitutedFrom } = taken;
      checkTakenFiles(work, node, path);
      await keepDerivation(work, node, drvPath);
      work.found(node, path);
      if (isInParts) await shareFiles(work, node, signal);
      this.#ledger.record(node, "substituted", start, { drvPath, outPath: path, substitutedFrom });
      return "done";
    }
    const reason = reasonFor(work, node);
    // What is built while the rest is prepared is registered, and recorded, only if all of it can be.
    const written = Promise.all([this.#derivations.write(node), this.#planning.whole()]);
    // Thrown below: until then nobody may wait for it.
    written.catch(() => undefined);
    const pipeline = this.#opened.graph.file;
    const expectedMs = work.builds.lastWallMs(pipeline, node.name);
    if (!isInParts)
      this.tell({
        type: "stage-started",
        name: node.name,
        drvPath,
        ...(expectedMs !== undefined && { expectedMs }),
      });
    const { name: engine, sandbox } = this.#engine;
    const build = { pipeline, stage: node.name, drvPath, runId: this.#runId, engine, sandbox: sandbox.kind };
    const costs = this.#costsOf(node);
    const { secrets } = this.#opened;
    const request = node.kind === "fetch" ? privateRequest(node, secrets) : undefined;
    const building = buildWithRetries(
      ({ onLog, startedAt }) =>
        this.#builderOf(request)({
          name: node.name,
          secrets,
          request,
          drvPath,
          derivation,
          realises: sandbox.kind === "none" ? undefined : ownRealisationId(derivation),
          limits: limitsIn(costs),
          keepFailed: this.#isDebugged(node) ? this.#options.home.failedFolder(drvPath) : undefined,
          onLog,
          signal,
          written,
          onMade: () => {
            if (this.#registering.size >= REGISTERING_MAX) return;
            this.#registering.add(node);
            giveBack();
          },
          // Another run of ours may have made it since it was planned, and ended before this one asked for the lock.
          madeElsewhere: (hasWaited) =>
            former === undefined && (hasWaited || work.builds.output(drvPath) !== undefined)
              ? resolveAnew(work, node).outPath
              : undefined,
          onBuilt: async (built) => {
            checkTakenFiles(work, node, built.outPath);
            await work.builds.record({ ...build, ...built, startedAt }, compositionOf(work, node));
          },
        }),
      {
        node,
        retries: costs.retries ?? 0,
        signal,
        mapTrace: this.#mapTrace,
        emit: this.#teller.emit,
      },
    );
    await Promise.allSettled([building, written]);
    const { outcome, logTail, ...tries } = await building;
    await written;
    if (outcome.status === "cancelled") return this.#ledger.cancelled(node, start);
    if (outcome.status === "failed") {
      const error = errorOf(node, outcome, logTail);
      const { ending, usage, limits } = outcome;
      return this.#ledger.failed(node, start, error, {
        ...tries,
        ...(limits && { limits }),
        drvPath,
        reason,
        logTail,
        ...(ending && { ending }),
        ...(usage && { usage }),
      });
    }
    const { outPath: built } = outcome;
    work.found(node, built);
    if (isInParts) await shareFiles(work, node, signal);
    this.#planning.isRooted(node);
    if (outcome.status === "made-elsewhere") {
      this.#ledger.record(node, "cached", start, { drvPath, outPath: built });
      return "done";
    }
    const { usage, limits, archive } = outcome;
    const compared = former === undefined ? {} : { former: compareOutputs(work.store, former, built) };
    const facts = { drvPath, outPath: built, usage, limits, ...tries, reason, ...compared };
    this.#ledger.record(node, "built", start, facts, archive);
    return "done";
  }

  /** By its name, or as the result that it is. */
  #isDebugged(node: BuildNode): boolean {
    const { results } = this.#opened.graph;
    return (this.#options.debug ?? []).some((name) => name === node.name || results.get(name) === node);
  }

  /** What is asked of a server with secrets is told to nobody else, Nix included. */
  #builderOf(request: BuildJob["request"]): Engine["build"] {
    const { store } = this.#opened.work;
    return request === undefined ? (job) => this.#engine.build(job) : (job) => downloadHere(job, store);
  }

  #costsOf(node: GraphNode): Costs {
    return costsOf(node, this.#options.costs ?? {}, this.#opened.loaded.definition.costs);
  }

  /** @returns how it ended, when it ended before its root could be made */
  async #buildParts(node: EnvironmentNode, start: number): Promise<NodeEnd | undefined> {
    const { work, graph } = this.#opened;
    if (isReady(work, node) && work.resolve(node).outPath !== undefined) return undefined;
    const [runId, pipeline] = [this.#runId, graph.file];
    const emit = (event: RunEvent): void => this.tell(event);
    const ended = await buildParts(work, node, {
      ...this.#options,
      engine: this.#engine,
      limits: limitsIn(this.#costsOf(node)),
      substituter: this.#substituter,
      runId,
      pipeline,
      emit,
    });
    await this.#planning.writeDerivations();
    if (ended?.status === "failed")
      return this.#ledger.failed(node, start, ended.error, { logTail: ended.logTail });
    return ended && this.#ledger.cancelled(node, start);
  }

  async #answer(node: AnswerNode, start: number): Promise<NodeEnd> {
    const { work, graph, secrets } = this.#opened;
    const { model, signal } = this.#options;
    if (model === undefined) throw new Error("an answer without a model");
    const located = await locateAnswer(work, graph, node, model);
    if (located.path !== undefined) {
      work.found(node, located.path);
      this.#ledger.record(node, "cached", start, { outPath: located.path });
      return "done";
    }
    this.tell({ type: "stage-started", name: node.name, drvPath: located.requestHash });
    const key = node.key === undefined ? model.key : requireSecret(secrets, node.key, node.place);
    const { path, pinned } = await ask(work, node, { ...model, key }, located, { signal, secrets });
    work.found(node, path);
    this.#unpinned.set(node, { requestHash: located.requestHash, pinned });
    this.#ledger.record(node, "built", start, { outPath: path });
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
}
