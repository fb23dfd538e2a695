// The derivations of a graph as they are before any input is known: the whole of it, for real Nix.
import { derive } from "#compile/derive.ts";
import { isBuildNode, isUnexpanded, type GraphNode } from "#compile/nodes.ts";
import type { Origin } from "#environment/step.ts";
import { hashModulo, type ModuloMemo } from "#nix/derivation-hash.ts";
import { derivationPath, type Derivation } from "#nix/derivation.ts";
import { realisationId } from "#nix/realisation.ts";
import type { StorePath } from "#nix/store-path.ts";
import { isReady, type Workspace } from "./realise.ts";
import type { GraphDerivation } from "./realisations.ts";
import { hasFiles, originOfUnbuilt, unbuiltSteps } from "./steps.ts";

export class GraphDerivations {
  /** In an order in which every node follows what it needs. */
  readonly all = new Map<GraphNode, GraphDerivation>();
  readonly #origins = new Map<GraphNode, Origin>();
  readonly #derivations = new Map<StorePath, Derivation>();
  readonly #memo: ModuloMemo = new Map();

  /** Writes those that are not written yet; what needs a list waits until it is known what is in it. */
  async write(work: Workspace, nodes: readonly GraphNode[]): Promise<void> {
    const added = new Map<StorePath, Derivation>();
    for (const node of nodes) {
      if (this.#origins.has(node)) continue;
      const source = node.kind === "source" ? work.outputs.get(node) : undefined;
      if (source !== undefined) this.#origins.set(node, { kind: "path", path: source });
      const prepared = isBuildNode(node) ? work.prepared.prepared.get(node) : undefined;
      const isKnown = !isUnexpanded(node) && node.needs.every((need) => this.#origins.has(need));
      if (prepared === undefined || !isKnown) continue;
      const { recipe } = prepared;
      if (recipe !== undefined && !hasFiles(work, recipe)) {
        // What it is made of is not here; where it is itself, what runs in it can be told from that.
        const known = isReady(work, node) && isBuildNode(node) ? work.resolve(node).outPath : undefined;
        if (known !== undefined) this.#origins.set(node, { kind: "path", path: known });
        continue;
      }
      const steps = recipe === undefined ? new Map<never, never>() : unbuiltSteps(recipe);
      for (const each of steps.values()) added.set(each.drvPath, each.derivation);
      const derivation = derive(prepared, this.#origins, (step) => originOfUnbuilt(steps, step));
      const drvPath = derivationPath(derivation);
      added.set(drvPath, derivation);
      for (const [path, one] of added) this.#derivations.set(path, one);
      this.#origins.set(node, { kind: "derivation", drvPath });
      const { hash } = hashModulo(derivation, (path) => this.#derivation(path), this.#memo);
      this.all.set(node, { drvPath, id: realisationId(hash, "out") });
    }
    await work.store.addDerivations([...added.values()]);
  }

  #derivation(path: StorePath): Derivation {
    const derivation = this.#derivations.get(path);
    if (derivation === undefined) throw new Error(`${path} is no derivation of this graph`);
    return derivation;
  }
}
