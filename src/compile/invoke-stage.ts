// How the code of a stage is started: Node with the bundle, which is told the rest by a variable, or, where that is long, a file.
import { canonicalJson } from "#base/canonical-json.ts";
import type { Invocation } from "#environment/step.ts";
import type { CapturedProgram } from "./program.ts";
import type { StageEnvironment } from "./runtime.ts";

/** Node's own default depends on the machine. This is more than any has: what ends a stage is the limit on its memory. */
const HEAP = `--max-old-space-size=${2 ** 20}`;

/** @param files what is taken of inputs @param preload options of Node */
export function invokeStage(
  { builder, args }: CapturedProgram,
  code: string,
  stage: StageEnvironment,
  { files = [], preload = [] }: { files?: readonly string[]; preload?: readonly string[] } = {},
): Invocation {
  const asFile = isLong(stage, files) ? { passAsFile: "stage" } : {};
  return {
    builder,
    args: [...args, HEAP, ...preload, code],
    env: { stage: canonicalJson(stage), ...asFile },
  };
}

/** What a program is given as a variable may have 128 KiB; whether more is needed must not hang on where inputs are. */
const VARIABLE_BYTES = 100 * 1024;
const PATH_BYTES = 160;

function isLong({ inputs, params }: StageEnvironment, files: readonly string[]): boolean {
  const names = Object.keys(inputs).reduce((sum, name) => sum + 2 * name.length + PATH_BYTES, 0);
  const taken = files.reduce((sum, file) => sum + file.length, 0);
  return names + taken + Buffer.byteLength(canonicalJson(params)) > VARIABLE_BYTES;
}
