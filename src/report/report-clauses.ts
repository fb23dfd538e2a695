// The batch record, the master record and what the run shows for the clauses of standards, as tables.
import { REST, STAGES_MAX } from "./report-limits.ts";
import type { ClauseEvidence, SourceEvidence, StandardEvidence } from "#standards/clauses.ts";
import { isFigure } from "#standards/facts.ts";
import type { Fact } from "#standards/facts.ts";
import { all, h } from "./markup.ts";
import type { Child, Html } from "./markup.ts";
import { joinHtml, mark, missing, named, statusWord, table } from "./report-parts.ts";
import type { ReportParts, Section } from "./report-parts.ts";
import type { DocumentInput } from "#standards/input.ts";
import { masterRecordOf } from "#standards/records.ts";

export function batchSection({ standard, clauses }: StandardEvidence, parts: ReportParts): Section {
  return {
    id: "batch-record",
    title: "Batch record",
    lead: all(
      "The executed record, field by field of ",
      mark(standard.name),
      ". No field is typed in by anybody.",
    ),
    body: clauseTable("Executed batch record", clauses, parts),
  };
}

export function standardsSection(standards: readonly StandardEvidence[], parts: ReportParts): Section {
  return {
    id: "standards",
    title: "Evidence for clauses",
    lead: "What this run shows for requirements that others made. Organisational ones are not for a run to show.",
    body: standards.map(({ standard, clauses }) => [
      h("h3", {}, mark(standard.name)),
      h("p", { class: "quiet" }, `${standard.title} (${standard.owner})`),
      clauseTable(["Evidence for clauses of ", mark(standard.name)], clauses, parts),
    ]),
  };
}

function clauseTable(caption: Child, clauses: readonly ClauseEvidence[], parts: ReportParts): Html {
  const rows = clauses.map(({ clause, title, status, evidence, duty }): Child[] => [
    all(mark(clause), h("span", { class: "below" }, title)),
    statusWord(status),
    all(
      evidence.length > 0 &&
        h(
          "ul",
          { class: "sources" },
          evidence.map((source) => sourceHtml(source, parts)),
        ),
      duty !== undefined && h("span", { class: "quiet" }, duty),
    ),
  ]);
  return table(
    caption,
    [
      { head: "Clause", isHead: true, class: "clause" },
      { head: "Status" },
      { head: "Evidence", class: "wide" },
    ],
    rows,
  );
}

/** More facts than this are folded away. */
const SHOWN_MAX = 2;

function sourceHtml(
  { name, status, facts, from, select = "", isCut }: SourceEvidence,
  parts: ReportParts,
): Html {
  const list = h(
    "ul",
    { class: "facts-list" },
    facts.map((fact) => h("li", {}, factHtml(fact, parts))),
    isCut && h("li", { class: "quiet" }, CUT),
  );
  const where =
    from === "checks"
      ? WHERE[from]
      : all(WHERE[from], " ", h("code", { "data-identifier": "pattern" }, select));
  const folded = h(
    "details",
    { class: from === "checks" ? "elsewhere" : undefined },
    h("summary", {}, where),
    list,
  );
  if (facts.length > SHOWN_MAX) return h("li", {}, titled(name, status), folded);
  const none = from === "deviations" ? "none" : undefined;
  const shown = joinHtml(
    facts.map((fact) => (facts.length === 1 ? parts.fact(fact) : factHtml(fact, parts))),
    ", ",
  );
  return h("li", {}, titled(name, status), facts.length > 0 ? all(": ", shown) : none && `: ${none}`);
}

const CUT = "and others alike: evidence/claims.json and evidence/run.json have them all";

function titled(name: string, status: string): Html {
  const words = h("span", { class: "source-name" }, name);
  return status === "supported" ? words : all(words, " ", statusWord(status));
}

const WHERE: Readonly<Record<SourceEvidence["from"], string>> = {
  claims: "claims",
  checks: "every check under Measurements",
  record: "in the record:",
  parameters: "parameters",
  deviations: "deviations",
  signatures: "signatures",
  audit: "audit",
  journal: "journal",
};

function factHtml(fact: Fact, { figure }: ReportParts): Html {
  if (!isFigure(fact)) {
    const shown = mark(fact, /^(\/nix|sha256)/.test(fact.identifier) ? "code" : "span");
    if (fact.name === undefined) return shown;
    return h(
      "span",
      { class: "named" },
      h("code", { "data-identifier": fact.source }, fact.name),
      " ",
      shown,
    );
  }
  return named(fact, figure(fact));
}

export function masterSection(input: DocumentInput, parts: ReportParts): Section {
  const { stages, parameters, materials, limits } = masterRecordOf(input, STAGES_MAX);
  const rows = stages.map((stage): Child[] => [
    all(mark(stage.name), h("span", { class: "below" }, mark(stage.place, "code"))),
    stage.inputs.length === 0 ? missing("nothing") : joinHtml(stage.inputs.map((input) => mark(input))),
    stage.parameters.length === 0
      ? missing("none")
      : h(
          "ul",
          { class: "sources" },
          stage.parameters.map(({ name, value }) => h("li", {}, mark(name, "code"), " = ", mark(value))),
        ),
    stage.derivation === undefined ? missing() : mark(stage.derivation, "code"),
  ]);
  return {
    id: "master-record",
    title: "Master record",
    lead: "What was to be done: the pipeline, as derivations whose names are hashes of all that goes into them.",
    body: [
      table(
        "Stages, as they were planned",
        [
          { head: "Stage", isHead: true },
          { head: "Reads" },
          { head: "Fixed parameters and limits" },
          { head: "Derivation", class: "wide" },
        ],
        rows,
      ),
      stages.length < input.record.stages.length && h("p", { class: "quiet" }, REST),
      parameters.length > 0 &&
        table(
          "Parameters of the run",
          [{ head: "Parameter", isHead: true }, { head: "Value" }],
          parameters.map((each): Child[] => [
            h("code", { "data-claim": each.claim, "data-member": "id" }, each.claim),
            parts.figure(each),
          ]),
        ),
      materials.length > 0 &&
        table(
          "Materials that no stage made",
          [
            { head: "Material", isHead: true },
            { head: "Path", class: "wide" },
          ],
          materials.map(({ name, path }): Child[] => [mark(name), mark(path, "code")]),
        ),
      limits.length > 0 &&
        h(
          "p",
          { class: "quiet" },
          "Limits of checks stand beside the values that were held against them, under Measurements.",
        ),
    ],
  };
}
