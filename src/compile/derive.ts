// The derivation of a node that is prepared, once it is known where its inputs come from.
import { byteStringOf } from "#base/bytes.ts";
import { programOf, through } from "#environment/programs.ts";
import { SYSTEM, deriveStep, type Invocation, type Origin, type Step } from "#environment/step.ts";
import { fillOutputPaths } from "#nix/derivation-hash.ts";
import type { Derivation, DerivationOutput } from "#nix/derivation.ts";
import { ownPlaceholder, upstreamPlaceholder } from "#nix/placeholder.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Prepared } from "./compile.ts";
import { fetchDerivation } from "./fetch-derivation.ts";
import type { CommandNode, Edge, GraphNode, StageNode } from "./nodes.ts";
import { invokeCommand } from "./prepare-command.ts";
import { invokeStage } from "./invoke-stage.ts";

/** The derivation of a node, given where each needed node's output is. */
export function derive(
  prepared: Prepared,
  origins: ReadonlyMap<GraphNode, Origin>,
  stepOrigins?: (step: Step) => Origin,
): Derivation {
  const { node } = prepared;
  if (node.kind === "fetch") return fetchDerivation(node);
  if (node.kind === "environment") {
    if (prepared.recipe === undefined || stepOrigins === undefined)
      throw new Error(`${node.name} has no steps`);
    return deriveStep(prepared.recipe.root, stepOrigins);
  }
  const inputDrvs = new Map<StorePath, string[]>();
  const inputSrcs = new Set<StorePath>(prepared.sources);
  for (const need of node.needs) {
    const origin = originOf(need, origins);
    if (origin.kind === "derivation") inputDrvs.set(origin.drvPath, ["out"]);
    else inputSrcs.add(origin.path);
  }
  const pathOf = ({ node: from, file }: Edge) => {
    const origin = originOf(from, origins);
    const path = origin.kind === "path" ? origin.path : upstreamPlaceholder(origin.drvPath, "out");
    return file === undefined ? path : `${path}/${file}`;
  };
  const { builder, args, env } = invocation(prepared, pathOf);
  const isContentAddressed = node.options.addressing !== "input";
  const variables = { ...env, name: node.name, out: isContentAddressed ? ownPlaceholder("out") : "" };
  const derivation: Derivation = {
    name: node.name,
    outputs: new Map([["out", outputOf(node)]]),
    inputDrvs,
    inputSrcs: [...inputSrcs].toSorted(),
    system: SYSTEM,
    builder: byteStringOf(builder),
    args: args.map(byteStringOf),
    env: new Map(Object.entries(variables).map(([key, value]) => [key, byteStringOf(value)])),
  };
  return isContentAddressed || inputDrvs.size > 0
    ? derivation
    : fillOutputPaths(derivation, noInputDerivations);
}

function noInputDerivations(path: StorePath): never {
  throw new Error(`${path} should not be an input any more`);
}

function originOf(node: GraphNode, origins: ReadonlyMap<GraphNode, Origin>): Origin {
  const origin = origins.get(node);
  if (origin === undefined) throw new Error(`the origin of ${node.name} is not known yet`);
  return origin;
}

/** Input-addressed outputs are deferred until no input derivation is left; then the path follows from the derivation. */
function outputOf({ options }: StageNode | CommandNode): DerivationOutput {
  return options.addressing === "input"
    ? { kind: "deferred" }
    : { kind: "floating", method: "recursive", algorithm: "sha256" };
}

function invocation(prepared: Prepared, pathOf: (edge: Edge) => string): Invocation {
  const { node, within } = prepared;
  if (within === undefined || !("environment" in node) || node.environment === undefined)
    return bareInvocation(prepared, pathOf);
  const { entrance, variables } = within;
  const root = pathOf({ node: node.environment });
  const { builder, args, env } = bareInvocation(prepared, pathOf);
  const path = [env["PATH"], variables["PATH"]].filter((each) => each !== undefined).join(":");
  return programOf(entrance, root, { program: builder, args, env: { ...variables, ...env, PATH: path } });
}

function bareInvocation(prepared: Prepared, pathOf: (edge: Edge) => string): Invocation {
  const { node, program, code } = prepared;
  if (node.kind === "command") {
    if (prepared.command === undefined) throw new Error(`${node.name} is not prepared`);
    const invocation = invokeCommand(node, prepared.command, pathOf);
    return prepared.hold === undefined ? invocation : through(prepared.hold, "/", invocation);
  }
  if (program === undefined) throw new Error(`${node.name} has no program`);
  if (node.kind === "fetch" || node.kind === "environment" || code === undefined)
    throw new Error(`${node.name} has no code`);
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
  const invoked = invokeStage(program, code, stage, files);
  const libraries = prepared.libraries && { LD_LIBRARY_PATH: `${prepared.libraries}/lib` };
  return { ...invoked, env: { ...invoked.env, ...libraries } };
}

function listsIn({ inputs }: StageNode): string[] {
  return Object.entries(inputs).flatMap(([name, { node, file }]) =>
    node.kind === "each" && file === undefined ? [name] : [],
  );
}
