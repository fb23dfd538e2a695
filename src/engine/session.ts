// A program at the prompt of the user, as the builder of a derivation would find things: its sandbox, its inputs, its
// variables.
import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Variables } from "#base/environment.ts";
import { removeTree } from "#base/files.ts";
import { runSession, type SandboxEnding } from "#sandbox/sandbox.ts";
import { Closures } from "#store/closures.ts";
import { layoutOf } from "#store/layout.ts";
import type { Store } from "#store/store.ts";
import { physicalInputs, startBuilder } from "./builder.ts";
import type { BuildJob } from "./engine.ts";

export interface SessionPlace {
  store: Store;
  /** The environment of who runs Pipelite. */
  env: Variables;
  /** A folder that a failed build left (`keepFailed`); without it the session gets a new one, which goes with it. */
  folder?: string | undefined;
  signal: AbortSignal;
}

/** @returns how the program ended, or `cancelled` */
export async function openSession(
  job: Pick<BuildJob, "derivation" | "drvPath">,
  { store, env, folder, signal }: SessionPlace,
): Promise<SandboxEnding> {
  const own = join(layoutOf(store.home).buildsDir, `${process.pid}-session`);
  const place = folder ?? own;
  const [storeDir, buildDir] = [join(place, "store"), join(place, "build")];
  try {
    for (const each of [storeDir, buildDir]) mkdirSync(each, { recursive: true, mode: 0o700 });
    const { scratch: _, ...started } = startBuilder(job, { env, cores: availableParallelism() });
    const inputs = physicalInputs(job, { store, closures: new Closures(store) });
    return await runSession({ ...started, inputs, storeDir, buildDir, signal });
  } finally {
    removeTree(own);
  }
}
