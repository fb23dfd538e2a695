// What the user is told when a command could not be done: `error:` and `hint:` on stderr, or with --json one document
// on stdout. A stack is shown for faults of ours only.
import { resolve } from "node:path";
import { getSystemErrorMessage } from "node:util";
import {
  AliasNotFoundError,
  ArgumentParseError,
  ArgumentScannerError,
  EnumValidationError,
  FlagNotFoundError,
  InvalidNegatedFlagSyntaxError,
  UnexpectedFlagError,
  UnexpectedPositionalError,
  UnsatisfiedFlagError,
  UnsatisfiedPositionalError,
} from "@stricli/core";
import { type PipeliteError, isPipeliteError, systemErrorCode } from "#base/errors.ts";
import { VERSION } from "#base/version.ts";
import { formatList } from "#view/format.ts";
import { createPaint, wantsColor, type ColorChoice } from "#view/paint.ts";
import type { ExitCode, Host } from "./context.ts";
import { isGroup } from "./routes.ts";
import { pipeliteError } from "./errors.ts";

/** Reports a problem of whatever kind and gives the exit code for it. */
export function reportProblem(problem: unknown, argv: readonly string[], host: Host): ExitCode {
  const error = asPipeliteError(problem, argv, host);
  const { json, color } = readOutputFlags(argv);
  const hint = error.hint === "" ? undefined : error.hint;
  if (json) {
    const { code, message, details } = error;
    const document = { error: { code, message, ...(hint && { hint }), details } };
    host.stdout.write(`${JSON.stringify(document, writeAnything)}\n`);
  }
  const paint = createPaint(wantsColor(color, host.stderr));
  const lines: string[] = [];
  if (error.code === "INTERNAL_ERROR") lines.push(stackOf(problem));
  if (!json) lines.push(`${paint("error:", "failure")} ${error.message}`);
  if (!json && hint !== undefined) lines.push(`${paint("hint:", "busy")} ${hint}`);
  if (lines.length > 0) host.stderr.write(`${lines.join("\n")}\n`);
  return error.exitCode;
}

function asPipeliteError(problem: unknown, argv: readonly string[], host: Host): PipeliteError {
  if (isPipeliteError(problem)) return problem;
  if (isUnknownCommand(problem)) return commandError(problem, argv);
  if (problem instanceof ArgumentScannerError) return argumentError(problem, argv);
  if (problem instanceof Error && problem.name === "AbortError") {
    return pipeliteError("INTERRUPTED", {}, problem);
  }
  return systemError(problem, argv, host) ?? internalError(problem);
}

/** A file that cannot be read, a full disk: what the system refused, in its own words. */
function systemError(problem: unknown, argv: readonly string[], host: Host): PipeliteError | undefined {
  if (!(problem instanceof Error) || !("syscall" in problem) || !("errno" in problem)) return undefined;
  const { syscall, errno } = problem;
  if (typeof syscall !== "string" || typeof errno !== "number") return undefined;
  const path = "path" in problem ? String(problem.path) : undefined;
  const reason = getSystemErrorMessage(errno);
  const named = path === undefined ? undefined : wordFor(path, systemErrorCode(problem) ?? "", argv, host);
  if (named !== undefined) return pipeliteError("PATH_UNUSABLE", { path: named, reason }, problem);
  return pipeliteError("SYSTEM_CALL_FAILED", { call: syscall, path: path ?? "a file", reason }, problem);
}

/** What the system says of a path that can't be used as it was meant. */
const OF_A_PATH = /^(ENOENT|EISDIR|ENOTDIR|ENAMETOOLONG|ELOOP|EACCES|EPERM|EEXIST|EROFS)$/;
/** The same of a path below the one that was named: the fault is of the upper one. */
const OF_THE_PATH_ABOVE = /^(ENOTDIR|ENAMETOOLONG|EACCES|EROFS)$/;
/** Of a folder above the one that was named, when it had to be made or entered. */
const OF_THE_WAY_THERE = /^(ENOTDIR|EEXIST)$/;

/** The word of the command line that names the path, the file whose temporary neighbour it is, or a folder above or below. */
function wordFor(path: string, code: string, argv: readonly string[], { cwd }: Host): string | undefined {
  if (!OF_A_PATH.test(code)) return undefined;
  const words = argv
    .flatMap((word) => [word, word.slice(word.indexOf("=") + 1)])
    .filter((word) => word !== "" && resolve(cwd, word) !== cwd);
  const find = (fits: (typed: string) => boolean) => words.find((word) => fits(resolve(cwd, word)));
  return (
    find((typed) => path === typed || (path.startsWith(`${typed}.`) && path.endsWith(".tmp"))) ??
    find((typed) => OF_THE_PATH_ABOVE.test(code) && path.startsWith(`${typed}/`)) ??
    find((typed) => OF_THE_WAY_THERE.test(code) && typed.startsWith(`${path}/`))
  );
}

