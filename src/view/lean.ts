// The report on an exported Lean development, for people: its theorems, then what went wrong, then what was looked at.
// On a terminal statements are broken to its width; elsewhere each theorem is one line, for grep.
import { visibleText } from "#base/escape.ts";
import { STANDARD_AXIOMS } from "#app/lean-check.ts";
import { formatCount } from "#base/numbers.ts";
import type { Problem, Report, TheoremReport } from "#lean/index.ts";
import { plainLine, span, wrapLine, type Line, type Style } from "./paint.ts";

export interface LeanViewOptions {
  /** Of the terminal; undefined where the output is none. */
  columns: number | undefined;
  /** Only what is wrong. */
  quiet: boolean;
  /** Long statements in full. */
  verbose: boolean;
  /** The axioms that each theorem rests on. */
  axioms: boolean;
  /** Axioms allowed besides the standard ones. */
  allowAxioms: readonly string[];
  /** Names whose statements were asked for, and that are no theorem or axiom of the export. */
  missing?: readonly string[];
}

/** Rows of a terminal that one statement may take. */
const STATEMENT_ROWS_MAX = 12;
const INDENT = 4;

/** A theorem that has been judged: told before the report, which does not repeat it. */
export function leanTheoremLines(theorem: TheoremReport, options: LeanViewOptions): Line[] {
  return options.quiet ? [] : theoremLines(theorem, options);
}

/** What is said after the theorems. */
export function leanReportLines(report: Report, options: LeanViewOptions): Line[] {
  const problem = report.problem === undefined ? [] : problemLines(report, report.problem, options);
  const missing = (options.missing ?? []).map((name): Line => [
    span("not found: ", "failure"),
    span(`${visibleText(name)} is not a theorem or axiom of the export`),
  ]);
  if (options.quiet) return [...problem, ...missing];
  const theorems = report.theorems.flatMap((theorem) => theoremLines(theorem, options));
  const statements = report.axioms.filter(({ statement }) => statement !== "");
  const axioms = statements.map(({ name, statement }): Line => [
    span("axiom".padEnd(10), "warning"),
    span(visibleText(name), "name"),
    span(` : ${visibleText(statement)}`),
  ]);
  const told = [...theorems, ...axioms.flatMap((line) => fit(line, options))];
  const gap = report.counts.theorem === 0 && told.length === 0 ? [] : [plainLine("")];
  const rest = [...verdictLines(report, options), ...summary(report)];
  return [...told, ...gap, ...problem, ...missing, ...rest.flatMap((line) => fit(line, options))];
}

function fit(line: Line, { columns }: LeanViewOptions): Line[] {
  return columns === undefined ? [line] : wrapLine(line, columns, INDENT);
}

function theoremLines(theorem: TheoremReport, options: LeanViewOptions): Line[] {
  const { name, universes, statement, axioms, status } = theorem;
  const isPrinted = statement !== "";
  const levels = universes.length === 0 || !isPrinted ? "" : `.{${universes.map(visibleText).join(", ")}}`;
  const head: Line = [
    span(status.padEnd(10), status === "checked" ? "good" : "failure"),
    span(visibleText(name), "name"),
    ...(isPrinted ? [span(`${levels} : ${visibleText(statement)}`)] : []),
  ];
  const isListed = axioms.length > 0 && (options.axioms || status === "rejected");
  const used: Line[] = isListed ? [axiomLine(axioms, options)] : [];
  if (options.columns === undefined) return [[...head, ...used.flatMap((line) => [span("  "), ...line])]];
  const rows = fit(head, options);
  const hidden = options.verbose ? 0 : rows.length - STATEMENT_ROWS_MAX;
  const shown = hidden > 1 ? rows.slice(0, STATEMENT_ROWS_MAX) : rows;
  const more = hidden > 1 ? [plainLine(`    (${hidden} more lines, with --verbose)`, "faint")] : [];
  return [...shown, ...more, ...used.flatMap((line) => fit([span(" ".repeat(INDENT)), ...line], options))];
}

function axiomLine(axioms: readonly string[], { allowAxioms }: LeanViewOptions): Line {
  return [
    span("[axioms: ", "faint"),
    ...axioms.flatMap((axiom, i) => [
      span(i === 0 ? "" : ", ", "faint"),
      span(visibleText(axiom), styleOf(axiom, allowAxioms)),
    ]),
    span("]", "faint"),
  ];
}

function styleOf(axiom: string, allowAxioms: readonly string[]): Style {
  if (STANDARD_AXIOMS.includes(axiom)) return "faint";
  return allowAxioms.includes(axiom) ? "warning" : "failure";
}

