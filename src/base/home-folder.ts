import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { pipeliteError } from "./base-errors.ts";

/**
 * The folder of a home: one that is named, else PIPELITE_HOME, XDG_DATA_HOME/pipelite or ~/.local/share/pipelite.
 * @throws PipeliteError HOME_FOLDER_UNKNOWN
 */
export function homeFolder(
  { env, cwd }: { env: Readonly<Record<string, string | undefined>>; cwd: string },
  named?: string,
): string {
  if (named !== undefined) return resolve(cwd, named);
  if (env["PIPELITE_HOME"]) return resolve(cwd, env["PIPELITE_HOME"]);
  return join(env["XDG_DATA_HOME"] || join(env["HOME"] || folderOfUser(), ".local/share"), "pipelite");
}

function folderOfUser(): string {
  try {
    return homedir();
  } catch (error) {
    throw pipeliteError("HOME_FOLDER_UNKNOWN", {}, error);
  }
}
