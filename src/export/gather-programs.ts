// Runs inside the sandbox: a folder `bin` with the programs of a shell. What is one file is a link to it; what takes more
// words is a script of the shell that comes with it; a program of an environment is started by a script that enters that.
import { chmodSync, mkdirSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StageContext } from "#author/files.ts";

interface Inputs {
  bash: string;
  /** Name -> the words that start it. */
  programs: Record<string, string[]>;
  /** What is earlier hides what is later. */
  roots: EnteredRoot[];
  /** The words that start `unshare` and `mount`. */
  entering: string[][];
}

/** An environment. */
export interface EnteredRoot {
  /** Null for one whose programs are started from the store. */
  root: string | null;
  env: Readonly<Record<string, string>>;
  /** Its programs that are wanted; null for all. */
  names: string[] | null;
}

export default function gatherPrograms(
  { bash, programs, roots, entering }: Inputs,
  { out }: StageContext,
): void {
  const bin = `${out}/bin`;
  mkdirSync(bin, { recursive: true });
  const taken = new Set(Object.keys(programs));
  for (const [name, [program = "", ...words]] of Object.entries(programs)) {
    if (words.length === 0) symlinkSync(program, join(bin, name));
    else writeScript(join(bin, name), bash, [`exec ${[program, ...words].map(quote).join(" ")} "$@"`]);
  }
  for (const [index, each] of roots.entries()) {
    const found = programsOf(each);
    const wanted = each.names ?? [...found.keys()].toSorted();
    const free = wanted.filter((name) => !taken.has(name));
    for (const name of free) taken.add(name);
    const { root } = each;
    if (root === null) {
      for (const name of free) symlinkSync(found.get(name) ?? missing(name), join(bin, name));
      continue;
    }
    const script = `enter-${index}`;
    mkdirSync(`${out}/lib`, { recursive: true });
    writeScript(`${out}/lib/${script}`, bash, entrance(bash, { ...each, root }, entering));
    for (const name of free) symlinkSync(`../lib/${script}`, join(bin, name));
  }
}

/** Name -> file, of all programs on the PATH of an environment. */
function programsOf({ root, env }: EnteredRoot): Map<string, string> {
  const found = new Map<string, string>();
  for (const folder of (env["PATH"] ?? "").split(":")) {
    const place = root === null || folder.startsWith("/nix/store/") ? folder : `${root}${folder}`;
    for (const name of namesIn(place)) if (!found.has(name)) found.set(name, join(place, name));
  }
  return found;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Not every folder of a PATH is there.
    return [];
  }
}

function missing(name: string): never {
  throw new Error(`no program of the environment is called ${name}`);
}

/**
 * Starts the program of its own name in the environment, for whoever calls it: with the current folder as /build. The namespaces are
 * made by util-linux, since those of a stage are for the one user that a stage is.
 */
function entrance(
  bash: string,
  { root, env }: EnteredRoot & { root: string },
  [unshare = [], mount = []]: readonly string[][],
): string[] {
  const variables = Object.entries(env).map(([key, value]) => `export ${key}=${quote(value)}`);
  const inside = [
    "set -eu",
    // Nothing is written to the host's table of mounts, which other users of `mount` lock.
    `mount() { ${mount.map(quote).join(" ")} -n "$@"; }`,
    "name=$1; shift",
    `mount --rbind ${quote(realpathSync(root))} /tmp`,
    "mount -o remount,bind,ro,nosuid,nodev /tmp",
    'for each in dev proc nix/store; do mount --rbind "/$each" "/tmp/$each"; done',
    // By its number and not by its name, which may be below /tmp.
    "mount --no-canonicalize --rbind . /tmp/build",
    'for each in tmp run root var/tmp; do mount -t tmpfs tmpfs "/tmp/$each"; done',
    ...variables,
    `exec ${unshare.map(quote).join(" ")} --root=/tmp --wd=/build -- "$name" "$@"`,
  ];
  const start = [...unshare, "--map-root-user", "--mount", "--", bash, "-c"].map(quote).join(" ");
  return [`exec ${start} ${quote(inside.join("\n"))} enter "\${0##*/}" "$@"`];
}

function writeScript(file: string, bash: string, lines: readonly string[]): void {
  writeFileSync(file, [`#!${bash}`, ...lines, ""].join("\n"));
  chmodSync(file, 0o755);
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
