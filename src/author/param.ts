// Parameters of a pipeline: values that a run may set (`--param seconds=20`), each with the schema that decides which
// values are right. A plain value in pipeline.ts is a constant and needs no schema: the compiler checks it.

export interface Schema<T> {
  /** For messages: `an integer from 1 to 60`. */
  readonly description: string;
  /** Reads the text of `--param name=text`; undefined when the text is not of the schema. */
  parse(text: string): T | undefined;
  accepts(value: unknown): value is T;
}

/** A parameter. */
export interface Param<T> {
  readonly kind: "param";
  readonly schema: Schema<T>;
  /** Undefined: it has the name of the input it is given to. */
  readonly name: string | undefined;
  readonly default: T | undefined;
  readonly place: string;
  /** A variable that has its value where a run does not set it. */
  readonly variable?: string;
  /** Set for a program: the folder that comes with it, seen from the folder above the program's own. */
  readonly tool?: { readonly with: string | undefined };
}

/** A program of this machine that a run brought for a stage: captured, so it starts inside the sandbox. */
export interface BroughtTool {
  /** The words that start it; its arguments follow. */
  readonly command: readonly string[];
  /** Path of the folder that came with it. */
  readonly files: string | null;
}

interface Bounds {
  min?: number;
  max?: number;
}

/** Options of every kind. */
interface Common<T> {
  /** Its name, for one that is given to inputs of several names. Default: the name of the input it is given to. */
  name?: string;
  default?: T;
}

/** Schemas by kind. `default` may be left out: then every run must set the parameter. */
export interface ParamKinds {
  integer(options?: Bounds & Common<number>): Param<number>;
  number(options?: Bounds & Common<number>): Param<number>;
  text(options?: { pattern?: RegExp } & Common<string>): Param<string>;
  flag(options?: Common<boolean>): Param<boolean>;
  choice<const T extends string>(values: readonly T[], options?: Common<NoInfer<T>>): Param<T>;
  /**
   * A program, by path or name; a run may leave it out, and the stage then gets `null`. `with`: a folder that it needs,
   * relative to the folder above its own (`lib/lean` beside `bin/lean`).
   */
  tool(options?: { name?: string; with?: string }): Param<BroughtTool>;
}

export function integerSchema({ min = -Infinity, max = Infinity }: Bounds): Schema<number> {
  return numeric("an integer", Number.isSafeInteger, min, max);
}

export function numberSchema({ min = -Infinity, max = Infinity }: Bounds): Schema<number> {
  return numeric("a number", Number.isFinite, min, max);
}

function numeric(
  noun: string,
  isRight: (value: unknown) => boolean,
  min: number,
  max: number,
): Schema<number> {
  const accepts = (value: unknown): value is number =>
    typeof value === "number" && isRight(value) && value >= min && value <= max;
  return {
    description: `${noun}${range(min, max)}`,
    accepts,
    parse(text) {
      const value = text.trim() === "" ? Number.NaN : Number(text);
      return accepts(value) ? value : undefined;
    },
  };
}

function range(min: number, max: number): string {
  if (min === -Infinity) return max === Infinity ? "" : ` up to ${max}`;
  return max === Infinity ? ` from ${min}` : ` from ${min} to ${max}`;
}

export function textSchema({ pattern }: { pattern?: RegExp }): Schema<string> {
  // One with `g` or `y` would go on behind its last match. What is no expression is refused as an option.
  const alone =
    pattern instanceof RegExp ? new RegExp(pattern, pattern.flags.replace(/[gy]/g, "")) : undefined;
  const accepts = (value: unknown): value is string =>
    typeof value === "string" && (alone === undefined || alone.test(value));
  return {
    description: pattern === undefined ? "a text" : `a text that matches ${pattern}`,
    accepts,
    parse: (text) => (accepts(text) ? text : undefined),
  };
}

/** What a stage gets of a program is made when that is captured: no value in pipeline.ts and no text stands for it. */
export const toolSchema: Schema<BroughtTool> = {
  description: "a program",
  accepts: (_value): _value is BroughtTool => false,
  parse: () => undefined,
};

export const flagSchema: Schema<boolean> = {
  description: "true or false",
  accepts: (value) => typeof value === "boolean",
  parse: (text) => (text === "true" ? true : text === "false" ? false : undefined),
};

export function choiceSchema<const T extends string>(values: readonly T[]): Schema<T> {
  const accepts = (value: unknown): value is T => values.some((choice) => choice === value);
  return {
    description: `one of ${values.join(", ")}`,
    accepts,
    parse: (text) => (accepts(text) ? text : undefined),
  };
}

export function isParam(value: unknown): value is Param<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    "kind" in value &&
    value.kind === "param" &&
    "schema" in value
  );
}
