// The embedded engine: builds a resolved derivation in our own sandbox, into our own store, with the environment that
// Nix's Linux builder gives it (Nix manual, "Building"; facts of nix 2.8 checked side by side in test/peers).
import { programFolders, type Variables } from "#base/environment.ts";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdir,
  mkdirSync,
  open as openFile,
  readdirSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { isPipeliteError, systemErrorCode } from "#base/errors.ts";
import { writeAll } from "#base/file-pieces.ts";
import { removeTree } from "#base/files.ts";
import { naming } from "#base/naming.ts";
import { isProcessAlive } from "#base/process.ts";
import { anySignal } from "#base/steps.ts";
import type { SandboxKind } from "#sandbox/sandbox.ts";
import { ScratchFolders, closeStarters, detectSandbox } from "#sandbox/sandbox.ts";
import { parseStorePath, type StorePath } from "#nix/store-path.ts";
import { Closures } from "#store/closures.ts";
import { storeFailure } from "#store/failure.ts";
import { layoutOf, logFile } from "#store/layout.ts";
import type { PathLocks } from "#store/locks.ts";
import type { BuiltOutput } from "#store/outputs.ts";
import type { Store } from "#store/store.ts";
import { outputOf, runBuilder, type BuildPlace } from "./builder.ts";
import type { BuildJob, BuildOutcome, Engine } from "./engine.ts";
import { pipeliteError } from "./errors.ts";
import { leakIn, withSearchedLog } from "./guard.ts";

export interface EmbeddedOptions {
  store: Store;
  /** Insist on this sandbox; without it the strongest that works here is taken. */
  sandbox: SandboxKind | undefined;
  env: Variables;
}

export async function embeddedEngine({ store, sandbox: wanted, env }: EmbeddedOptions): Promise<Engine> {
  const sandbox = await detectSandbox(wanted, programFolders(env));
  const folder = buildsFolder(store.home);
  mkdirSync(folder, { recursive: true });
  // Readable by its owner alone, since a stage is half made there.
  chmodSync(folder, 0o700);
  const folders = new ScratchFolders(folder);
  const closures = new Closures(store);
  let closing: Promise<unknown> | undefined;
  return {
    name: "embedded",
    sandbox,
    build: (job) =>
      endOf(job, store, () => buildAlone(job, { store, kind: sandbox.kind, folders, env, closures })),
    close: async () => {
      await (closing ??= Promise.all([closeStarters(), folders.close()]));
    },
  };
}

/**
 * Begins to find out what isolates stages here, which is mostly waiting, while a run does other things.
 * @returns what ends the process that this started, where no engine is opened after all
 */
export function expectEmbeddedEngine({
  sandbox,
  env,
}: Partial<Pick<EmbeddedOptions, "sandbox">> & Pick<EmbeddedOptions, "env">): () => Promise<void> {
  const found = detectSandbox(sandbox, programFolders(env)).then(
    () => undefined,
    // Thrown where the engine is opened.
    () => undefined,
  );
  return async () => {
    await found;
    await closeStarters();
  };
}

/** Downloads with secrets, which no other engine is told. */
export function downloadHere(job: BuildJob, store: Store): Promise<BuildOutcome> {
  return endOf(job, store, () => alone(job, store, (locks) => fetch(job, store, locks)));
}

/** What went wrong with a build is how it ended. */
async function endOf(job: BuildJob, store: Store, build: () => Promise<BuildOutcome>): Promise<BuildOutcome> {
  try {
    return await build();
  } catch (error) {
    if (job.signal.aborted) return { status: "cancelled" };
    const known = storeFailure(store, error);
    if (!isPipeliteError(known)) throw error;
    return { status: "failed", error: known };
  }
}

/** One process builds a derivation, under the lock that Nix takes for it; others wait and take what it made. */
async function alone(
  job: BuildJob,
  store: Store,
  make: (locks: PathLocks) => Promise<BuildOutcome>,
): Promise<BuildOutcome> {
  let hasWaited = false;
  const onWait = (): void => void (hasWaited = true);
  using locks = await store.lockPaths([lockedPath(job)], { signal: job.signal, onWait });
  const madeElsewhere = job.madeElsewhere?.(hasWaited);
  if (madeElsewhere !== undefined) return { status: "made-elsewhere", outPath: madeElsewhere };
  const outcome = await make(locks);
  if (outcome.status === "built") await job.onBuilt?.(outcome);
  return outcome;
}

function buildAlone(job: BuildJob, place: BuildPlace): Promise<BuildOutcome> {
  const { store } = place;
  const isDownload = job.derivation.builder === "builtin:fetchurl";
  return alone(job, store, (locks) =>
    isDownload ? fetch(job, store, locks) : build(job, { ...place, locks }),
  );
}

async function fetch(job: BuildJob, store: Store, locks: PathLocks): Promise<BuildOutcome> {
  await job.written;
  const { fetchUrl } = await import("./fetch-url.ts");
  const outcome = await fetchUrl(job, store, locks);
  const { realises: id } = job;
  if (outcome.status === "built" && id !== undefined)
    await store.addRealisations([{ id, outPath: outcome.outPath, dependencies: new Map(), signatures: [] }]);
  return outcome;
}

/** The output's path, or, where only building tells it, that of the derivation with the output's name behind it. */
function lockedPath(job: BuildJob): StorePath {
  const output = outputOf(job);
  return output.kind === "floating" ? parseStorePath(`${job.drvPath}.out`) : output.path;
}

