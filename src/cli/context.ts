// What a command gets from the process it runs in. Commands print and read through this alone, so that a test can run
// one in its own process and see all it does.
import { resolve } from "node:path";
import type { CommandContext, StricliProcess } from "@stricli/core";
import type { EXIT } from "#base/errors.ts";
import type { ColorChoice } from "#view/paint.ts";
import type { Meaning } from "./known.ts";

export { homeOf } from "./home.ts";

export type Output = NodeJS.WritableStream & { isTTY?: boolean; columns?: number };

export interface Host {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: NodeJS.ReadableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Writes bytes to stdout, and returns when they are written. */
  writeBytes(bytes: Uint8Array): void;
  /** Aborted when the user asks to stop. Asking for it takes Ctrl-C over from the process's default. */
  interruption(): AbortSignal;
  /** Calls back when the process ends, whatever the reason. */
  onExit(callback: () => void): void;
  /** Notes what the words of the command line meant, for the next process that is given the same. */
  keepMeaning?(meaning: Meaning): void;
}

export interface Context extends CommandContext, Host {
  readonly process: StricliProcess;
}

/** Flags that every command takes. */
export interface GlobalFlags {
  json: boolean;
  store: string | undefined;
  color: ColorChoice;
  quiet: boolean;
  verbose: boolean;
}

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the command with this code; without it, a command that returns has ended well. */
export function endWith(context: Context, code: ExitCode): void {
  context.process.exitCode = code;
}

/** A command as the library calls it, from one that takes its context as an argument. */
export function withContext<FLAGS extends object, ARGS extends readonly unknown[]>(
  command: (context: Context, flags: FLAGS, ...args: ARGS) => void | Promise<void>,
): (this: Context, flags: FLAGS, ...args: ARGS) => void | Promise<void> {
  return function call(this: Context, flags, ...args) {
    return command(this, flags, ...args);
  };
}

/** A path that the user gave, from the folder the command was started in. */
export function pathOf({ cwd }: Pick<Host, "cwd">, path: string): string {
  return resolve(cwd, path);
}

/** Writes a result. */
export function print({ stdout }: Pick<Host, "stdout">, text: string): void {
  if (text !== "") stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** Writes a result for a program: one JSON document. */
export function printJson({ stdout }: Pick<Host, "stdout">, value: unknown): void {
  stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Says to the user what was done; no result, so not on stdout, and not with --quiet. */
export function say({ stderr }: Pick<Host, "stderr">, flags: { quiet: boolean }, text: string): void {
  if (!flags.quiet) stderr.write(`${text}\n`);
}

/** Whether the terminal's character set has more than ASCII. */
export function hasUnicode({ env }: Pick<Host, "env">): boolean {
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  return /utf-?8/i.test(locale) && env["TERM"] !== "linux";
}
