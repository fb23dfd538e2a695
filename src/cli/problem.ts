// What the user sees when a command fails: `error:` and `hint:` on stderr, or with --json one document
// on stdout. A stack is shown for faults of ours only.
import { pipeliteError as baseError } from "#base/base-errors.ts";
import { isTooLarge } from "#base/files.ts";
import { shownJson } from "#base/shown-json.ts";
import { tmpdir } from "node:os";
import { basename, dirname, resolve } from "node:path";
import { firstProblem, type PipeliteError, isPipeliteError, systemErrorCode } from "#base/errors.ts";
import { homeFailure } from "#app/home-failure.ts";
import { homeFolder } from "#base/home-folder.ts";
import { systemReason } from "#base/system-reason.ts";
import { pipeliteError } from "./errors.ts";
import { VERSION } from "#base/version.ts";
import { cleanLines } from "#view/format.ts";
import { createPaint, wantsColor, type ColorChoice } from "#view/paint.ts";
import type { ExitCode, Host } from "./context.ts";

/** Reports any problem and gives the exit code for it. */
export function reportProblem(thrown: unknown, argv: readonly string[], host: Host): ExitCode {
  const problem = firstProblem(thrown);
  const error = asPipeliteError(problem, argv, host);
  const { json, color } = readOutputFlags(argv);
  const hint = error.hint === "" ? undefined : error.hint;
  const isWritten = json && writeDocument(error, hint, host);
  const paint = createPaint(wantsColor(color, host.stderr));
  const lines: string[] = [];
  if (error.code === "INTERNAL_ERROR") lines.push(stackOf(problem));
  if (!isWritten) lines.push(`${paint("error:", "failure")} ${cleanLines(error.message)}`);
  if (!isWritten && hint !== undefined) lines.push(`${paint("hint:", "busy")} ${cleanLines(hint)}`);
  if (lines.length > 0) host.stderr.write(`${lines.join("\n")}\n`);
  return error.exitCode;
}

/** @returns false where stdout takes nothing, which may be what the error is about */
function writeDocument(
  { code, message, details }: PipeliteError,
  hint: string | undefined,
  { stdout }: Host,
): boolean {
  const document = { error: { code, message, ...(hint && { hint }), details } };
  try {
    stdout.write(`${shownJson(document, undefined, writeAnything)}\n`);
    return true;
  } catch {
    return false;
  }
}

function asPipeliteError(problem: unknown, argv: readonly string[], host: Host): PipeliteError {
  if (isPipeliteError(problem)) return problem;
  if (problem instanceof Error && problem.name === "AbortError") {
    return pipeliteError("INTERRUPTED", {}, problem);
  }
  if (isTooLarge(problem)) return baseError("FILE_TOO_LARGE", { path: "a file" }, problem);
  return (
    systemError(problem, argv, host) ?? nulInPath(problem) ?? tooManyFiles(problem) ?? internalError(problem)
  );
}

/** Node's loader tells of a limit of the system in words of its own. */
function tooManyFiles(problem: unknown): PipeliteError | undefined {
  if (!(problem instanceof Error)) return undefined;
  const [, path] = /^Cannot read package config (.+): too many open files\.?$/.exec(problem.message) ?? [];
  if (path === undefined) return undefined;
  return pipeliteError("SYSTEM_CALL_FAILED", { call: "open", path, reason: "too many open files" }, problem);
}

/** A path that no system takes. */
function nulInPath(problem: unknown): PipeliteError | undefined {
  if (!(problem instanceof TypeError) || systemErrorCode(problem) !== "ERR_INVALID_ARG_VALUE")
    return undefined;
  const [, path] = /without null bytes\. Received '(.*)'$/s.exec(problem.message) ?? [];
  return path === undefined
    ? undefined
    : pipeliteError("PATH_UNUSABLE", { path, reason: "it holds a NUL" }, problem);
}

