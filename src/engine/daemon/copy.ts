// Copying between our store and that of a daemon: only what is missing at the other end, each path after those it refers to.
import { isPipeliteError } from "#base/errors.ts";
import { dependencyOrder } from "#base/order.ts";
import { pipeliteError } from "#engine/errors.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { isOfContent } from "#store/transfer.ts";
import type { DaemonConnection, RemoteInfo } from "./connection.ts";

/** A daemon may make up paths that need more paths, without end. */
const CLOSURE_MAX = 250_000;

/** Paths that a daemon was seen to have are not asked about again. */
export class KnownPaths {
  readonly #paths = new Set<StorePath>();
  /** The last copy: of two that bring the same path at a time, Nix 2.8 takes the NAR of the second for something else. */
  #last: Promise<unknown> = Promise.resolve();

  /** Copies these paths and all they need to the daemon. @returns those that it did not have */
  async copyTo(
    connection: DaemonConnection,
    store: Store,
    paths: readonly StorePath[],
    signal: AbortSignal,
  ): Promise<StorePath[]> {
    const copy = this.#last.then(() => this.#copyMissing(connection, store, paths, signal));
    this.#last = copy.catch(() => undefined);
    return copy;
  }

  async #copyMissing(
    connection: DaemonConnection,
    store: Store,
    paths: readonly StorePath[],
    signal: AbortSignal,
  ): Promise<StorePath[]> {
    const unknown = store.sortedClosure(paths).filter((path) => !this.#paths.has(path));
    for (const path of await connection.validPaths(unknown)) this.#paths.add(path);
    const missing = unknown.filter((path) => !this.#paths.has(path));
    const infos = missing.flatMap((path) => store.info(path) ?? []);
    if (infos.length > 0) await connection.addPaths(infos, (path) => store.narOf(path), signal);
    for (const path of missing) this.#paths.add(path);
    return missing;
  }
}

/**
 * Takes a path and all it needs from a daemon into our store.
 * @param check throws where what the daemon says of a path is not to be believed
 * @returns those that were not here; undefined where the daemon does not have one of them
 */
export async function copyFrom(
  connection: DaemonConnection,
  store: Store,
  root: StorePath,
  check: (info: RemoteInfo) => void,
): Promise<RemoteInfo[] | undefined> {
  const infos = new Map<StorePath, RemoteInfo>();
  const open = [root];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (infos.has(path) || store.isPresent(path)) continue;
    const info = await connection.pathInfo(path);
    if (info === undefined) return undefined;
    check(info);
    infos.set(path, info);
    if (infos.size > CLOSURE_MAX) {
      const problem = `${root} would need more than ${CLOSURE_MAX} paths`;
      throw pipeliteError("MACHINE_REFUSES", { machine: connection.machine, problem });
    }
    for (const reference of info.references) open.push(reference);
  }
  const added: RemoteInfo[] = [];
  for (const path of dependencyOrder([root], (each) => infos.get(each)?.references ?? [])) {
    const info = infos.get(path);
    if (info === undefined) continue;
    await store.addNar(info, connection.nar(info)).catch((error: unknown) => {
      // Ours may be a full disk; what the bytes are is the machine's doing.
      if (!isPipeliteError(error) || !isOfContent(error.code)) throw error;
      throw pipeliteError("MACHINE_REFUSES", { machine: connection.machine, problem: error.message }, error);
    });
    added.push(info);
  }
  return added;
}
