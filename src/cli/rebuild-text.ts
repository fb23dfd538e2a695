// What a rebuild came to, for people.
import { formatCount } from "#base/numbers.ts";
import type { RebuildReport } from "#app/rebuild.ts";
import type { Cause, RebuildStatus } from "#rebuild/outcome.ts";
import type { Side } from "#rebuild/compare.ts";
import { cleanLine } from "#view/format.ts";
import type { Paint } from "#view/paint.ts";

type Output = RebuildReport["outputs"][number];

const STYLE: Record<RebuildStatus, Parameters<Paint>[1]> = {
  reproduced: "good",
  equivalent: "warning",
  differs: "failure",
  failed: "failure",
  untested: "warning",
};

export function describeRebuild({ runId, outputs, left }: RebuildReport, paint: Paint): string {
  const same = outputs.filter(({ status }) => status === "reproduced").length;
  return [
    ...outputs.map((output) => describeOutput(output, paint)),
    ...left.map(({ name, reason }) => `${paint("untested", "warning")}  ${paint(name, "name")}: ${reason}`),
    `${same} of ${formatCount(outputs.length, "output")} of run ${runId} reproduced`,
  ].join("\n");
}

function describeOutput(output: Output, paint: Paint): string {
  const { stage, status, attempts, untested, causes } = output;
  const engines = [...new Set(attempts.map(({ engine }) => engine))].join(" and ");
  const varied = [
    ...new Set(attempts.flatMap((each) => (each.narHash === output.narHash ? each.varied : []))),
  ];
  const lines = [
    `${formatCount(attempts.length, "build")} by ${engines || "no engine"}`,
    ...causes.flatMap(describeCause),
    ...(varied.length === 0 ? [] : [`the same with other ${varied.join(", ")}`]),
    ...(untested.length === 0 ? [] : ["untested:", ...untestedLines(untested)]),
  ];
  return [
    `${paint(status, STYLE[status])}  ${paint(stage, "name")}`,
    ...lines.map((line) => `    ${line}`),
  ].join("\n");
}

/** A line for each reason: a stage that differs by itself has one for all that can be varied. */
function untestedLines(untested: Output["untested"]): string[] {
  const byReason = Map.groupBy(untested, ({ reason }) => reason);
  return [...byReason].map(
    ([reason, all]) => `  ${all.map(({ name }) => name).join(", ")}: ${cleanLine(reason)}`,
  );
}

/** In one line: what makes it differ, as measured, and what the difference looks like. */
export function causeText({ by, heldStill, guesses, failure }: Cause): string {
  const what = failure === undefined ? "differs" : "fails";
  const looks = guesses.length === 0 ? "" : `; it looks like ${guesses.join(" or ")}`;
  if (by.includes("recorded"))
    return `${what} from what was recorded, the same each time: another time, machine or engine made that${looks}`;
  if (by.includes("itself")) {
    const still =
      heldStill === undefined || heldStill.length === 0
        ? "holding the clock, random bytes and the number of processors still does not change that"
        : `not with ${heldStill.join(" and ")} held still`;
    return `${what} with nothing varied; ${still}${looks}`;
  }
  return `${what} with other ${by.join(" and ")}${looks}`;
}

function describeCause(cause: Cause): string[] {
  const { difference, files = 0, failure, diffoscope } = cause;
  const lines = [causeText(cause)];
  if (failure !== undefined) lines.push(`  ${cleanLine(failure)}`);
  if (difference !== undefined) {
    const { file, what, offset, one, other } = difference;
    const where = `${file === "" ? "the output" : file}${offset === undefined ? `: its ${what}` : `, byte ${offset}`}`;
    lines.push(
      `  ${cleanLine(where)}${files > 1 ? `, the first of ${files} files` : ""}`,
      `    before  ${sideText(one)}`,
      `    again   ${sideText(other)}`,
    );
  }
  if (diffoscope !== undefined)
    lines.push("  diffoscope:", ...diffoscope.split("\n").map((line) => `    ${cleanLine(line)}`));
  return lines;
}

function sideText({ kind, around, target, isExecutable }: Side): string {
  if (target !== undefined) return cleanLine(`link to ${target}`);
  if (around === undefined) return `${kind}${isExecutable === true ? ", executable" : ""}`;
  const bytes = Buffer.from(around.hex, "hex");
  const isText = bytes.every((byte) => byte >= 0x20 || [0x9, 0xa, 0xd].includes(byte));
  return isText ? JSON.stringify(bytes.toString("utf8")) : around.hex.replace(/(..)/g, "$1 ").trim();
}
