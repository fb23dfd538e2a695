// The report on an exported Lean development, for people: its theorems, then what went wrong, then what was looked at.
// On a terminal statements are broken to its width; elsewhere each theorem is one line, for grep.
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
  /** Axioms allowed besides the standard ones. */
  allowAxioms: readonly string[];
}

/** Rows of a terminal that one statement may take. */
const STATEMENT_ROWS_MAX = 12;
const INDENT = 4;

export function leanReportLines(report: Report, options: LeanViewOptions): Line[] {
  const problem = report.problem === undefined ? [] : problemLines(report, report.problem, options);
  if (options.quiet) return problem;
  const theorems = report.theorems.flatMap((theorem) => theoremLines(theorem, options));
  const gap = theorems.length === 0 ? [] : [plainLine("")];
  const rest = [...verdictLines(report, options), ...summary(report)];
  return [...theorems, ...gap, ...problem, ...rest.flatMap((line) => fit(line, options))];
}

function fit(line: Line, { columns }: LeanViewOptions): Line[] {
  return columns === undefined ? [line] : wrapLine(line, columns, INDENT);
}

function theoremLines(theorem: TheoremReport, options: LeanViewOptions): Line[] {
  const { name, universes, statement, axioms, status } = theorem;
  const levels = universes.length === 0 ? "" : `.{${universes.map(visible).join(", ")}}`;
  const head: Line = [
    span(status.padEnd(10), status === "checked" ? "good" : "failure"),
    span(visible(name), "name"),
    span(`${levels} : ${visible(statement)}`),
  ];
  const used: Line[] = axioms.length === 0 ? [] : [axiomLine(axioms, options)];
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
      span(visible(axiom), styleOf(axiom, allowAxioms)),
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
  limit: "unavailable",
};

function problemLines(report: Report, problem: Problem, options: LeanViewOptions): Line[] {
  const { kind, reason, line, declaration, message } = problem;
  const place = declaration === undefined ? "" : `, in ${visible(declaration)}`;
  const style = kind === "limit" ? "warning" : "failure";
  const hint = hintOf(report, problem);
  const lines: Line[] = [
    [span(`${KIND_WORDS[kind]}: `, style), span(`${reason} at line ${line}${place}`)],
    plainLine(`    ${visible(message)}`),
    ...(hint === undefined ? [] : [[span("hint: ", "busy"), span(hint)]]),
  ];
  return lines.flatMap((each) => fit(each, options));
}

function hintOf({ theorems }: Report, { kind, reason }: Problem): string | undefined {
  if (kind === "limit")
    return "nothing is said about this declaration or what follows it, neither good nor bad";
  if (reason === "format-version") return "export it with the lean4export whose format is 3.1";
  if (reason !== "axiom-not-allowed") return undefined;
  const axioms = theorems.at(-1)?.axioms ?? [];
  if (axioms.includes("sorryAx")) return "a sorry stands where a proof should be";
  return "--allow-axiom NAME takes an axiom for granted";
}

/** The verdict on the whole, and on what it rests. */
function verdictLines({ status, theorems, problem }: Report, { allowAxioms }: LeanViewOptions): Line[] {
  if (status !== "accepted") {
    const before = theorems.filter((theorem) => theorem.status === "checked").length;
    return [
      plainLine(`checked before that: ${formatCount(before, "theorem")}; what follows was not looked at`),
    ];
  }
  const count = formatCount(theorems.length, "theorem");
  const used = countAxioms(theorems);
  const names = used.map(([axiom, users]) => `${visible(axiom)} (${users})`);
  const rests = used.length === 0 ? "none rests on an axiom" : `they rest on ${names.join(", ")}`;
  const verdict: Line = [
    span("accepted: ", "good"),
    span(theorems.length === 0 ? count : `${count}; ${rests}`),
  ];
  const granted = used.map(([axiom]) => axiom).filter((axiom) => allowAxioms.includes(axiom));
  const warning: Line = [span("taken for granted: ", "warning"), span(granted.map(visible).join(", "))];
  return granted.length === 0 || problem !== undefined ? [verdict] : [verdict, warning];
}

/** Axioms and how many theorems rest on each, in order of name. */
function countAxioms(theorems: readonly TheoremReport[]): [axiom: string, theorems: number][] {
  const counts = new Map<string, number>();
  for (const { axioms } of theorems)
    for (const axiom of axioms) counts.set(axiom, (counts.get(axiom) ?? 0) + 1);
  return [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
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

function summary({ counts, axioms, accelerated, meta, lines }: Report): Line[] {
  const kinds = NOUNS.filter(([kind]) => counts[kind] > 0).map(([kind, noun]) =>
    kind === "quotient"
      ? `${formatCount(counts[kind], noun)} of the quotient`
      : formatCount(counts[kind], noun),
  );
  if (counts.excluded > 0) kinds.push(`${counts.excluded} unsafe or partial, left out`);
  const declared = axioms.map(({ name, allowed }) => `${visible(name)}${allowed ? "" : " (not allowed)"}`);
  const facts: [string, string][] = [
    ["declared", kinds.length === 0 ? "nothing" : kinds.join(", ")],
    ["axioms", declared.join(", ")],
    ["computed directly", accelerated.map(visible).join(", ")],
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
  const lean = leanVersion === "" ? "" : `, Lean ${visible(leanVersion)}`;
  return `format ${visible(formatVersion)} of ${visible(exporter)} ${visible(exporterVersion)}${lean}`;
}

const INVISIBLE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** Text of an export with what a terminal would act on, or not show, spelled out: a name must not pass for another. */
export function visible(text: string): string {
  return text.replaceAll(INVISIBLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
