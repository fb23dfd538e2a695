// The pieces that every part of the report is made of. Whatever has a digit goes through `figure`, `mark` or a chart, so
// that a reader (and a test) can follow it: `data-claim` names a claim of the run, `data-identifier` where a name stands.
import { own } from "#base/own.ts";
import type { Claim } from "#home/run-record.ts";
import { isFigure } from "#standards/facts.ts";
import type { Fact, ClaimFigure, Identifier } from "#standards/facts.ts";
import { all, h } from "./markup.ts";
import type { Child, Html } from "./markup.ts";
import { ISO_TIME, formatTime } from "#base/quantities.ts";
import { formatValue } from "./words.ts";

type Shown = Pick<Claim, "id" | "value" | "unit" | "status">;

/** Where the claims are in the evidence part, for links to them. */
export type ClaimLinks = ReadonlyMap<string, string>;

export interface ReportParts {
  /** A value of a claim; `what` is absent where the record has no such claim. */
  figure: (what: Shown | ClaimFigure | undefined) => Html;
  /** Without its unit, where the words around it say what is counted. */
  count: (what: Shown | undefined) => Html;
  limit: (what: ClaimFigure) => Html;
  fact: (fact: Fact) => Html;
}

export function partsWith(anchors: ClaimLinks): ReportParts {
  const shown = (id: string, member: "value" | "limit", text: string): Html => {
    const anchor = anchors.get(id);
    const data = { "data-claim": id, ...(member === "limit" && { "data-member": member }) };
    return anchor === undefined
      ? h("span", { class: "figure", ...data }, text)
      : h("a", { class: "figure", href: `#${anchor}`, ...data }, text);
  };
  const figure = (what: Shown | ClaimFigure | undefined): Html => {
    if (what === undefined) return missing();
    const id = "claim" in what ? what.claim : what.id;
    // A null that was recorded is a value, such as that of a parameter that nobody set.
    const isNone = what.value === null && what.status === "recorded";
    return shown(
      id,
      "value",
      isNone ? "none" : formatValue(what.value, what.unit, "limit" in what ? what.limit : undefined),
    );
  };
  return {
    figure,
    count: (what) => (what === undefined ? missing() : shown(what.id, "value", formatValue(what.value))),
    limit: (what) =>
      what.limit === undefined
        ? missing("none")
        : shown(what.claim, "limit", formatValue(what.limit, what.unit, what.value)),
    fact: (fact) => (isFigure(fact) ? figure(fact) : mark(fact)),
  };
}

/** An identifier; a date is written for people. */
export function mark({ identifier, source }: Identifier, name: "span" | "code" = "span"): Html {
  const text = ISO_TIME.test(identifier) ? formatTime(identifier) : identifier;
  return h(name, { "data-identifier": source, ...(name === "code" && { class: "path" }) }, text);
}

/** A figure with the id it has, since a bare value says little. */
export function named({ claim, status }: ClaimFigure, shown: Html): Html {
  return h(
    "span",
    { class: "named" },
    h("code", { "data-claim": claim, "data-member": "id" }, claim),
    " ",
    shown,
    status !== "recorded" && all(" ", statusWord(status)),
  );
}

export function missing(text = "not available"): Html {
  return h("span", { class: "missing" }, text);
}

const TONES: Readonly<Record<string, string>> = {
  passed: "good",
  supported: "good",
  holds: "good",
  held: "good",
  built: "good",
  cached: "good",
  substituted: "good",
  closed: "good",
  valid: "good",
  none: "good",
  unchanged: "good",
  changed: "bad",
  new: "quiet",
  failed: "bad",
  fails: "bad",
  critical: "bad",
  invalid: "bad",
  recorded: "quiet",
  organisational: "quiet",
  skipped: "quiet",
};

const SIGNS: Readonly<Record<string, string>> = {
  good: "\u2713",
  bad: "\u2717",
  quiet: "\u00B7",
  doubt: "!",
};

export function toneOf(status: string): string {
  return own(TONES, status) ?? "doubt";
}

/** A status: a word with a sign, so that nothing is said by colour alone. */
export function statusWord(status: string): Html {
  const tone = toneOf(status);
  return h(
    "span",
    { class: `status ${tone}` },
    h("span", { class: "sign", "aria-hidden": "true" }, SIGNS[tone] ?? ""),
    status,
  );
}

export interface TableColumn {
  head: string;
  /** Numbers, aligned to the right. */
  isNumber?: boolean;
  /** The cell that names the row. */
  isHead?: boolean;
  class?: string;
}

/** A table with a caption; wide ones scroll in their own frame. */
export function table(
  caption: Child,
  columns: readonly TableColumn[],
  rows: readonly (readonly Child[])[],
): Html {
  const classOf = ({ isNumber, class: own }: TableColumn) =>
    [isNumber === true ? "number" : "", own ?? ""].join(" ").trim() || undefined;
  const cell = (child: Child, index: number): Html => {
    const column = columns[index] ?? { head: "" };
    const attributes = { class: classOf(column), "data-head": column.head };
    return column.isHead === true
      ? h("th", { scope: "row", ...attributes }, child)
      : h("td", attributes, child);
  };
  return h(
    "div",
    { class: "frame" },
    h(
      "table",
      {},
      h("caption", {}, caption),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          columns.map((column) => h("th", { scope: "col", class: classOf(column) }, column.head)),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map((row) => h("tr", {}, row.map(cell))),
      ),
    ),
  );
}

export interface Section {
  id: string;
  title: string;
  /** One sentence under the title. */
  lead?: Child;
  body: Child;
}

export function sectionHtml({ id, title, lead, body }: Section): Html {
  return h(
    "section",
    { id, "aria-labelledby": `${id}-title` },
    h("h2", { id: `${id}-title` }, title),
    lead !== undefined && h("p", { class: "lead" }, lead),
    body,
  );
}

/** Things in one line with commas between them. */
export function joinHtml(items: readonly Html[], separator: Child = ", "): Html {
  return all(items.flatMap((item, index) => (index === 0 ? [item] : [separator, item])));
}

export function facts(pairs: readonly (readonly [string, Child])[]): Html {
  return h(
    "dl",
    { class: "facts" },
    pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}
