// What a reviewer reads first: how the run ended, and what must be done before it can be released.
import { own } from "#base/own.ts";
import { claimsByName, identifier, type Claims } from "#standards/facts.ts";
import type { DocumentInput } from "#standards/input.ts";
import { all, h } from "./markup.ts";
import type { Child, Html } from "./markup.ts";
import { facts, joinHtml, mark, missing, named, statusWord, table, toneOf } from "./report-parts.ts";
import type { ReportParts, Section } from "./report-parts.ts";
import { WORDING, deviationsDocument } from "#standards/records.ts";

export function headerHtml(input: DocumentInput, { figure, count }: ReportParts): Html {
  const { record } = input;
  const claims = claimsByName(record);
  const status = claims.get("run/status");
  const qualifier = qualifierOf(input);
  return h(
    "header",
    { class: "head" },
    h("p", { class: "kind" }, "Run report"),
    h("h1", {}, h("span", { "data-identifier": "run.json#/pipeline" }, record.pipeline)),
    h(
      "div",
      { class: `verdict ${qualifier?.tone ?? toneOf(record.status)}` },
      h(
        "p",
        { class: "verdict-word" },
        status === undefined ? record.status : h("span", { "data-claim": status.id }, record.status),
        qualifier !== undefined && h("span", { class: "qualifier" }, qualifier.words),
      ),
      h("p", { class: "verdict-reason" }, reasonOf(input)),
    ),
    facts([
      ["Run", mark(identifier(record.runId, "run.json#/runId"), "code")],
      ["Started", figure(claims.get("run/started-at"))],
      ["Duration", figure(claims.get("run/duration"))],
      ["Critical path", figure(claims.get("run/critical-path"))],
      ["Stages built", count(claims.get("run/stages-built"))],
      ["Taken from the store", count(claims.get("run/stages-cached"))],
      ["Yield", figure(claims.get("run/yield"))],
      ["Checks", count(claims.get("run/checks"))],
      ["Claims", count(claims.get("run/claims"))],
    ]),
  );
}

/** What speaks against a run that passed: it must be seen by a reader of one line. */
function qualifierOf({
  record,
  audit,
  deviations,
  recordProblem,
}: DocumentInput): { tone: string; words: string } | undefined {
  if (recordProblem !== undefined) return { tone: "bad", words: ", but its record was changed" };
  if (record.status !== "passed") return undefined;
  if (audit?.status === "fails") return { tone: "bad", words: ", but the audit fails" };
  const open = deviations.filter(({ state }) => state !== "closed");
  if (open.some(({ severity }) => severity === "critical"))
    return { tone: "bad", words: ", but a critical deviation is open" };
  return open.length > 0 ? { tone: "doubt", words: ", with open deviations" } : undefined;
}

function reasonOf({ record, deviations }: DocumentInput): Child {
  if (record.status === "cancelled") return "The run was stopped before it was through.";
  const failed = [
    namesOf("Stages that failed: ", "run.json#/stages/*/name", record.stages, ({ name }) => name),
    namesOf("Claims that failed: ", "run.json#/claims/*/id", record.claims, ({ id }) => id),
  ].filter((words) => words !== undefined);
  if (failed.length > 0) return joinHtml(failed, " ");
  const isOpen = deviations.some(({ state }) => state !== "closed");
  return isOpen
    ? "Every stage gave its output and no check failed when the run ended; deviations are open."
    : "Every stage gave its output, no check failed, and no deviation is open.";
}

function namesOf<T extends { status: string }>(
  words: string,
  source: string,
  members: readonly T[],
  nameOf: (member: T) => string,
): Html | undefined {
  const names = members.filter(({ status }) => status === "failed").map(nameOf);
  if (names.length === 0) return undefined;
  const marks = names.map((name) => h("code", { "data-identifier": source }, name));
  return all(words, joinHtml(marks), ".");
}

