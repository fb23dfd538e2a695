// What each shell of an export has besides the programs of its pipeline: bash, git, jq, and what enters environments. They are taken
// out of packages of Debian that the lock file pins, with the libraries they load, so that nothing of the machine that exports is in
// them. Where nothing is pinned they are captured from the machine, and whoever exports says so.
import { basename } from "node:path";
import type { DebianRequest } from "#author/environment-request.ts";
import { toolOnce, type CompileKeep } from "#compile/memo.ts";
import type { CapturedProgram } from "#compile/program.ts";
import { lockedEnvironment, lockKey } from "#environment/environment.ts";
import { unpackSteps } from "#environment/debian/recipe.ts";
import type { LockedDebian } from "#environment/debian/locked.ts";
import { fetchFiles, type Fetching } from "#environment/fetch.ts";
import { keepLocked } from "#environment/kept-files.ts";
import type { EnvironmentPrograms } from "#environment/programs.ts";
import { pathOfFile, originPath, stepsOf, type Origin, type Step } from "#environment/step.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { pipeliteError } from "./errors.ts";

/** The packages of the tools, and those of the libraries that these load: nothing else is unpacked. */
export const TOOLS_REQUEST: DebianRequest = {
  kind: "debian",
  packages: [
    "bash",
    "git",
    "jq",
    "libblkid1",
    "libc6",
    "libjq1",
    "libmount1",
    "libonig5",
    "libpcre2-8-0",
    "libselinux1",
    "libtinfo6",
    "mount",
    "util-linux",
    "zlib1g",
  ],
  suite: "bookworm",
  isBare: true,
};

const TOOLS = ["bash", "git", "jq", "mount", "unshare"] as const;
export type ToolName = (typeof TOOLS)[number];

/** Where they are from: packages that are locked, or the machine that exports. */
export type ToolsFrom = "debian" | "machine";

/** How a program is started, and what that needs. */
export interface Started {
  words: readonly string[];
  sources: readonly StorePath[];
  origins: readonly Origin[];
}

export interface ShellTools {
  from: ToolsFrom;
  take(name: ToolName): Promise<Started>;
}

export interface Capturing {
  keep: CompileKeep;
  /** The folder of the pipeline. */
  root: string;
  /** Those of the PATH. */
  folders: readonly string[];
}

export const PLACE = "the shells of an export";

/** @throws PipeliteError LOCK_FILE_INVALID */
export function lockedTools(root: string): LockedDebian | undefined {
  return lockedEnvironment(root, TOOLS_REQUEST) as LockedDebian | undefined;
}

/** The step whose output has them. */
export async function toolsStep(locked: LockedDebian, own: EnvironmentPrograms): Promise<Step> {
  const [unpacked, takeLibraries, takePrograms] = await Promise.all([
    unpackSteps(locked, own),
    own.stage("export/take-libraries"),
    own.stage("export/take-programs"),
  ]);
  const programs = [...TOOLS];
  const libraries: Step = {
    name: "shell-tools-libraries",
    files: [],
    sources: takeLibraries.sources,
    inputs: unpacked,
    invoke: (pathOf) => takeLibraries.invoke({ packages: unpacked.map(pathOf) }, { programs }),
  };
  return {
    name: "shell-tools",
    files: [],
    sources: takePrograms.sources,
    inputs: [libraries, ...unpacked],
    invoke: (pathOf) =>
      takePrograms.invoke(
        { packages: unpacked.map(pathOf) },
        { programs, libraries: `${pathOf(libraries)}/lib` },
      ),
  };
}

/** Puts their packages into the store, where they stay while the lock file in `root` has them. */
export async function fetchTools(
  store: Store,
  step: Step,
  { root, locks, ...fetching }: Fetching & { root: string; locks: string },
): Promise<void> {
  const files = stepsOf(step).flatMap((each) => each.files);
  await fetchFiles(store, files, fetching);
  const paths = [...new Set(files.map(pathOfFile))].toSorted();
  await keepLocked(store, locks, { name: "shells", root, key: lockKey(TOOLS_REQUEST), paths });
}

/** @param origin of the output of their step */
export function toolsAt(origin: Origin): ShellTools {
  return {
    from: "debian",
    take: async (name) => ({ words: [`${originPath(origin)}/bin/${name}`], sources: [], origins: [origin] }),
  };
}

/** @throws PipeliteError TOOL_NOT_FOUND, EXPORT_SHELL_UNFIT */
export function toolsOfMachine({ keep, ...search }: Capturing): ShellTools {
  return {
    from: "machine",
    take: async (program) => {
      const { program: captured } = await toolOnce(keep, { ...search, program, place: PLACE });
      // `nix develop` runs what is called so.
      if (program === "bash" && (captured.args.length > 0 || basename(captured.builder) !== "bash"))
        throw pipeliteError("EXPORT_SHELL_UNFIT", { program: captured.builder });
      return startedOf(captured);
    },
  };
}

export function startedOf({ path, builder, args }: CapturedProgram): Started {
  return { words: [builder, ...args], sources: [path], origins: [] };
}
