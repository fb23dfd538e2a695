// Reads the words of a command line: which command, which flags, which arguments. An unknown word is refused, with the
// nearest known one where there is one.
import type { PipeliteError } from "#base/errors.ts";
import { pipeliteError } from "./errors.ts";
import { nearWords } from "#base/near-words.ts";
import { formatList } from "#view/format.ts";
import { isCommandGroup, type Command, type CommandEntry, type Flag, type CommandGroup } from "./command.ts";
import { globalFlags } from "./flags.ts";

type Flags = Readonly<Record<string, Flag>>;

export interface FoundCommand {
  /** The words that lead to it, without `pipelite`. */
  path: readonly string[];
  target: CommandGroup | (() => Promise<Command>);
  /** The words after them, flags that stood before the command first. */
  rest: readonly string[];
}

/** @throws PipeliteError COMMAND_UNKNOWN */
export function findCommand(top: CommandGroup, words: readonly string[]): FoundCommand {
  const start = countLeadingFlags(words);
  const before = words.slice(0, start);
  const path: string[] = [];
  let target: CommandEntry = top;
  let at = start;
  while (isCommandGroup(target)) {
    const word = words[at];
    const isName = word !== undefined && !word.startsWith("-");
    const next: CommandEntry | undefined =
      isName && Object.hasOwn(target.commands, word) ? target.commands[word] : undefined;
    if (next !== undefined && word !== undefined) {
      path.push(word);
      target = next;
      at += 1;
      continue;
    }
    if (isName && target.usual === undefined) throw unknownCommand(target, path, word);
    break;
  }
  return { path, target, rest: [...before, ...words.slice(at)] };
}

/** Flags that every command takes may stand before it. */
function countLeadingFlags(words: readonly string[]): number {
  let at = 0;
  while (words[at]?.startsWith("-") === true && words[at] !== "--") {
    const name = words[at]?.replace(/^--/, "") ?? "";
    at += globalFlags[name as keyof typeof globalFlags]?.placeholder === undefined ? 1 : 2;
  }
  return Math.min(at, words.length);
}

function unknownCommand(group: CommandGroup, path: readonly string[], word: string): PipeliteError {
  const near = nearWords(word, Object.keys(group.commands));
  const commands = near.map((name) => `\`${["pipelite", ...path, name].join(" ")}\``);
  const help = `\`${["pipelite help", ...path].join(" ")}\` lists all commands`;
  const suggestion = near.length > 0 ? `Did you mean ${formatOr(commands)}?` : help;
  return pipeliteError("COMMAND_UNKNOWN", { command: [...path, word].join(" "), suggestion });
}

export interface Read {
  flags: Readonly<Record<string, unknown>>;
  words: readonly string[];
}

/**
 * The flags and arguments of a command.
 * @throws PipeliteError FLAG_UNKNOWN, FLAG_VALUE_MISSING, FLAG_REPEATED, ARGUMENT_INVALID, ARGUMENT_MISSING,
 * ARGUMENT_UNEXPECTED
 */
export function readCommandLine(command: Command, path: readonly string[], rest: readonly string[]): Read {
  const flags: Flags = { ...globalFlags, ...command.flags };
  const help = `\`${["pipelite help", ...path].join(" ")}\` explains the command`;
  const texts = new Map<string, string[]>();
  const words: string[] = [];
  const queue = [...rest];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === "--") {
      const behind = Object.entries(flags).find(([, { isBehind }]) => isBehind)?.[0];
      if (behind === undefined) words.push(...queue);
      else texts.set(behind, queue);
      break;
    }
    if (!isFlag(word)) {
      words.push(word);
      continue;
    }
    for (const { name, text } of flagsOf(word, queue, flags, help)) {
      const before = texts.get(name) ?? [];
      const [first] = before;
      const isAgain = first !== undefined && flags[name]?.isRepeated !== true;
      if (isAgain && flags[name]?.placeholder !== undefined) {
        throw pipeliteError("FLAG_REPEATED", { flag: longName(name), first, second: text });
      }
      texts.set(name, isAgain ? [text] : [...before, text]);
    }
  }
  checkCount(command, words, help);
  return { flags: valuesOf(flags, texts, help), words };
}

/** `-` is a file, and what begins like a number is a value. */
function isFlag(word: string): boolean {
  return /^-[^\d.]/.test(word);
}

interface GivenFlag {
  name: string;
  text: string;
}

