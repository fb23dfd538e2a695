// A prompt in an environment, or where a stage runs: which of a pipeline is meant, and what must be there before.
import { EXIT } from "#base/errors.ts";
import { entranceOf, entryOf } from "#compile/compile.ts";
import { environmentPrograms } from "#compile/environments.ts";
import { buildGraph } from "#compile/graph.ts";
import { loadPipeline } from "#compile/load.ts";
import type { CommandNode, EnvironmentNode, Graph, GraphNode, StageNode } from "#compile/nodes.ts";
import { programOf } from "#environment/programs.ts";
import { deriveStep } from "#environment/step.ts";
import { derivationPath, type Derivation } from "#nix/derivation.ts";
import { enterDerivation } from "./enter.ts";
import type { PlanOptions } from "./options.ts";
import { open, type OpenedPipeline } from "./open.ts";
import { isolationOf } from "./plan.ts";
import { Planner } from "./planner.ts";
import { isShownNode, nodeNamed } from "./select.ts";
import { pipeliteError } from "./errors.ts";

type Target = StageNode | CommandNode | EnvironmentNode;

export interface ShellRequest extends Omit<PlanOptions, "stages"> {
  /** An environment, or a stage that runs in one; without it the only environment there is. */
  name: string | undefined;
  /** A program and its arguments; none for a shell. */
  words: readonly string[];
  signal: AbortSignal;
  /** Builds these. @returns the exit code of that run */
  realise: (stages: string[]) => Promise<number>;
  /** Is told when the program is about to start, and by which words the stage itself would be started there. */
  onStart: (stage: { name: string; words: string[] } | undefined) => void;
}

/**
 * Runs a program where the stage would be built, in a fresh folder, and gives its exit code: 128 and the number of the
 * signal where one ended it; that of the run where what the stage takes could not be built.
 * @throws PipeliteError STAGE_NOT_FOUND, STAGE_WITHOUT_ENVIRONMENT, ENVIRONMENT_UNNAMED, and what `enterDerivation` throws
 */
export async function openShell(options: ShellRequest): Promise<number> {
  const { params, values, model, env, realise } = options;
  const loaded = await loadPipeline(options.pipeline);
  const graph = await buildGraph(loaded, { params, values, env, model: model !== undefined });
  const { name } = findTarget(graph, options.name);
  const missing = await withTarget(options, name, async ({ work }, node) =>
    (node.kind === "environment" ? [node] : node.needs)
      .filter((need) => !work.outputs.has(need))
      // What is no stage is made when all that it needs is there.
      .flatMap((need) => (isShownNode(need) ? [need] : need.needs))
      .map((need) => need.name),
  );
  const code = missing.length === 0 ? EXIT.ok : await realise(missing);
  if (code !== EXIT.ok) return code;
  return withTarget(options, name, async (opened, node) => {
    const { store } = opened.work;
    const isStage = node.kind !== "environment";
    const derivation = isStage ? opened.work.resolve(node).derivation : await inside(opened, node, options);
    await store.addTempRoot(...derivation.inputSrcs);
    const onStart = (words: string[]): void => options.onStart(isStage ? { name, words } : undefined);
    const drvPath = derivationPath(derivation);
    return enterDerivation({ name, derivation, drvPath }, { ...options, store, onStart });
  });
}

/** Looks where all of it stands. */
async function withTarget<T>(
  options: ShellRequest,
  name: string,
  action: (opened: OpenedPipeline, node: Target) => Promise<T>,
): Promise<T> {
  const opened = await open({ ...options, stages: [name] }, (_, builds) =>
    isolationOf({ ...options, stages: [] }, builds),
  );
  try {
    await new Planner(opened, options.model, opened.expand).plan(opened.graph.nodes);
    return await action(opened, findTarget(opened.graph, name));
  } finally {
    opened.close();
  }
}

function findTarget(graph: Graph, name: string | undefined): Target {
  const environments = graph.nodes.filter((node) => node.kind === "environment");
  if (name === undefined) {
    const [only] = environments;
    if (only !== undefined && environments.length === 1) return only;
    throw pipeliteError("ENVIRONMENT_UNNAMED", { suggestion: suggestionIn(graph, environments) });
  }
  const node = nodeNamed(graph, name);
  if (isTarget(node)) return node;
  throw pipeliteError("STAGE_WITHOUT_ENVIRONMENT", {
    place: node.place,
    stage: name,
    suggestion: suggestionIn(graph, graph.nodes.filter(isTarget)),
  });
}

function isTarget(node: GraphNode): node is Target {
  return node.kind === "environment" || ("environment" in node && node.environment !== undefined);
}

function suggestionIn({ file }: Graph, nodes: readonly GraphNode[]): string {
  const names = nodes.map(({ name }) => name);
  if (names.length > 0) return `Name one of these: ${names.join(", ")}`;
  return `There is no environment in ${file}: \`stage(..., { environment: debian(["python3"]) })\` gives a stage one`;
}

/** What a program of an environment would be built as. */
async function inside(
  { work, secrets }: OpenedPipeline,
  node: EnvironmentNode,
  { home }: ShellRequest,
): Promise<Derivation> {
  const { store } = work;
  const { notes } = home;
  const { place, isRootless, variables } = entryOf(work.prepared.prepared, node);
  const entrance = await environmentPrograms({ store, notes, secrets }).entrance(entranceOf({ isRootless }));
  const root = work.outputOf(node);
  const step = { name: "shell", files: [], sources: [entrance.source, root], inputs: [] };
  const shell = { program: "/bin/sh", args: [], env: variables((edge) => work.outputOf(edge.node)) };
  const invoke = () => programOf(entrance, isRootless ? "/" : `${root}${place}`, shell);
  return deriveStep({ ...step, invoke }, () => ({ kind: "path", path: root }));
}
