// What derivations gave, written down where real Nix looks for it, so that whatever one of us has built is built for both.
import { isBuildNode, type GraphNode } from "#compile/nodes.ts";
import type { Realisation, RealisationId } from "#nix/realisation.ts";
import type { StorePath } from "#nix/store-path.ts";
import { weakAmong, type Workspace } from "./realise.ts";

/** A derivation whose inputs are outputs of others: how a node stands in the graph that Nix can build. */
export interface GraphDerivation {
  drvPath: StorePath;
  /** Under which its output is realised. */
  id: RealisationId;
}

/**
 * Writes down the outputs of a graph under its derivations as they were before any input was known. What was built without
 * a sandbox is left out, with all that needs it: Nix would take it for isolated.
 */
export async function realiseGraph(
  work: Workspace,
  graph: ReadonlyMap<GraphNode, GraphDerivation>,
): Promise<void> {
  const realised = new Map<GraphNode, Realisation>();
  const byId = new Map<RealisationId, Realisation>();
  const added: Realisation[] = [];
  const note = (node: GraphNode, realisation: Realisation): void => {
    realised.set(node, realisation);
    byId.set(realisation.id, realisation);
  };
  const there = work.store.realisationsAmong([...graph.values()].map(({ id }) => id));
  const outputs = [...graph.keys()].flatMap((node) => work.outputs.get(node) ?? []);
  const referring = work.store.referringAmong(outputs);
  const candidates = [...graph].filter(([node, { id }]) => there.get(id)?.outPath !== work.outputs.get(node));
  const isWeak = weakAmong(
    work,
    candidates.map(([node]) => node),
  );
  for (const [node, { id }] of graph) {
    const outPath = work.outputs.get(node);
    const needs = node.needs.filter((need) => graph.has(need));
    const inputs = needs.map((need) => realised.get(need)).filter((each) => each !== undefined);
    if (outPath === undefined || !isBuildNode(node) || inputs.length < needs.length) continue;
    const known = there.get(id);
    if (known?.outPath === outPath) {
      note(node, known);
      continue;
    }
    if (isWeak(node)) continue;
    const references = referring.has(outPath) ? work.store.references(outPath) : [];
    const dependencies = dependenciesOf(references, inputs, byId);
    const realisation = { id, outPath, dependencies, signatures: [] };
    note(node, realisation);
    added.push(realisation);
  }
  await work.store.addRealisations(added);
}

/** Of all that the inputs rest on, what the output refers to; as Nix, `drvOutputReferences`. */
function dependenciesOf(
  references: readonly StorePath[],
  inputs: readonly Realisation[],
  byId: ReadonlyMap<RealisationId, Realisation>,
): Map<RealisationId, StorePath> {
  if (references.length === 0) return new Map();
  const referred = new Set(references);
  const closure = new Map<RealisationId, StorePath>();
  const open = inputs.map(({ id, outPath: path }) => ({ id, path }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (closure.has(next.id)) continue;
    closure.set(next.id, next.path);
    for (const [id, path] of byId.get(next.id)?.dependencies ?? []) open.push({ id, path });
  }
  return new Map([...closure].filter(([, path]) => referred.has(path)));
}
