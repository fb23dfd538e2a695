// The derivations of a graph as they are before any input is known: the whole of it, for real Nix.
import { setImmediate } from "node:timers/promises";
import { derive } from "#compile/derive.ts";
import { isBuildNode, isUnexpanded, type GraphNode } from "#compile/nodes.ts";
import type { Origin } from "#environment/step.ts";
import { hashAsInput, hashModulo, type ModuloHash, type ModuloMemo } from "#nix/derivation-hash.ts";
import { derivationPath, type Derivation } from "#nix/derivation.ts";
import { realisationId } from "#nix/realisation.ts";
import type { StorePath } from "#nix/store-path.ts";
import { isReady, type Workspace } from "./realise.ts";
import type { GraphDerivation } from "./realisations.ts";
import { hasFiles, originOfUnbuilt, unbuiltSteps } from "./steps.ts";

/** So many are written in one go; what waits for a stage has its turn in between. */
const AT_ONCE = 100;

function unknown(path: StorePath): never {
  throw new Error(`${path} is no derivation of this graph`);
}

export class GraphDerivations {
  /** Kinds of nodes that are no derivations: their outputs are taken as they are. */
  readonly #given: ReadonlySet<GraphNode["kind"]>;
  /** In an order in which every node follows what it needs. */
  readonly all = new Map<GraphNode, GraphDerivation>();
  readonly #origins = new Map<GraphNode, Origin>();
  readonly #memo: ModuloMemo = new Map();

  constructor(given: readonly GraphNode["kind"][] = ["source"]) {
    this.#given = new Set(given);
  }

  /** Where the output of a node comes from; undefined where that can't be told. */
  originOf(node: GraphNode): Origin | undefined {
    return this.#origins.get(node);
  }

  /** Writes those that are not written yet; what needs a list waits until it is known what is in it. */
  async write(work: Workspace, nodes: readonly GraphNode[]): Promise<void> {
    let added = new Map<StorePath, Derivation>();
    for (const node of nodes) {
      if (this.#origins.has(node)) continue;
      if (added.size >= AT_ONCE) {
        await work.store.addDerivations([...added.values()]);
        added = new Map();
        await setImmediate();
      }
      const source = this.#given.has(node.kind) ? work.outputs.get(node) : undefined;
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
      for (const each of steps.values()) this.#add(added, each);
      const derivation = derive(prepared, this.#origins, (step) => originOfUnbuilt(steps, step));
      const drvPath = derivationPath(derivation);
      this.#origins.set(node, { kind: "derivation", drvPath });
      const { hash } = this.#add(added, { drvPath, derivation });
      this.all.set(node, { drvPath, id: realisationId(hash, "out") });
    }
    await work.store.addDerivations([...added.values()]);
  }

  /** Each follows those that it is made from. */
  #add(
    added: Map<StorePath, Derivation>,
    { drvPath, derivation }: { drvPath: StorePath; derivation: Derivation },
  ): ModuloHash {
    added.set(drvPath, derivation);
    this.#memo.set(drvPath, hashAsInput(derivation, this.#memo));
    return hashModulo(derivation, unknown, this.#memo);
  }
}
