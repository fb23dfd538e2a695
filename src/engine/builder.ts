// One build of a resolved derivation in the sandbox: what the engine registers, and what an audit compares, is made here.
import { programFolders, type Variables } from "#base/environment.ts";
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { fromByteString } from "#base/bytes.ts";
import type { DerivationOutput } from "#nix/derivation.ts";
import { sha256 } from "#nix/hash.ts";
import { encodeNix32 } from "#nix/nix32.ts";
import { ownPlaceholder, scratchPath } from "#nix/placeholder.ts";
import { storePathBase } from "#nix/store-path.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { SandboxKind, SandboxResult, ScratchFolders, SandboxView } from "#sandbox/sandbox.ts";
import { runSandboxed } from "#sandbox/sandbox.ts";
import { isDiskFull } from "#store/failure.ts";
import type { Closures } from "#store/closures.ts";
import type { Store } from "#store/store.ts";
import type { Usage } from "./engine.ts";
import type { BuildJob, BuildOutcome } from "./engine.ts";
import { countMemoryKills, failure, recentMemoryKills } from "./build-failure.ts";
import { pipeliteError } from "./errors.ts";
import { coresFor, heldLimits, limitsOf } from "./limits.ts";
import type { HeldLimits } from "./limits.ts";

type Output = Extract<DerivationOutput, { kind: "floating" | "fixed" | "input-addressed" }>;

/** What a builder made, still where it made it. */
export interface BuildPlace {
  store: Store;
  kind: SandboxKind;
  /** Where the build works. */
  folders: ScratchFolders;
  /** The environment of who runs Pipelite. */
  env: Variables;
  closures: Closures;
  /** What it is shown otherwise than always. */
  shown?: Shown | undefined;
}

/** For who asks whether an output depends on it. */
export interface Shown {
  seen?: SandboxView;
  /** What its variables call the build folder, where its program goes into a root that has that elsewhere. */
  buildFolder?: string;
  /** Variables beside, or in place of, those that a builder always has; what the derivation sets stays as it is. */
  env?: Readonly<Record<string, string>>;
  /** Another place on disk for an input. */
  physical?: (path: StorePath, physical: string) => string;
  /** What stands in its store beside the inputs. */
  beside?: { path: StorePath; physical: string }[];
}

export interface Made {
  /** Where it is on disk. */
  made: string;
  /** The path by which the builder knew it. */
  scratch: StorePath;
  output: Output;
  /** All it could see. */
  inputs: StorePath[];
  /** Largest apparent size that it may have. */
  outputBytes: number;
}

export type BuilderOutcome<T> =
  | { status: "built"; taken: T; usage: Usage; limits: HeldLimits }
  | Extract<BuildOutcome, { status: "failed" | "cancelled" }>;

let builds = 0;

/**
 * Runs the builder of a derivation in one of the folders, and hands what it made to `take` before that is emptied.
 * @returns `built` with what `take` returned.
 */
export async function runBuilder<T>(
  job: BuildJob,
  { store, kind, folders, env, closures, shown = {} }: BuildPlace,
  take: (made: Made) => Promise<T>,
): Promise<BuilderOutcome<T>> {
  const output = outputOf(job);
  builds += 1;
  const killsBefore = recentMemoryKills();
  const limits = limitsOf(job.limits);
  const inputs = physicalInputs(job, { store, closures });
  const folder = folders.take();
  const { storeDir, buildDir } = folder;
  // Whatever is thrown from here on, the folder is not known to be in order.
  let isSpoilt = true;
  const keep = (): void => {
    if (job.keepFailed !== undefined) folder.keepAs(job.keepFailed, inputs);
  };
  try {
    const { scratch, ...started } = startBuilder(job, { env, cores: coresFor(limits), shown });
    const result = await runSandboxed(kind, {
      ...started,
      inputs: [
        ...inputs.map(({ path, physical }) => ({
          path,
          physical: shown.physical?.(path, physical) ?? physical,
        })),
        ...(shown.beside ?? []),
      ],
      ...(shown.seen !== undefined && { seen: shown.seen }),
      storeDir,
      buildDir,
      network: output.kind === "fixed",
      kvm: systemFeatures(job).includes("kvm"),
      limits: {
        logBytes: limits.logBytes,
        processes: limits.processes,
        memoryBytes: limits.memoryBytes,
        ...(limits.cpus !== undefined && { cpus: limits.cpus }),
        ...(limits.timeoutMs !== undefined && { timeoutMs: limits.timeoutMs }),
      },
      places: folder.places,
      onLog: job.onLog,
      programFolders: programFolders(env),
      signal: job.signal,
      cgroupName: `pipelite-${process.pid}-${builds}`,
    });
    isSpoilt = result.isSpoilt;
    const usage = usageOf(result);
    const held = heldLimits(limits, result.enforcedBy);
    if (result.ending.kind === "cancelled") return { status: "cancelled" };
    // What others made of the part of one that was ended for want of memory is no output.
    const isShort = (usage.outOfMemoryKills ?? 0) > 0;
    if (result.ending.kind !== "exited" || result.ending.code !== 0 || isShort) {
      const isMemoryFull = countMemoryKills() > killsBefore;
      const facts = { ...limits, isDiskFull: isDiskFull(folder.folder), isMemoryFull };
      keep();
      return { ...failure(job, kind, result, facts), usage, limits: held };
    }
    const made = join(storeDir, storePathBase(scratch));
    // A link is an output, wherever it leads.
    if (lstatSync(made, { throwIfNoEntry: false }) === undefined) {
      keep();
      throw pipeliteError("STAGE_NO_OUTPUT", { stage: job.name });
    }
    const { outputBytes } = limits;
    const taken = await take({ made, scratch, output, inputs: inputs.map(({ path }) => path), outputBytes });
    return { status: "built", taken, usage, limits: held };
  } finally {
    folder.isSpoilt ||= isSpoilt;
    await folders.give(folder);
  }
}

