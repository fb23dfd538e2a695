// What a stage is given besides the output of others: parameters, and values that are the same in every run.
import { own } from "#base/own.ts";
import type { Variables } from "#base/environment.ts";
import { isPipeliteError, type PipeliteError } from "#base/errors.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { suggestionFor } from "#base/near-words.ts";
import type { Param } from "#author/param.ts";
import { isNodeGroup } from "./stage-names.ts";
import { pipeliteError } from "./errors.ts";

/** What a file of parameters may hold. */
export type ParamValue = string | number | boolean;

/** Why nothing can have this name: in a record and in JSON objects it would stand for something else. */
function nameProblem(name: string): string | undefined {
  if (name === "__proto__") return "JavaScript has it for something else";
  return name.isWellFormed() ? undefined : "it is no text of Unicode";
}

/** What a run sets. */
export interface GivenParameters {
  /** `--param` texts by name. */
  params: Readonly<Record<string, string>>;
  /** Values by name, as a file of parameters has them; `params` comes first. */
  values?: Readonly<Record<string, ParamValue>> | undefined;
  /** In which variables are looked up. */
  env?: Variables | undefined;
}

/** The parameters of a pipeline, found as its stages are gone through. */
export class Parameters {
  /** Name -> the value it has in this run. */
  readonly known: Record<string, unknown> = {};
  /** Variables that were asked for -> their values. */
  readonly variables: Record<string, string | null> = {};
  readonly #given: GivenParameters;
  readonly #byName = new Map<string, Param<unknown>>();
  readonly #names = new Map<Param<unknown>, string>();

  constructor(given: GivenParameters) {
    this.#given = given;
  }

  /** Once all are known. @throws PARAM_UNKNOWN */
  refuseUnknown(): void {
    const known = Object.keys(this.known);
    const { params, values } = this.#given;
    const name = Object.keys({ ...values, ...params }).find((each) => !known.includes(each));
    if (name === undefined) return;
    throw pipeliteError("PARAM_UNKNOWN", { name, suggestion: suggestionFor(name, known) });
  }

  /** The program that this run brings for an input, if it does. */
  brought(input: string, param: Param<unknown>): string | undefined {
    const name = this.#claim(input, param);
    const { text, value: given } = this.#givenFor(name);
    const program = text ?? given;
    if (program !== undefined && typeof program !== "string") throw wrongParam(name, param, program);
    this.known[name] = program ?? null;
    return program;
  }

  /** The value of a parameter that is given to an input. */
  valueOf(input: string, param: Param<unknown>): unknown {
    const name = this.#claim(input, param);
    const own = this.#givenFor(name);
    const ofVariable = param.variable === undefined ? undefined : this.#variable(param.variable);
    const given = own.text ?? own.value ?? ofVariable;
    const text = own.text ?? (own.value === undefined ? ofVariable : undefined);
    const value = text === undefined ? (given ?? param.default) : param.schema.parse(text);
    if (value === undefined && given === undefined && param.variable !== undefined)
      throw pipeliteError("ENV_MISSING", { name: param.variable, place: param.place });
    if (value === undefined && given === undefined)
      throw pipeliteError("PARAM_MISSING", { name, place: param.place, wanted: param.schema.description });
    if (value === undefined || !param.schema.accepts(value)) throw wrongParam(name, param, given);
    this.known[name] = value;
    return value;
  }

  /** Whether a parameter can be set to a text; one that nobody knows of by now, to any. @throws PARAM_INVALID */
  check(name: string, text: string): void {
    const param = this.#byName.get(name);
    if (param === undefined || param.tool !== undefined) return;
    const value = param.schema.parse(text);
    if (value === undefined || !param.schema.accepts(value)) throw wrongParam(name, param, text);
  }

  /** What the run sets under a name: an object has more members than were put into it. */
  #givenFor(name: string): { text: string | undefined; value: ParamValue | undefined } {
    const { params, values = {} } = this.#given;
    return {
      text: Object.hasOwn(params, name) ? params[name] : undefined,
      value: Object.hasOwn(values, name) ? values[name] : undefined,
    };
  }

  #variable(name: string): string | undefined {
    const value = own(this.#given.env ?? {}, name);
    this.variables[name] = value ?? null;
    return value;
  }

  /** The name of a parameter that is given to an input. */
  #claim(input: string, param: Param<unknown>): string {
    const name = param.name ?? input;
    const problem = nameProblem(name);
    if (problem !== undefined)
      throw pipeliteError("INPUT_NAME_INVALID", { name, of: "the run", place: param.place, problem });
    const other = this.#names.get(param) ?? name;
    if (other !== name) throw pipeliteError("PARAM_NAME_UNCLEAR", { place: param.place, name, other });
    this.#names.set(param, name);
    const earlier = this.#byName.get(name);
    if (earlier !== undefined && earlier !== param)
      throw pipeliteError("PARAM_AMBIGUOUS", { name, place: param.place, other: earlier.place });
    this.#byName.set(name, param);
    return name;
  }
}

/** A value as it is given to a stage. @throws STAGE_INPUT_UNDEFINED, STAGE_INPUT_NOT_JSON */
export function constant(name: string, value: unknown, stage: string, place: string): unknown {
  if (value === undefined) throw pipeliteError("STAGE_INPUT_UNDEFINED", { name, stage, place });
  try {
    canonicalJson(value);
    return value;
  } catch (error) {
    if (!isPipeliteError(error, "JSON_NOT_CANONICAL")) throw error;
    throw pipeliteError("STAGE_INPUT_NOT_JSON", { name, stage, place, problem: error.message }, error);
  }
}

/** @param given the text of `--param`, or the value in a file of parameters */
function wrongParam(name: string, { place, schema }: Param<unknown>, given: unknown): PipeliteError {
  const value = typeof given === "string" ? `'${given}'` : String(given);
  return pipeliteError("PARAM_INVALID", { name, place, wanted: schema.description, value });
}

/** The members of a group are inputs as well, by the names of both. @throws PipeliteError INPUT_NAME_INVALID */
export function checkInputNames(
  inputs: Readonly<Record<string, unknown>>,
  stage: string,
  place: string,
): void {
  const names = Object.entries(inputs).flatMap(([name, value]) => [
    name,
    ...(isNodeGroup(value) ? Object.keys(value).map((member) => `${name}.${member}`) : []),
  ]);
  const seen = new Set<string>();
  for (const name of names) {
    const problem = seen.has(name) ? "it has another input of that name" : nameProblem(name);
    if (problem !== undefined) throw pipeliteError("INPUT_NAME_INVALID", { name, of: stage, place, problem });
    seen.add(name);
  }
}
