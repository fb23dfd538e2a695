import { delimiter, join } from "node:path";

/** Environment variables; read by a face, which hands them down. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Where npm keeps the archives of packages, unless a file of its says otherwise. */
export function npmCacheOf(env: Variables): string | undefined {
  const { npm_config_cache: given, HOME: home } = env;
  return given ?? (home === undefined ? undefined : join(home, ".npm"));
}

/** The folders in which programs are looked for: those of PATH that are absolute. */
export function programFolders(env: Variables): string[] {
  return (env["PATH"] ?? "").split(delimiter).filter((folder) => folder.startsWith("/"));
}
