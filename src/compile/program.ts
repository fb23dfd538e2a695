// A program of this machine as a store path: the executable and the shared libraries it loads, started through its own
// dynamic loader, so that nothing of the host is needed at run time. Node itself is captured this way.
import { spawnSync } from "node:child_process";
import { accessSync, closeSync, constants, openSync, readSync, realpathSync } from "node:fs";
import { basename, delimiter, join, resolve } from "node:path";
import { isDirectory } from "#base/files.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { pipeliteError } from "./errors.ts";

/** How to start a captured program: `builder` with `args` before the program's own arguments. */
export interface Program {
  path: StorePath;
  builder: string;
  args: string[];
}

/** The program `name`: a path, relative to `root`, or a command looked up on the PATH. */
export function findProgram(name: string, root: string, place: string): string {
  const candidates = name.includes("/")
    ? [resolve(root, name)]
    : (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name));
  const found = candidates.find(isExecutable);
  if (found === undefined) throw pipeliteError("TOOL_NOT_FOUND", { place, program: name });
  return realpathSync(found);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return !isDirectory(path);
  } catch {
    return false;
  }
}

export interface ProgramToCapture {
  /** Absolute path. */
  executable: string;
  /** Name of the store path. */
  name: string;
  /** Where the pipeline asks for it. */
  place: string;
}

/** Adds the program at `executable` to the store, under `name`; also tells which files it was made of. */
export async function captureProgram(
  store: Store,
  { executable, name, place: where }: ProgramToCapture,
): Promise<{ program: Program; files: string[] }> {
  const loader = loaderOf(executable, where);
  const libraries = loader === undefined ? [] : librariesOf(loader, executable, where);
  const files = [executable, ...libraries.map((library) => realpathSync(library))];
  const lib = Object.fromEntries(
    libraries.map((library) => [`lib/${basename(library)}`, realpathSync(library)]),
  );
  const { path } = await store.addGathered(name, { [`bin/${basename(executable)}`]: executable, ...lib });
  return { program: start(path, basename(executable), loader), files };
}

function start(path: StorePath, program: string, loader: string | undefined): Program {
  const executable = `${path}/bin/${program}`;
  if (loader === undefined) return { path, builder: executable, args: [] };
  const lib = `${path}/lib`;
  return {
    path,
    builder: `${lib}/${basename(loader)}`,
    args: ["--library-path", lib, "--argv0", program, executable],
  };
}

/** The loader that an ELF executable names (PT_INTERP), or undefined for a static one. ELF-64, little endian. */
function loaderOf(executable: string, where: string): string | undefined {
  const fd = openSync(executable, "r");
  try {
    const header = read(fd, 0, 64);
    if (header.toString("latin1", 0, 4) !== "\x7fELF" || header[4] !== 2 || header[5] !== 1) {
      throw pipeliteError("TOOL_NOT_A_PROGRAM", { program: executable, place: where });
    }
    const tableOffset = Number(header.readBigUInt64LE(32));
    const entrySize = header.readUInt16LE(54);
    const table = read(fd, tableOffset, entrySize * header.readUInt16LE(56));
    for (let at = 0; at < table.length; at += entrySize) {
      if (table.readUInt32LE(at) !== PT_INTERP) continue;
      const text = read(fd, Number(table.readBigUInt64LE(at + 8)), Number(table.readBigUInt64LE(at + 32)));
      return text.toString("latin1").replace(/\0.*$/, "");
    }
    return undefined;
  } finally {
    closeSync(fd);
  }
}

const PT_INTERP = 3;

function read(fd: number, offset: number, size: number): Buffer {
  const buffer = Buffer.alloc(size);
  readSync(fd, buffer, 0, size, offset);
  return buffer;
}

/** The loader and every library that it would load for the executable, as the loader itself lists them. */
function librariesOf(loader: string, executable: string, where: string): string[] {
  const { status, stdout } = spawnSync(loader, [executable], {
    encoding: "utf8",
    env: { LD_TRACE_LOADED_OBJECTS: "1" },
  });
  if (status !== 0) throw pipeliteError("TOOL_NOT_A_PROGRAM", { program: executable, place: where });
  const missing = /^\s*(\S+) => not found/m.exec(stdout);
  if (missing !== null) {
    throw pipeliteError("TOOL_LIBRARY_MISSING", {
      program: executable,
      library: missing[1],
      place: where,
    });
  }
  const listed = [...stdout.matchAll(/=> (\/\S+)/g)].map(([, path]) => path ?? "");
  return [...new Set([loader, ...listed])];
}
