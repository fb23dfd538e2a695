// Folders for one command that faults are put into: its home, a cache, a project, and copies of them.
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { EXIT } from "#base/errors.ts";
import { filesBelow as namesBelow, removeTree } from "#base/files.ts";
import { openStore, type Store } from "#store/store.ts";
import { runHere } from "../cli/rig.ts";

/**
 * `kill`: the process is ended before the call. `EIO`, `ENOSPC`: the call fails. `full`: it fails with ENOSPC, and so do all that
 * come after it. `short`: of what the call is to write half is written, and the next one fails with ENOSPC, as where a disk has filled up. `power`: the process is ended, and of every file only what was synced is left. `torn`: the same, but all that was
 * written outside the store directory is left, as when the disk happened to take that first.
 */
export const FAULTS = ["kill", "EIO", "ENOSPC", "full", "short", "power", "torn"] as const;
export type Fault = (typeof FAULTS)[number];

/** What ends the process: what it leaves can be had by copies of what is there, of all places in one run. */
export function endsProcess(fault: Fault): boolean {
  return fault === "kill" || fault === "power" || fault === "torn";
}

const PIPELINE = `import { command, out, pack, param, pipeline, source, tool } from "pipelite";
const busybox = tool("busybox");
const n = param.integer({ name: "n", default: 1 });
const one = command(busybox, ["sh", "-c", "mkdir $0 && echo $1 > $0/one && cat $2 > $0/two && chmod +x $0/two", out, n, source("data.txt")]);
const two = command(busybox, ["sh", "-c", "cat $1/one $1/two > $0", out, one]);
export default pipeline({ one, two });
export const packages = pack({ name: "hello", version: "1.0", description: "Says hello", licence: "MIT",
  maintainer: "Anna Example <anna@example.org>", date: "2026-11-30", programs: { hello: one.file("two") } });
`;

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");

