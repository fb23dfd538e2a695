// The engine that a run is asked for.
import { embeddedEngine, expectEmbeddedEngine } from "#engine/embedded.ts";
import type { Engine } from "#engine/engine.ts";
import type { Secrets } from "#secrets/secrets.ts";
import type { Store } from "#store/store.ts";
import type { RunOptions } from "./options.ts";

export async function openEngine(
  store: Store,
  { engine, env, builders, sandbox, beside }: RunOptions,
): Promise<Engine> {
  if (engine !== "nix") return embeddedEngine({ store, sandbox, env });
  const { nixEngine } = await import("#engine/nix-engine.ts");
  return nixEngine({ store, env, builders, machines: beside?.machines });
}

/** The engine of one run, which is looked for while the run prepares what it will build. */
export class EngineOfRun {
  readonly #options: RunOptions;
  #closeExpected: (() => Promise<void>) | undefined;
  #engine: Engine | undefined;

  constructor(options: RunOptions) {
    this.#options = options;
  }

  /** Begins with what is mostly waiting. */
  expect(): void {
    if (this.#options.engine !== "nix") this.#closeExpected = expectEmbeddedEngine(this.#options);
  }

  /** @returns what isolates its builds */
  async open(store: Store, secrets: Secrets): Promise<string> {
    const env = secrets.environment(this.#options.env);
    this.#engine = await openEngine(store, { ...this.#options, env });
    return this.#engine.sandbox.kind;
  }

  get(): Engine {
    if (this.#engine === undefined) throw new Error("a run without an engine");
    return this.#engine;
  }

  async close(): Promise<void> {
    await (this.#engine === undefined ? this.#closeExpected?.() : this.#engine.close());
  }
}