const KIND_WORDS: Readonly<Record<Problem["kind"], string>> = {
  format: "malformed",
  rejected: "rejected",
  limit: "gave up",
};

function problemLines(report: Report, problem: Problem, options: LeanViewOptions): Line[] {
  const { kind, reason, line, declaration, message } = problem;
  const place = declaration === undefined ? "" : `, in ${visibleText(declaration)}`;
  const style = kind === "limit" ? "warning" : "failure";
  const hint = hintOf(report, problem);
  const lines: Line[] = [
    [span(`${KIND_WORDS[kind]}: `, style), span(`${reason} at line ${line}${place}`)],
    plainLine(`    ${visibleText(message)}`),
    ...(hint === undefined ? [] : [[span("hint: ", "busy"), span(hint)]]),
  ];
  return lines.flatMap((each) => fit(each, options));
}

function hintOf({ used }: Report, { kind, reason }: Problem): string | undefined {
  if (kind === "limit")
    return "nothing is said about this declaration or what follows it, neither good nor bad";
  if (reason === "format-version") return "export it with a lean4export whose format is 3.0 or 3.1";
  if (reason !== "axiom-not-allowed") return undefined;
  if (used.some(({ axiom }) => axiom === "sorryAx")) return "a sorry stands where a proof should be";
  return "--allow-axiom NAME takes an axiom for granted";
}

/** The verdict on the whole, and on what it rests. */
function verdictLines({ status, counts, used, problem }: Report, { allowAxioms }: LeanViewOptions): Line[] {
  if (status !== "accepted") {
    // The theorem that rests on what is not allowed is right but for that, and is counted.
    const before = counts.theorem - (problem?.reason === "axiom-not-allowed" ? 1 : 0);
    const text = `checked before that: ${formatCount(Math.max(0, before), "theorem")}`;
    return [plainLine(`${text}; what follows was not looked at`)];
  }
  const count = formatCount(counts.theorem, "theorem");
  const names = used.map(({ axiom, theorems }) => `${visibleText(axiom)} (${theorems})`);
  const rests = used.length === 0 ? "none rests on an axiom" : `they rest on ${names.join(", ")}`;
  const verdict: Line = [
    span("accepted: ", "good"),
    span(counts.theorem === 0 ? count : `${count}; ${rests}`),
  ];
  const granted = used.map(({ axiom }) => axiom).filter((axiom) => allowAxioms.includes(axiom));
  const warning: Line = [span("taken for granted: ", "warning"), span(granted.map(visibleText).join(", "))];
  return granted.length === 0 ? [verdict] : [verdict, warning];
}

/** Kinds of declarations, as nouns. */
const NOUNS: readonly (readonly [keyof Report["counts"], string])[] = [
  ["theorem", "theorem"],
  ["definition", "definition"],
  ["opaque", "opaque constant"],
  ["axiom", "axiom"],
  ["inductive", "inductive type"],
  ["constructor", "constructor"],
  ["recursor", "recursor"],
  ["quotient", "constant"],
];

function summary({ counts, axioms, accelerated, unaccelerated, meta, lines }: Report): Line[] {
  const kinds = NOUNS.filter(([kind]) => counts[kind] > 0).map(([kind, noun]) =>
    kind === "quotient"
      ? `${formatCount(counts[kind], noun)} of the quotient`
      : formatCount(counts[kind], noun),
  );
  if (counts.excluded > 0) kinds.push(`${counts.excluded} unsafe or partial, left out`);
  const declared = axioms.map(
    ({ name, allowed }) => `${visibleText(name)}${allowed ? "" : " (not allowed)"}`,
  );
  const facts: [string, string][] = [
    ["declared", kinds.length === 0 ? "nothing" : kinds.join(", ")],
    ["axioms", declared.join(", ")],
    ["computed directly", accelerated.map(visibleText).join(", ")],
    ["unaccelerated", unaccelerated.map(visibleText).join(", ")],
    [
      "export",
      meta === undefined ? formatCount(lines, "line") : `${formatCount(lines, "line")}, ${origin(meta)}`,
    ],
  ];
  return facts
    .filter(([, value]) => value !== "")
    .map(([label, value]) => [span(`${label}: `, "faint"), span(value)]);
}

function origin({
  formatVersion,
  exporter,
  exporterVersion,
  leanVersion,
}: NonNullable<Report["meta"]>): string {
  const lean = leanVersion === "" ? "" : `, Lean ${visibleText(leanVersion)}`;
  return `format ${visibleText(formatVersion)} of ${visibleText(exporter)} ${visibleText(exporterVersion)}${lean}`;
}
