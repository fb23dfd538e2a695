// Binaries in packages (.node, .so) load libraries of this machine that Node itself does not. They are captured as those of
// a program are.
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
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

/** Parts of the C library that were libraries of their own once: binaries that are made to run anywhere still ask for them. */
const OLD_PARTS = ["librt.so.1", "libutil.so.1", "libresolv.so.2", "libanl.so.1"];

/** Those of the C library that Node runs with, for packages that are not here yet. */
export async function captureOldParts(
  store: Store,
): Promise<{ path: StorePath; files: string[] } | undefined> {
  const node = realpathSync(process.execPath);
  const loader = readLoader(node);
  const library =
    typeof loader === "string"
      ? loadedBy(loader, node).find((path) => basename(path) === "libc.so.6")
      : undefined;
  if (library === undefined) return undefined;
  const found = OLD_PARTS.map((name) => [name, join(dirname(library), name)] as const)
    .filter(([, file]) => existsSync(file))
    .map(([name, file]) => [name, realpathSync(file)] as const);
  if (found.length === 0) return undefined;
  const gathered = found.map(([name, file]) => [`lib/${name}`, file] as const);
  const { path } = await store.addGathered("libraries", Object.fromEntries(gathered));
  return { path, files: found.map(([, file]) => file) };
}

/** A bundle that hangs on libraries. */
export function withLibraries<B extends { references: Set<StorePath>; paths: Set<string> }>(
  bundle: B,
  { path, files }: { path: StorePath; files: string[] },
): B & { libraries: StorePath } {
  bundle.references.add(path);
  for (const file of files) bundle.paths.add(file);
  return { ...bundle, libraries: path };
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
