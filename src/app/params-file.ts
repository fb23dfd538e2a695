// A file of parameters: one JSON object, names and values. What a value must be, the pipeline says.
import { readNamedFile } from "#base/files.ts";
import { isObject, messageOf, parseStrictJson } from "#base/strict-json.ts";
import type { ParamValue } from "#compile/parameters.ts";
import { pipeliteError } from "./errors.ts";

/** @throws PARAMS_FILE_INVALID, FILE_ENDLESS; what the system says of a file that can't be read */
export function readParams(file: string): Record<string, ParamValue> {
  const bytes = readNamedFile(file);
  const refuse = (problem: string) => pipeliteError("PARAMS_FILE_INVALID", { file, problem });
  let value: unknown;
  try {
    value = parseStrictJson(bytes);
  } catch (error) {
    throw refuse(messageOf(error));
  }
  if (!isObject(value)) throw refuse("it is not an object");
  const entries = Object.entries(value).map(([name, each]: [string, unknown]) => {
    if (typeof each === "string" || typeof each === "number" || typeof each === "boolean")
      return [name, each] as const;
    throw refuse(`'${name}' is not text, number, true or false`);
  });
  return Object.fromEntries(entries);
}
