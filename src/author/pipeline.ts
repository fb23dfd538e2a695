// What a user writes. Every function here returns a handle: a frozen description of a node of the pipeline, which
// remembers where it was written. Nothing is loaded, run or read here; compile.ts turns handles into derivations.
//
//   const proof = stage(() => import("./stages/proof.ts"));
//   const audio = stage(() => import("./stages/audio.ts"), { proof, seconds: param.integer({ default: 10 }) });
//   export default pipeline({ proof, audio });
import type { Reader, StageContext } from "./files.ts";
import { choiceSchema, flagSchema, integerSchema, numberSchema, textSchema, toolSchema } from "./param.ts";
import type { Param, ParamKinds, Schema } from "./param.ts";
import {
  handleOf,
  isNode,
  node,
  type AnyNode,
  type Each,
  type FileOf,
  type Handle,
  type Node,
  type StageOptions,
} from "./nodes.ts";
import { COSTS, type Costs } from "./costs.ts";
import type { CheckFiles, VerdictName } from "./verdict.ts";
import { isRecord, knownOptions, requireKind, STAGE_OPTIONS } from "./options.ts";
import { isSecret, refuseSecrets, textPartsOf, type Secret, type SecretText } from "./secret.ts";
import { callerPlace } from "./source-position.ts";
import { requireText } from "./texts.ts";
import { pipeliteError } from "./errors.ts";

type StageModule<I, F> = () => Promise<{ default: (inputs: I, context: StageContext) => F }>;

/**
 * What may be given for an input of type `T`: the node whose files it reads, or a value, or a parameter; for a list or a
 * record of readers, as many nodes.
 */
type GivenOne<T> = [T] extends [Reader<infer F> | null | undefined]
  ? Node<F, Extract<T, null>> | FileOf<Extract<T, null>> | Extract<T, null | undefined>
  : [T] extends [readonly Reader<infer F>[] | null | undefined]
    ? readonly (Node<F> | FileOf)[] | Each<Reader<F>>
    : [T] extends [readonly (infer E extends readonly unknown[])[] | null | undefined]
      ? T | Param<NonNullable<T>> | Each<E>
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

/**
 * A file or folder beside pipeline.ts. `ignore` takes gitignore-like patterns; `.git` and `node_modules` are always left out.
 */
export function source(path: string, options: { ignore?: readonly string[] } = {}): Node {
  const place = callerPlace();
  requireText(path, "the path of a source", place);
  knownOptions(options, ["ignore"], place);
  return node({ kind: "source", place, path, ignore: options.ignore ?? [] });
}

/**
 * A file from http, https or file, whose sha256 is known in advance (SRI, hex or nix32): a fixed-output derivation. Secrets may
 * be in the URL and in headers; they are sent by https, or to this machine, only.
 */
export function download(options: {
  url: SecretText;
  hash: string;
  name?: string;
  headers?: Readonly<Record<string, SecretText>>;
}): Node {
  const place = callerPlace();
  const { url, hash, name, headers = {} } = knownOptions(options, ["url", "hash", "name", "headers"], place);
  const parts = Object.entries(headers).map(([key, text]) => [key, textPartsOf(text, place)] as const);
  return node({
    kind: "fetch",
    place,
    url: textPartsOf(url, place),
    headers: Object.fromEntries(parts),
    hash,
    name,
  });
}

/**
 * The same files as `subject`, but only when what it is held by says `passed`: a check, or a file of the subject (JSON with
 * `status`). Anything else stops the run there.
 */
export function gate<F, P extends null>(
  subject: Node<F, P>,
  by: VerdictName<F> | Node<CheckFiles>,
): Node<F, P> {
  const place = callerPlace();
  if (typeof by !== "string" && !isNode(by)) throw pipeliteError("GATE_VERDICT_MISSING", { place });
  return node({
    kind: "gate",
    place,
    subject: handleOf(subject),
    by: typeof by === "string" ? by : handleOf(by),
  });
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
  ...[inputs, options = {}]: keyof Omit<I, "answer"> extends never
    ? [inputs?: undefined, options?: AnswerOptions]
    : [inputs: Given<Omit<I, "answer">>, options?: AnswerOptions]
): Node<Awaited<F>, null> {
  const place = callerPlace();
  const { key } = knownOptions(options, ["key"], place);
  if (key !== undefined && !isSecret(key)) throw pipeliteError("SECRET_TEXT_INVALID", { place });
  return node({ kind: "answer", place, request, check, inputs: { ...inputs }, key });
}

export interface AnswerOptions {
  /** What the model's server is shown. Default: the variable PIPELITE_MODEL_KEY. */
  readonly key?: Secret | undefined;
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
  choice: (values, options = {}) => {
    refuseSecrets(values, callerPlace());
    const isRight =
      Array.isArray(values) && values.length > 0 && values.every((each) => typeof each === "string");
    const words = { what: "the values of a choice", wanted: "a list of texts", place: callerPlace() };
    requireKind(isRight, values, words);
    return parameter(choiceSchema(values), options);
  },
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
  /** Of stages that do not say so themselves. */
  readonly costs: Costs;
}

/** @param costs what each stage may cost that does not say so itself */
export function pipeline(
  results: Readonly<Record<string, AnyNode | Each<unknown>>>,
  costs: Costs = {},
): Pipeline {
  const place = callerPlace();
  knownOptions(costs, COSTS, place);
  if (Array.isArray(results)) throw pipeliteError("PIPELINE_IS_LIST", { place });
  const what = "the results of a pipeline";
  const wanted = "an object of names and nodes";
  requireKind(isRecord(results) && !isNode(results), results, { what, wanted, place });
  if (Object.keys(results).length === 0) throw pipeliteError("PIPELINE_EMPTY", { place });
  const handles = Object.entries(results).map(([name, result]) => {
    if (!isNode(result)) throw pipeliteError("PIPELINE_RESULT_INVALID", { name, place });
    return [name, handleOf(result)] as const;
  });
  return Object.freeze({ kind: "pipeline", place, results: Object.fromEntries(handles), costs });
}
