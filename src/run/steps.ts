// The steps of an environment in a run: where their outputs are, and building those that are not there. They are derivations
// like any stage's; what a person follows is the environment as one.
import { availableParallelism } from "node:os";
import { isPipeliteError, type PipeliteError } from "#base/errors.ts";
import type { BuildOutcome, Engine } from "#engine/engine.ts";
import type { StageLimits } from "#engine/limits.ts";
import { schedule } from "#engine/schedule.ts";
import type { EnvironmentNode, Graph } from "#compile/nodes.ts";
import { lockKey } from "#environment/environment.ts";
import { keepLocked } from "#environment/kept-files.ts";
import { mirrorsOf } from "#environment/mirrors.ts";
import { takingFrom } from "#environment/known-file.ts";
import { takeClosure } from "#environment/nixpkgs/take-closure.ts";
import {
  lockedClosureOf,
  deriveStep,
  pathOfFile,
  stepsOf,
  type Origin,
  type Recipe,
  type Step,
} from "#environment/step.ts";
import type { Derivation } from "#nix/derivation.ts";
import { derivationPath } from "#nix/derivation.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Substituter } from "#cache/substituter.ts";
import type { RunListener } from "#home/events.ts";
import type { RunOptions } from "./options.ts";
import type { Workspace } from "./realise.ts";
import { findElsewhere, substituteOutput } from "./substitute.ts";
import { ownRealisationId } from "#nix/own-realisation.ts";
import { inputsOf, originIn, outputOfStep } from "./step-outputs.ts";

export function recipeOfNode(work: Workspace, node: EnvironmentNode): Recipe {
  const recipe = work.prepared.prepared.get(node)?.recipe;
  if (recipe === undefined) throw new Error(`${node.name} has no recipe`);
  return recipe;
}

/** Whether all that the derivations of a recipe name is in the store. */
export function hasFiles({ store }: Workspace, { root }: Recipe): boolean {
  const needed = stepsOf(root).flatMap((step) => [...step.files.map(pathOfFile), ...step.sources]);
  return needed.every((path) => store.isPresent(path));
}

/** Keeps what the environments of a graph are made of, as far as it is there, while their lock file names it. */
export async function keepEnvironments(work: Workspace, graph: Graph): Promise<void> {
  const { store, home } = work;
  for (const node of graph.nodes) {
    const root = work.outputs.get(node);
    if (node.kind !== "environment" || node.composed !== undefined || root === undefined) continue;
    const recipe = recipeOfNode(work, node);
    const files = stepsOf(recipe.root).flatMap((step) => step.files.map(pathOfFile));
    const taken = lockedClosureOf(recipe).map(({ path }) => path);
    const paths = [...new Set([...files, ...taken, root])].filter((path) => store.isPresent(path)).toSorted();
    await store.addTempRoot(...paths);
    await keepLocked(store, home.layout.locks, {
      name: node.name,
      root: graph.root,
      key: lockKey(node.request),
      paths,
    });
  }
}

/** The derivations of a recipe as they are before anything is built. */
export function unbuiltSteps({ root }: Pick<Recipe, "root">): Map<Step, GraphStep> {
  const made = new Map<Step, GraphStep>();
  for (const step of stepsOf(root)) {
    const derivation = deriveStep(step, (input) => originOfUnbuilt(made, input));
    made.set(step, { derivation, drvPath: derivationPath(derivation) });
  }
  return made;
}

export function originOfUnbuilt(made: ReadonlyMap<Step, GraphStep>, step: Step): Origin {
  return { kind: "derivation", drvPath: unbuilt(made, step) };
}

function unbuilt(made: ReadonlyMap<Step, GraphStep>, step: Step): StorePath {
  const drvPath = made.get(step)?.drvPath;
  if (drvPath === undefined) throw new Error(`${step.name} has no derivation`);
  return drvPath;
}

interface GraphStep {
  drvPath: StorePath;
  derivation: Derivation;
}

export interface StepBuilding extends Pick<RunOptions, "jobs" | "env" | "signal"> {
  engine: Engine;
  limits: Partial<StageLimits>;
  /** Of the run and of its pipeline, for the table of builds. */
  runId: string;
  pipeline: string;
  emit: RunListener;
  /** What was built elsewhere is taken from there. */
  substituter?: Substituter | undefined;
}

/** As many lines of what it said as are kept of one that failed. */
const TAIL_LINES = 20;

export type PartsEnd =
  | { status: "cancelled" }
  | { status: "failed"; error: PipeliteError; logTail: string[] };

