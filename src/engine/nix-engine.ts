// Real Nix as the engine: its daemons build the very derivations that the embedded engine would build. Without a list of
// machines that is Nix here, in the store of the home; with one, what a stage needs is copied there and its output back.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isPipeliteError, type PipeliteError } from "#base/errors.ts";
import type { Variables } from "#base/environment.ts";
import { isAddressOf } from "#nix/content-address.ts";
import { storePathName, type StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type { DaemonConnection, RemoteBuild } from "./daemon/connection.ts";
import { copyFrom, KnownPaths } from "./daemon/copy.ts";
import { parseMachines, type Machine } from "./daemon/machines.ts";
import { openMachine, sharedFolder } from "./daemon/open-machine.ts";
import { MachinePool, type Lease } from "./daemon/pool.ts";
import type { BuildJob, BuildMachine, BuildOutcome, Engine, Usage } from "./engine.ts";
import { logFile } from "#store/layout.ts";
import { leakIn, withLogLimit, withSearchedLog } from "./guard.ts";
import { pipeliteError } from "./errors.ts";
import { limitsOf, type HeldLimit, type HeldLimits, type StageLimits } from "./limits.ts";

const HERE = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`;
const LOCAL: Machine = {
  uri: "local",
  systems: [HERE],
  jobs: Infinity,
  speed: 1,
  features: [],
  mandatoryFeatures: [],
};

export interface OpenMachines {
  /** The home whose store they build for. */
  home: string;
  /** In which Nix and ssh are found and run. */
  env: Variables;
  /** A list of machines as Nix's `builders`; without it Nix here builds. */
  builders?: string | undefined;
}

/** Machines that answered: engines that are at work at the same time may share them. */
export interface Machines {
  pool: MachinePool;
  versions: string[];
  lost: { kind: string; reason: string }[];
  copied: Map<Machine, KnownPaths>;
  /** What is being built: who wants the same waits for it. */
  building: Map<StorePath, Promise<unknown>>;
  close: () => void;
}

/** How many stages machines build at a time. @throws MACHINES_INVALID */
export function jobsOf(builders: string): number {
  return parseMachines(builders, HERE).reduce((sum, { jobs }) => sum + jobs, 0);
}

/** @throws PipeliteError NIX_NOT_FOUND, MACHINES_INVALID, MACHINE_LOST where no machine answers */
export async function openMachines({ home, env, builders }: OpenMachines): Promise<Machines> {
  const machines = builders === undefined ? [LOCAL] : parseMachines(builders, HERE);
  if (machines.some(({ uri }) => uri === "local")) requireNix(env);
  const shared = sharedFolder();
  const pool = new MachinePool(machines, (machine) =>
    openMachine(machine, { home, env, folder: shared.path }),
  );
  const close = (): void => {
    pool.close();
    shared.remove();
  };
  try {
    return { pool, ...(await pool.greet()), copied: new Map(), building: new Map(), close };
  } catch (error) {
    close();
    throw error;
  }
}

export interface NixEngine extends Omit<OpenMachines, "home"> {
  store: Store;
  /** Of several engines, opened by the first one and closed by who has them; without them the engine has its own. */
  machines?: ((open: () => Promise<Machines>) => Promise<Machines>) | undefined;
}

/** @throws PipeliteError as `openMachines` */
export async function nixEngine({ store, env, builders, machines }: NixEngine): Promise<Engine> {
  const open = (): Promise<Machines> => openMachines({ home: store.home, env, builders });
  const opened = machines === undefined ? await open() : await machines(open);
  const place: Place = { ...opened, store, leaked: new Set() };
  return {
    name: "nix",
    sandbox: { kind: "nix", version: opened.versions.join(", "), tried: opened.lost },
    ...(builders !== undefined && { jobs: opened.pool.jobs }),
    build: (job) => withLogLimit(job, limitsOf(job.limits).logBytes, (limited) => buildOnce(limited, place)),
    close: async () => {
      if (machines === undefined) opened.close();
      await removeLeaks(place);
    },
  };
}

function requireNix(env: Variables): void {
  const { status } = spawnSync("nix-daemon", ["--version"], { env });
  if (status !== 0) throw pipeliteError("NIX_NOT_FOUND");
}

interface Place extends Pick<Machines, "pool" | "copied" | "building"> {
  store: Store;
  /** Outputs that hold a secret. */
  leaked: Set<StorePath>;
}

/** What another run of this process is building is waited for, and what it has built is taken. */
async function buildOnce(job: BuildJob, place: Place): Promise<BuildOutcome> {
  const { building } = place;
  for (let hasWaited = false; ; hasWaited = true) {
    const outPath = job.madeElsewhere?.(hasWaited);
    if (outPath !== undefined) return { status: "made-elsewhere", outPath };
    const other = building.get(job.drvPath);
    if (other === undefined) break;
    await untilAborted(other, job.signal);
    if (job.signal.aborted) return { status: "cancelled" };
  }
  const own = buildSearched(job, place);
  const settled = own.then(
    () => undefined,
    () => undefined,
  );
  building.set(job.drvPath, settled);
  try {
    return await own;
  } finally {
    building.delete(job.drvPath);
  }
}

async function untilAborted(other: Promise<unknown>, signal: AbortSignal): Promise<void> {
  let stop = (): void => undefined;
  const aborted = new Promise<void>((resolve) => (stop = resolve));
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  await Promise.race([other, aborted]);
  signal.removeEventListener("abort", stop);
}

/** Nix writes its log, and registers the output, before anybody can look at them: what holds a secret is removed again. */
async function buildSearched(job: BuildJob, place: Place): Promise<BuildOutcome> {
  if (job.secrets === undefined || job.secrets.isEmpty) return build(job, place);
  const { store } = place;
  let outPath: StorePath | undefined;
  const onBuilt = async (built: { outPath: StorePath; usage: Usage }): Promise<void> => {
    outPath = built.outPath;
    const leak = await leakIn(job, store.physical(built.outPath));
    if (leak !== undefined) throw leak;
    await job.onBuilt?.(built);
  };
  const outcome = await withSearchedLog(job, async (searched) => {
    try {
      return await build({ ...searched, onBuilt }, place);
    } catch (error) {
      if (!isPipeliteError(error, "SECRET_FOUND")) throw error;
      return { status: "failed" as const, error };
    }
  });
  if (outcome.status === "failed" && isPipeliteError(outcome.error, "SECRET_FOUND")) {
    for (const suffix of ["", ".bz2"])
      rmSync(`${logFile(store.home, job.drvPath)}${suffix}`, { force: true });
    if (outPath !== undefined) place.leaked.add(outPath);
  }
  return outcome;
}

/** Once nobody uses them: the processes of Nix that did are on their way out. @throws STORE_PATH_IN_USE */
async function removeLeaks({ store, leaked }: Place): Promise<void> {
  const [TRIES, PAUSE_MS] = [50, 100];
  const left = [...leaked].filter((path) => store.isPresent(path));
  for (let tries = 1; left.length > 0; tries += 1) {
    try {
      return void (await store.deletePaths(left));
    } catch (error) {
      if (!isPipeliteError(error, "STORE_PATH_IN_USE") || tries === TRIES) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

/** Builds on one machine; where that one is lost, on the next. */
async function build(job: BuildJob, place: Place): Promise<BuildOutcome> {
  const start = performance.now();
  const movedFrom: NonNullable<BuildMachine["movedFrom"]> = [];
  for (;;) {
    let lease: Lease | undefined;
    try {
      lease = await place.pool.lease(job.name, job.derivation, job.signal);
      await job.written;
      const outcome = await buildAt(job, lease, place, { start, movedFrom });
      if (outcome.status === "built") await job.onBuilt?.(outcome);
      lease.release();
      return outcome;
    } catch (error) {
      const isOfMachine = isPipeliteError(error) && error.code.startsWith("MACHINE_");
      // What we closed ourselves, or is wrong here, says nothing of the machine.
      lease?.end(isOfMachine && !job.signal.aborted ? error : undefined);
      if (job.signal.aborted) return { status: "cancelled" };
      if (!isOfMachine) throw error;
      if (lease === undefined) return { status: "failed", error };
      movedFrom.push({ machine: lease.machine.uri, problem: error.message });
      job.onLog(Buffer.from(`${error.message}; another machine takes the stage, if there is one\n`));
    }
  }
}

/** A daemon that has not stopped a build so long after its time is lost. */
const GRACE_MS = 60_000;

interface Attempt {
  start: number;
  movedFrom: NonNullable<BuildMachine["movedFrom"]>;
}

async function buildAt(
  job: BuildJob,
  { machine, connection }: Lease,
  place: Place,
  { start, movedFrom }: Attempt,
): Promise<BuildOutcome> {
  const { store } = place;
  const isHere = machine.uri === "local";
  // A daemon ends a build whose client is gone.
  const leave = (): void => connection.close();
  job.signal.addEventListener("abort", leave, { once: true });
  let overdue: NodeJS.Timeout | undefined;
  try {
    if (!isHere) {
      const known = place.copied.get(machine) ?? new KnownPaths();
      place.copied.set(machine, known);
      await known.copyTo(connection, store, [job.drvPath], job.signal);
    }
    const timeoutMs = job.limits?.timeoutMs;
    if (timeoutMs !== undefined) overdue = setTimeout(leave, timeoutMs + GRACE_MS);
    const done = await connection.build(job.drvPath, job);
    const usage = usageOf(done, performance.now() - start, {
      name: machine.uri,
      system: machine.systems[0] ?? HERE,
      nix: connection.nixVersion,
      sandbox: isHere || connection.isObeyed ? "set by us" : "as configured there",
      ...(movedFrom.length > 0 && { movedFrom: [...movedFrom] }),
    });
    const { outPath, status } = done;
    if (isMachineTrouble(status))
      throw pipeliteError("MACHINE_REFUSES", { machine: machine.uri, problem: done.problem });
    const limits = heldByNix(job.limits);
    if (outPath === undefined || !isSuccess(status))
      return { status: "failed", error: failureOf(job, done), usage, limits };
    if (!isHere) await copyBack(job, outPath, connection, store);
    return { status: "built", outPath, usage, limits };
  } finally {
    clearTimeout(overdue);
    job.signal.removeEventListener("abort", leave);
  }
}

/** The output with all it refers to, as far as it is not here. */
async function copyBack(
  job: BuildJob,
  outPath: StorePath,
  connection: DaemonConnection,
  store: Store,
): Promise<void> {
  const refuse = (problem: string): never => {
    throw pipeliteError("MACHINE_REFUSES", { machine: connection.machine, problem });
  };
  const output = job.derivation.outputs.get("out");
  const isKnown = output !== undefined && "path" in output;
  if (isKnown ? output.path !== outPath : storePathName(outPath) !== job.derivation.name)
    refuse(`it gives ${outPath}, which is no output of ${job.drvPath}`);
  // A stage of an input-addressed output is believed of that output alone: what it names beside is here, or proves itself.
  const isBelieved = output?.kind === "input-addressed";
  const came = await copyFrom(connection, store, outPath, ({ path, contentAddress, references }) => {
    if (path === outPath && isBelieved) return;
    if (!isAddressOf(path, contentAddress, references))
      refuse(`it gives ${path} without its content address`);
  });
  if (came === undefined) refuse(`it built ${outPath}, and does not have all of it`);
}

/** As Nix numbers them: built, substituted, valid already, and the last for what a derivation became. */
function isSuccess(status: number): boolean {
  return [0, 1, 2, 13].includes(status);
}

/** As Nix numbers them: input-rejected, transient and miscellaneous failures say nothing of the stage itself. */
function isMachineTrouble(status: number): boolean {
  return [4, 6, 9].includes(status);
}

const TIMED_OUT = 8;
const LOG_LIMIT = 11;

function failureOf(job: BuildJob, { status, problem }: RemoteBuild): PipeliteError {
  const stage = job.name;
  const timeoutMs = job.limits?.timeoutMs;
  if (status === TIMED_OUT && timeoutMs !== undefined)
    return pipeliteError("STAGE_TIMED_OUT", { stage, timeoutMs });
  if (status === LOG_LIMIT) return pipeliteError("STAGE_LOG_LIMIT", { stage, limit: "Nix's own limit" });
  const code = /failed with exit code (\d+)/.exec(problem)?.[1];
  if (code !== undefined) return pipeliteError("STAGE_FAILED", { stage, code: Number(code) });
  const signal = /failed due to signal (\d+)/.exec(problem)?.[1];
  if (signal !== undefined) return pipeliteError("STAGE_KILLED", { stage, signal: `signal ${signal}` });
  if (/failed to produce output/.test(problem)) return pipeliteError("STAGE_NO_OUTPUT", { stage });
  return pipeliteError("STAGE_FAILED_IN_NIX", { stage, problem: problem.split("\n")[0] ?? "" });
}

function usageOf({ cpuUserMs, cpuSystemMs }: RemoteBuild, wallMs: number, machine: BuildMachine): Usage {
  const hasCpu = cpuUserMs !== undefined && cpuSystemMs !== undefined;
  return {
    wallMs,
    ...(hasCpu && { cpuUserMs, cpuSystemMs }),
    source: {
      wall: "monotonic clock, with copying there and back",
      cpu: hasCpu ? "Nix" : "unavailable",
      memory: "unavailable",
      io: "unavailable",
    },
    machine,
  };
}

/** Nix stops a stage after its time, and tells it how many processors it may use; its log is ended by us, and nothing else limited. */
function heldByNix(limits: Partial<StageLimits> = {}): HeldLimits {
  return Object.fromEntries(
    Object.entries(limits).flatMap(([name, limit]) =>
      limit === undefined ? [] : [[name, { limit, by: HELD_BY_NIX.get(name) ?? "nothing" }]],
    ),
  );
}

const HELD_BY_NIX = new Map<string, HeldLimit["by"]>([
  ["timeoutMs", "nix"],
  ["cpus", "told"],
  ["logBytes", "pipelite"],
]);
