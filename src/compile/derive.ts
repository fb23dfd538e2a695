// The derivation of a node that is prepared, once it is known where its inputs come from.
import { hash } from "node:crypto";
import { programOf, through } from "#environment/programs.ts";
import {
  derivationOf,
  deriveStep,
  originPath,
  type DerivationParts,
  type Invocation,
  type Origin,
  type Step,
} from "#environment/step.ts";
import { fillOutputPaths } from "#nix/derivation-hash.ts";
import type { Derivation } from "#nix/derivation.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Prepared } from "./compile.ts";
import { fetchDerivation } from "./fetch-derivation.ts";
import { modulesOf, type Edge, type GraphNode, type StageNode } from "./nodes.ts";
import { invokeCommand } from "./prepare-command.ts";
import { invokeStage } from "./invoke-stage.ts";
import { PRELOAD } from "./provided-packages.ts";
import { MOUNT_POINTS } from "#sandbox/entrances.ts";

/** The derivation of a node, given where each needed node's output is. */
export function derive(
  prepared: Prepared,
  origins: ReadonlyMap<GraphNode, Origin>,
  stepOrigins?: (step: Step) => Origin,
): Derivation {
  const { node } = prepared;
  if (node.kind === "fetch") return fetchDerivation(node);
  if (node.kind === "environment" && node.composed === undefined) {
    if (prepared.recipe === undefined || stepOrigins === undefined)
      throw new Error(`${node.name} has no steps`);
    return deriveStep(prepared.recipe.root, stepOrigins);
  }
  const parts = partsOf(prepared, origins);
  const derivation = derivationOf(node.name, parts);
  // Once no input derivation is left the path follows from the derivation.
  return parts.isInputAddressed && derivation.inputDrvs.size === 0
    ? fillOutputPaths(derivation, noInputDerivations)
    : derivation;
}

/**
 * A digest of all that the derivation of a node follows from, which is quicker to make: the same now and then, it is the same
 * derivation. Undefined for a node of which that is not so.
 */
export function markOf(prepared: Prepared, origins: ReadonlyMap<GraphNode, Origin>): string | undefined {
  const { node } = prepared;
  if (node.kind === "fetch" || (node.kind === "environment" && node.composed === undefined)) return undefined;
  const parts = partsOf(prepared, origins);
  return parts.isInputAddressed ? undefined : hash("sha256", JSON.stringify([node.name, parts]), "hex");
}

function partsOf(prepared: Prepared, origins: ReadonlyMap<GraphNode, Origin>): DerivationParts {
  const { node, sources } = prepared;
  const pathOf = ({ node: from, file }: Edge) => {
    const path = originPath(originOf(from, origins));
    return file === undefined ? path : `${path}/${file}`;
  };
  return {
    invocation: invocation(prepared, pathOf),
    sources,
    origins: node.needs.map((need) => originOf(need, origins)),
    isInputAddressed:
      node.kind !== "environment" && node.kind !== "fetch" && node.options.addressing === "input",
  };
}

function noInputDerivations(path: StorePath): never {
  throw new Error(`${path} should not be an input any more`);
}

function originOf(node: GraphNode, origins: ReadonlyMap<GraphNode, Origin>): Origin {
  const origin = origins.get(node);
  if (origin === undefined) throw new Error(`the origin of ${node.name} is not known yet`);
  return origin;
}

function invocation(prepared: Prepared, pathOf: (edge: Edge) => string): Invocation {
  const { node, within } = prepared;
  if (within === undefined || !("environment" in node) || node.environment === undefined)
    return bareInvocation(prepared, pathOf);
  const { entrance, place, isRootless } = within;
  const root = isRootless ? "/" : `${pathOf({ node: node.environment })}${place}`;
  const variables = within.variables(pathOf);
  const { builder, args, env } = bareInvocation(prepared, pathOf);
  const path = [env["PATH"], variables["PATH"]].filter((each) => each !== undefined).join(":");
  return programOf(entrance, root, {
    program: builder,
    args,
    env: { ...variables, ...env, PATH: path },
  });
}

function bareInvocation(prepared: Prepared, pathOf: (edge: Edge) => string): Invocation {
  const { node, program, code } = prepared;
  if (node.kind === "environment") return invokeCompose(prepared, pathOf);
  if (node.kind === "command") {
    if (prepared.command === undefined) throw new Error(`${node.name} is not prepared`);
    const invocation = invokeCommand(node, prepared.command, pathOf);
    return prepared.hold === undefined ? invocation : through(prepared.hold, "/", invocation);
  }
  if (program === undefined) throw new Error(`${node.name} has no program`);
  if (node.kind === "fetch" || code === undefined) throw new Error(`${node.name} has no code`);
  const inputs = Object.fromEntries(Object.entries(node.inputs).map(([name, edge]) => [name, pathOf(edge)]));
  const params = { ...node.params, ...prepared.tools };
  const { groups } = node;
  // What an `each` itself takes it only links to.
  const lists = node.kind === "each" ? [] : listsIn(node);
  const own = { ...(groups && { groups }), ...(lists.length > 0 && { lists }) };
  // An audit holds the record to it: a check that is called something else would have no verdict.
  const kind = node.kind === "stage" ? {} : { kind: node.kind };
  const stage = { name: node.name, ...kind, inputs, ...own, params };
  const files = Object.values(node.inputs).map(({ file = "" }) => file);
  const hasModules = modulesOf(node.environment) !== undefined;
  const invoked = invokeStage(program, code, stage, { files, preload: hasModules ? [PRELOAD] : [] });
  const libraries = prepared.libraries && { LD_LIBRARY_PATH: `${prepared.libraries}/lib` };
  return { ...invoked, env: { ...invoked.env, ...libraries } };
}

function invokeCompose({ node, compose, below }: Prepared, pathOf: (edge: Edge) => string): Invocation {
  if (node.kind !== "environment" || node.composed === undefined || compose === undefined)
    throw new Error(`${node.name} is not composed`);
  const { root, modules } = node.composed;
  const whole = modules === undefined ? [] : [{ node: modules, file: "node_modules" }];
  const folders = [...MOUNT_POINTS.bound, ...MOUNT_POINTS.fresh];
  const add: Edge[] = [...node.composed.add, ...whole];
  const added = add.map((edge) => ({
    name: edge.node.name,
    file: edge.file ?? null,
    isWhole: edge.node === modules,
  }));
  const inputs = { root: `${pathOf({ node: root })}${below ?? ""}`, add: add.map(pathOf) };
  return compose.invoke(inputs, { folders, added });
}

function listsIn({ inputs }: StageNode): string[] {
  return Object.entries(inputs).flatMap(([name, { node, file }]) =>
    node.kind === "each" && file === undefined ? [name] : [],
  );
}
