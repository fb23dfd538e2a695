// What a user writes. Every function here returns a handle: a frozen description of a node of the pipeline, which
// remembers where it was written. Nothing is loaded, run or read here; compile.ts turns handles into derivations.
//
//   const proof = stage(() => import("./stages/proof.ts"));
//   const audio = stage(() => import("./stages/audio.ts"), { proof, seconds: param.integer({ default: 10 }) });
//   export default pipeline({ proof, audio });
import type { Reader, StageContext } from "./files.ts";
import { choiceSchema, flagSchema, integerSchema, numberSchema, textSchema, toolSchema } from "./param.ts";
import type { Param, ParamKinds, Schema } from "./param.ts";
import { callerPlace } from "./source-position.ts";
import { suggestionFor } from "#base/near-words.ts";
import { pipeliteError } from "./errors.ts";

declare const filesOf: unique symbol;
declare const absentAs: unique symbol;

/** A node whatever its files are. `P` is `null` where there may be none in a run. */
export interface AnyNode<P extends null = null> {
  readonly place: string;
  readonly [absentAs]?: P;
  file(name: never): FileOf<P>;
}

/**
 * Something with an output: a node of the pipeline. `F` are the files of its output. `P` is `null` for an answer, which a
 * run without a model has not: who takes it must take `null` as well.
 */
export interface Node<F = Readonly<Record<string, unknown>>, P extends null = never> extends AnyNode<P> {
  readonly [filesOf]?: F;
  /** One file of the output, to pass as an input of its own or as a word of a command. */
  file(name: keyof F & string): FileOf<P>;
}

/** One file within the output of a node. */
export interface FileOf<P extends null = never> {
  readonly kind: "file-of";
  readonly [absentAs]?: P;
  readonly node: Handle;
  readonly name: string;
}

export interface StageHandle {
  readonly kind: "stage";
  readonly place: string;
  readonly module: () => Promise<unknown>;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly options: StageOptions;
}

export interface CommandHandle {
  readonly kind: "command";
  readonly place: string;
  readonly tool: Tool;
  readonly words: readonly Word[];
  readonly options: CommandOptions;
}

export interface SourceHandle {
  readonly kind: "source";
  readonly place: string;
  readonly path: string;
  readonly ignore: readonly string[];
}

export interface FetchHandle {
  readonly kind: "fetch";
  readonly place: string;
  readonly url: string;
  readonly hash: string;
  readonly name: string | undefined;
}

export interface GateHandle {
  readonly kind: "gate";
  readonly place: string;
  readonly subject: Handle;
  readonly verdict: string;
}

export interface TimingsHandle {
  readonly kind: "timings";
  readonly place: string;
  readonly of: readonly Handle[];
}

export interface AnswerHandle {
  readonly kind: "answer";
  readonly place: string;
  readonly request: FileOf<null>;
  readonly check: () => Promise<unknown>;
  readonly inputs: Readonly<Record<string, unknown>>;
}

export type Handle =
  | StageHandle
  | CommandHandle
  | SourceHandle
  | FetchHandle
  | GateHandle
  | TimingsHandle
  | AnswerHandle;

/** A program for `command`: one of this machine, found on the PATH or by path, captured with its shared libraries. */
export interface Tool {
  readonly kind: "tool";
  readonly program: string;
  readonly place: string;
}

/** A word of a command line: text, the path of a node's output or of one of its files, or `out`. */
export type Word = string | AnyNode<never> | FileOf | typeof out;

/** Stands for the path where the output of a command is to appear. */
export const out: { readonly kind: "out" } = Object.freeze({ kind: "out" });

export interface StageOptions {
  /** Its name in the run. Default: the name of the result it is, of its module, or, where others have that, of what differs. */
  readonly name?: string;
  /** The stage is killed after this time. Default: none. */
  readonly timeoutMs?: number;
  /** `content` (default): the output path follows the bytes, an unchanged output stops the rebuild there; `input`: Nix's classical kind. */
  readonly addressing?: "content" | "input";
  /**
   * What the stage may take; no part of what it is. Defaults: memory of the machine less 10 %, 4,096 processes and threads,
   * an output of 1 TiB (holes counted), 64 MiB of log.
   */
  readonly limits?: {
    readonly memoryBytes?: number;
    readonly processes?: number;
    readonly outputBytes?: number;
    readonly logBytes?: number;
  };
}