export interface StartedBuilder {
  /** Byte strings, as `args` and `env` are. */
  builder: string;
  args: string[];
  env: Map<string, string>;
  /** Files that stand in its folder. */
  files: Map<string, string>;
  /** Where it is to leave its output: the final path when that is known, else the one that Nix lets a builder write to. */
  scratch: StorePath;
}

export interface OuterEnvironment {
  env: Variables;
  cores: number;
  shown?: Shown;
}

/** How the builder of a derivation is started. @param outer.env the environment of who runs Pipelite */
export function startBuilder(
  job: Pick<BuildJob, "derivation" | "drvPath">,
  outer: OuterEnvironment,
): StartedBuilder {
  const { derivation, drvPath } = job;
  const output = outputOf(job);
  const scratch = output.kind === "floating" ? scratchPath(drvPath, "out") : output.path;
  const placeholder = ownPlaceholder("out");
  const rewrite = (text: string) => text.replaceAll(placeholder, scratch);
  return {
    builder: rewrite(derivation.builder),
    args: derivation.args.map(rewrite),
    ...environment(job, rewrite, outer),
    scratch,
  };
}

/** All that a builder sees of the store. */
export function physicalInputs(
  { derivation }: Pick<BuildJob, "derivation">,
  { store, closures }: Pick<BuildPlace, "store" | "closures">,
): { path: StorePath; physical: string }[] {
  return closures.of(derivation.inputSrcs).map((path) => ({ path, physical: store.physical(path) }));
}

/** The one output of a derivation. @throws PipeliteError DERIVATION_UNSUPPORTED */
export function outputOf({ derivation, drvPath }: Pick<BuildJob, "derivation" | "drvPath">): Output {
  const output = derivation.outputs.get("out");
  if (output === undefined || derivation.outputs.size !== 1) {
    throw pipeliteError("DERIVATION_UNSUPPORTED", {
      drvPath,
      problem: "it has other outputs than 'out'",
    });
  }
  if (output.kind === "deferred" || output.kind === "impure") {
    throw pipeliteError("DERIVATION_UNSUPPORTED", { drvPath, problem: `its output is ${output.kind}` });
  }
  return output;
}

/** What a derivation asks of the machine, in the words of Nix. */
function systemFeatures({ derivation }: Pick<BuildJob, "derivation">): string[] {
  return (derivation.env.get("requiredSystemFeatures") ?? "").split(/\s+/);
}

/** What `impureEnvVars` can have of our own environment: a derivation of somebody else may name any variable, and has a network. */
const PROXY = /^(https?|ftp|all|no)_proxy$/i;

/**
 * The environment of a builder, and the files that stand in its folder: as for Nix, a variable that `passAsFile` names is
 * one, since the kernel gives no program a variable of more than 128 KiB.
 */
function environment(
  { derivation }: Pick<BuildJob, "derivation">,
  rewrite: (text: string) => string,
  { env: outer, cores, shown = {} }: OuterEnvironment,
): { env: Map<string, string>; files: Map<string, string> } {
  const asFiles = new Set((derivation.env.get("passAsFile") ?? "").split(/\s+/));
  const files = new Map<string, string>();
  const env = new Map<string, string>([
    ["PATH", "/path-not-set"],
    ["HOME", "/homeless-shelter"],
    ["NIX_STORE", "/nix/store"],
    ["NIX_BUILD_CORES", String(cores)],
    ...Object.entries(shown.env ?? {}),
  ]);
  const folder = shown.buildFolder ?? shown.seen?.buildFolder ?? "/build";
  for (const [key, value] of derivation.env) {
    if (!asFiles.has(key)) env.set(key, rewrite(value));
    else {
      const file = `.attr-${encodeNix32(sha256(fromByteString(key)))}`;
      files.set(file, rewrite(value));
      env.set(`${key}Path`, `${folder}/${file}`);
    }
  }
  for (const key of ["NIX_BUILD_TOP", "TMPDIR", "TEMPDIR", "TMP", "TEMP", "PWD"]) env.set(key, folder);
  if (derivation.outputs.get("out")?.kind === "fixed") {
    env.set("NIX_OUTPUT_CHECKED", "1");
    for (const key of (derivation.env.get("impureEnvVars") ?? "").split(" ").filter(Boolean))
      env.set(key, PROXY.test(key) ? (outer[key] ?? "") : "");
  }
  env.set("NIX_LOG_FD", "2");
  env.set("TERM", "xterm-256color");
  return { env, files };
}

function usageOf({ usage }: SandboxResult): Usage {
  const { source, ...figures } = usage;
  return { ...figures, source: { wall: "monotonic clock", ...source } };
}
