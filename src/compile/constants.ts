// What a stage is given besides the output of others: parameters, and values that are the same in every run.
import { isPipeliteError, type PipeliteError } from "#base/errors.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import type { Param } from "#author/param.ts";
import { pipeliteError } from "./errors.ts";

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
export function wrongParam(name: string, { place, schema }: Param<unknown>, given: unknown): PipeliteError {
  const value = typeof given === "string" ? `'${given}'` : String(given);
  return pipeliteError("PARAM_INVALID", { name, place, wanted: schema.description, value });
}