export interface CommandOptions extends StageOptions {
  readonly env?: Readonly<Record<string, Word>>;
}

type StageModule<I, F> = () => Promise<{ default: (inputs: I, context: StageContext) => F }>;

/**
 * What may be given for an input of type `T`: the node whose files it reads, or a value, or a parameter; for a list or a
 * record of readers, as many nodes.
 */
type GivenOne<T> = [T] extends [Reader<infer F> | null | undefined]
  ? Node<F, Extract<T, null>> | FileOf<Extract<T, null>> | Extract<T, null | undefined>
  : [T] extends [readonly Reader<infer F>[] | null | undefined]
    ? readonly (Node<F> | FileOf)[]
    : [T] extends [Readonly<Record<string, Reader<infer F>>> | null | undefined]
      ? Readonly<Record<string, Node<F> | FileOf>>
      : T | Param<NonNullable<T>>;

type Given<I> = { readonly [K in keyof I]: GivenOne<I[K]> };

/**
 * A stage: a TypeScript function in a module of its own. `inputs` are what the function takes: nodes for its readers,
 * values or `param.*` for the rest.
 */
export function stage<I extends object, F>(
  module: StageModule<I, F>,
  ...[inputs, options]: keyof I extends never
    ? [inputs?: undefined, options?: StageOptions]
    : [inputs: Given<I>, options?: StageOptions]
): Node<Awaited<F>> {
  const place = callerPlace();
  return node({
    kind: "stage",
    place,
    module,
    inputs: { ...inputs },
    options: knownOptions(options ?? {}, STAGE_OPTIONS, place),
  });
}

const LIMITS = ["memoryBytes", "processes", "outputBytes", "logBytes"];
const STAGE_OPTIONS = ["name", "timeoutMs", "addressing", "limits"];
const COMMAND_OPTIONS = [...STAGE_OPTIONS, "env"];

/** pipeline.ts need not have met the compiler: a misspelt option must not be passed over. @throws OPTION_UNKNOWN */
function knownOptions<T extends object>(options: T, known: readonly string[], place: string): T {
  const limits =
    "limits" in options && typeof options.limits === "object" ? Object.keys(options.limits ?? {}) : [];
  const unknown = [
    ...Object.keys(options).flatMap((name) => (known.includes(name) ? [] : [[name, known] as const])),
    ...limits.flatMap((name) => (LIMITS.includes(name) ? [] : [[name, LIMITS] as const])),
  ];
  const [first] = unknown;
  if (first === undefined) return options;
  const [option, names] = first;
  throw pipeliteError("OPTION_UNKNOWN", { place, option, suggestion: suggestionFor(option, names) });
}

/** A program of this machine, by name (looked up on the PATH) or by path. */
export function tool(program: string): Tool {
  return Object.freeze({ kind: "tool", program, place: callerPlace() });
}

function isTool(value: unknown): value is Tool {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "tool";
}

/** A stage that runs any other program: `command(tool("sox"), [audio.file("walk.wav"), "-n", "spectrogram", "-o", out])`. */
export function command(program: Tool, words: readonly Word[], options: CommandOptions = {}): Node {
  const place = callerPlace();
  if (!isTool(program)) throw pipeliteError("COMMAND_PROGRAM_INVALID", { place });
  if (!Array.isArray(words)) throw pipeliteError("COMMAND_WORDS_INVALID", { place });
  const checked = knownOptions(options, COMMAND_OPTIONS, place);
  return node({ kind: "command", place, tool: program, words: [...words], options: checked });
}

/**
 * A file or folder beside pipeline.ts. `ignore` takes gitignore-like patterns; `.git` and `node_modules` are always left out.
 */
export function source(path: string, options: { ignore?: readonly string[] } = {}): Node {
  const place = callerPlace();
  knownOptions(options, ["ignore"], place);
  return node({ kind: "source", place, path, ignore: options.ignore ?? [] });
}

/** A file from http, https or file, whose sha256 is known beforehand (SRI, hex or nix32): a fixed-output derivation. */
export function download(options: { url: string; hash: string; name?: string }): Node {
  const place = callerPlace();
  knownOptions(options, ["url", "hash", "name"], place);
  return node({
    kind: "fetch",
    place,
    url: options.url,
    hash: options.hash,
    name: options.name,
  });
}

/**
 * The same files as `subject`, but only when its `verdict` file (JSON with `status`) says `passed`; anything else stops
 * the run there.
 */
