// The same derivation by real Nix, in a store of its own: nothing is registered in the store of the home.
import { join } from "node:path";
import type { Variables } from "#base/environment.ts";
import { hex } from "#base/bytes.ts";
import { isPipeliteError } from "#base/errors.ts";
import type { BuildJob, Engine } from "#engine/engine.ts";
import { nixEngine } from "#engine/nix-engine.ts";
import type { StorePath } from "#nix/store-path.ts";
import { openStore, type Store } from "#store/store.ts";
import { failedBy, type VariedBuild } from "./again.ts";

export interface NixAgain {
  /** `nix 2.8.0` */
  version: string;
  build(job: Pick<BuildJob, "name" | "drvPath" | "derivation">): Promise<VariedBuild>;
  close(): Promise<void>;
}

export interface NixPlace {
  /** Where inputs are taken from. */
  store: Store;
  env: Variables;
  /** Of this process alone; who made it removes it. */
  folder: string;
  signal: AbortSignal;
}

/** @returns in words why there is no Nix */
export async function openNix({
  store,
  env,
  folder,
  signal,
}: NixPlace): Promise<NixAgain | { reason: string }> {
  const scratch = openStore(join(folder, "nix"));
  let engine: Engine;
  try {
    engine = await nixEngine({ store: scratch, env });
  } catch (error) {
    scratch.close();
    if (!isPipeliteError(error)) throw error;
    return { reason: error.message };
  }
  /** Derivations whose output follows from what they give. */
  const tried = new Set<StorePath>();
  return {
    version: `nix ${engine.sandbox.version ?? ""}`.trim(),
    build: async ({ name, drvPath, derivation }) => {
      try {
        for (const path of store.sortedClosure([drvPath])) {
          const info = scratch.isValid(path) ? undefined : store.info(path);
          if (info !== undefined) await scratch.addNar(info, store.narOf(path));
        }
        // What was copied there as an input of another stage, or built before, Nix would not build.
        const output = derivation.outputs.get("out");
        const isThere =
          output !== undefined && "path" in output ? scratch.isValid(output.path) : tried.has(drvPath);
        if (isThere)
          return { status: "impossible", reason: "Nix has its output already, and builds nothing" };
        tried.add(drvPath);
        const outcome = await engine.build({ name, drvPath, derivation, signal, onLog: () => {} });
        signal.throwIfAborted();
        if (outcome.status === "failed") return failedBy(outcome.error);
        if (outcome.status !== "built") return { status: "failed", reason: "it was stopped" };
        const info = scratch.info(outcome.outPath);
        if (info === undefined) throw new Error(`${outcome.outPath} was built and is not there`);
        return {
          status: "built",
          narHash: `sha256:${hex(info.narHash)}`,
          tree: scratch.physical(outcome.outPath),
        };
      } catch (error) {
        if (!isPipeliteError(error)) throw error;
        return failedBy(error);
      }
    },
    close: async () => {
      await engine.close();
      scratch.close();
    },
  };
}
