// The stages: how each ended, what it took, and when, with the chain of stages that more cores can't make shorter.
import type { Claim } from "#home/run-record.ts";
import type { Expansion, RunRecord, StageRecord } from "#home/run-record.ts";
import { ticksOf, labelsOf } from "#chart/svg.ts";
import { criticalPath } from "#trace/critical-path.ts";
import { claimsByName, identifier, type Claims } from "#standards/facts.ts";
import type { DocumentInput } from "#standards/input.ts";
import { all, h } from "./markup.ts";
import type { Child, Html } from "./markup.ts";
import { REST, STAGES_MAX } from "./report-limits.ts";
import { joinHtml, mark, missing, statusWord, table } from "./report-parts.ts";
import type { ReportParts, Section } from "./report-parts.ts";

export function stagesSection({ record }: DocumentInput, { figure, count }: ReportParts): Section {
  const claims = claimsByName(record);
  const listed = listedStages(record.stages);
  const rows = listed.map(({ stage, index }): Child[] => {
    const of = (id: string): Claim | undefined => claims.get(`${stage.name}/${id}`);
    return [
      all(
        mark(identifier(stage.name, `run.json#/stages/${index}/name`)),
        stage.kind !== "stage" && h("span", { class: "tag" }, stage.kind),
      ),
      statusWord(stage.status),
      figure(of("wall") ?? of("duration")),
      cpuOf(of("cpu-user"), of("cpu-system"), figure),
      figure(of("peak-memory")),
      figure(of("nar-size")),
      count(of("files")),
      whyOf(stage, index),
    ];
  });
  return {
    id: "stages",
    title: "Stages",
    lead: "Time, processor (user and system) and memory are those of the build that made the output, also where an earlier run built it.",
    body: [
      table(
        "Stages in the order of the pipeline",
        [
          { head: "Stage", isHead: true },
          { head: "Status" },
          { head: "Time", isNumber: true },
          { head: "CPU", isNumber: true },
          { head: "Peak memory", isNumber: true },
          { head: "Output", isNumber: true },
          { head: "Files", isNumber: true },
          { head: "Why" },
        ],
        rows,
      ),
      listed.length < record.stages.length && h("p", { class: "quiet" }, REST),
      ...(record.expansions ?? []).map((expansion, index) =>
        listHtml(expansion, index, count(claims.get(`${expansion.name}/items`))),
      ),
      ...record.stages.map(failureHtml),
    ],
  };
}

/** All, or, where there are many, those that did not give an output and the longest of the others, in their order. */
function listedStages(stages: readonly StageRecord[]): { stage: StageRecord; index: number }[] {
  const indexed = stages.map((stage, index) => ({ stage, index }));
  if (stages.length <= STAGES_MAX) return indexed;
  const isOpen = ({ stage }: { stage: StageRecord }) => stage.outPath === undefined;
  const longest = indexed
    .filter((each) => !isOpen(each))
    .toSorted((a, b) => b.stage.durationMs - a.stage.durationMs)
    .slice(0, STAGES_MAX);
  const kept = new Set([...indexed.filter(isOpen), ...longest].map(({ index }) => index));
  return indexed.filter(({ index }) => kept.has(index));
}

/** What a run made of a list that it knew only when the list was written. */
function listHtml({ name, from, file }: Expansion, index: number, items: Child): Child {
  const at = `run.json#/expansions/${index}`;
  return h(
    "p",
    {},
    mark(identifier(name, `${at}/name`)),
    ": one for each of ",
    items,
    " items of ",
    mark(identifier(from, `${at}/from`)),
    file !== undefined && all("/", mark(identifier(file, `${at}/file`))),
    ".",
  );
}

function cpuOf(user: Claim | undefined, system: Claim | undefined, figure: ReportParts["figure"]): Html {
  return user === undefined ? missing() : all(figure(user), " + ", figure(system));
}

function whyOf({ reason, builtInRun, because }: StageRecord, index: number): Child {
  const at = `run.json#/stages/${index}`;
  if (reason !== undefined) return mark(identifier(reason.text, `${at}/reason/text`));
  if (because !== undefined) return all("left out: needs ", mark(identifier(because, `${at}/because`)));
  if (builtInRun !== undefined)
    return all("built in run ", mark(identifier(builtInRun, `${at}/builtInRun`), "code"));
  return "";
}

