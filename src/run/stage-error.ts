// Why a stage failed, where its engine does not know: what went wrong with an environment stands in the log of what should run
// in it, or of what makes it.
import type { PipeliteError } from "#base/errors.ts";
import type { BuildNode } from "#compile/nodes.ts";
import type { BuildOutcome } from "#engine/engine.ts";
import { ENTRANCE_WORDS } from "#sandbox/launcher/entrance.ts";
import { pipeliteError } from "./errors.ts";

/** @param tail the last lines of its log */
export function errorOf(
  { name, kind }: Pick<BuildNode, "name" | "kind">,
  { error, ending }: Pick<Extract<BuildOutcome, { status: "failed" }>, "error" | "ending">,
  tail: readonly string[],
): PipeliteError {
  if (kind === "gate" && ending?.kind === "exited") return pipeliteError("GATE_CLOSED", { stage: name });
  const known = environmentFailure(name, tail);
  if (known !== undefined || kind !== "command" || ending?.kind !== "exited") return known ?? error;
  return tail.some((line) => LACKING.test(line))
    ? pipeliteError("COMMAND_LACKS", { stage: name, code: ending.code })
    : error;
}

/** How programs say that they did not find another one, or files of their own. */
const LACKING =
  /command not found|: not found|No such file or directory|No module named|Can't locate .* in @INC|cannot (find|execute) /;

/** What the entrance of an environment, or what makes one, said last. */
export function environmentFailure(stage: string, tail: readonly string[]): PipeliteError | undefined {
  const unmade = tail
    .map((line) => /^Error: (cannot configure .*)$/.exec(line)?.[1])
    .find((each) => each !== undefined);
  if (unmade !== undefined) return pipeliteError("ENVIRONMENT_PACKAGE_FAILED", { stage, problem: unmade });
  const unusable = tail
    .map((line) => /^Error: cannot unpack this image: (.*)$/.exec(line)?.[1])
    .find((each) => each !== undefined);
  if (unusable !== undefined) return pipeliteError("IMAGE_REFUSED", { stage, problem: unusable });
  const npm = tail
    .map((line) => /^Error: (cannot install the npm package .*)$/.exec(line)?.[1])
    .find((each) => each !== undefined);
  if (npm !== undefined) return pipeliteError("NPM_PACKAGE_REFUSED", { stage, problem: npm });
  const wheel = tail
    .map((line) => /^Error: (cannot install .*)$/.exec(line)?.[1])
    .find((each) => each !== undefined);
  if (wheel !== undefined) return pipeliteError("WHEEL_REFUSED", { stage, problem: wheel });
  const clash = tail
    .map((line) => /^Error: cannot compose it: (.*)$/.exec(line)?.[1])
    .find((each) => each !== undefined);
  if (clash !== undefined) return pipeliteError("ENVIRONMENT_NOT_COMPOSED", { stage, problem: clash });
  const entrance = tail.findLast((line) => line.includes(ENTRANCE_WORDS));
  if (entrance === undefined) return undefined;
  const problem = entrance.slice(entrance.indexOf(ENTRANCE_WORDS) + ENTRANCE_WORDS.length);
  if (!problem.startsWith("the program")) return pipeliteError("ENVIRONMENT_NOT_ENTERED", { stage, problem });
  const isForeign = problem.includes("ENOEXEC");
  return pipeliteError(isForeign ? "ENVIRONMENT_PROGRAM_FOREIGN" : "ENVIRONMENT_PROGRAM_MISSING", {
    stage,
    problem,
  });
}
