// Scripts of the shell as stages:
//
//   sh`${jq} .a ${data} | ${sort} -u > ${out}`
//   sh({ path: [tool("gzip")] })`gzip -9 < ${data} > ${out("data.gz")}`
import { commandNode } from "./command.ts";
import type { CommandOptions, Node, Tool, Word } from "./nodes.ts";
import { isTool } from "./nodes.ts";
import { MisplacedValue, ShellText } from "./shell-text.ts";
import { callerPlace } from "./source-position.ts";
import { pipeliteError } from "./errors.ts";

export interface ShellOptions extends CommandOptions {
  /** A bash. Default: that of this machine. */
  readonly shell?: Tool;
}

/** What a value in a script can be: a word, or a list of words. */
export type ShellWord = Word | readonly Word[];

type ShellTag = (strings: TemplateStringsArray, ...values: readonly ShellWord[]) => Node;

/** A script, or, called with options, what makes one with these. */
interface Shell extends ShellTag {
  (options: ShellOptions): ShellTag;
}

/**
 * A stage that is a script of bash, run with `set -euo pipefail`. Its values are words whatever is in them: text, numbers,
 * nodes and files of them by path, tools, `out`, and lists of those.
 */
export const sh = shell as Shell;

function shell(first: TemplateStringsArray | ShellOptions, ...values: readonly ShellWord[]): Node | ShellTag {
  const place = callerPlace();
  if (isTemplate(first)) return script({ place, strings: first.raw, values, options: {} });
  if (typeof first !== "object" || first === null) throw pipeliteError("SHELL_NOT_A_TEMPLATE", { place });
  return (strings, ...more) => script({ place, strings: strings.raw, values: more, options: first });
}

function isTemplate(value: unknown): value is TemplateStringsArray {
  return Array.isArray(value) && "raw" in value;
}

interface Written {
  place: string;
  strings: readonly string[];
  values: readonly ShellWord[];
  options: ShellOptions;
}

function script({ place, strings, values, options: { shell: given, ...options } }: Written): Node {
  if (given !== undefined && !isTool(given)) throw pipeliteError("SHELL_NOT_A_TEMPLATE", { place });
  const { environment } = options;
  const bash: Tool = given ?? { kind: "tool", program: "bash", place, ...(environment && { environment }) };
  const pieces = strings.map(unescapeTemplate);
  const listed = values.map((value) => (Array.isArray(value) ? (value as readonly Word[]) : [value as Word]));
  const text = scriptOf(pieces, values, place);
  const prologue = values.length > 0 ? 'pipelite=("$@"); set --; ' : "";
  const shown = pieces.flatMap((piece, index) => [piece, ...spaced(listed[index] ?? [])]);
  return commandNode({
    kind: "command",
    place,
    program: bash,
    words: [...FLAGS, "-c", `${NOT_FOUND}${FAILED}${prologue}${text}`, "sh", ...listed.flat()],
    options,
    script: shown,
  });
}

/** No file of the machine is read first; -e holds in $(...) as well. */
const FLAGS = ["--norc", "-euo", "pipefail", "-O", "inherit_errexit"];

/** All stands on the first line, so that bash tells lines as they are written. */
const NOT_FOUND =
  'command_not_found_handle() { echo "$1: not on the PATH of this script: give it with path: [tool(\\"$1\\")]" >&2; return 127; }; ';
const FAILED = "trap 'echo \"sh: line $LINENO ended with $?: $BASH_COMMAND\" >&2' ERR; ";

/** Raw text, so that a backslash is the shell's; only what a template needs escaped is as if it were not. */
function unescapeTemplate(raw: string): string {
  return raw.replaceAll("\\`", "`").replaceAll("\\${", "${");
}

function spaced(words: readonly Word[]): Word[] {
  return words.flatMap((word, index) => (index === 0 ? [word] : [" ", word]));
}

function scriptOf(pieces: readonly string[], values: readonly ShellWord[], place: string): string {
  const text = new ShellText();
  let index = 0;
  for (const [at, piece] of pieces.entries()) {
    const value = values[at];
    const count = Array.isArray(value) ? value.length : undefined;
    const digits = typeof value === "number" ? String(value) : undefined;
    try {
      text.text(piece);
      if (at < values.length) text.value({ index, count, digits });
    } catch (error) {
      if (!(error instanceof MisplacedValue)) throw error;
      throw pipeliteError("SHELL_VALUE_MISPLACED", { place, number: at + 1, problem: error.message });
    }
    index += count ?? 1;
  }
  try {
    return text.end();
  } catch (error) {
    if (!(error instanceof MisplacedValue)) throw error;
    throw pipeliteError("SHELL_UNFINISHED", { place, within: error.message });
  }
}