/** Builds what the root of an environment is made of. @returns how that ended where it was not done */
export async function buildParts(
  work: Workspace,
  node: EnvironmentNode,
  building: StepBuilding,
): Promise<PartsEnd | undefined> {
  const { emit, signal, env, jobs = availableParallelism() } = building;
  const { name } = node;
  const expectedMs = work.builds.lastWallMs(building.pipeline, name);
  const recipe = recipeOfNode(work, node);
  const drvPath = unbuilt(unbuiltSteps(recipe), recipe.root);
  emit({ type: "stage-started", name, drvPath, ...(expectedMs !== undefined && { expectedMs }) });
  const said: string[] = [];
  const say = (line: string): void => {
    said.push(line);
    emit({ type: "stage-log", name, line });
  };
  const { root } = recipe;
  const all = stepsOf(root);
  await takeClosure(work.store, lockedClosureOf(recipe), building);
  if (building.substituter !== undefined) await takeParts(work, root, building.substituter, signal);
  const missing = missingSteps(work, root);
  const isElsewhere = missing.length === 0 && (await isOffered(work, root, building));
  const files = [...missing, ...(isElsewhere ? [] : [root])].flatMap((step) => step.files);
  const { fetchFiles } = await import("#environment/fetch.ts");
  await fetchFiles(work.store, files, {
    mirrors: mirrorsOf(env),
    env,
    signal,
    take: takingFrom(building.substituter, signal),
    onProgress: (done, total) => say(`fetched ${done.files} of ${total.files} files`),
  });
  let built = 0;
  let end: PartsEnd | undefined;
  const isMissing = new Set(missing);
  await schedule(
    all.filter((step) => isMissing.has(step)),
    {
      needs: (step) => step.inputs.filter((input) => isMissing.has(input)),
      isWork: () => true,
      costOf: () => [1],
      room: [jobs],
      keepGoing: false,
      signal,
      skip: () => {},
      run: async (step) => {
        const outcome = await buildStep(work, step, { ...building, say });
        if (outcome.status === "cancelled") return "cancelled";
        if (outcome.status === "failed") {
          end ??= { status: "failed", error: outcome.error, logTail: said.slice(-TAIL_LINES) };
          return "failed";
        }
        work.steps.set(step, outcome.outPath);
        built += 1;
        say(`made ${built} of ${missing.length}: ${step.name}`);
        return "done";
      },
    },
  );
  return end ?? (signal.aborted ? { status: "cancelled" } : undefined);
}

/**
 * Environments share packages, and a root has the files of its packages once more: on disk each is there once. Read-only and
 * linked as Nix does it, so that nobody who writes can tell, and a collection frees what nothing else has.
 */
export async function shareFiles(work: Workspace, node: EnvironmentNode, signal: AbortSignal): Promise<void> {
  const recipe = recipeOfNode(work, node);
  const steps = stepsOf(recipe.root).map((step) => outputOfStep(work, step));
  const taken = lockedClosureOf(recipe).map(({ path }) => path);
  const paths = new Set([work.outputOf(node), ...taken, ...steps.filter((path) => path !== undefined)]);
  await work.store.optimise({ paths: [...paths].filter((path) => work.store.isPresent(path)), signal });
}

/** Steps below the root whose output is not in the store. */
function missingSteps(work: Workspace, root: Step): Step[] {
  const wanted = new Set<Step>();
  const visit = (step: Step): void => {
    for (const input of step.inputs) {
      const path = outputOfStep(work, input);
      if (wanted.has(input) || (path !== undefined && work.store.isPresent(path))) continue;
      wanted.add(input);
      visit(input);
    }
  };
  visit(root);
  return [...wanted];
}

/** Whether a cache has the output of a step whose inputs are all there. */
async function isOffered(
  work: Workspace,
  step: Step,
  { substituter, signal }: StepBuilding,
): Promise<boolean> {
  const inputs = inputsOf(work, step);
  if (substituter === undefined || inputs === undefined) return false;
  return (await findElsewhere(substituter, deriveStep(step, originIn(inputs)), signal)) !== undefined;
}

/** Takes what caches have of the steps below a root, each after those it is made from. */
async function takeParts(
  work: Workspace,
  root: Step,
  substituter: Substituter,
  signal: AbortSignal,
): Promise<void> {
  const wanted = new Set(missingSteps(work, root));
  const coming = new Map<Step, Promise<void>>();
  const take = async (step: Step): Promise<void> => {
    for (const input of step.inputs) await coming.get(input);
    const inputs = inputsOf(work, step);
    if (inputs === undefined) return;
    const derivation = deriveStep(step, originIn(inputs));
    const taken = await substituteOutput(work.store, substituter, derivation, signal);
    if (taken !== undefined) work.steps.set(step, taken.path);
  };
  for (const step of stepsOf(root)) if (wanted.has(step)) coming.set(step, take(step));
  await Promise.all(coming.values());
}

async function buildStep(
  work: Workspace,
  step: Step,
  { engine, signal, limits, runId, pipeline, say }: StepBuilding & { say: (line: string) => void },
): Promise<BuildOutcome> {
  const inputs = inputsOf(work, step);
  if (inputs === undefined) throw new Error(`the inputs of ${step.name} are not known`);
  // Environments share packages: another one may have made it since.
  const made = (): StorePath | undefined => {
    const path = outputOfStep(work, step);
    return path !== undefined && work.store.isPresent(path) ? path : undefined;
  };
  const known = made();
  if (known !== undefined) return { status: "made-elsewhere", outPath: known };
  const derivation = deriveStep(step, originIn(inputs));
  let drvPath: StorePath;
  try {
    await work.store.addTempRoot(...derivation.inputSrcs);
    drvPath = await work.store.addDerivation(derivation);
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return failed(error);
  }
  const sandbox = engine.sandbox.kind;
  const build = { pipeline, stage: step.name, drvPath, runId, engine: engine.name, sandbox };
  const startedAt = new Date().toISOString();
  const lines: Buffer[] = [];
  const outcome = await engine.build({
    name: step.name,
    drvPath,
    derivation,
    limits,
    onLog: (chunk) => void lines.push(Buffer.from(chunk)),
    signal,
    madeElsewhere: made,
    realises: sandbox === "none" ? undefined : ownRealisationId(derivation),
    onBuilt: async (built) => work.builds.record({ ...build, ...built, startedAt }, { step: step.name }),
  });
  if (outcome.status === "failed") say(Buffer.concat(lines).toString("utf8").trimEnd());
  return outcome;
}

function failed(error: PipeliteError): BuildOutcome {
  return { status: "failed", error };
}