/** A file that cannot be read, a full disk: what the system refused, in its own words. */
function systemError(problem: unknown, argv: readonly string[], host: Host): PipeliteError | undefined {
  if (!(problem instanceof Error) || !("syscall" in problem) || !("errno" in problem)) return undefined;
  const { syscall, errno } = problem;
  if (typeof syscall !== "string" || typeof errno !== "number") return undefined;
  const path = "path" in problem ? String(problem.path) : undefined;
  const reason = REASONS[`${syscall} ${systemErrorCode(problem)}`] ?? systemReason(errno);
  const named = path === undefined ? undefined : wordFor(path, systemErrorCode(problem) ?? "", argv, host);
  if (named !== undefined) return pipeliteError("PATH_UNUSABLE", { path: named, reason }, problem);
  if (syscall === "mkdtemp" && path !== undefined && dirname(path) === tmpdir())
    return pipeliteError("TEMPORARY_FOLDER_UNUSABLE", { folder: dirname(path), reason }, problem);
  const home = homeIn(argv, host);
  const ofHome = home === undefined || path === undefined ? undefined : homeFailure(home, path, problem);
  if (ofHome !== undefined) return ofHome;
  return pipeliteError("SYSTEM_CALL_FAILED", { call: syscall, path: path ?? "a file", reason }, problem);
}

/** --store, also of a command line that could not be understood; undefined where nobody can tell. */
function homeIn(argv: readonly string[], host: Host): string | undefined {
  const end = argv.indexOf("--");
  const flags = end < 0 ? argv : argv.slice(0, end);
  const at = flags.indexOf("--store");
  const named = at < 0 ? flags.find((flag) => flag.startsWith("--store="))?.slice(8) : flags[at + 1];
  try {
    return homeFolder(host, named);
  } catch {
    return undefined;
  }
}

const NO_FILE = "it is a folder, and must be a file";
/** What the system says in words that tell only half of it. */
const REASONS: Readonly<Record<string, string>> = {
  "open EISDIR": NO_FILE,
  "read EISDIR": NO_FILE,
  "rename EISDIR": NO_FILE,
  "mkdir EEXIST": "it is a file, and must be a folder",
};
/** Errors of the system about the path itself. */
const OF_A_PATH =
  /^(ENOENT|EISDIR|ENOTDIR|ENAMETOOLONG|ELOOP|EACCES|EPERM|EEXIST|EROFS|EFBIG|EBUSY|ENXIO|ENODEV|ETXTBSY|EIO|EINVAL|ENODATA|EOPNOTSUPP)$/;
/** Errors about a path below the one that was named: the fault is in the named one. */
const OF_THE_PATH_ABOVE = /^(ENOTDIR|ENAMETOOLONG|ELOOP|EACCES|EROFS)$/;
/** Errors about a folder above the one that was named, which had to be made or entered. */
const OF_THE_WAY_THERE = /^(ENOTDIR|EEXIST|ENOENT|EACCES|EROFS)$/;

/** The word of the command line that names the path, the file whose temporary neighbour it is, or a folder above or below. */
function wordFor(path: string, code: string, argv: readonly string[], { cwd }: Host): string | undefined {
  if (!OF_A_PATH.test(code)) return undefined;
  const words = argv
    .flatMap((word) => [word, word.slice(word.indexOf("=") + 1)])
    .filter((word) => word !== "" && resolve(cwd, word) !== cwd);
  const find = (fits: (typed: string) => boolean) => words.find((word) => fits(resolve(cwd, word)));
  // An empty word names the folder where the command was started, and so does a dot.
  const here = argv.map((word) => word.replace(/^--[\w-]+=/, "")).find((word) => resolve(cwd, word) === cwd);
  if (here !== undefined && (path === cwd || (path.startsWith(`${cwd}.`) && path.endsWith(".tmp"))))
    return here === "" ? "''" : here;
  return (
    find((typed) => path === typed || (path.startsWith(`${typed}.`) && path.endsWith(".tmp"))) ??
    find((typed) => OF_THE_PATH_ABOVE.test(code) && path.startsWith(`${typed}/`)) ??
    find((typed) => OF_THE_WAY_THERE.test(code) && typed.startsWith(`${path}/`)) ??
    find((typed) => OF_THE_WAY_THERE.test(code) && isHiddenBeside(typed, path))
  );
}

/** Where something is written before it gets its name. */
function isHiddenBeside(typed: string, path: string): boolean {
  return dirname(path) === dirname(typed) && basename(path).startsWith(".");
}

function internalError(problem: unknown): PipeliteError {
  const text = problem instanceof Error ? problem.message : String(problem);
  return pipeliteError("INTERNAL_ERROR", { problem: text, version: VERSION }, problem);
}

function stackOf(problem: unknown): string {
  return problem instanceof Error && problem.stack !== undefined ? problem.stack : String(problem);
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
