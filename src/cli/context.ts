// What a command gets from the process it runs in. Commands print and read through this alone, so that a test can run
// one in its own process and see all it does.
import { cleanLines } from "#view/format.ts";
import { shownJson } from "#base/shown-json.ts";
import { lstatSync, realpathSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pipeliteError } from "./errors.ts";
import { homeFolder } from "#base/home-folder.ts";
import { cleanPainted, createPaint, wantsColor, type ColorChoice, type Paint } from "#view/paint.ts";
import type { Output } from "#view/view.ts";

export type { ExitCode } from "#base/errors.ts";

export interface Host {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: NodeJS.ReadableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Whether a person can speak with a program that this process starts. */
  readonly isInteractive: boolean;
  /** Writes bytes to stdout, and returns when they are written. */
  writeBytes(bytes: Uint8Array): void;
  /** Aborted when the user asks to stop. Asking for it takes Ctrl-C over from the process's default. */
  interruption(): AbortSignal;
  /** From here on Ctrl-C is for the program that has the terminal; other signals abort as before. */
  leaveInterrupts(): void;
  /** Calls back when the process ends, whatever the reason. */
  onExit(callback: () => void): void;
}

export type Context = Host;

/** Flags that every command takes. */
export interface GlobalFlags {
  json: boolean;
  store: string | undefined;
  color: ColorChoice;
  quiet: boolean;
  verbose: boolean;
}

/** The folder of the home: --store, or that of the environment. */
export function homeOf(host: Pick<Host, "env" | "cwd">, store: string | undefined): string {
  return homeFolder(host, store);
}

/** A path that the user gave, from the folder the command was started in. */
export function pathOf({ cwd }: Pick<Host, "cwd">, path: string): string {
  return resolve(cwd, path);
}

/**
 * Where a command writes a file that the user named. What it reads must be there afterwards, and so must all that the home has.
 * @param store the value of --store
 * @param inputs absolute paths of the files that it reads
 * @throws PipeliteError ARGUMENT_INVALID where it is one of them, or lies in the home, by this name or by another
 */
export function outputPathOf(
  host: Pick<Host, "cwd" | "env">,
  { flag, path, store }: { flag: string; path: string; store: string | undefined },
  inputs: readonly (string | undefined)[] = [],
): string {
  const output = pathOf(host, path);
  if (isBelow(dirname(output), homeOf(host, store)))
    throw pipeliteError("ARGUMENT_INVALID", { value: path, name: flag, problem: "it lies in the home" });
  const replaced = identityOf(lstatSync, output);
  const isRead = (input: string | undefined) =>
    input !== undefined && identityOf(statSync, input) === replaced && replaced !== undefined;
  if (!inputs.some(isRead)) return output;
  const problem = "it is a file that this command reads";
  throw pipeliteError("ARGUMENT_INVALID", { value: path, name: flag, problem });
}

function isBelow(folder: string, above: string): boolean {
  try {
    return `${realpathSync(folder)}/`.startsWith(`${realpathSync(above)}/`);
  } catch {
    // One of them is not there: who writes says so.
    return false;
  }
}

/** What tells files apart, whatever they are called; undefined where there is none. */
function identityOf(look: typeof statSync, path: string): string | undefined {
  try {
    const stat = look(path);
    return stat.isFile() ? `${stat.dev} ${stat.ino}` : undefined;
  } catch {
    // Who reads or writes it says what is wrong with it.
    return undefined;
  }
}

/** Writes a result in words; nothing that it was made of moves the cursor. */
export function print(host: Pick<Host, "stdout">, text: string): void {
  printDocument(host, cleanPainted(text));
}

/** Writes a result that is a document, as it is. */
export function printDocument({ stdout }: Pick<Host, "stdout">, text: string): void {
  if (text !== "") stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** Writes a result for a program: one JSON document. */
export function printJson({ stdout }: Pick<Host, "stdout">, value: unknown): void {
  stdout.write(`${shownJson(value, 2)}\n`);
}

/** Says to the user what was done; no result, so not on stdout, and not with --quiet. */
export function say({ stderr }: Pick<Host, "stderr">, flags: { quiet: boolean }, text: string): void {
  if (!flags.quiet) stderr.write(`${cleanLines(text)}\n`);
}

/** Colours for what goes to stdout. */
export function paintOf({ stdout }: Pick<Host, "stdout">, { color }: { color: ColorChoice }): Paint {
  return createPaint(wantsColor(color, stdout));
}

/** Columns of the terminal that stdout is; undefined for a file or a pipe, whose lines are never broken. */
export function columnsOf({ stdout }: Pick<Host, "stdout">): number | undefined {
  return stdout.isTTY === true ? stdout.columns : undefined;
}

/** Whether the terminal's character set has more than ASCII. */
export function hasUnicode({ env }: Pick<Host, "env">): boolean {
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  return /utf-?8/i.test(locale) && env["TERM"] !== "linux";
}
