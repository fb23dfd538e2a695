// A pipeline as a flake: its derivations and its text in `flake`, and in `cache` what they read, as a binary cache.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { entryAt, isDirectory, makeFolder, removeTree } from "#base/files.ts";
import { storePathBase } from "#nix/store-path.ts";
import { writeFlake } from "#export/flake.ts";
import { exportDerivations, type ExportOptions } from "#export/nix.ts";
import type { NarCompression } from "#cache/compression.ts";
import { folderFiles } from "#cache/folder.ts";
import { push } from "#cache/push.ts";
import type { ToolsFrom } from "#export/shell-tools.ts";
import type { WhichRun } from "#home/runs.ts";
import { pipeliteError } from "./errors.ts";
import { lockShells } from "./lock.ts";

export interface ExportNix extends Omit<ExportOptions, "run" | "tools"> {
  /**
   * Where bash, git and jq of the shells are from: Debian's packages as the lock file pins them, or `machine`. Where none are pinned
   * `lock` pins them, as far as a mirror can be reached, and `as-locked` takes the machine's.
   */
  shells: "lock" | "as-locked" | "machine";
  now: Date;
  /** Is told what is chosen from mirrors. */
  say: (line: string) => void;
  /** The run that lists, timings and answers are taken from. */
  which: WhichRun | undefined;
  /** Where it goes. */
  out: string;
  /** URLs of caches that the flake names. */
  cacheUrls: readonly string[];
  /** How the NARs of the cache are packed. */
  compression: NarCompression;
  onPath?: (path: string) => void;
}

export interface ExportedNix {
  folder: string;
  run?: string;
  system: string;
  derivations: number;
  packages: string[];
  checks: string[];
  devShells: string[];
  apps: string[];
  /** Where bash, git and jq of the shells are from; why from the machine, where that was not asked for. */
  tools: { from: ToolsFrom; reason?: string };
  /** Of the cache beside the flake. */
  paths: number;
  bytes: number;
}

/** @throws PipeliteError EXPORT_FOLDER_TAKEN, and what `exportDerivations` throws */
export async function exportNix(options: ExportNix): Promise<ExportedNix> {
  const { out, cacheUrls, which, home, signal, compression, onPath } = options;
  refuseForeign(out);
  const run = which && home.runs.requireUnchanged(home.runs.find(which).runId).record;
  const { shells } = options;
  const reason = shells === "lock" ? await lockShells(options) : undefined;
  const asked = { ...options, run, tools: shells === "machine" ? shells : "debian" } as const;
  return exportDerivations(asked, async (store, { contents, texts, fetched }) => {
    makeFolder(dirname(out));
    const made = mkdtempSync(join(dirname(out), ".export-"));
    try {
      mkdirSync(join(made, "flake/drv"), { recursive: true });
      for (const [name, text] of Object.entries(writeFlake({ ...contents, caches: cacheUrls })))
        writeFileSync(join(made, "flake", name), text);
      for (const [path, text] of texts) writeFileSync(join(made, "flake/drv", storePathBase(path)), text);
      const paths = [...texts.keys(), ...fetched];
      await store.addTempRoot(...store.closure(paths));
      const cache = folderFiles(join(made, "cache"));
      const pushed = await push(store, cache, paths, {
        compression,
        signal,
        ...(onPath && { onPath }),
      });
      for (const name of PARTS) {
        removeTree(join(out, name));
        mkdirSync(out, { recursive: true });
        renameSync(join(made, name), join(out, name));
      }
      const { system, toolsFrom, derivations, packages, checks, devShells, apps } = contents;
      return {
        folder: out,
        ...(run && { run: run.runId }),
        system,
        derivations: derivations.length,
        packages: Object.keys(packages),
        checks: Object.keys(checks),
        devShells: Object.keys(devShells),
        apps: Object.keys(apps),
        tools: { from: toolsFrom, ...(reason !== undefined && { reason }) },
        paths: pushed.added.length,
        bytes: pushed.bytes,
      };
    } finally {
      rmSync(made, { recursive: true, force: true });
    }
  });
}

const PARTS = ["flake", "cache"];

/** What is there goes, so it must be an export of before. */
function refuseForeign(folder: string): void {
  if (entryAt(folder) === undefined) return;
  if (!isDirectory(folder)) throw pipeliteError("EXPORT_FOLDER_TAKEN", { folder });
  const names = readdirSync(folder);
  const isOurs = existsSync(join(folder, "flake/pipeline.json"));
  if (names.length > 0 && (!isOurs || names.some((name) => !PARTS.includes(name))))
    throw pipeliteError("EXPORT_FOLDER_TAKEN", { folder });
}
