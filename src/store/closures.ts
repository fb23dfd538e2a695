// Closures of paths that this process keeps from being collected: what a path refers to never changes while it is valid, so
// the database is asked once for each.
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "./store.ts";

export class Closures {
  readonly #store: Pick<Store, "references">;
  readonly #references = new Map<StorePath, readonly StorePath[]>();

  constructor(store: Pick<Store, "references">) {
    this.#store = store;
  }

  /** Everything these paths need, themselves included; sorted. @throws PipeliteError STORE_PATH_NOT_VALID */
  of(paths: Iterable<StorePath>): StorePath[] {
    const reached = new Set(paths);
    for (const path of reached) for (const reference of this.#referencesOf(path)) reached.add(reference);
    return [...reached].toSorted();
  }

  #referencesOf(path: StorePath): readonly StorePath[] {
    let references = this.#references.get(path);
    if (references === undefined) this.#references.set(path, (references = this.#store.references(path)));
    return references;
  }
}
