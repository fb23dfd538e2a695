// One build of a stage beside the store, shown something otherwise than always.
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "#base/environment.ts";
import { isPipeliteError } from "#base/errors.ts";
import { removeTree } from "#base/files.ts";
import type { Shown } from "#engine/builder.ts";
import type { BuildJob } from "#engine/engine.ts";
import { rebuild } from "#engine/rebuild.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { writePreload, type SandboxKind } from "#sandbox/sandbox.ts";
import type { Store } from "#store/store.ts";
import { copyReordered } from "./reorder.ts";
import { personalityOf, type Change, type StageFacts } from "./variations.ts";

export type Again =
  | { status: "built"; narHash: string; tree: string }
  | { status: "failed"; reason: string }
  /** The sandbox could not be made like that. */
  | { status: "impossible"; reason: string };

export interface AgainPlace {
  store: Store;
  kind: SandboxKind;
  env: Environment;
  /** Of this process alone; who made it removes it. */
  folder: string;
  signal: AbortSignal;
}

/** Stands in the store of a stage for as long as its clock or its random bytes are others. */
const PRELOAD_PATH = parseStorePath(`/nix/store/${"0".repeat(32)}-pipelite-preload`);

export async function buildAgain(
  job: Pick<BuildJob, "name" | "drvPath" | "derivation">,
  change: Change,
  facts: Pick<StageFacts, "memory">,
  { store, kind, env, folder, signal }: AgainPlace,
): Promise<Again> {
  const work = mkdtempSync(join(folder, "again-"));
  const memory =
    change.isReordered === true && "folder" in facts.memory
      ? mkdtempSync(join(facts.memory.folder, "order-"))
      : undefined;
  try {
    const target = join(work, "out");
    const limits = change.cpus === undefined ? {} : { limits: { cpus: change.cpus } };
    const outcome = await rebuild(
      { ...job, ...limits, signal },
      {
        store,
        kind,
        env,
        target,
        folder: memory ?? join(work, "builds"),
        shown: shownBy(change, work, memory),
      },
    );
    signal.throwIfAborted();
    if (outcome.status === "built") return { status: "built", narHash: outcome.narHash, tree: target };
    return {
      status: "failed",
      reason: outcome.status === "failed" ? outcome.error.message : "it was stopped",
    };
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    const isSandbox = error.code.startsWith("SANDBOX_");
    return { status: isSandbox ? "impossible" : "failed", reason: error.message };
  } finally {
    if (memory !== undefined) removeTree(memory);
  }
}

function shownBy(change: Change, work: string, memory: string | undefined): Shown {
  const { seen, env, clock, isRandomFixed } = change;
  const personality = personalityOf(change);
  const hasPreload = process.arch === "x64" && (clock !== undefined || isRandomFixed === true);
  const shown: Shown = {
    seen: {
      ...seen,
      ...(personality !== undefined && { personality }),
      ...(isRandomFixed === true && { isRandomZero: true }),
    },
    env: { ...env, ...(hasPreload && { LD_PRELOAD: PRELOAD_PATH }) },
  };
  if (hasPreload) {
    const physical = join(work, "preload.so");
    writeFileSync(physical, writePreload({ clock, isRandomFixed }), { mode: 0o555 });
    shown.beside = [{ path: PRELOAD_PATH, physical }];
  }
  if (memory !== undefined) shown.physical = copyReordered(join(memory, "inputs"));
  return shown;
}
