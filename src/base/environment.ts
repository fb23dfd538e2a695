import { delimiter } from "node:path";

/** Environment variables; read by a face, which hands them down. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The folders in which programs are looked for: those of PATH that are absolute. */
export function programFolders(env: Environment): string[] {
  return (env["PATH"] ?? "").split(delimiter).filter((folder) => folder.startsWith("/"));
}