function failureHtml({ failure, name }: StageRecord, index: number): Child {
  if (failure === undefined) return undefined;
  const at = `run.json#/stages/${index}/failure`;
  const { message, hint, place, logTail = [] } = failure;
  return h(
    "div",
    { class: "failure" },
    h("h3", {}, "Failure of ", mark(identifier(name, `run.json#/stages/${index}/name`))),
    h("p", {}, mark(identifier(message, `${at}/message`))),
    place !== undefined && h("p", {}, "Declared at ", mark(identifier(place, `${at}/place`), "code")),
    hint !== undefined && h("p", { class: "quiet" }, mark(identifier(hint, `${at}/hint`))),
    logTail.length > 0 && h("pre", { class: "log", "data-identifier": `${at}/logTail` }, logTail.join("\n")),
  );
}

export function timelineSection({ record }: DocumentInput, parts: ReportParts): Section | undefined {
  const ran = listedStages(record.stages)
    .map(({ stage }) => stage)
    .filter(({ startMs, durationMs }) => startMs !== undefined && durationMs > 0);
  if (ran.length === 0) return undefined;
  const claims = claimsByName(record);
  const path = criticalPath(record).stages;
  return {
    id: "timeline",
    title: "Timeline",
    lead: all(
      "From the start of the run, by the monotonic clock. The critical path (",
      joinHtml(
        path.map((name) => h("span", { "data-identifier": "run.json#/stages/*/name" }, name)),
        " \u2192 ",
      ),
      ") takes ",
      parts.figure(claims.get("run/critical-path")),
      " of ",
      parts.figure(claims.get("run/duration")),
      ": the run can't be faster than that, however many cores it has.",
    ),
    body: chart(record, ran, { path, claims, parts }),
  };
}

interface ChartOptions {
  path: readonly string[];
  claims: Claims;
  parts: ReportParts;
}

function chart(
  { durationMs, phases = [] }: RunRecord,
  ran: readonly StageRecord[],
  { path, claims, parts }: ChartOptions,
): Html {
  const percent = (ms: number) => `${((100 * ms) / durationMs).toFixed(3)}%`;
  const bar = (startMs: number, ms: number, style: string) =>
    h("span", { class: `bar ${style}`, style: `left:${percent(startMs)};width:${percent(ms)}` });
  const ticks = ticksOf([0, durationMs / 1000], 6);
  const labels = labelsOf(ticks);
  const row = (name: Child, bars: Child, value: Child) =>
    h(
      "li",
      {},
      h("span", { class: "name" }, name),
      h("span", { class: "track" }, bars),
      h("span", { class: "took" }, value),
    );
  return h(
    "figure",
    { class: "timeline" },
    h(
      "ol",
      {},
      phases.map(({ name, startMs, durationMs: ms }) =>
        row(
          h("span", { class: "quiet" }, name),
          bar(startMs, ms, "phase"),
          parts.figure(claims.get(`run/phase/${name}`)),
        ),
      ),
      ran.map(({ name, startMs = 0, durationMs: ms, waitedMs = 0, status }) =>
        row(
          h("span", { "data-identifier": "run.json#/stages/*/name" }, name),
          [
            waitedMs > 1 && bar(startMs - waitedMs, waitedMs, "waiting"),
            bar(startMs, ms, status === "failed" ? "failed" : path.includes(name) ? "critical" : "other"),
          ],
          parts.figure(claims.get(`${name}/duration`)),
        ),
      ),
      h(
        "li",
        { class: "axis", "aria-hidden": "true" },
        h("span", { class: "name" }, "seconds"),
        h(
          "span",
          { class: "track", "data-scale": "run/duration" },
          ticks.map((tick, index) =>
            h("span", { class: "tick", style: `left:${percent(tick * 1000)}` }, labels[index]),
          ),
        ),
        h("span", { class: "took" }),
      ),
    ),
    h(
      "figcaption",
      {},
      key("critical", "on the critical path"),
      key("other", "beside it"),
      key("waiting", "ready, but waiting for its turn"),
      key("phase", "part of the run"),
    ),
  );
}

function key(style: string, words: string): Html {
  return h("span", { class: "key" }, h("span", { class: `swatch ${style}`, "aria-hidden": "true" }), words);
}