export function gate<F, P extends null>(subject: Node<F, P>, verdict: keyof F & string): Node<F, P> {
  return node({ kind: "gate", place: callerPlace(), subject: handleOf(subject), verdict });
}

/** What building the outputs of these nodes took, as a file: wall and processor time, peak memory, and their source. */
export function timings(...of: readonly AnyNode[]): Node {
  return node({ kind: "timings", place: callerPlace(), of: of.map(handleOf) });
}

/**
 * The answer of a language model (`--model URL --model-name NAME`) to a request that a stage wrote. In a run without a
 * model there is none, and who takes it gets `null`. It is asked for once, outside the sandbox, must pass the stage `check`, is pinned in the lock file,
 * and is replayed from there. `check` takes the answer as its input `answer` and returns the files that consumers read.
 */
export function answer<I extends { answer: unknown }, F>(
  request: FileOf<null>,
  check: StageModule<I, F>,
  ...[inputs]: keyof Omit<I, "answer"> extends never
    ? [inputs?: undefined]
    : [inputs: Given<Omit<I, "answer">>]
): Node<Awaited<F>, null> {
  return node({ kind: "answer", place: callerPlace(), request, check, inputs: { ...inputs } });
}

/**
 * A parameter of the pipeline; a run sets it with `--param NAME=VALUE`. NAME is that of the input it is given to, or, where
 * inputs of several names get it, the option `name`.
 */
export const param: ParamKinds = {
  integer: (options = {}) => parameter(integerSchema(options), options, ["min", "max"]),
  number: (options = {}) => parameter(numberSchema(options), options, ["min", "max"]),
  text: (options = {}) => parameter(textSchema(options), options, ["pattern"]),
  flag: (options = {}) => parameter(flagSchema, options),
  choice: (values, options = {}) => parameter(choiceSchema(values), options),
  tool: (options = {}) => {
    const place = callerPlace();
    knownOptions(options, ["name", "with"], place);
    const { name, with: folder } = options;
    return Object.freeze({
      kind: "param",
      schema: toolSchema,
      name,
      default: undefined,
      place,
      tool: { with: folder },
    });
  },
};

/** @param own options that parameters of this kind have besides those that all have */
function parameter<T>(
  schema: Schema<T>,
  options: { default?: T | undefined; name?: string | undefined },
  own: readonly string[] = [],
): Param<T> {
  const place = callerPlace();
  const { default: fallback, name } = knownOptions(options, ["name", "default", ...own], place);
  if (fallback !== undefined && !schema.accepts(fallback)) {
    throw pipeliteError("PARAM_DEFAULT_INVALID", {
      place,
      value: String(fallback),
      wanted: schema.description,
    });
  }
  return Object.freeze({ kind: "param", schema, name, default: fallback, place });
}

/** The whole: names for the nodes whose outputs are the result of the pipeline. */
export interface Pipeline {
  readonly kind: "pipeline";
  readonly place: string;
  readonly results: Readonly<Record<string, Handle>>;
}

export function pipeline(results: Readonly<Record<string, AnyNode>>): Pipeline {
  const place = callerPlace();
  if (Array.isArray(results)) throw pipeliteError("PIPELINE_IS_LIST", { place });
  if (Object.keys(results).length === 0) throw pipeliteError("PIPELINE_EMPTY", { place });
  const handles = Object.entries(results).map(([name, result]) => {
    if (!isNode(result)) throw pipeliteError("PIPELINE_RESULT_INVALID", { name, place });
    return [name, handleOf(result)] as const;
  });
  return Object.freeze({ kind: "pipeline", place, results: Object.fromEntries(handles) });
}

const handles = new WeakMap<object, Handle>();

function node<F, P extends null = never>(handle: Handle): Node<F, P> {
  Object.freeze(handle);
  const made: Node<F, P> = Object.freeze({
    place: handle.place,
    file: (name: keyof F & string): FileOf<P> => Object.freeze({ kind: "file-of", node: handle, name }),
  });
  handles.set(made, handle);
  return made;
}

/** True for what the functions above return. */
export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && handles.has(value);
}

export function isFileOf(value: unknown): value is FileOf<null> {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "file-of";
}

/** The description behind a node. */
export function handleOf(value: AnyNode): Handle {
  const handle = handles.get(value);
  if (handle === undefined) throw pipeliteError("PIPELINE_INPUT_UNKNOWN", { place: callerPlace() });
  return handle;
}
