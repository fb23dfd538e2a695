// A published list of the store paths of nixpkgs (`store-paths.xz` of a channel: one path a line, of all systems), and what
// a name means in it.
import { messageOf } from "#base/strict-json.ts";
import { nearWords } from "#base/near-words.ts";
import type { Variables } from "#base/environment.ts";
import { openCacheFiles } from "#cache/open.ts";
import { isStorePath, storePathName, type StorePath } from "#nix/store-path.ts";
import { decompress } from "#package/decompress.ts";
import { pipeliteError } from "#environment/errors.ts";
import type { Mirrors } from "#environment/mirrors.ts";

/** Packed. A list of all of nixpkgs has some 2 MB. */
const LIST_BYTES_MAX = 2 ** 26;
const LISTS = [
  ["store-paths.xz", ".xz"],
  ["store-paths", ""],
] as const;

interface Listing {
  mirrors: Mirrors;
  env: Variables;
  /** The folder of the pipeline. */
  root: string;
  signal: AbortSignal;
}

/**
 * @param wanted the name that is looked up, for messages
 * @throws PipeliteError NIXPKGS_LIST_UNNAMED, NIXPKGS_LIST_UNAVAILABLE
 */
export async function readStorePaths(
  channel: string | undefined,
  wanted: string,
  { mirrors, env, root, signal }: Listing,
): Promise<StorePath[]> {
  const urls = mirrors.of("nixpkgs");
  if (urls.length === 0) throw pipeliteError("NIXPKGS_LIST_UNNAMED", { name: wanted });
  let problem = `there is no ${LISTS.map(([name]) => name).join(" and no ")}`;
  for (const url of urls) {
    const files = openCacheFiles(url, { cwd: root, env });
    for (const [name, suffix] of LISTS) {
      const file = channel === undefined ? name : `${channel}/${name}`;
      try {
        const chunks = await files.read(file, signal);
        if (chunks !== undefined) return parseStorePaths(await decompress(await wholeOf(chunks), suffix));
      } catch (error) {
        signal.throwIfAborted();
        problem = messageOf(error).replaceAll(files.url, "the mirror");
      }
    }
  }
  const list = channel === undefined ? "nixpkgs" : channel;
  throw pipeliteError("NIXPKGS_LIST_UNAVAILABLE", { list, problem });
}

async function wholeOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > LIST_BYTES_MAX) throw new Error(`the list has more than ${LIST_BYTES_MAX} bytes`);
    all.push(chunk);
  }
  return Buffer.concat(all);
}

function parseStorePaths(bytes: Uint8Array): StorePath[] {
  const lines = Buffer.from(bytes).toString("latin1").split("\n");
  const paths = lines.filter((line) => line !== "");
  const wrong = paths.find((path) => !isStorePath(path));
  if (wrong !== undefined) throw new Error(`a line of the list is no store path: '${wrong.slice(0, 80)}'`);
  return paths.filter((path) => isStorePath(path));
}

/**
 * The paths that a name means: those of just that name, or of it and a version (`python3`: `python3-3.12.8`, and not
 * `python3-3.12.8-debug`, which is another output of it).
 * @throws PipeliteError NIXPKGS_NAME_UNKNOWN
 */
export function pathsNamed(name: string, paths: readonly StorePath[]): StorePath[] {
  const found = paths.filter((path) => storePathName(path) === name);
  if (found.length > 0) return found;
  const versions = paths.filter((path) => isVersionOf(name, storePathName(path)));
  if (versions.length > 0) return versions;
  const longer = paths.map((path) => storePathName(path)).filter((each) => each.startsWith(`${name}-`));
  const near = longer.length > 0 ? longer : nearWords(name, new Set(paths.map((path) => plainName(path))));
  const words = [...new Set(near)].toSorted();
  const suggestion =
    words.length === 0
      ? "Name the package as the list does, or give its store path"
      : `Did you mean ${words.slice(0, SUGGESTED_MAX).join(" or ")}?`;
  throw pipeliteError("NIXPKGS_NAME_UNKNOWN", { name, suggestion });
}

const SUGGESTED_MAX = 8;

function isVersionOf(name: string, full: string): boolean {
  return full.startsWith(`${name}-`) && /^\d[^-]*(-\d[^-]*)*$/.test(full.slice(name.length + 1));
}

/** Without what comes after the first dash that no letter follows, as Nix tells a version. */
function plainName(path: StorePath): string {
  return storePathName(path).replace(/-[^a-zA-Z].*$/, "");
}