function internalError(problem: unknown): PipeliteError {
  const text = problem instanceof Error ? problem.message : String(problem);
  return pipeliteError("INTERNAL_ERROR", { problem: text, version: VERSION }, problem);
}

function stackOf(problem: unknown): string {
  return problem instanceof Error && problem.stack !== undefined ? problem.stack : String(problem);
}

/** What app.ts notes when no command has the name. */
export interface UnknownCommand {
  kind: "unknown-command";
  input: string;
  /** As the library gives them: in backticks. */
  corrections: readonly string[];
}

function isUnknownCommand(problem: unknown): problem is UnknownCommand {
  return typeof problem === "object" && problem !== null && "kind" in problem;
}

function commandError({ input, corrections }: UnknownCommand, argv: readonly string[]): PipeliteError {
  const words = argv.filter((word) => !word.startsWith("-"));
  const group = isGroup(words[0]) && words[1] === input ? words[0] : undefined;
  const prefix = group === undefined ? "" : `${group} `;
  const names = corrections.map((name) => name.replace("`", `\`pipelite ${prefix}`));
  const help = `\`pipelite help${group === undefined ? "" : ` ${group}`}\` lists all commands`;
  const suggestion = names.length > 0 ? `Did you mean ${formatOr(names)}?` : help;
  return pipeliteError("COMMAND_UNKNOWN", { command: `${prefix}${input}`, suggestion });
}

function argumentError(error: ArgumentScannerError, argv: readonly string[]): PipeliteError {
  const help = `\`pipelite help ${commandWords(argv)}\` explains the command`;
  if (error instanceof FlagNotFoundError) {
    const names = error.corrections.map((name) => `--${asTyped(name)}`);
    const suggestion = names.length > 0 ? `Did you mean ${formatOr(names)}?` : help;
    return pipeliteError("FLAG_UNKNOWN", { flag: `--${error.input}`, suggestion });
  }
  if (error instanceof AliasNotFoundError) {
    return pipeliteError("FLAG_UNKNOWN", { flag: `-${error.input}`, suggestion: help });
  }
  if (error instanceof ArgumentParseError) {
    const problem = error.exception instanceof Error ? error.exception.message : String(error.exception);
    const name = asFlag(error.externalFlagNameOrPlaceholder);
    return pipeliteError("ARGUMENT_INVALID", { value: error.input, name, problem });
  }
  if (error instanceof EnumValidationError) {
    const problem = `it must be ${formatOr(error.values)}`;
    return pipeliteError("ARGUMENT_INVALID", {
      value: error.input,
      name: `--${error.externalFlagName}`,
      problem,
    });
  }
  if (error instanceof UnsatisfiedFlagError) {
    return pipeliteError("FLAG_VALUE_MISSING", { flag: `--${error.externalFlagName}` });
  }
  if (error instanceof UnexpectedFlagError) {
    const { externalFlagName, previousInput: first, input: second } = error;
    return pipeliteError("FLAG_REPEATED", { flag: `--${externalFlagName}`, first, second });
  }
  if (error instanceof InvalidNegatedFlagSyntaxError) {
    const details = {
      value: error.valueText,
      name: `--${error.externalFlagName}`,
      problem: "it takes no value",
    };
    return pipeliteError("ARGUMENT_INVALID", details);
  }
  if (error instanceof UnexpectedPositionalError) {
    return pipeliteError("ARGUMENT_UNEXPECTED", { value: error.input, suggestion: help });
  }
  if (error instanceof UnsatisfiedPositionalError) {
    return pipeliteError("ARGUMENT_MISSING", { name: error.placeholder, suggestion: help });
  }
  return internalError(error);
}

/** The library's name of a flag as the user types it: `allowAxiom` is `allow-axiom`. */
function asTyped(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function asFlag(name: string): string {
  return name === name.toUpperCase() ? name : `--${name}`;
}

function commandWords(argv: readonly string[]): string {
  const words = argv.filter((word) => !word.startsWith("-"));
  return words.slice(0, isGroup(words[0]) ? 2 : 1).join(" ");
}

function formatOr(items: readonly string[]): string {
  return formatList(items, { word: "or" });
}

/** --json and --color, also of a command line that could not be understood. */
function readOutputFlags(argv: readonly string[]): { json: boolean; color: ColorChoice } {
  const end = argv.indexOf("--");
  const flags = end < 0 ? argv : argv.slice(0, end);
  const at = flags.indexOf("--color");
  const value = at < 0 ? flags.find((flag) => flag.startsWith("--color="))?.slice(8) : flags[at + 1];
  return { json: flags.includes("--json"), color: value === "always" || value === "never" ? value : "auto" };
}

function writeAnything(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  return value instanceof Error ? value.message : value;
}
