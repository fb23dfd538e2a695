import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The folder of a home: one that is named, else PIPELITE_HOME, XDG_DATA_HOME/pipelite or ~/.local/share/pipelite. */
export function homeFolder(
  { env, cwd }: { env: Readonly<Record<string, string | undefined>>; cwd: string },
  named?: string,
): string {
  if (named !== undefined) return resolve(cwd, named);
  if (env["PIPELITE_HOME"]) return resolve(cwd, env["PIPELITE_HOME"]);
  return join(env["XDG_DATA_HOME"] || join(env["HOME"] || homedir(), ".local/share"), "pipelite");
}
