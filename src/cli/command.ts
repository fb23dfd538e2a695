// What a command is: its help, its flags, its arguments and its body, together in one file of commands/. The body loads
// what it needs when it is run, so that the table of commands costs nothing to read.
import type { Context, ExitCode, GlobalFlags } from "./context.ts";

export type Example = readonly [commandLine: string, what: string];

/** What the shell may complete an argument with. */
export type Candidates = "run" | "stage" | "store-path" | readonly string[];

export interface Flag<T = unknown> {
  readonly brief: string;
  /** One letter. */
  readonly alias?: string;
  /** What stands for its value in help; a flag without one is a switch. */
  readonly placeholder?: string;
  /** The words it takes, when they are few. */
  readonly words?: readonly string[];
  readonly isRequired?: boolean;
  readonly isRepeated?: boolean;
  /** Not typed as a flag: its values are the words behind `--`. */
  readonly isBehind?: boolean;
  /** Read as if it were typed when the flag is not given. */
  readonly usual?: string;
  /** The value of a text; a RangeError says what would be right. */
  readonly parse: (text: string) => T;
}

/** The value of a flag, as a command gets it. */
type ValueOf<F> = F extends Flag<infer T> ? T : never;

export interface Argument<T extends string | undefined = string | undefined> {
  readonly placeholder: string;
  readonly brief: string;
  readonly candidates?: Candidates | undefined;
  readonly isOptional: T extends undefined ? true : boolean;
}

interface Texts {
  /** One line, in the list of commands. */
  readonly brief: string;
  /** Paragraphs of help. */
  readonly about?: readonly string[];
  readonly examples: readonly Example[];
}

type Flags = Readonly<Record<string, Flag>>;
// Of a command that has no flags of its own: the type is meant to be empty.
// oxlint-disable-next-line typescript/no-generated-empty-object-type
type NoFlags = Pick<Flags, never>;

/** A command as the reader of command lines and help see it. */
export interface Command extends Texts {
  readonly flags: Flags;
  readonly args: readonly Argument[];
  /** The last argument may be given many times. */
  readonly isOpen: boolean;
  readonly run: (context: Context, flags: never, ...words: string[]) => Ending;
}

export interface CommandGroup extends Texts {
  readonly commands: Readonly<Record<string, CommandEntry>>;
  /** The command that the name of the group alone stands for; without it, the name alone prints help. */
  readonly usual?: string;
}

export type CommandEntry = CommandGroup | (() => Promise<Command>);

/** Without a code it is 0. */
type Ending = Promise<ExitCode | void> | ExitCode | void;

interface CommandOf<F extends Flags, WORDS extends readonly (string | undefined)[]> extends Texts {
  readonly flags?: F;
  readonly args?: { readonly [AT in keyof WORDS]: Argument<WORDS[AT]> };
  run: (
    this: void,
    context: Context,
    flags: GlobalFlags & { readonly [NAME in keyof F]: ValueOf<F[NAME]> },
    ...words: WORDS
  ) => Ending;
}

export function command<
  const F extends Flags = NoFlags,
  const WORDS extends readonly (string | undefined)[] = [],
>(definition: CommandOf<F, WORDS>): Command {
  const { flags = {}, args = [], run } = definition;
  return { ...definition, flags, args, isOpen: false, run: run as unknown as Command["run"] };
}

interface OpenCommandOf<F extends Flags> extends Texts {
  readonly flags?: F;
  readonly arg: Argument;
  run: (
    this: void,
    context: Context,
    flags: GlobalFlags & { readonly [NAME in keyof F]: ValueOf<F[NAME]> },
    ...words: string[]
  ) => Ending;
}

/** A command that takes any number of words of one kind; at least one unless the argument is optional. */
export function openCommand<const F extends Flags = NoFlags>(definition: OpenCommandOf<F>): Command {
  const { flags = {}, arg, run } = definition;
  return { ...definition, flags, args: [arg], isOpen: true, run };
}

export function argument(placeholder: string, brief: string, candidates?: Candidates): Argument<string> {
  return { placeholder, brief, candidates, isOptional: false };
}

export function optionalArgument(placeholder: string, brief: string, candidates?: Candidates): Argument {
  return { placeholder, brief, candidates, isOptional: true };
}

/** A flag that is there or not. */
export function toggle(brief: string, alias?: string): Flag<boolean> {
  return { brief, ...(alias !== undefined && { alias }), parse: (text) => text === "true" };
}

interface TextForm {
  alias?: string;
}

interface ValueForm<T> extends TextForm {
  parse: (text: string) => T;
}

/** A flag with a value, which may be left out. */
export function value(placeholder: string, brief: string, form?: TextForm): Flag<string | undefined>;
export function value<T>(placeholder: string, brief: string, form: ValueForm<T>): Flag<T | undefined>;
export function value(placeholder: string, brief: string, form?: Partial<ValueForm<unknown>>): Flag {
  return { placeholder, brief, parse: String, ...form };
}

/** A flag without which the command does not run. */
export function requiredValue(placeholder: string, brief: string, form?: TextForm): Flag<string> {
  return { placeholder, brief, isRequired: true, parse: String, ...form };
}

interface Usual {
  usual: string;
}

/** A flag that has a default. */
export function usualValue(placeholder: string, brief: string, form: TextForm & Usual): Flag<string>;
export function usualValue<T>(placeholder: string, brief: string, form: ValueForm<T> & Usual): Flag<T>;
export function usualValue(
  placeholder: string,
  brief: string,
  form: Partial<ValueForm<unknown>> & Usual,
): Flag {
  return { placeholder, brief, parse: String, ...form };
}

/** A flag that may be given many times; the reader of command lines gathers its values. */
export function values(placeholder: string, brief: string, form?: TextForm): Flag<readonly string[]>;
export function values<T>(placeholder: string, brief: string, form: ValueForm<T>): Flag<readonly T[]>;
export function values(placeholder: string, brief: string, form?: Partial<ValueForm<unknown>>): Flag {
  return { placeholder, brief, isRepeated: true, parse: String, ...form };
}

/** The words behind `--`, which are a command line of their own. */
export function behind(placeholder: string, brief: string): Flag<readonly string[]> {
  return { placeholder, brief, isRepeated: true, isBehind: true, parse: (text) => text } as Flag as Flag<
    readonly string[]
  >;
}

/** A flag that takes one of a few words. */
export function choice<const WORD extends string>(
  placeholder: string,
  words: readonly WORD[],
  brief: string,
): Flag<WORD | undefined> {
  return { placeholder, brief, words, parse: (text) => text as WORD };
}

export function usualChoice<const WORD extends string>(
  placeholder: string,
  words: readonly WORD[],
  brief: string,
  usual: WORD,
): Flag<WORD> {
  return { placeholder, brief, words, usual, parse: (text) => text as WORD };
}

export function isCommandGroup(entry: CommandEntry | undefined): entry is CommandGroup {
  return typeof entry === "object";
}
