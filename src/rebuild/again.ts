// One build of a stage beside the store, shown something otherwise than always.
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toByteString } from "#base/bytes.ts";
import type { Variables } from "#base/environment.ts";
import { isPipeliteError, type PipeliteError } from "#base/errors.ts";
import { bytesOfFile, removeTree } from "#base/files.ts";
import { placeInRoot } from "#base/place-in-root.ts";
import type { Shown } from "#engine/builder.ts";
import type { BuildJob } from "#engine/engine.ts";
import { rebuild } from "#engine/rebuild.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { FRESH_FOLDER, variedEntrance, type SeenInRoot } from "#sandbox/entrances.ts";
import { ENTRANCE_WORDS } from "#sandbox/launcher/entrance.ts";
import { writePreload, type SandboxKind } from "#sandbox/sandbox.ts";
import type { Store } from "#store/store.ts";
import { copyReordered } from "./reorder.ts";
import { personalityOf, type Change, type StageFacts } from "./variations.ts";

export type VariedBuild =
  | { status: "built"; narHash: string; tree: string }
  | { status: "failed"; reason: string }
  /** The sandbox could not be made like that. */
  | { status: "impossible"; reason: string };

export interface AgainPlace {
  store: Store;
  kind: SandboxKind;
  env: Variables;
  /** Of this process alone; who made it removes it. */
  folder: string;
  signal: AbortSignal;
}

/** Stands in the store of a stage for as long as its clock or its random bytes are others. */
const PRELOAD_PATH = parseStorePath(`/nix/store/${"0".repeat(32)}-pipelite-preload`);

export async function buildAgain(
  job: Pick<BuildJob, "name" | "drvPath" | "derivation">,
  change: Change,
  facts: Pick<StageFacts, "memory" | "entered">,
  { store, kind, env, folder, signal }: AgainPlace,
): Promise<VariedBuild> {
  const work = mkdtempSync(join(folder, "again-"));
  const memory =
    change.isReordered === true && "folder" in facts.memory
      ? mkdtempSync(join(facts.memory.folder, "order-"))
      : undefined;
  try {
    const target = join(work, "out");
    const limits = change.cpus === undefined ? {} : { limits: { cpus: change.cpus } };
    const log = new Tail();
    const outcome = await rebuild(
      { ...job, ...limits, signal, onLog: log.add },
      {
        store,
        kind,
        env,
        target,
        folder: memory ?? join(work, "builds"),
        shown: shownBy(change, { work, memory, entered: facts.entered, store }),
      },
    );
    signal.throwIfAborted();
    if (outcome.status === "built") return { status: "built", narHash: outcome.narHash, tree: target };
    const refusal = refusalOf(change, log.text);
    if (refusal !== undefined) return { status: "impossible", reason: refusal };
    if (outcome.status !== "failed") return { status: "failed", reason: "it was stopped" };
    throw outcome.error;
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    // There may be less room in memory than on the disk.
    if (memory !== undefined && OF_DISK.has(error.code))
      return { status: "impossible", reason: error.message };
    return failedBy(error);
  } finally {
    if (memory !== undefined) removeTree(memory);
  }
}

/**
 * A build that failed says something of the stage, but not where the sandbox could not be made, or a disk was full.
 * @throws the error, where that is so of the disk: nothing can be told until there is room
 */
export function failedBy(error: PipeliteError): VariedBuild {
  const { code, message: reason } = error;
  if (OF_DISK.has(code)) throw error;
  return { status: code.startsWith("SANDBOX_") ? "impossible" : "failed", reason };
}

const OF_DISK = new Set(["STORE_NO_SPACE", "STORE_FILE_LIMIT", "STAGE_DISK_FULL"]);

/** What a program wrote last. */
class Tail {
  text = "";
  readonly add = (chunk: Uint8Array): void => {
    this.text = (this.text + toByteString(chunk)).slice(-TAIL_MAX);
  };
}

const TAIL_MAX = 65_536;

/** Why it could not be shown that, where what failed is not the stage: it is asked of what was changed alone. */
function refusalOf({ kernel, seen }: Change, log: string): string | undefined {
  // ld.so, and programs that are linked statically, say so of a kernel older than the library of C was made for.
  if ((kernel?.on ?? 0) !== 0 && log.includes("FATAL: kernel too old"))
    return "the library of C of one of its programs refuses so old a kernel";
  if (seen?.user === undefined && seen?.buildFolder === undefined) return undefined;
  const line = log.split("\n").findLast((each) => each.startsWith(ENTRANCE_WORDS));
  return line?.slice("pipelite: ".length);
}

interface Scene {
  work: string;
  memory: string | undefined;
  entered: StageFacts["entered"];
  store: Store;
}

function shownBy(change: Change, { work, memory, entered, store }: Scene): Shown {
  const { seen, env, clock, isRandomFixed } = change;
  const personality = personalityOf(change);
  const hasPreload = process.arch === "x64" && (clock !== undefined || isRandomFixed === true);
  const { user, buildFolder, ...outside } = seen ?? {};
  const shown: Shown = {
    seen: {
      ...(entered === undefined ? seen : outside),
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
  const reordered = memory === undefined ? undefined : copyReordered(join(memory, "inputs"));
  if (reordered !== undefined) shown.physical = reordered;
  // Into a root leads a program of ours: another one of it shows another user, or another folder, there.
  if (entered !== undefined && (user !== undefined || buildFolder !== undefined)) {
    const inRoot = {
      ...(user !== undefined && { user }),
      ...(buildFolder !== undefined && { buildFolder: `${FRESH_FOLDER}${buildFolder}` }),
    };
    const folder = join(work, "entrance");
    writeEntranceOf(folder, entered, store, inRoot);
    if (inRoot.buildFolder !== undefined) shown.buildFolder = inRoot.buildFolder;
    shown.physical = (path, physical) =>
      path === entered.entrance ? folder : (reordered?.(path, physical) ?? physical);
  }
  return shown;
}

function writeEntranceOf(
  folder: string,
  { entrance, root }: NonNullable<StageFacts["entered"]>,
  store: Store,
  seen: SeenInRoot,
): void {
  const passwd = placeInRoot(store.physical(root), "/etc/passwd");
  const text = passwd && bytesOfFile(passwd)?.toString("utf8");
  const machine = process.arch === "arm64" ? "arm64" : "x64";
  mkdirSync(join(folder, "bin"), { recursive: true });
  for (const [name, bytes] of variedEntrance(machine, entrance, seen, text))
    writeFileSync(join(folder, name), bytes, { mode: 0o555 });
}
