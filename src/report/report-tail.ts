// Where it ran, and what the stages printed.
import { STAGES_MAX } from "./report-limits.ts";
import { stripVTControlCharacters } from "node:util";
import { claimsByName, identifier } from "#standards/facts.ts";
import type { DocumentInput } from "#standards/input.ts";
import { all, h } from "./markup.ts";
import { facts, joinHtml, mark, missing } from "./report-parts.ts";
import type { ReportParts, Section } from "./report-parts.ts";

export function environmentSection({ record }: DocumentInput, { figure }: ReportParts): Section {
  const claims = claimsByName(record);
  const { host, sandbox, engine } = record;
  return {
    id: "environment",
    title: "Environment",
    body: facts([
      ["Platform", mark(identifier(host.system, "run.json#/host/system"))],
      ["Kernel", figure(claims.get("run/kernel"))],
      ["Processor cores", figure(claims.get("run/cores"))],
      ["Stages at a time", figure(claims.get("run/jobs"))],
      [
        "Builder",
        all(mark(identifier(engine, "run.json#/engine")), ", Pipelite ", figure(claims.get("run/pipelite"))),
      ],
      ["Node", figure(claims.get("run/node"))],
      [
        "Sandbox",
        sandbox.kind === "not-used"
          ? "not used: nothing was built"
          : all(figure(claims.get("run/sandbox")), " ", figure(claims.get("run/sandbox-version"))),
      ],
      [
        "Sandboxes that could not be used",
        sandbox.tried.length === 0
          ? "none"
          : joinHtml(
              sandbox.tried.map(({ kind, reason }, index) =>
                all(kind, ": ", mark(identifier(reason, `run.json#/sandbox/tried/${index}/reason`))),
              ),
              "; ",
            ),
      ],
    ]),
  };
}

/** Of a longer log the end is shown: the whole is in the store. */
const LOG_LINES_MAX = 200;
/** Of all logs together, where many stages printed something. */
const ALL_LINES_MAX = 4000;

export function logsSection({ record, logs }: DocumentInput): Section {
  const texts = record.stages.map(({ name }) => stripVTControlCharacters(logs.get(name) ?? "").trimEnd());
  const printed = texts.filter((text) => text !== "").length;
  const linesMax = Math.max(1, Math.min(LOG_LINES_MAX, Math.floor(ALL_LINES_MAX / Math.max(1, printed))));
  const isLong = record.stages.length > STAGES_MAX;
  const blocks = record.stages.map(({ name }, index) => {
    const text = texts[index] ?? "";
    if (text === "" && isLong) return undefined;
    const lines = text.split("\n");
    const isCut = lines.length > linesMax;
    return h(
      "details",
      { class: "group" },
      h(
        "summary",
        {},
        mark(identifier(name, `run.json#/stages/${index}/name`)),
        text === "" && all(" ", missing("printed nothing")),
      ),
      isCut &&
        h(
          "p",
          { class: "quiet" },
          "The end of a longer log; ",
          h("code", { "data-identifier": "command" }, `pipelite log ${name}`),
          " prints all.",
        ),
      text !== "" &&
        h("pre", { class: "log", "data-identifier": `log of ${name}` }, lines.slice(-linesMax).join("\n")),
    );
  });
  return {
    id: "logs",
    title: "Logs",
    lead: isLong
      ? "What stages printed when their outputs were built; those that printed nothing are left out."
      : "What each stage printed when its output was built.",
    body: blocks,
  };
}
