// Nodes: handles that remember what was written and where, and what stands behind each. What makes them is beside this file.
import type { Costs } from "./costs.ts";
import type { Param } from "./param.ts";
import { refuseSecrets, type Secret } from "./secret.ts";
import type { EnvironmentRequest } from "./environment-request.ts";
import { callerPlace } from "./source-position.ts";
import { requireText } from "./texts.ts";
import { pipeliteError } from "./errors.ts";

declare const filesOf: unique symbol;
declare const absentAs: unique symbol;
declare const contentOf: unique symbol;
declare const elementOf: unique symbol;

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
  file<K extends keyof F & string>(name: K): FileOf<P, F[K]>;
}

/** One file within the output of a node. `T` is what the stage wrote into it. */
export interface FileOf<P extends null = never, T = unknown> {
  readonly kind: "file-of";
  readonly [absentAs]?: P;
  readonly [contentOf]?: T;
  readonly node: Handle;
  readonly name: string;
  /** A place in it, for a check: a JSON pointer (RFC 6901), in which `*` stands for every member. */
  at(pointer: string): PlaceIn;
}

/** A place in a JSON file of the output of a node. */
export interface PlaceIn {
  readonly kind: "place-in";
  readonly file: FileOf<null>;
  readonly pointer: string;
}

/** What `each` made, collected: an input that is a list. `E` is how one of the list is read. */
export interface Each<E> {
  readonly kind: "each";
  readonly place: string;
  readonly [elementOf]?: E;
}

export interface EachOptions<I> {
  /** What the list and the stages of its items are called by. Default: the name of the file. */
  readonly name?: string;
  /** The property that an item is called by, a text or a number that no two have. */
  readonly key?: keyof I & string;
}

export interface EachHandle {
  readonly kind: "each";
  readonly place: string;
  readonly from: { readonly node: Handle; readonly file?: string };
  readonly make: (item: never, index: number) => unknown;
  readonly options: EachOptions<never>;
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
  readonly program: Program;
  readonly words: readonly Word[];
  readonly options: CommandOptions;
  /** What was written, for a script of `sh`: its words are how the shell is called. */
  readonly script?: readonly (string | Word)[];
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
  readonly url: readonly (string | Secret)[];
  readonly headers: Readonly<Record<string, readonly (string | Secret)[]>>;
  readonly hash: string;
  readonly name: string | undefined;
}

export interface GateHandle {
  readonly kind: "gate";
  readonly place: string;
  readonly subject: Handle;
  /** The file of the subject that says whether it passed, or the check that does. */
  readonly by: string | Handle;
}

