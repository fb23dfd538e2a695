// Commands: stages that run any other program.
//
//   command(tool("jq"), [".a", data], { stdout: "a.json" });
//   command(program, [data, "-o", out("plot.svg")]);
import { isFileOf, isNode, isOut, isTool, searchedNode } from "./nodes.ts";
import type { CommandHandle, CommandOptions, Node, Out, Program, Tool, Word } from "./nodes.ts";
import { isParam } from "./param.ts";
import { knownOptions, requireKind, STAGE_OPTIONS } from "./options.ts";
import { refuseSecrets } from "./secret.ts";
import { callerPlace } from "./source-position.ts";
import { requireText } from "./texts.ts";
import { pipeliteError } from "./errors.ts";

const COMMAND_OPTIONS = [...STAGE_OPTIONS, "env", "path", "stdin", "stdout", "copies", "keep"];

/** A program of this machine, by name (looked up on the PATH) or by path. */
export function tool(program: string, ...others: readonly unknown[]): Tool {
  const place = callerPlace();
  requireText(program, "the name of a program", place);
  const [options] = others;
  // As the function of a `map` it gets the index.
  if (typeof options === "object" && options !== null) knownOptions(options, [], place);
  return Object.freeze({ kind: "tool", program, place });
}

function outFile(file: string): Out {
  checkFile(file, callerPlace());
  return Object.freeze({ kind: "out", file });
}

/** Stands for the path where the output of a command is to appear; `out("plot.svg")` for that of one file in it. */
export const out: Out & ((file: string) => Out) = Object.freeze(
  Object.assign(outFile, { kind: "out" } as const),
);

/** A stage that runs any other program: `command(tool("sox"), [audio.file("walk.wav"), "-n", "spectrogram", "-o", out])`. */
export function command(program: Program, words: readonly Word[], options: CommandOptions = {}): Node {
  const place = callerPlace();
  if (!isTool(program) && !isNode(program) && !isFileOf(program))
    throw pipeliteError("COMMAND_PROGRAM_INVALID", { place });
  if (!Array.isArray(words)) throw pipeliteError("COMMAND_WORDS_INVALID", { place });
  return commandNode({ kind: "command", place, program, words: [...words], options });
}

/** The node of a command, once all that is said of it is right. */
export function commandNode(handle: CommandHandle): Node {
  const { place, words } = handle;
  refuseSecrets(handle, place);
  const options = knownOptions(handle.options, COMMAND_OPTIONS, place);
  words.forEach((word, index) => checkWord(word, `word ${index + 1}`, place));
  for (const [name, value] of Object.entries(options.env ?? {})) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || isReserved(name))
      throw pipeliteError("COMMAND_VARIABLE_INVALID", { place, name });
    checkWord(value, `the variable '${name}'`, place);
  }
  checkPath(options, place);
  checkFiles(options, words, place);
  return searchedNode({ ...handle, options });
}

function checkWord(word: unknown, what: string, place: string): void {
  const isText = typeof word === "string" && !word.includes("\0");
  if (isText || Number.isFinite(word) || isNode(word) || isFileOf(word) || isTool(word) || isOut(word))
    return;
  if (isParam(word) && word.tool === undefined) return;
  throw pipeliteError("COMMAND_WORD_INVALID", { place, what, value: describe(word) });
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return value.includes("\0") ? "a text with a null character" : "a text";
  if (value === null || value === undefined || typeof value === "number") return String(value);
  if (isParam(value)) return "a program that a run brings";
  return `a value of type ${typeof value}`;
}

/** Names that mean something to Nix, or to what starts the command, in a derivation. */
const RESERVED = new Set(
  (
    "name out outputs system builder args stage passAsFile exportReferencesGraph impureEnvVars outputHash " +
    "outputHashAlgo outputHashMode requiredSystemFeatures allowedReferences allowedRequisites disallowedReferences " +
    "disallowedRequisites preferLocalBuild allowSubstitutes outputChecks unsafeDiscardReferences"
  ).split(" "),
);

export function isReserved(name: string): boolean {
  return RESERVED.has(name) || name.startsWith("__");
}

function checkPath({ path = [], env = {} }: CommandOptions, place: string): void {
  const names = new Set<string>();
  requireKind(Array.isArray(path), path, { what: "`path`", wanted: "a list of tools", place });
  for (const each of path) {
    requireKind(isTool(each), each, { what: "a program of `path`", wanted: "a tool", place });
    const name = each.program.slice(each.program.lastIndexOf("/") + 1);
    if (names.has(name)) throw pipeliteError("COMMAND_PATH_TWICE", { place, name });
    names.add(name);
  }
  if (path.length > 0 && "PATH" in env)
    throw pipeliteError("COMMAND_VARIABLE_INVALID", { place, name: "PATH" });
}

function checkFiles(options: CommandOptions, words: readonly Word[], place: string): void {
  const { env = {}, stdin, stdout, copies = {}, keep = [] } = options;
  const inputs = [...(stdin === undefined ? [] : [["`stdin`", stdin] as const]), ...Object.entries(copies)];
  for (const [what, value] of inputs) {
    const wanted = "a node or a file of one";
    requireKind(isNode(value) || isFileOf(value), value, { what, wanted, place });
  }
  const stdoutFile = isOut(stdout) ? stdout.file : stdout;
  for (const name of [...Object.keys(copies), ...keep, ...(stdoutFile === undefined ? [] : [stdoutFile])])
    checkFile(name, place);
  const files = [...words, ...Object.values(env)].flatMap((word) =>
    isOut(word) && word.file !== undefined ? [word.file] : [],
  );
  const [other] = [...files, ...keep];
  if (isOut(stdout) && stdout.file === undefined && other !== undefined)
    throw pipeliteError("COMMAND_OUTPUT_MIXED", { place, file: other });
}

function checkFile(name: unknown, place: string): void {
  const isPlain =
    typeof name === "string" && name.split("/").every((part) => !["", ".", ".."].includes(part));
  if (!isPlain || name.includes("\0"))
    throw pipeliteError("COMMAND_FILE_INVALID", { place, name: String(name) });
}
