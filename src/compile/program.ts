// A program of this machine as a store path: the executable and the shared libraries it loads with their loader, so
// that nothing of the host is needed at run time. Node itself is captured this way.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, realpathSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { editsToName, readLoader } from "#base/elf.ts";
import { readShebang } from "#base/shebang.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { pipeliteError } from "./errors.ts";

/** How to start a captured program: `builder` with `args` before the program's own arguments. */
export interface CapturedProgram {
  path: StorePath;
  builder: string;
  args: string[];
}

export interface ProgramSearch {
  /** The folder of the pipeline. */
  root: string;
  /** Those of the PATH. */
  folders: readonly string[];
  /** Where the pipeline asks for it. */
  place: string;
}

/** The program `name`: a path, relative to `root`, or a command looked up on the PATH. */
export function findProgram(name: string, { root, folders, place }: ProgramSearch): string {
  const candidates = name.includes("/") ? [resolve(root, name)] : folders.map((folder) => join(folder, name));
  const found = candidates.find(isExecutable);
  if (found !== undefined) return realpathSync(found);
  const [named = name] = candidates;
  if (name.includes("/") && existsSync(named))
    throw pipeliteError("TOOL_NOT_EXECUTABLE", { place, program: name, problem: whyNotExecutable(named) });
  throw pipeliteError("TOOL_NOT_FOUND", {
    place,
    program: name,
    where: name.includes("/") ? `there is no file ${named}` : "it is not on the PATH",
  });
}

/** Programs that can't work without folders of files, known by name: what these hold, and the packages of Debian that have them. */
const NEED_FILES: readonly (readonly [name: RegExp, files: string, debian: string])[] = [
  [/^(python|pypy)[\d.]*$/, "its standard library", "python3"],
  [
    /^([\w.]+-)*(cc|gcc|c[89]9|cpp)(-[\d.]+)?$/,
    "its passes (cc1, as, ld), headers and start files",
    "gcc libc6-dev",
  ],
  [/^([\w.]+-)*(c\+\+|g\+\+)(-[\d.]+)?$/, "its passes (cc1plus, as, ld), headers and start files", "g++"],
  [/^clang(\+\+)?(-[\d.]+)?$/, "its headers and start files", "clang libc6-dev"],
  [/^R(script)?$/, "its library of packages", "r-base-core"],
  [/^(ruby|irb|gem)[\d.]*$/, "its standard library", "ruby"],
  [/^(java|javac|jar)$/, "its runtime", "default-jdk-headless"],
  [/^(go|gofmt)$/, "its standard library and tools", "golang-go"],
  [/^(rustc|cargo)$/, "its standard library", "rustc cargo"],
  [/^(ghc|runghc)(-[\d.]+)?$/, "its libraries", "ghc"],
  [/^(pdf|xe|lua)?(la)?tex$/, "its formats and packages", "texlive-latex-base"],
];

/**
 * @param executable where a program of the machine was found, links followed
 * @throws PipeliteError TOOL_NEEDS_FILES for one that is known not to work by itself
 */
export function checkTool(program: string, executable: string | undefined, place: string): void {
  const names = [program, executable ?? program].map((each) => basename(each));
  const known = NEED_FILES.find(([pattern]) => names.some((name) => pattern.test(name)));
  if (known === undefined) return;
  const [, files, debian] = known;
  const packages = debian.split(" ").map((name) => JSON.stringify(name));
  const tool = names.find((name) => known[0].test(name)) ?? program;
  throw pipeliteError("TOOL_NEEDS_FILES", { place, program, tool, files, packages: packages.join(", ") });
}

function whyNotExecutable(path: string): string {
  return statSync(path).isFile() ? "nobody may execute it" : "it is not a file";
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

export interface ProgramToCapture {
  /** Absolute path. */
  executable: string;
  /** Name of the store path. */
  name: string;
  /** The name that it is started by, where that is not its file's: many programs are links to one. */
  as?: string;
  /** Where the pipeline asks for it. */
  place: string;
}

/** The Node that runs this: stages run on it. */
export function nodeProgram(place: string): ProgramToCapture {
  return { executable: process.execPath, name: `node-${process.versions.node}`, place };
}

/**
 * Adds the program at `executable` to the store, under `name`; also tells which files it was made of. A program with
 * libraries becomes two paths: the libraries with their loader, and the program, which names them, so that it is started
 * like any other, also by itself. One that can't be made to name them is started through its loader.
 */
export async function captureProgram(
  store: Store,
  { executable, name, as, place: where }: ProgramToCapture,
): Promise<{ program: CapturedProgram; files: string[] }> {
  const loader = readLoader(executable);
  if (loader === null) throw notAProgram(executable, where);
  const libraries = loader === undefined ? [] : librariesOf(loader, executable, where);
  const files = [executable, ...libraries.map((library) => realpathSync(library))];
  const base = as ?? basename(executable);
  const bin = `bin/${base}`;
  if (loader === undefined) {
    const { path } = await store.addGathered(name, { [bin]: executable });
    return { program: { path, builder: `${path}/${bin}`, args: [] }, files };
  }
  const lib = Object.fromEntries(
    libraries.map((library) => [`lib/${basename(library)}`, realpathSync(library)]),
  );
  const path = await addNamingLoader(store, { executable, name, base, lib, loader });
  if (path !== undefined) return { program: { path, builder: `${path}/${bin}`, args: [] }, files };
  const both = await store.addGathered(name, { [bin]: executable, ...lib });
  const folder = `${both.path}/lib`;
  const args = ["--library-path", folder, "--argv0", base, `${both.path}/${bin}`];
  return { program: { path: both.path, builder: `${folder}/${basename(loader)}`, args }, files };
}

function notAProgram(program: string, place: string): Error {
  const shebang = readShebang(program);
  if (shebang === undefined) return pipeliteError("TOOL_NOT_A_PROGRAM", { program, place });
  return pipeliteError("TOOL_IS_SCRIPT", { program, place, interpreter: basename(shebang.interpreter) });
}

interface WithLibraries {
  executable: string;
  name: string;
  base: string;
  /** Path in the store object -> file. */
  lib: Readonly<Record<string, string>>;
  loader: string;
}

/** @returns the program's path; undefined when it can't be made to name its libraries */
async function addNamingLoader(store: Store, { executable, name, base, lib, loader }: WithLibraries) {
  const { path: libraries } = await store.addGathered(`${name}-libraries`, lib);
  const names = { loader: `${libraries}/lib/${basename(loader)}`, libraries: `${libraries}/lib` };
  const edits = editsToName(executable, names);
  if (edits === undefined) return undefined;
  const { path } = await store.addGathered(name, { [`bin/${base}`]: { file: executable, edits } }, [
    libraries,
  ]);
  return path;
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
