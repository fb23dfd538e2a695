// The source files of a run: those that it was made from and that have not changed since, so far as stat can tell.
import { statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { byteStringOf } from "#base/bytes.ts";
import { bytesOfFile, entryAt } from "#base/files.ts";
import { isOwnCode } from "#base/own-code.ts";
import { isObject } from "#base/strict-json.ts";
import { areUnchanged } from "#compile/file-stamps.ts";
import type { Home } from "#home/home.ts";
import type { ReadRun } from "#home/runs.ts";

/** Beside pipeline.ts, read by commands and not by the run. */
const BESIDE = ["pipelite.lock.json", "release-policy.json"];

/** @returns by their names below the project, as byte strings; or why there are none */
export function archiveSources(home: Home, { runId, record }: ReadRun): Map<string, Uint8Array> | string {
  const made = madeFrom(home, runId);
  if (made === undefined) return "left out, since nothing here knows any more which they were";
  // What the notes of somebody else name could be any file that we may read and he may not.
  if (statSync(home.folder).uid !== process.geteuid?.()) return "left out, since the home is somebody else's";
  const folder = dirname(record.pipelineFile);
  const root = projectOf(folder);
  const isSource = (path: string): boolean => {
    const name = relative(root, path);
    return !name.startsWith("..") && !isOwnCode(path) && !name.split("/").includes("node_modules");
  };
  const read = Object.entries(made).filter(([path]) => isSource(path));
  if (!areUnchanged(Object.fromEntries(read))) return "left out, since one of them was changed after the run";
  const files = new Map<string, Uint8Array>();
  for (const path of [...read.map(([path]) => path), ...BESIDE.map((name) => join(folder, name))]) {
    const bytes = entryAt(path)?.isFile() === true ? bytesOfFile(path) : undefined;
    if (bytes !== undefined) files.set(byteStringOf(relative(root, path)), bytes);
  }
  return files;
}

/** Signatures by path, of the note that a passing run leaves for the next one. */
function madeFrom(home: Home, runId: string): Record<string, string> | undefined {
  for (const { value } of home.notes.all("runs")) {
    if (!isObject(value) || !isObject(value["run"]) || value["run"]["runId"] !== runId) continue;
    if (isObject(value["made"])) return value["made"] as Record<string, string>;
  }
  return undefined;
}

/** The topmost folder with a package.json that the pipeline is in; that of the pipeline where there is none. */
function projectOf(folder: string): string {
  let found = folder;
  for (let above = folder; above !== dirname(above); above = dirname(above))
    if (entryAt(join(above, "package.json"))?.isFile() === true) found = above;
  return found;
}
