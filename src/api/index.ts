// `pipelite/api`: plans, runs, audits and reports for programs, by the same functions that the command line calls. Whatever
// goes wrong is thrown as an error with a `code`; what a run ends in is a value.
import { resolve } from "node:path";
import { openHome, whichRun as findWhich } from "#app/home.ts";
import { homeFolder } from "#base/home-folder.ts";
import type { Costs } from "#author/costs.ts";
import type { SecretSource } from "#secrets/sources.ts";
import type { WrittenReport } from "#app/report.ts";
import type { AuditReport } from "#evidence/audit-file.ts";
import type { RebuildProgress } from "#evidence/audit-builds.ts";
import type { SandboxKind } from "#sandbox/sandbox.ts";
import type { Home } from "#home/home.ts";
import type { ReadRun, RunSummary, UnreadableRun, WhichRun } from "#home/runs.ts";
import type { RunEvent } from "#home/events.ts";
import type { RunOutcome } from "#run/options.ts";
import type { Plan } from "#run/plan.ts";

export type { AuditReport, Plan, ReadRun, RebuildProgress, RunEvent, RunOutcome, RunSummary, WrittenReport };
export type { UnreadableRun };
export { isPipeliteError, type PipeliteError } from "#base/errors.ts";

/** Which home. */
export interface InHome {
  /** Default: that of the command line: PIPELITE_HOME, else `pipelite` below XDG_DATA_HOME or ~/.local/share. */
  home?: string;
}

export interface OfPipeline extends InHome {
  /** A pipeline.ts or its folder; default: this folder. */
  pipeline?: string;
  /** Only these results and what they need; default: all. */
  stages?: readonly string[];
  /** Parameters by name, as texts, as `--param` takes them. */
  params?: Readonly<Record<string, string>>;
  /** Where secrets come from that are not in the variables of their names. */
  secrets?: Readonly<Record<string, SecretSource>>;
  /** Reads every source again, whatever its times say. */
  paranoid?: boolean;
  /** An OpenAI-compatible model, by its name; without `url` only pinned answers can be used. */
  model?: { name: string; url?: string; key?: string };
  engine?: "embedded" | "nix";
  /** Insists on this sandbox. */
  sandbox?: "starter" | "bubblewrap" | "unshare" | "none";
}

/** What a run would build, and why. Builds nothing and runs no code of a stage. */
export async function plan(options: OfPipeline = {}): Promise<Plan> {
  const app = await import("#app/plan.ts");
  return app.plan(pipelineOptions(options));
}

/** `memoryBytes`, `cpus`, `timeoutMs`, `retries` and so on are those of stages that do not say so themselves. */
export interface RunPipeline extends OfPipeline, Costs {
  /** Stages at a time; default: the cores of this machine. */
  jobs?: number;
  /** Where the link to the result goes; default: none. */
  out?: string;
  /** After a failure, goes on with stages that do not need what failed. */
  keepGoing?: boolean;
  /** Cancels the run: its outcome is `cancelled` then. */
  signal?: AbortSignal;
}

/** A run that is under way. */
export interface Running extends AsyncIterable<RunEvent> {
  /** How it ends, when it has ended. Rejects where nothing could be run at all. */
  readonly outcome: Promise<RunOutcome>;
}

/**
 * Runs a pipeline. The events come in order, the first ones kept for whoever asks later; leaving the loop cancels the run.
 * The run goes on by itself, so that `await run(...).outcome` is enough.
 */
export function run(options: RunPipeline = {}): Running {
  const stop = new AbortController();
  const events = new Events();
  const outcome = start(options, events, stop.signal);
  // Whoever only looks at the events is told by them; whoever awaits the outcome by that.
  outcome.catch(() => {});
  return {
    outcome,
    async *[Symbol.asyncIterator]() {
      try {
        yield* events.read();
      } finally {
        stop.abort();
        await outcome;
      }
    },
  };
}