export function reviewSection(input: DocumentInput, parts: ReportParts): Section {
  const { audit, signatures } = input;
  const claims = claimsByName(input.record);
  const open = input.deviations.filter(({ state }) => state !== "closed");
  const signed = (meaning: string): readonly Child[] => {
    const found = signatures.findIndex((signature) => signature.meaning === meaning && signature.isValid);
    const signature = signatures[found];
    if (signature === undefined)
      return [statusWord(own(UNSIGNED, meaning) ?? "unsigned"), "no valid signature with this meaning"];
    const at = `signatures#/${found}`;
    return [
      statusWord("valid"),
      all(
        mark(identifier(signature.signer, `${at}/signer`)),
        ", ",
        mark(identifier(signature.signedAt, `${at}/signedAt`)),
      ),
    ];
  };
  const rows: Child[][] = [
    [
      "Stages",
      statusWord(input.record.status),
      all(
        parts.count(claims.get("run/stages-built")),
        " built, ",
        parts.count(claims.get("run/stages-cached")),
        " from the store, ",
        parts.count(claims.get("run/stages-failed")),
        " failed, ",
        parts.count(claims.get("run/stages-skipped")),
        " skipped",
      ),
    ],
    [
      "Checks",
      statusWord(checksWord(claims)),
      all(
        parts.count(claims.get("run/checks-passed")),
        " of ",
        parts.count(claims.get("run/checks")),
        " passed, ",
        parts.count(claims.get("run/checks-failed")),
        " failed",
      ),
    ],
    ["Record", ...recordState(input)],
    [
      "Deviations",
      statusWord(open.length === 0 ? "none" : "open"),
      open.length === 0
        ? "no deviation is open"
        : joinHtml(
            open.map(({ id }) => h("a", { href: `#${id}`, "data-identifier": `deviations#${id}/id` }, id)),
          ),
    ],
    [
      "Audit",
      statusWord(audit?.status ?? "unaudited"),
      audit === undefined
        ? "the claims were not recomputed yet"
        : mark(identifier(audit.auditedAt, "audit#/auditedAt")),
    ],
    ["Review", ...signed("review")],
    ["Approval", ...signed("approval")],
  ];
  return {
    id: "review",
    title: "Review",
    lead: WORDING,
    body: table(
      "What a release depends on",
      [{ head: "Subject", isHead: true }, { head: "Status" }, { head: "Evidence" }],
      rows,
    ),
  };
}

/** All of a run without checks is not checked, and what could not decide has not passed. */
function checksWord(claims: Claims): string {
  if (claims.all.some(({ status }) => status === "failed")) return "failed";
  const asked = claims.checks().filter(({ status }) => status !== "recorded");
  if (asked.length === 0) return "untested";
  return asked.every(({ status }) => status === "passed") ? "passed" : "partial";
}

function recordState({ recordProblem, journal }: DocumentInput): readonly Child[] {
  if (recordProblem !== undefined)
    return [statusWord("changed"), mark(identifier(recordProblem, "record-problem"))];
  const line = journal.find(({ kind }) => kind === "run");
  if (line === undefined) return [statusWord("new"), "written when the run ended, so not in the journal yet"];
  const digest = identifier(line.digest, `journal.ndjson#${line.sequence}/digest`);
  return [statusWord("unchanged"), all("as the journal has it: ", mark(digest, "code"))];
}

const UNSIGNED: Readonly<Record<string, string>> = { review: "unreviewed", approval: "unapproved" };

export function deviationsSection(input: DocumentInput, { fact }: ReportParts): Section {
  const { deviations } = deviationsDocument(input);
  const rows = deviations.map((entry): Child[] => [
    h("span", { class: "unbroken", id: entry.deviation.identifier }, mark(entry.deviation)),
    statusWord(entry.severity),
    all(
      mark(entry.statement),
      entry.claims.map((claim) => h("div", { class: "below" }, named(claim, fact(claim)))),
    ),
    entry.kind,
    all(
      statusWord(entry.state),
      entry.disposition !== undefined && ` ${entry.disposition}`,
      entry.moves.map(({ to, reason, signer, at }) =>
        h("div", { class: "below" }, `${to}: `, mark(reason), " (", mark(signer), ", ", mark(at), ")"),
      ),
    ),
    mark(entry.recurrence),
  ]);
  return {
    id: "deviations",
    title: "Deviations",
    body:
      rows.length === 0
        ? h(
            "p",
            { class: "quiet" },
            "None: no check failed, no stage had to be repeated, and the sandbox was the one asked for.",
          )
        : table(
            "Deviations of this run",
            [
              { head: "Deviation", isHead: true },
              { head: "Severity" },
              { head: "Statement" },
              { head: "Kind" },
              { head: "State" },
              { head: "Earlier runs", isNumber: true },
            ],
            rows,
          ),
  };
}

export function signaturesSection({ signatures }: DocumentInput): Section {
  const rows = signatures.map(
    ({ signer, meaning, reason, signedAt, keyId, isValid, problem }, index): Child[] => {
      const show = (text: string, member: string, name?: "code") =>
        mark(identifier(text, `signatures#/${index}/${member}`), name);
      return [
        show(signer, "signer"),
        meaning,
        show(signedAt, "signedAt"),
        reason === "" ? missing("none given") : show(reason, "reason"),
        show(keyId, "keyId", "code"),
        all(statusWord(isValid ? "valid" : "invalid"), problem !== undefined && show(problem, "problem")),
      ];
    },
  );
  return {
    id: "signatures",
    title: "Signatures",
    lead: "A valid signature is intact and by its key. Whose key that is, this report can't show: compare the keys.",
    body:
      rows.length === 0
        ? h("p", { class: "quiet" }, "None: nobody has reviewed or approved this run yet.")
        : table(
            "Electronic signatures over the record of this run",
            [
              { head: "Name", isHead: true },
              { head: "Meaning" },
              { head: "Date and time" },
              { head: "Reason" },
              { head: "Key" },
              { head: "Signature" },
            ],
            rows,
          ),
  };
}
