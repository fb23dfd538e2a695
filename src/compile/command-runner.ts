// Runs inside the sandbox, in front of a command that needs more than to be started: gives it its folder, its standard
// input and output and its PATH, finds out how a program that a stage made is started, and keeps what it leaves.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, openSync, readdirSync } from "node:fs";
import { lstatSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { readLoader } from "#base/elf.ts";
import { readShebang } from "#base/shebang.ts";
import type { Source, StageContext } from "#author/files.ts";

/** What the runner is told; the words of the command are the arguments of the process. */
export interface CommandSetup {
  /** The program was made by a stage, or lies in the source tree: how it is started follows from its first bytes. */
  made: boolean;
  /** Name -> words that start it: programs on the PATH, and interpreters for scripts. */
  path?: Record<string, string[]>;
  /** Path that a word of the command stands for -> words that start the program. */
  tools?: Record<string, string[]>;
  stdin?: string;
  stdout?: string;
  /** Files of the output that the command was told to write. */
  files: string[];
  /** Name in the folder that it is started in -> the input that is copied there. */
  copies?: Record<string, Source>;
  keep?: string[];
}

export default function run(setup: CommandSetup, { out, temp }: StageContext): void {
  const own = join(temp, ".pipelite");
  const folder = setup.copies === undefined && setup.keep === undefined ? temp : join(own, "work");
  mkdirSync(folder, { recursive: true });
  for (const [name, { path }] of Object.entries(setup.copies ?? {})) copyWritable(path, join(folder, name));
  for (const [path, words] of Object.entries(setup.tools ?? {})) writeStarter(path, words);
  for (const [name, words] of Object.entries(setup.path ?? {})) writeStarter(join(own, "bin", name), words);
  const kept = setup.keep ?? [];
  const makesFolder = kept.length > 0 || setup.files.length > 0;
  if (makesFolder) mkdirSync(out, { recursive: true });
  for (const file of setup.files) mkdirSync(dirname(join(out, file)), { recursive: true });

  const [program = "", ...args] = process.argv.slice(2);
  const words = setup.made ? [...startOf(program, setup, own), ...args] : [program, ...args];
  start(words, setup, { folder, path: setup.path === undefined ? undefined : join(own, "bin") });

  for (const name of kept) {
    if (!existsSync(join(folder, name))) fail(`it left no '${name}': ${listed(folder)}`);
    mkdirSync(dirname(join(out, name)), { recursive: true });
    cpSync(join(folder, name), join(out, name), { recursive: true, verbatimSymlinks: true });
  }
  const missing = setup.files.find((file) => !existsSync(join(out, file)));
  if (missing !== undefined)
    fail(`it did not write '${missing}', which it was given by out(): ${listed(out)}`);
}

function start(
  words: readonly string[],
  { stdin, stdout }: CommandSetup,
  { folder, path }: { folder: string; path: string | undefined },
): void {
  const [program = "", ...args] = words;
  const { stage: _stage, stagePath: _stagePath, passAsFile: _asFile, ...env } = process.env;
  const seen = path === undefined ? env : { ...env, PATH: withEnvironment(path, env["PATH"]) };
  const { status, signal, error } = spawnSync(program, args, {
    // As it was called before it came into the store.
    argv0: basename(program).replace(/^[0-9a-z]{32}-/, ""),
    cwd: folder,
    env: seen,
    stdio: [
      stdin === undefined ? "ignore" : openSync(stdin, "r"),
      stdout === undefined ? "inherit" : openSync(stdout, "w"),
      "inherit",
    ],
  });
  if (error !== undefined && "code" in error && error.code === "ENOENT" && !program.includes("/"))
    fail(`there is no program '${program}' in the folders of its PATH, ${seen.PATH ?? "which is not set"}`);
  if (error !== undefined) fail(`cannot start ${program}: ${error.message}`);
  if (signal !== null) fail(`it was ended by ${signal}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** In an environment its own programs come behind those that the command was given. */
function withEnvironment(path: string, outer: string | undefined): string {
  return outer === undefined || outer === "/path-not-set" ? path : `${path}:${outer}`;
}

/** The words that start a program that a stage made, or that lies in the source tree. */
function startOf(program: string, { path = {} }: CommandSetup, own: string): string[] {
  if (!existsSync(program) || !statSync(program).isFile())
    fail(
      `its program is not a file: ${existsSync(program) ? `in the folder ${listed(program)}` : "not there"}`,
    );
  const shebang = readShebang(program);
  if (shebang !== undefined) {
    const { interpreter, args } = shebang;
    const found = path[basename(interpreter)] ?? inEnvironment(interpreter);
    const name = basename(interpreter);
    if (found === undefined)
      fail(`${basename(program)} is a script for ${name}: give it with \`path: [tool("${name}")]\``);
    return [...found, ...args, program];
  }
  const loader = readLoader(program);
  if (loader === null)
    fail(`${basename(program)} is no program for this machine, and no script that begins with #!`);
  if (loader !== undefined && !existsSync(loader))
    fail(
      `${basename(program)} was linked for the loader ${loader}, which is not among its inputs: ` +
        "link it with -static, or run it in the environment that it was compiled in (option `environment`)",
    );
  if ((statSync(program).mode & 0o111) !== 0) return [program];
  // What a TypeScript stage returns is not marked as a program.
  const copy = join(own, "program", basename(program));
  mkdirSync(dirname(copy), { recursive: true });
  copyFileSync(program, copy);
  chmodSync(copy, 0o755);
  return [copy];
}

/** An interpreter where the script says, or, for `env NAME`, on the PATH. */
function inEnvironment(interpreter: string): string[] | undefined {
  const folders = interpreter.includes("/") ? [""] : (process.env["PATH"] ?? "").split(":");
  const found = folders.map((folder) => join(folder, interpreter)).find((file) => existsSync(file));
  return found === undefined ? undefined : [found];
}

/** A path that starts a program: a link, or where that takes more words, a small program of its own. */
function writeStarter(path: string, words: readonly string[]): void {
  mkdirSync(dirname(path), { recursive: true });
  const [program = "", ...args] = words;
  if (args.length === 0) return symlinkSync(program, path);
  const start = `process.execve(${JSON.stringify(program)}, [${JSON.stringify(basename(program))}, ...${JSON.stringify(args)}, ...process.argv.slice(2)]);`;
  writeFileSync(path, `#!${process.execPath} --disable-warning=ExperimentalWarning\n${start}\n`, {
    mode: 0o755,
  });
}

function copyWritable(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  makeWritable(to);
}

function makeWritable(path: string): void {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return;
  chmodSync(path, stat.mode | 0o200);
  if (stat.isDirectory()) for (const name of readdirSync(path)) makeWritable(join(path, name));
}

function listed(folder: string): string {
  return `there is ${readdirSync(folder).toSorted().join(", ") || "nothing"}`;
}

function fail(problem: string): never {
  console.error(`The command failed: ${problem}`);
  process.exit(1);
}