async function start(options: RunPipeline, events: Events, stopped: AbortSignal): Promise<RunOutcome> {
  const { jobs, out, keepGoing = false, signal } = options;
  try {
    const app = await import("#app/run.ts");
    return await app.run({
      ...pipelineOptions(options),
      jobs,
      out: out ?? null,
      keepGoing,
      costs: options,
      signal: signal === undefined ? stopped : AbortSignal.any([signal, stopped]),
      listener: (event) => events.add(event),
    });
  } finally {
    events.end();
  }
}

export interface OfRun extends InHome {
  /** The id of a run or the start of it; default: the latest run of the pipeline of this folder. */
  run?: string;
}

/** The runs of a home, newest first. @param max at most so many */
export async function runs({ home, max }: InHome & { max?: number } = {}): Promise<
  (RunSummary | UnreadableRun)[]
> {
  const app = await import("#app/runs.ts");
  return app.runs(homeAt(home), max).shown;
}

/** One run: its record, the digest of that, and `problem` where it is not as it was written. */
export async function show(options: OfRun = {}): Promise<ReadRun> {
  const app = await import("#app/runs.ts");
  return app.readRun(homeAt(options.home), whichRun(options));
}

export interface AuditRun extends OfRun {
  /** Stages built again at a time; default: the cores of this machine. */
  jobs?: number;
  /** To build in, in place of the run's; what was built without one is built again only where this says `none`. */
  sandbox?: SandboxKind;
  signal?: AbortSignal;
  onProgress?: (progress: RebuildProgress) => void;
}

/**
 * Computes everything a run claims again from its evidence; keeps the report with the run, and opens a deviation for what
 * does not hold. @throws the reason of `signal`
 */
export async function audit(options: AuditRun = {}): Promise<AuditReport> {
  const app = await import("#app/audit.ts");
  const { jobs, sandbox, signal = new AbortController().signal, onProgress } = options;
  const made = await app.audit(homeAt(options.home), whichRun(options), {
    jobs,
    sandbox,
    signal,
    onProgress,
    env: process.env,
  });
  if (made !== undefined) return made;
  throw signal.reason;
}

export interface ReportRun extends OfRun {
  /** Where the documents go; default: report-RUN in this folder. */
  folder?: string;
  /** Prints report.pdf as well, through Chromium. */
  pdf?: boolean;
}

/** Writes the documents of a run: report.html, batch record, evidence for clauses, attestations. */
export async function report(options: ReportRun = {}): Promise<WrittenReport> {
  const app = await import("#app/report.ts");
  return app.writeReport({
    home: homeAt(options.home),
    which: whichRun(options),
    folderFor: (runId) => resolve(options.folder ?? `report-${runId}`),
    pdfEnv: options.pdf === true ? process.env : undefined,
  });
}

function homeAt(folder: string | undefined): Home {
  return openHome(homeFolder({ env: process.env, cwd: process.cwd() }, folder));
}

function whichRun({ run: word }: OfRun): WhichRun {
  return findWhich(process.cwd(), word);
}

function pipelineOptions({
  home,
  pipeline = ".",
  stages = [],
  params = {},
  secrets,
  paranoid = false,
  model,
  engine = "embedded" as const,
  sandbox,
}: OfPipeline) {
  const where = { home: homeAt(home), env: process.env };
  return { ...where, pipeline, stages: [...stages], params, secrets, paranoid, model, engine, sandbox };
}

/** Events that were told, for readers that come when they like. */
class Events {
  readonly #told: RunEvent[] = [];
  #isOver = false;
  #readers: (() => void)[] = [];

  add(event: RunEvent): void {
    this.#told.push(event);
    this.#wake();
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  #wake(): void {
    for (const read of this.#readers.splice(0)) read();
  }

  async *read(): AsyncGenerator<RunEvent> {
    for (let at = 0; ; at += 1) {
      while (at === this.#told.length && !this.#isOver) {
        await new Promise<void>((resolve) => this.#readers.push(resolve));
      }
      const event = this.#told[at];
      if (event === undefined) return;
      yield event;
    }
  }
}
