// A file that keeps which paths share a layer, by the names of images and paths: the next image leaves together what was.
import { bytesOfFile, writeFileAtomically } from "#base/files.ts";
import { prettyJson } from "#base/canonical-json.ts";
import * as shape from "#base/shape.ts";
import { isObject, messageOf, parseStrictJson } from "#base/strict-json.ts";
import { pipeliteError } from "#ship/errors.ts";

const plan = shape.list(shape.list(shape.text));

/** @returns nothing for a file that is not there. @throws PipeliteError LAYERS_FILE_INVALID */
export function readPlans(file: string): Map<string, string[][]> {
  const bytes = bytesOfFile(file);
  if (bytes === undefined) return new Map();
  try {
    const value = parseStrictJson(bytes);
    const images = isObject(value) && value["version"] === 1 ? value["images"] : undefined;
    if (!isObject(images)) throw new SyntaxError("it is no list of layers of version 1");
    return new Map(Object.entries(images).map(([name, each]) => [name, shape.requireShape(plan, each)]));
  } catch (error) {
    throw pipeliteError("LAYERS_FILE_INVALID", { file, problem: messageOf(error) }, error);
  }
}

export function writePlans(file: string, plans: ReadonlyMap<string, string[][]>): void {
  writeFileAtomically(file, prettyJson({ version: 1, images: Object.fromEntries(plans) }));
}
