// The programs of the three shells of a pipeline. *default*: what its stages run; *full*: those, and every program of its
// environments; *ci*: those of default with git and jq. Each has the bash that starts it.
import { basename } from "node:path";
import { commandTools } from "#compile/command-parts.ts";
import { entryOf, type PreparedGraph } from "#compile/compile.ts";
import { capturedOnce, toolOnce, type CompileKeep } from "#compile/memo.ts";
import { isCode, type Edge, type EnvironmentNode, type Graph } from "#compile/nodes.ts";
import { nodeProgram, type Program } from "#compile/program.ts";
import type { EnvironmentPrograms } from "#environment/programs.ts";
import { derivationOf, placeOf, type Origin } from "#environment/step.ts";
import type { Derivation } from "#nix/derivation.ts";
import type { GraphNode } from "#compile/nodes.ts";
import type { EnteredRoot } from "./gather-programs.ts";
import { pipeliteError } from "./errors.ts";

export const SHELLS = ["default", "full", "ci"] as const;
export type ShellName = (typeof SHELLS)[number];

/** Besides what stages run. */
const OF_CI = ["git", "jq"];
/** What a program of an environment is started by at a prompt. */
const ENTERING = ["unshare", "mount"];
const PLACE = "the shells of an export";

interface ShellPrograms {
  bash: Program;
  /** Name -> how it is started. */
  programs: ReadonlyMap<string, Program>;
  /** Environment -> those of its programs that are in the shell. */
  environments: ReadonlyMap<EnvironmentNode, ReadonlySet<string> | "all">;
  /** What enters environments. */
  entering: readonly Program[];
}

interface Capturing {
  keep: CompileKeep;
  /** Those of the PATH. */
  folders: readonly string[];
}

/** @throws PipeliteError TOOL_NOT_FOUND, EXPORT_SHELL_UNFIT */
export async function shellPrograms(
  shell: ShellName,
  { nodes, root }: Graph,
  { keep, folders }: Capturing,
): Promise<ShellPrograms> {
  const programs = new Map<string, Program>();
  const take = async (program: string): Promise<Program> =>
    (await toolOnce(keep, { root, folders, program, place: PLACE })).program;
  const bash = await take("bash");
  // `nix develop` runs what is called so.
  if (bash.args.length > 0 || basename(bash.builder) !== "bash")
    throw pipeliteError("EXPORT_SHELL_UNFIT", { program: bash.builder });
  programs.set("bash", bash);
  if (nodes.some(isCode)) programs.set("node", (await capturedOnce(keep, nodeProgram(PLACE))).program);
  const environments = new Map<EnvironmentNode, Set<string> | "all">();
  for (const node of nodes) {
    if (shell === "full" && node.kind === "environment") environments.set(node, "all");
    if (node.kind !== "command") continue;
    for (const tool of commandTools(node)) {
      const { environment } = node;
      if (tool.environment === undefined) programs.set(basename(tool.program), await take(tool.program));
      else if (environment !== undefined) {
        const names = environments.get(environment) ?? new Set();
        environments.set(environment, names === "all" ? names : names.add(basename(tool.program)));
      }
    }
  }
  if (shell === "ci") for (const program of OF_CI) programs.set(program, await take(program));
  const entering = environments.size === 0 ? [] : await Promise.all(ENTERING.map(take));
  return { bash, programs, environments, entering };
}

interface DerivingFolder {
  own: EnvironmentPrograms;
  prepared: PreparedGraph["prepared"];
  originOf: (node: GraphNode) => Origin;
}

/** The derivation of a folder with these programs in its `bin`. */
export async function deriveFolder(
  name: string,
  { bash, programs, environments, entering }: ShellPrograms,
  { own, prepared, originOf }: DerivingFolder,
): Promise<Derivation> {
  const gather = await own.stage("export/gather-programs");
  const words = (program: Program): string[] => [program.builder, ...program.args];
  const pathOf = ({ node, file }: Edge): string =>
    [placeOf(originOf(node)), file].filter((each) => each !== undefined).join("/");
  const roots = [...environments].map(([node, names]): EnteredRoot => {
    const { place, isRootless, variables } = entryOf(prepared, node);
    return {
      root: isRootless === true ? null : `${pathOf({ node })}${place}`,
      env: variables(pathOf),
      names: names === "all" ? null : [...names].toSorted(),
    };
  });
  const started = [...programs].map(([program, each]) => [program, words(each)]);
  const invocation = gather.invoke(
    {},
    {
      bash: bash.builder,
      programs: Object.fromEntries(started) as Record<string, string[]>,
      roots,
      entering: entering.map(words),
    },
  );
  const captured = [bash, ...programs.values(), ...entering].map(({ path }) => path);
  const needed = [...environments.keys()].flatMap((node) => [node, ...node.needs]);
  return derivationOf(name, {
    invocation,
    sources: [...gather.sources, ...captured],
    origins: uniqueOrigins(needed.map(originOf)),
  });
}

export function uniqueOrigins(origins: readonly Origin[]): Origin[] {
  return [...new Map(origins.map((origin) => [placeOf(origin), origin])).values()];
}

/**
 * What `nix develop` takes the variables of a shell from: a derivation whose builder is called bash.
 * @param folder where its programs are
 */
export function deriveShell(name: string, { bash }: ShellPrograms, folder: Origin): Derivation {
  return derivationOf(name, {
    invocation: {
      builder: bash.builder,
      args: ["-c", 'printf "%s\\n" "$PATH" > "$out"'],
      env: { PATH: `${placeOf(folder)}/bin`, outputs: "out" },
    },
    sources: [bash.path],
    origins: [folder],
  });
}
