// The derivations of a graph as they are before any input is known: the whole of it, for real Nix.
import { derive } from "#compile/derive.ts";
import { isBuildNode, type GraphNode } from "#compile/nodes.ts";
import type { Origin } from "#environment/step.ts";
import { hashModulo, type ModuloMemo } from "#nix/derivation-hash.ts";
import { derivationPath, type Derivation } from "#nix/derivation.ts";
import { realisationId } from "#nix/realisation.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Opened } from "./plan.ts";
import { isReady } from "./realise.ts";
import type { GraphDerivation } from "./realisations.ts";
import { hasFiles, originOfUnbuilt, unbuiltSteps } from "./steps.ts";

export async function instantiateGraph({
  graph,
  work,
}: Pick<Opened, "graph" | "work">): Promise<Map<GraphNode, GraphDerivation>> {
  const origins = new Map<GraphNode, Origin>();
  const graphDrvs = new Map<GraphNode, GraphDerivation>();
  const derivations = new Map<StorePath, Derivation>();
  const memo: ModuloMemo = new Map();
  const lookup = (path: StorePath): Derivation => {
    const derivation = derivations.get(path);
    if (derivation === undefined) throw new Error(`${path} is no derivation of this graph`);
    return derivation;
  };
  for (const node of graph.nodes) {
    const source = work.outputs.get(node);
    if (source !== undefined) origins.set(node, { kind: "path", path: source });
    const prepared = isBuildNode(node) ? work.prepared.prepared.get(node) : undefined;
    if (prepared === undefined || !node.needs.every((need) => origins.has(need))) continue;
    const { recipe } = prepared;
    if (recipe !== undefined && !hasFiles(work, recipe)) {
      // What it is made of is not here; where it is itself, what runs in it can be told from that.
      const known = isReady(work, node) && isBuildNode(node) ? work.resolve(node).outPath : undefined;
      if (known !== undefined) origins.set(node, { kind: "path", path: known });
      continue;
    }
    const steps = recipe === undefined ? new Map<never, never>() : unbuiltSteps(recipe);
    for (const each of steps.values()) derivations.set(each.drvPath, each.derivation);
    const derivation = derive(prepared, origins, (step) => originOfUnbuilt(steps, step));
    const drvPath = derivationPath(derivation);
    derivations.set(drvPath, derivation);
    origins.set(node, { kind: "derivation", drvPath });
    graphDrvs.set(node, { drvPath, id: realisationId(hashModulo(derivation, lookup, memo).hash, "out") });
  }
  await work.store.addDerivations([...derivations.values()]);
  return graphDrvs;
}
