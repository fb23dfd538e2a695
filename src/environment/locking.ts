// What `pipelite lock` hands to each kind of environment.
import type { Variables } from "#base/environment.ts";
import type { Substituter } from "#cache/substituter.ts";
import type { Store } from "#store/store.ts";
import { bringFile, takingFrom, type KnownFile } from "./known-file.ts";
import type { Mirrors } from "./mirrors.ts";

export interface Locking {
  /** The folder of the pipeline. */
  root: string;
  /** Where files are put while they are read. */
  temporary: string;
  /** Has what was fetched by its hash, for the next lock and for the run. */
  store: Store;
  mirrors: Mirrors;
  /** Of who locks: where this machine keeps what it knows of servers. */
  env: Variables;
  /** Binary caches, where any are named. */
  caches?: Substituter | undefined;
  now: Date;
  signal: AbortSignal;
  say: (line: string) => void;
}

/** What an environment is made of, for people: a package, a layer of an image. */
export interface EnvironmentPart {
  name: string;
  version: string;
  size: number;
}

/** A file whose SHA-256 (hex) is known already, in the store of who locks. @returns where it is */
export async function lockedFile(
  { name, sha256, get }: { name: string; sha256: string; get: KnownFile["get"] },
  { store, caches, signal }: Pick<Locking, "store" | "caches" | "signal">,
): Promise<string> {
  const hash = { algorithm: "sha256", bytes: Buffer.from(sha256, "hex") } as const;
  const take = takingFrom(caches, signal);
  return store.physical(await bringFile(store, { name, hash, take, get, signal }));
}