/** Where the stages of a Pipelite that runs are built; the names begin with its process id. */
function buildsFolder(home: string): string {
  return layoutOf(home).buildsDir;
}

/** Removes what a Pipelite that was killed left behind: before all else, since it may be what fills the disk. */
export function removeLeftovers(home: string): void {
  const folder = buildsFolder(home);
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const [pid = ""] = name.split("-");
    if (!isProcessAlive(pid)) removeTree(join(folder, name));
  }
}

async function build(
  job: BuildJob,
  { locks, ...place }: BuildPlace & { locks: PathLocks },
): Promise<BuildOutcome> {
  const timeoutMs = job.limits?.timeoutMs;
  const deadline = timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)];
  const { store } = place;
  const log = openLog(store.home, job);
  let registering: Promise<unknown> | undefined;
  try {
    const outcome = await withSearchedLog(log.job, (searched) =>
      runBuilder(searched, place, async ({ made, scratch, output, inputs, outputBytes }) => {
        // What it said at its very end.
        searched.signal.throwIfAborted();
        const leak = await leakIn(searched, made);
        if (leak !== undefined) throw leak;
        const built: BuiltOutput = {
          scratch: made,
          scratchPath: scratch,
          name: job.derivation.name,
          references: inputs,
          deriver: job.drvPath,
          realises: job.realises,
          expected: output,
          sizeMaxBytes: outputBytes,
        };
        const { promise: moved, resolve: onMoved } = Promise.withResolvers<void>();
        const registered = store.registerOutputs([built], {
          held: locks,
          signal: anySignal(job.signal, ...deadline),
          onMoved,
          after: job.written,
          mayWait: job.onMade !== undefined,
        });
        registering = registered;
        await Promise.race([moved, registered]);
        return { registered };
      }),
    );
    if (outcome.status === "built") job.onMade?.();
    await log.settled();
    if (outcome.status === "failed" && isPipeliteError(outcome.error, "SECRET_FOUND")) log.remove();
    log.throwFailure();
    if (outcome.status !== "built") return outcome;
    const [registered] = await outcome.taken.registered;
    if (registered === undefined) throw new Error("registerOutputs gave nothing back");
    const { path: outPath, ...archive } = registered;
    return { status: "built", outPath, archive, usage: outcome.usage, limits: outcome.limits };
  } catch (error) {
    await log.settled();
    if (isPipeliteError(error, "SECRET_FOUND")) log.remove();
    log.throwFailure();
    const isLate = deadline.some(({ aborted }) => aborted) && !isPipeliteError(error);
    if (!isLate || job.signal.aborted) throw error;
    throw pipeliteError("STAGE_TIMED_OUT", { stage: job.name, timeoutMs }, error);
  } finally {
    // Under the lock that the caller gives back.
    await registering?.catch(() => undefined);
    await log.close();
  }
}

/** Made while the builder starts, by a thread: the file system takes longer to find room for it than all else that is done for a log. */
async function createLog(file: string): Promise<number> {
  const folder = dirname(file);
  // Most logs have a folder that no other had before: there are as many as their names can begin with.
  if (!existsSync(folder)) await makeLogFolder(folder);
  try {
    return await openNew(file);
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
    rmSync(file);
    return openNew(file);
  }
}

function openNew(file: string): Promise<number> {
  return new Promise((resolve, reject) =>
    openFile(file, "wx", (error, fd) => (error === null ? resolve(fd) : reject(error))),
  );
}

function makeLogFolder(folder: string): Promise<void> {
  return new Promise((resolve, reject) =>
    mkdir(folder, { recursive: true }, (error) => (error === null ? resolve() : reject(error))),
  );
}

interface OpenLog {
  /** The job that writes to it. A log that can't be written ends the build. */
  job: BuildJob;
  /** All that was said is written, or could not be. */
  settled(): Promise<void>;
  throwFailure(): void;
  remove(): void;
  close(): Promise<void>;
}

function openLog(home: string, job: BuildJob): OpenLog {
  const file = logFile(home, job.drvPath);
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(job.signal.reason);
  job.signal.addEventListener("abort", onAbort, { once: true });
  if (job.signal.aborted) onAbort();
  let failure: { error: unknown } | undefined;
  // Thrown from here it would end the process: this is called by a stream.
  const fail = (error: unknown): void => {
    failure ??= { error };
    stop.abort(error);
  };
  let fd: number | undefined;
  const early: Uint8Array[] = [];
  const write = (chunk: Uint8Array): void => {
    const to = fd;
    try {
      if (to === undefined) early.push(Buffer.from(chunk));
      else if (failure === undefined) naming(file, () => writeAll(to, chunk));
    } catch (error) {
      fail(error);
    }
  };
  const opened = createLog(file).then((made) => {
    fd = made;
    early.splice(0).forEach(write);
  }, fail);
  return {
    job: {
      ...job,
      onLog: (chunk) => {
        job.onLog(chunk);
        write(chunk);
      },
      signal: stop.signal,
    },
    settled: () => opened,
    throwFailure: () => {
      if (failure !== undefined) throw failure.error;
    },
    remove: () => rmSync(file, { force: true }),
    close: async () => {
      job.signal.removeEventListener("abort", onAbort);
      await opened;
      if (fd !== undefined) closeSync(fd);
    },
  };
}