/** The shared object of faults.c, compiled in this folder. */
export function compileFaults(folder: string): string {
  const library = join(folder, "faults.so");
  const source = join(import.meta.dirname, "faults.c");
  execFileSync("gcc", ["-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source, "-ldl"]);
  return library;
}

export interface Started {
  /** Default: the command line. */
  program?: string | undefined;
  words: readonly string[];
  input?: Uint8Array;
}

/** Folders of their own for one scenario, made again from a copy before each fault. */
export class Work implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "pipelite-faults-"));
  /** All that is put back. */
  readonly now = join(this.folder, "now");
  readonly home = join(this.now, "home");
  readonly cache = join(this.now, "cache");
  readonly result = join(this.now, "result");
  readonly project = join(this.folder, "project");
  readonly tree = join(this.folder, "tree");
  readonly #library = compileFaults(this.folder);
  treePath = "";

  private constructor() {
    mkdirSync(this.project);
    writeFileSync(join(this.project, "pipeline.ts"), PIPELINE);
    writeFileSync(join(this.project, "data.txt"), "#!/bin/sh\n");
    mkdirSync(join(this.tree, "sub"), { recursive: true });
    for (let index = 0; index < 5; index += 1)
      writeFileSync(
        join(this.tree, index % 2 === 0 ? `f${index}` : `sub/f${index}`),
        "x".repeat(index * 70_000),
      );
  }

  static async make(): Promise<Work> {
    const work = new Work();
    mkdirSync(work.home, { recursive: true });
    mkdirSync(work.cache, { recursive: true });
    work.treePath = (await work.pipelite(["store", "add", work.tree])).trim();
    await work.pipelite(["store", "gc"]);
    return work;
  }

  [Symbol.dispose](): void {
    removeTree(this.folder);
  }

  /** What a command prints. Throws where it does not end with 0. */
  async pipelite(words: readonly string[], stdin?: Uint8Array): Promise<string> {
    return (await this.bytes(words, stdin)).toString();
  }

  /** The same with another home. */
  async elsewhere(home: string, words: readonly string[]): Promise<void> {
    await this.#bytes([...words, "--store", home]);
  }

  bytes(words: readonly string[], stdin?: Uint8Array): Promise<Buffer> {
    return this.#bytes([...words, "--store", this.home], stdin);
  }

  async #bytes(words: readonly string[], stdin?: Uint8Array): Promise<Buffer> {
    const { code, stdoutBytes, stderr } = await runHere(words, {
      cwd: this.project,
      env: { ...process.env, NO_COLOR: "1" },
      ...(stdin !== undefined && { stdin }),
    });
    if (code !== EXIT.ok)
      throw new Error(`${words.join(" ")} ended with ${code}: ${stderr}${stdoutBytes.toString()}`);
    return stdoutBytes;
  }

  start({ program = MAIN, words, input = new Uint8Array() }: Started, fault: Record<string, string>) {
    const args = ["--disable-warning=ExperimentalWarning", program, ...words, "--store", this.home];
    const env = { ...process.env, ...fault, NO_COLOR: "1", UV_THREADPOOL_SIZE: "1" };
    const options = { cwd: this.project, encoding: "utf8", env, timeout: 120_000, input } as const;
    return spawnSync(process.execPath, args, options);
  }

  mustHave(path: string): void {
    if (!this.registered().has(path)) throw new Error(`${path} is not there`);
  }

  mustNotHave(path: string): void {
    if (this.registered().has(path)) throw new Error(`${path} is still there`);
  }

  registered(): Set<string> {
    if (!existsSync(join(this.home, "nix/var/nix/db/db.sqlite"))) return new Set();
    return new Set(this.reading((store) => store.validPaths()));
  }

  reading<T>(action: (store: Store) => T): T {
    using store = openStore(this.home);
    return action(store);
  }

  /** A file for a store path of its own. */
  text(name: string, content = name): string {
    const file = join(this.folder, name);
    writeFileSync(file, content);
    return file;
  }

  /** As if the builds had been a year ago. */
  ageLogs(): void {
    const yearAgo = Date.now() / 1000 - 365 * 86_400;
    for (const file of filesBelow(join(this.home, "nix/var/log"))) utimesSync(file, yearAgo, yearAgo);
  }

  /** Keeps what is there for `restore`. */
  save(): void {
    cpSync(this.now, join(this.folder, "saved"), {
      recursive: true,
      verbatimSymlinks: true,
      preserveTimestamps: true,
    });
  }

  restore(): void {
    removeTree(this.now);
    execFileSync("cp", ["-a", join(this.folder, "saved"), this.now]);
  }

  faulty(fault: Fault | "none", at: number, below: string): Record<string, string> {
    const shadow = join(this.folder, "shadow");
    removeTree(shadow);
    const isPower = fault === "power" || fault === "torn";
    if (isPower) {
      mkdirSync(shadow);
      for (const file of filesBelow(below)) cpSync(file, join(shadow, String(statSync(file).ino)));
    }
    return {
      LD_PRELOAD: this.#library,
      FAULT_HOME: below,
      FAULT_AT: String(at),
      FAULT_KIND: isPower ? "kill" : fault === "full" ? "after" : fault,
      FAULT_COUNT: join(this.folder, "count"),
      ...(isPower && { FAULT_SHADOW: shadow }),
    };
  }

  /** For copies of what is there before each of these calls, made while the command runs. */
  snapshots(below: string, { first, step }: { first: number; step: number }, isPower: boolean) {
    const folder = join(this.folder, "snapshots");
    removeTree(folder);
    mkdirSync(folder);
    return {
      ...this.faulty(isPower ? "power" : "none", 0, below),
      FAULT_SNAPSHOTS: folder,
      FAULT_STATE: this.now,
      FAULT_FIRST: String(first),
      FAULT_STEP: String(step),
    };
  }

  /** The numbers of the calls that there are copies of, in their order. */
  snapshotNumbers(): number[] {
    return readdirSync(join(this.folder, "snapshots"))
      .map(Number)
      .toSorted((a, b) => a - b);
  }

  /** Puts such a copy where the command worked. */
  restoreSnapshot(number: number): void {
    removeTree(this.now);
    renameSync(join(this.folder, "snapshots", String(number), "now"), this.now);
  }

  /** How many calls the last command made that came to its end. */
  count(): number {
    return Number(readFileSync(join(this.folder, "count"), "utf8"));
  }

  /** Leaves of each file only what was synced. @param number of the snapshot that is there now */
  losePower(below: string, number: number): void {
    const snapshot = join(this.folder, "snapshots", String(number));
    const inodes = new Map(
      readFileSync(join(snapshot, "inodes"), "utf8")
        .split("\n")
        .map((line) => [line.slice(line.indexOf(" ") + 1), line.slice(0, line.indexOf(" "))]),
    );
    for (const file of filesBelow(below)) {
      const inode = inodes.get(relative(this.now, file)) ?? "none";
      const kept = join(snapshot, "shadow", inode);
      const synced = existsSync(kept) ? readFileSync(kept) : Buffer.alloc(0);
      if (!readFileSync(file).equals(synced)) overwrite(file, synced);
    }
  }
}

function overwrite(file: string, content: Uint8Array): void {
  const { mode } = statSync(file);
  execFileSync("chmod", ["u+w", file]);
  writeFileSync(file, content);
  execFileSync("chmod", [(mode & 0o7777).toString(8), file]);
}

/** Not through links: what they lead to has a name of its own. */
function filesBelow(folder: string): string[] {
  return existsSync(folder) ? namesBelow(folder).map((name) => join(folder, name)) : [];
}
