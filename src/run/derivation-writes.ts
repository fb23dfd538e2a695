// Derivations of a run are written into the store several at a time, each before its output is registered.
import { isBuildNode, type BuildNode, type GraphNode } from "#compile/nodes.ts";
import type { Workspace } from "./realise.ts";

const WRITTEN_AT_ONCE = 32;

export class DerivationWrites {
  readonly #work: Workspace;
  /** Work whose turn is to come, and that of it whose derivation is being written already. */
  readonly #ready = new Set<GraphNode>();
  readonly #writing = new Map<BuildNode, Promise<unknown>>();

  constructor(work: Workspace) {
    this.#work = work;
  }

  /** Its turn is to come: it may be written with another one. */
  expect(node: GraphNode): void {
    this.#ready.add(node);
  }

  /** Those of other stages that wait for their turn are written with it: many at once cost little more than one. */
  write(node: BuildNode): Promise<unknown> {
    const begun = this.#writing.get(node);
    this.#writing.delete(node);
    // What is wrong with another one is not told of this one.
    if (begun !== undefined) return begun.catch(() => this.#add([node]));
    this.#ready.delete(node);
    const others = [...this.#ready.values().take(WRITTEN_AT_ONCE - 1)];
    for (const other of others) this.#ready.delete(other);
    const toBuild = others
      .filter(isBuildNode)
      .filter((other) => this.#work.isPrepared(other))
      // What an environment is made of is made in its own turn.
      .filter((other) => other.kind !== "environment" && this.#work.resolve(other).outPath === undefined);
    const writing = this.#add([node, ...toBuild]);
    for (const other of toBuild) this.#writing.set(other, writing);
    return writing;
  }

  #add(nodes: readonly BuildNode[]): Promise<unknown> {
    return this.#work.store.addDerivations(nodes.map((node) => this.#work.resolve(node).derivation));
  }
}
