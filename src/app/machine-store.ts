// Paths to and from the store of another machine, by its Nix daemon.
import { pipeliteError as cacheError } from "#cache/errors.ts";
import type { PushedPaths } from "#cache/push.ts";
import type { Substituted } from "#cache/substituter.ts";
import { isVouchedFor } from "#cache/trust.ts";
import type { Variables } from "#base/environment.ts";
import type { DaemonConnection } from "#engine/daemon/connection.ts";
import { copyFrom, KnownPaths } from "#engine/daemon/copy.ts";
import { parseMachines } from "#engine/daemon/machines.ts";
import { openMachine, sharedFolder } from "#engine/daemon/open-machine.ts";
import type { NixPublicKey } from "#nix/signature.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/index.ts";

/** Whether a word names a machine and no binary cache. */
export function namesMachine(word: string): boolean {
  return word === "daemon" || /^(ssh-ng|ssh|unix):/.test(word);
}

interface AtMachine {
  store: Store;
  uri: string;
  env: Variables;
  signal: AbortSignal;
}

async function withMachine<T>(
  { store, uri, env, signal }: AtMachine,
  use: (connection: DaemonConnection) => Promise<T>,
): Promise<T> {
  const [machine] = parseMachines(uri, "any");
  if (machine === undefined)
    throw cacheError("CACHE_URL_INVALID", { url: uri, problem: "it names no machine" });
  const shared = sharedFolder();
  try {
    const connection = await openMachine(machine, { home: store.home, env, folder: shared.path });
    const leave = (): void => connection.close();
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await use(connection);
    } finally {
      signal.removeEventListener("abort", leave);
      connection.close();
    }
  } finally {
    shared.remove();
  }
}

export function pushToMachine(at: AtMachine, paths: readonly StorePath[]): Promise<PushedPaths> {
  const { store, signal } = at;
  return withMachine(at, async (connection) => {
    const added = await new KnownPaths().copyTo(connection, store, paths, signal);
    const bytes = added.reduce((sum, path) => sum + (store.info(path)?.narSize ?? 0), 0);
    return { added, present: store.closure(paths).length - added.length, bytes, realisations: 0 };
  });
}

/** @returns undefined where the machine does not have all of it */
export function pullFromMachine(
  at: AtMachine,
  path: StorePath,
  keys: readonly NixPublicKey[],
): Promise<Substituted | undefined> {
  return withMachine(at, async (connection) => {
    const came = await copyFrom(connection, at.store, path, (info) => {
      if (!isVouchedFor(info, keys)) throw cacheError("CACHE_UNTRUSTED", { path: info.path, url: at.uri });
    });
    return (
      came && {
        added: came.map((info) => info.path),
        bytes: came.reduce((sum, { narSize }) => sum + narSize, 0),
        from: at.uri,
      }
    );
  });
}
