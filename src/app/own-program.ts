// Pipelite itself as files that start on Node alone: the package that it was installed as, or, of a checkout, what that would be.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { byteStringOf } from "#base/bytes.ts";
import type { Variables } from "#base/environment.ts";
import { OWN_FOLDER } from "#base/own-code.ts";
import { bytesOfFile, entryAt, filesBelow, makeFolder, pathBelow, removeTree } from "#base/files.ts";
import { pipeliteError } from "./errors.ts";

/**
 * @param temporary for what a checkout is packed into
 * @returns by their names, as byte strings
 * @throws PipeliteError ARCHIVE_PROGRAM_MISSING
 */
export function ownProgram(temporary: string, env: Variables): Map<string, Uint8Array> {
  const root = dirname(OWN_FOLDER);
  const isPacked = entryAt(join(OWN_FOLDER, "cli.cjs")) !== undefined;
  if (isPacked) return filesOf(root, OWN_FOLDER);
  makeFolder(temporary);
  const folder = mkdtempSync(join(temporary, `${process.pid}-program-`));
  try {
    const build = join(root, "tools/build.ts");
    const args = ["--disable-warning=ExperimentalWarning", build, folder, "--no-types"];
    const { status, signal, stderr } = spawnSync(process.execPath, args, {
      cwd: root,
      env,
      encoding: "utf8",
    });
    if (status !== 0) throw pipeliteError("ARCHIVE_PROGRAM_MISSING", { problem: signal ?? reasonIn(stderr) });
    return filesOf(root, folder);
  } finally {
    removeTree(folder);
  }
}

/** What a program of Node ended with: behind that Node says which it is. */
export function reasonIn(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  const named = lines.find((line) => /^\[?(?:\w+)?Error\b/.test(line));
  return named ?? lines.findLast((line) => !/^Node\.js v\d/.test(line)) ?? "it does not say why";
}

/** Declarations are for those who write pipelines. */
function filesOf(root: string, dist: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const name of filesBelow(dist))
    if (!name.startsWith("types/")) files.set(`dist/${name}`, readFileSync(pathBelow(dist, name)));
  for (const name of ["bin/pipelite", "package.json", "LICENSE"]) {
    const bytes = bytesOfFile(join(root, name));
    if (bytes !== undefined) files.set(byteStringOf(name), bytes);
  }
  return files;
}
