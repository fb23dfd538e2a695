// What a derivation says of the module that it runs: the variable `stage`.
import { textOf } from "#base/bytes.ts";
import { isObject, parseStrictJson } from "#base/strict-json.ts";
import type { StageEnvironment } from "#compile/runtime.ts";
import type { Derivation } from "#nix/derivation.ts";

/** @returns nothing where it runs no module: commands may have a variable of that name with anything in it */
export function stageVariable({ env }: Pick<Derivation, "env">): StageEnvironment | undefined {
  const described = env.get("stage");
  if (described === undefined) return undefined;
  try {
    const stage = parseStrictJson(textOf(described));
    return isStage(stage) ? stage : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isStage(value: unknown): value is StageEnvironment {
  if (!isObject(value)) return false;
  const { inputs, params, groups = {}, lists = [] } = value;
  return isObject(inputs) && isObject(params) && isObject(groups) && Array.isArray(lists);
}