export interface CheckHandle {
  readonly kind: "check";
  readonly place: string;
  /** What the check stage of Pipelite takes, as the inputs of any stage. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly options: Pick<StageOptions, "name">;
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
  readonly key?: Secret | undefined;
}

export type Handle =
  | StageHandle
  | CommandHandle
  | SourceHandle
  | FetchHandle
  | GateHandle
  | CheckHandle
  | TimingsHandle
  | AnswerHandle
  | EachHandle;

/** A root file system; `tool` names a program of it, for `command`. */
export interface Environment {
  readonly kind: "environment";
  readonly place: string;
  /** Of the packages or the image that it is, or that its root is. */
  readonly request: EnvironmentRequest;
  /** What is put on top of a root: `environment({ root, ... })`. */
  readonly composed?: Composed;
  /** A program of this environment: a name that is looked for on its PATH, or an absolute path inside of it. */
  tool(program: string): Tool;
}

export interface Composed {
  readonly root: Environment;
  readonly add: readonly (AnyNode<never> | FileOf)[];
  /** What `nodeModules` gives: it is at /node_modules, and stages import from it. */
  readonly modules?: Environment;
  readonly path: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A program: one of this machine, captured with its shared libraries, or one of an environment. */
export interface Tool {
  readonly kind: "tool";
  readonly program: string;
  readonly place: string;
  /** Where it is of one, and runs in. */
  readonly environment?: Environment;
}

/** What a command can run: a tool, or a node or one file of it: a compiled program, or a script with `#!`. */
export type Program = Tool | AnyNode<never> | FileOf;

/** Where the output of a command is to appear, or one file in it. */
export interface Out {
  readonly kind: "out";
  readonly file?: string;
}

/** A word of a command line: text, a number, a parameter, the path of a node's output, of one of its files or of a tool, or `out`. */
export type Word =
  | string
  | number
  | Param<string>
  | Param<number>
  | Param<boolean>
  | AnyNode<never>
  | FileOf
  | Each<unknown>
  | Tool
  | Out;

export interface StageOptions extends Costs {
  /** Its name in the run. Default: the name of the result it is, of its module, or, where others have that, of what differs. */
  readonly name?: string;
  /** What it runs in: `debian([...])`. Default: nothing but its inputs and Node. */
  readonly environment?: Environment;
  /** `content` (default): the output path follows the bytes, an unchanged output stops the rebuild there; `input`: Nix's classical kind. */
  readonly addressing?: "content" | "input";
}

export interface CommandOptions extends StageOptions {
  /** Variables of its environment. */
  readonly env?: Readonly<Record<string, Word>>;
  /** Programs that it finds on its PATH, by their names. Default: none. */
  readonly path?: readonly Tool[];
  /** What it reads from its standard input. Default: nothing. */
  readonly stdin?: AnyNode<never> | FileOf;
  /** Its standard output becomes this file of the output, or, with `out`, the output itself. Default: the log. */
  readonly stdout?: string | Out;
  /** Writable copies of inputs, by the names that they have in the folder it is started in. */
  readonly copies?: Readonly<Record<string, AnyNode<never> | FileOf>>;
  /** Files and folders that it leaves in that folder and that become its output. */
  readonly keep?: readonly string[];
}

const handles = new WeakMap<object, Handle>();
/** Handles that are made now, where somebody asks. */
let made: Set<Handle> | undefined;

function remember<T extends object>(node: T, handle: Handle): T {
  Object.freeze(handle);
  handles.set(Object.freeze(node), handle);
  made?.add(handle);
  return node;
}

/** Does something, and tells which handles it made. */
export function noticingHandles<T>(action: () => T): { value: T; made: ReadonlySet<Handle> } {
  const before = made;
  const own = new Set<Handle>();
  made = own;
  try {
    return { value: action(), made: own };
  } finally {
    made = before;
    for (const handle of own) before?.add(handle);
  }
}

/** What of a download or an answer may have secrets in it. */
const MAY_BE_SECRET: Readonly<Partial<Record<Handle["kind"], readonly string[]>>> = {
  fetch: ["url", "headers"],
  answer: ["key"],
};

/** The node of a handle. */
export function node<F, P extends null = never>(handle: Handle): Node<F, P> {
  refuseSecrets(handle, handle.place, MAY_BE_SECRET[handle.kind]);
  return searchedNode(handle);
}

/** The node of a handle that was searched for secrets before anything else was checked. */
export function searchedNode<F, P extends null = never>(handle: Handle): Node<F, P> {
  return remember(
    {
      place: handle.place,
      file: <K extends keyof F & string>(name: K): FileOf<P, F[K]> => fileOf(handle, name),
    },
    handle,
  );
}

/** The list of what `each` makes. */
export function collected<E>(handle: EachHandle): Each<E> {
  refuseSecrets(handle, handle.place);
  return remember({ kind: "each", place: handle.place }, handle);
}

function fileOf<P extends null, T>(handle: Handle, name: string): FileOf<P, T> {
  // Where it is is worked out only for what is wrong.
  if (typeof name !== "string" || name === "") requireText(name, "the name of a file", callerPlace());
  const file: FileOf<P, T> = Object.freeze({
    kind: "file-of",
    node: handle,
    name,
    at: (pointer: string): PlaceIn => Object.freeze({ kind: "place-in", file, pointer }),
  });
  return file;
}

/** True for what the functions above return. */
export function isNode(value: unknown): value is Node | Each<unknown> {
  return typeof value === "object" && value !== null && handles.has(value);
}

export function isFileOf(value: unknown): value is FileOf<null> {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "file-of";
}

export function isPlaceIn(value: unknown): value is PlaceIn {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "place-in";
}

/** The description behind a node. */
export function handleOf(value: AnyNode | Each<unknown>): Handle {
  const handle = handles.get(value);
  if (handle === undefined) throw pipeliteError("PIPELINE_INPUT_UNKNOWN", { place: callerPlace() });
  return handle;
}

export function isTool(value: unknown): value is Tool {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "tool";
}

/** `out`, or what it returned for a file. */
export function isOut(value: unknown): value is Out {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject && "kind" in value && value.kind === "out";
}