/** What one word says: a long flag, or letters; takes its value from the queue when it stands apart. */
function flagsOf(word: string, queue: string[], flags: Flags, help: string): GivenFlag[] {
  if (word.startsWith("--")) return [longFlag(word, queue, flags, help)];
  const given: GivenFlag[] = [];
  for (let letters = word.slice(1); letters !== ""; letters = letters.slice(1)) {
    const [letter = ""] = letters;
    const found = Object.entries(flags).find(([, { alias }]) => alias === letter);
    if (found === undefined) throw pipeliteError("FLAG_UNKNOWN", { flag: `-${letter}`, suggestion: help });
    const [name, { placeholder }] = found;
    if (placeholder === undefined) {
      given.push({ name, text: "true" });
      continue;
    }
    const attached = letters.slice(1).replace(/^=/, "");
    given.push({ name, text: attached === "" ? takeValue(`-${letter}`, queue) : attached });
    break;
  }
  return given;
}

function longFlag(word: string, queue: string[], flags: Flags, help: string): GivenFlag {
  const equals = word.indexOf("=");
  const typed = equals < 0 ? word : word.slice(0, equals);
  const attached = equals < 0 ? undefined : word.slice(equals + 1);
  const isNegated = !Object.keys(flags).some((name) => longName(name) === typed) && typed.startsWith("--no-");
  const wanted = isNegated ? `--${typed.slice("--no-".length)}` : typed;
  const name = Object.keys(flags).find((each) => longName(each) === wanted && flags[each]?.isBehind !== true);
  const flag = name === undefined ? undefined : flags[name];
  if (name === undefined || flag === undefined || (isNegated && flag.placeholder !== undefined)) {
    const near = nearWords(typed, Object.keys(flags).map(longName));
    const suggestion = near.length > 0 ? `Did you mean ${formatOr(near)}?` : help;
    throw pipeliteError("FLAG_UNKNOWN", { flag: typed, suggestion });
  }
  if (flag.placeholder !== undefined) return { name, text: attached ?? takeValue(typed, queue) };
  if (attached === undefined) return { name, text: String(!isNegated) };
  throw pipeliteError("ARGUMENT_INVALID", { value: attached, name: typed, problem: "it takes no value" });
}

function takeValue(flag: string, queue: string[]): string {
  const [next] = queue;
  if (next === undefined || isFlag(next)) throw pipeliteError("FLAG_VALUE_MISSING", { flag });
  queue.shift();
  return next;
}

function checkCount({ args, isOpen }: Command, words: readonly string[], suggestion: string): void {
  const missing = args.find(({ isOptional }, at) => !isOptional && words[at] === undefined);
  if (missing !== undefined) {
    const { placeholder: name, candidates } = missing;
    const choices = Array.isArray(candidates) ? `There are ${candidates.join(", ")}` : suggestion;
    throw pipeliteError("ARGUMENT_MISSING", { name, suggestion: choices });
  }
  const empty = words.indexOf("");
  const ofEmpty = args[empty] ?? args.at(-1);
  if (empty >= 0 && ofEmpty !== undefined)
    throw pipeliteError("ARGUMENT_INVALID", {
      value: "",
      name: ofEmpty.placeholder,
      problem: "it is empty",
    });
  const extra = isOpen ? undefined : words[args.length];
  if (extra !== undefined) throw pipeliteError("ARGUMENT_UNEXPECTED", { value: extra, suggestion });
}

function valuesOf(
  flags: Flags,
  texts: ReadonlyMap<string, readonly string[]>,
  suggestion: string,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => {
      const given = texts.get(name) ?? (flag.usual === undefined ? [] : [flag.usual]);
      const parsed = given.map((text) => parseValue(name, flag, text));
      if (flag.isRepeated === true) return [name, parsed];
      if (parsed.length > 0) return [name, parsed[0]];
      if (flag.isRequired === true)
        throw pipeliteError("ARGUMENT_MISSING", { name: longName(name), suggestion });
      return [name, flag.placeholder === undefined ? false : undefined];
    }),
  );
}

/** What an empty text is none of, though the system takes it for the folder one is in. */
const PLACES: ReadonlySet<string | undefined> = new Set(
  "ADDRESS BUNDLE DIR FILE FOLDER ID KEY LINK NAME PATH RUN STAGE URL".split(" "),
);

function parseValue(name: string, { parse, words, placeholder }: Flag, text: string): unknown {
  const refuse = (problem: string, cause?: unknown): PipeliteError =>
    pipeliteError("ARGUMENT_INVALID", { value: text, name: longName(name), problem }, cause);
  if (text === "" && PLACES.has(placeholder)) throw refuse("it is empty");
  if (words !== undefined && !words.includes(text)) throw refuse(`it must be ${formatOr(words)}`);
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw refuse(error.message, error);
  }
}

/** `keepGoing` -> `--keep-going`: a flag as it is typed. */
export function longName(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function formatOr(items: readonly string[]): string {
  return formatList(items, { word: "or" });
}
