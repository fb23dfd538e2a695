// The command `pipelite`. Compiled code is cached for the next start; everything else is loaded after that.
import { statSync, writeSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { keepCompiledCode } from "./code-cache.ts";

/** The published package runs on the Node of the PATH, whatever that is: the least that has all it uses. */
const NODE_MIN = 26;
const WRITTEN_BY_ALL = 0o002;

if (Number.parseInt(process.versions.node, 10) < NODE_MIN) {
  writeSync(
    2,
    `error: Cannot run on Node ${process.versions.node}: Pipelite needs Node ${NODE_MIN} or newer\n`,
  );
  writeSync(
    2,
    `hint: npm install node-linux-${process.arch}@${NODE_MIN} beside it, or put one on the PATH\n`,
  );
  process.exit(4);
}
const cache = codeCache(process.env);
if (cache !== undefined) {
  enableCompileCache(cache);
  keepCompiledCode(join(cache, "whole"), import.meta.dirname, process.argv[2]);
}
void import("./process.ts").then(({ runProcess }) => runProcess(process.argv.slice(2)));

/** In the user's own cache, since what is in it is run; none for a user without a folder, or with that of somebody else (sudo). */
function codeCache(env: NodeJS.ProcessEnv): string | undefined {
  try {
    const folder =
      env["NODE_COMPILE_CACHE"] ||
      join(env["XDG_CACHE_HOME"] || join(env["HOME"] || homedir(), ".cache"), "pipelite/code");
    return isOwn(folder) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** Of a folder that is not there yet, whoever owns what it would be made in decides. */
function isOwn(folder: string): boolean {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return dirname(folder) !== folder && isOwn(dirname(folder));
  return found.uid === process.geteuid?.() && (found.mode & WRITTEN_BY_ALL) === 0;
}
