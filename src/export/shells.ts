// The programs of the three shells of a pipeline. *default*: what its stages run; *full*: those, and every program of its
// environments; *ci*: those of default with git and jq. Each has the bash that starts it.
import { basename } from "node:path";
import { commandTools } from "#compile/command-parts.ts";
import { entryOf, type PreparedGraph } from "#compile/compile.ts";
import { capturedOnce, toolOnce } from "#compile/memo.ts";
import { isCode, type Edge, type EnvironmentNode, type Graph } from "#compile/nodes.ts";
import { nodeProgram } from "#compile/program.ts";
import type { EnvironmentPrograms } from "#environment/programs.ts";
import { derivationOf, originPath, type Origin } from "#environment/step.ts";
import type { Derivation } from "#nix/derivation.ts";
import type { GraphNode } from "#compile/nodes.ts";
import type { EnteredRoot } from "./gather-programs.ts";
import { PLACE, startedOf, type Capturing, type ShellTools, type Started } from "./shell-tools.ts";

export const SHELLS = ["default", "full", "ci"] as const;
export type ShellName = (typeof SHELLS)[number];

/** Besides what stages run. */
const OF_CI = ["git", "jq"] as const;
/** What a program of an environment is started by at a prompt. */
const ENTERING = ["unshare", "mount"] as const;

interface ShellPrograms {
  bash: Started;
  /** Name -> how it is started. */
  programs: ReadonlyMap<string, Started>;
  /** Environment -> those of its programs that are in the shell. */
  environments: ReadonlyMap<EnvironmentNode, ReadonlySet<string> | "all">;
  /** What enters environments. */
  entering: readonly Started[];
}

/** Environment -> those of its programs that a shell has. */
export function environmentsOf(
  shell: ShellName,
  nodes: readonly GraphNode[],
): Map<EnvironmentNode, Set<string> | "all"> {
  const found = new Map<EnvironmentNode, Set<string> | "all">();
  for (const node of nodes) {
    if (shell === "full" && node.kind === "environment") found.set(node, "all");
    if (node.kind !== "command" || node.environment === undefined) continue;
    for (const { program } of commandTools(node).filter(({ environment }) => environment !== undefined)) {
      const names = found.get(node.environment) ?? new Set();
      found.set(node.environment, names === "all" ? names : names.add(basename(program)));
    }
  }
  return found;
}

/** @throws PipeliteError TOOL_NOT_FOUND, EXPORT_SHELL_UNFIT */
export async function shellPrograms(
  shell: ShellName,
  { nodes }: Graph,
  { tools, ...capturing }: Capturing & { tools: ShellTools },
): Promise<ShellPrograms> {
  const { keep } = capturing;
  const bash = await tools.take("bash");
  const programs = new Map([["bash", bash]]);
  if (shell === "ci") for (const name of OF_CI) programs.set(name, await tools.take(name));
  if (nodes.some(isCode))
    programs.set("node", startedOf((await capturedOnce(keep, nodeProgram(PLACE))).program));
  for (const node of nodes) {
    if (node.kind !== "command") continue;
    for (const { program, environment } of commandTools(node)) {
      if (environment !== undefined) continue;
      const captured = await toolOnce(keep, { ...capturing, program, place: PLACE });
      programs.set(basename(program), startedOf(captured.program));
    }
  }
  const environments = environmentsOf(shell, nodes);
  const entering = environments.size === 0 ? [] : await Promise.all(ENTERING.map((name) => tools.take(name)));
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
  const [shell = ""] = bash.words;
  const pathOf = ({ node, file }: Edge): string =>
    [originPath(originOf(node)), file].filter((each) => each !== undefined).join("/");
  const roots = [...environments].map(([node, names]): EnteredRoot => {
    const { place, isRootless, variables } = entryOf(prepared, node);
    return {
      root: isRootless === true ? null : `${pathOf({ node })}${place}`,
      env: variables(pathOf),
      names: names === "all" ? null : [...names].toSorted(),
    };
  });
  const started = [...programs].map(([program, { words }]) => [program, words]);
  const invocation = gather.invoke(
    {},
    {
      bash: shell,
      programs: Object.fromEntries(started) as Record<string, string[]>,
      roots,
      entering: entering.map(({ words }) => words),
    },
  );
  const all = [bash, ...programs.values(), ...entering];
  const needed = [...environments.keys()].flatMap((node) => [node, ...node.needs]);
  return derivationOf(name, {
    invocation,
    sources: [...gather.sources, ...all.flatMap(({ sources }) => sources)],
    origins: uniqueOrigins([...all.flatMap(({ origins }) => origins), ...needed.map(originOf)]),
  });
}

export function uniqueOrigins(origins: readonly Origin[]): Origin[] {
  return [...new Map(origins.map((origin) => [originPath(origin), origin])).values()];
}

/**
 * What `nix develop` takes the variables of a shell from: a derivation whose builder is called bash.
 * @param folder where its programs are
 */
export function deriveShell(name: string, { bash }: ShellPrograms, folder: Origin): Derivation {
  return derivationOf(name, {
    invocation: {
      builder: bash.words[0] ?? "",
      args: ["-c", 'printf "%s\\n" "$PATH" > "$out"'],
      env: { PATH: `${originPath(folder)}/bin`, outputs: "out" },
    },
    sources: bash.sources,
    origins: uniqueOrigins([folder, ...bash.origins]),
  });
}
