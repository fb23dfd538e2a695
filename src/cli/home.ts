import { join, resolve } from "node:path";
import type { Host } from "./context.ts";

/** The home of the store: --store, PIPELITE_HOME, XDG_DATA_HOME/pipelite or ~/.local/share/pipelite. */
export function homeOf({ env, cwd }: Pick<Host, "env" | "cwd">, store: string | undefined): string {
  if (store !== undefined) return resolve(cwd, store);
  if (env["PIPELITE_HOME"]) return resolve(cwd, env["PIPELITE_HOME"]);
  return join(env["XDG_DATA_HOME"] || join(userHome(env), ".local/share"), "pipelite");
}

/** Where compiled code is kept for the next start: in the user's own cache, since others may write to the system's. */
export function codeCache(env: Host["env"]): string {
  return (
    env["NODE_COMPILE_CACHE"] || join(env["XDG_CACHE_HOME"] || join(userHome(env), ".cache"), "pipelite/code")
  );
}

function userHome(env: Host["env"]): string {
  return env["HOME"] || process.getBuiltinModule("node:os").homedir();
}
