// The engine that a run is asked for.
import { embeddedEngine } from "#engine/embedded.ts";
import type { Engine } from "#engine/engine.ts";
import { nixEngine } from "#engine/nix-engine.ts";
import type { Store } from "#store/store.ts";
import type { RunOptions } from "./options.ts";

export function openEngine(store: Store, { engine, env, builders, sandbox }: RunOptions): Promise<Engine> {
  return engine === "nix" ? nixEngine({ store, env, builders }) : embeddedEngine({ store, sandbox, env });
}
