// Binaries in packages (.node, .so) load libraries of this machine that Node itself does not. They are captured as those of
// a program are.
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readSync, realpathSync } from "node:fs";
import { basename } from "node:path";
import { readLoader } from "#base/elf.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";

const BINARY = /\.(node|so(\.\d+)*)$/;
const ELF_HEADER_BYTES = 20;
const MACHINE_AT = 18;

/**
 * The libraries of this machine that binaries among these files need, besides those that Node has loaded already.
 * @param inPackages whether a library lies with the packages: those find each other
 * @returns undefined when there are none
 */
export async function captureLibraries(
  store: Store,
  files: readonly string[],
  inPackages: (path: string) => boolean,
): Promise<{ path: StorePath; files: string[] } | undefined> {
  const node = realpathSync(process.execPath);
  const loader = readLoader(node);
  const machine = machineOf(node);
  const binaries = files.filter((file) => BINARY.test(file) && machineOf(file) === machine);
  if (typeof loader !== "string" || binaries.length === 0) return undefined;
  const own = new Set(loadedBy(loader, node).map((path) => basename(path)));
  const needed = new Map(
    binaries
      .flatMap((file) => loadedBy(loader, file))
      .filter((path) => !own.has(basename(path)) && !inPackages(path))
      .map((path) => [basename(path), realpathSync(path)] as const),
  );
  if (needed.size === 0) return undefined;
  const gathered = [...needed].map(([name, file]) => [`lib/${name}`, file] as const);
  const { path } = await store.addGathered("libraries", Object.fromEntries(gathered));
  return { path, files: [...needed.values()] };
}

/** What the loader would load for a file; what it does not find shows when the stage runs, if it is needed then. */
function loadedBy(loader: string, file: string): string[] {
  const { stdout } = spawnSync(loader, [file], { encoding: "utf8", env: { LD_TRACE_LOADED_OBJECTS: "1" } });
  return [...stdout.matchAll(/=> (\/\S+)/g)].map(([, path]) => path ?? "");
}

/** For which machine an executable or library is; undefined for what is none. */
function machineOf(file: string): number | undefined {
  const fd = openSync(file, "r");
  try {
    const header = Buffer.alloc(ELF_HEADER_BYTES);
    readSync(fd, header);
    return header.toString("latin1", 0, 4) === "\x7fELF" ? header.readUInt16LE(MACHINE_AT) : undefined;
  } finally {
    closeSync(fd);
  }
}
