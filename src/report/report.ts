// The report: one HTML file that holds everything, for reading and for printing. No script, no outside resource.
import type { BatchRecord } from "#standards/records.ts";
import type { StandardEvidence } from "#standards/clauses.ts";
import type { DocumentInput } from "#standards/input.ts";
import { h, raw } from "./markup.ts";
import type { Html } from "./markup.ts";
import { batchSection, masterSection, standardsSection } from "./report-clauses.ts";
import { anchorsOf, evidenceSection } from "./report-evidence.ts";
import { measurementsSection } from "./report-measurements.ts";
import { partsWith, sectionHtml } from "./report-parts.ts";
import type { Section } from "./report-parts.ts";
import { rebuildsSection } from "./report-rebuilds.ts";
import { stagesSection, timelineSection } from "./report-stages.ts";
import { STYLE, pageStyle } from "./report-style.ts";
import { environmentSection, logsSection } from "./report-tail.ts";
import { deviationsSection, headerHtml, reviewSection, signaturesSection } from "./report-verdict.ts";

/** @param standards evidence for clauses of standards other than the batch record's */
export function reportHtml(
  input: DocumentInput,
  { standard, fields }: Pick<BatchRecord, "standard" | "fields">,
  standards: readonly StandardEvidence[],
): string {
  const parts = partsWith(anchorsOf(input.record));
  const sections = [
    reviewSection(input, parts),
    deviationsSection(input, parts),
    stagesSection(input, parts),
    timelineSection(input, parts),
    measurementsSection(input, parts),
    batchSection({ standard, clauses: fields }, parts),
    masterSection(input, parts),
    standardsSection(standards, parts),
    signaturesSection(input),
    rebuildsSection(input),
    evidenceSection(input, parts),
    environmentSection(input, parts),
    logsSection(input),
  ].filter((section) => section !== undefined);
  const title = `${input.record.pipeline}: ${input.record.status} (run ${input.record.runId})`;
  const page = h(
    "html",
    { lang: "en" },
    h(
      "head",
      {},
      h("meta", { charset: "utf-8" }),
      h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
      h("meta", { name: "color-scheme", content: "light dark" }),
      h("title", { "data-identifier": "run.json#/runId" }, title),
      raw(`<style>${STYLE}${pageStyle(title)}</style>`),
    ),
    h(
      "body",
      {},
      h("a", { class: "skip", href: "#review" }, "Skip to the review"),
      h(
        "div",
        { class: "page" },
        contents(sections),
        h("main", {}, headerHtml(input, parts), sections.map(sectionHtml)),
      ),
    ),
  );
  return `<!doctype html>\n${page.html}\n`;
}

function contents(sections: readonly Section[]): Html {
  return h(
    "nav",
    { "aria-label": "Contents" },
    h(
      "ol",
      {},
      sections.map(({ id, title }) => h("li", {}, h("a", { href: `#${id}` }, title))),
    ),
  );
}
