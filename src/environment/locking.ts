// What `pipelite lock` hands to each kind of environment.
import type { Environment } from "#base/environment.ts";
import type { Substituter } from "#cache/substituter.ts";
import type { Mirrors } from "./mirrors.ts";

export interface Locking {
  /** The folder of the pipeline. */
  root: string;
  /** Where files are put while they are read. */
  temporary: string;
  mirrors: Mirrors;
  /** Of who locks: where this machine keeps what it knows of servers. */
  env: Environment;
  /** Binary caches, where any are named. */
  caches?: Substituter | undefined;
  now: Date;
  signal: AbortSignal;
  say: (line: string) => void;
}

/** What an environment is made of, for people: a package, a layer of an image. */
export interface Part {
  name: string;
  version: string;
  size: number;
}
