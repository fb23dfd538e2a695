// The command `pipelite`. Compiled code is cached for the next start; everything else is loaded after that.
import { writeSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { keepCompiledCode } from "./code-cache.ts";

/** The published package runs on the Node of the PATH, whatever that is: the least that has all it uses. */
const NODE_MIN = 26;

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

/** In the user's own cache, since others may write to the system's; none for a user without a folder. */
function codeCache(env: NodeJS.ProcessEnv): string | undefined {
  if (env["NODE_COMPILE_CACHE"]) return env["NODE_COMPILE_CACHE"];
  try {
    return join(env["XDG_CACHE_HOME"] || join(env["HOME"] || homedir(), ".cache"), "pipelite/code");
  } catch {
    return undefined;
  }
}
