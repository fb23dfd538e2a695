// How severe each kind of deviation is, and why. Read from the top: the first rule that fits counts. A rule is about what
// the finding means for the result, not about who found it.
import type { RuleFinding, Severity } from "./deviation.ts";

interface Rule {
  kind: RuleFinding["kind"];
  /** Only findings with this fingerprint. */
  fingerprint?: string;
  severity: Severity;
  reason: string;
}

export const SEVERITY_RULES: readonly Rule[] = [
  {
    kind: "failed-check",
    severity: "critical",
    reason: "A measured characteristic is out of its limits: the result is not what was specified",
  },
  {
    kind: "failed-stage",
    severity: "critical",
    reason: "A step of the process did not come to its end: what it should have made is not there",
  },
  {
    kind: "not-reproduced",
    severity: "critical",
    reason: "Evidence does not give the recorded value again: nothing that rests on it is shown",
  },
  {
    kind: "sandbox-downgrade",
    fingerprint: "none",
    severity: "critical",
    reason:
      "Without a sandbox a stage can read what it never declared: what its output is made of is not known",
  },
  {
    kind: "sandbox-downgrade",
    severity: "minor",
    reason: "A sandbox other than the preferred one isolated the stages: they still saw declared inputs only",
  },
  {
    kind: "retry",
    severity: "major",
    reason:
      "The same step failed before with the same inputs: a result that came by trying again is to be explained",
  },
  {
    kind: "out-of-control",
    severity: "major",
    reason: "The process changed beyond chance against its own history, within its limits",
  },
  {
    kind: "inconclusive-check",
    severity: "minor",
    reason: "A check could not decide: it counts neither for nor against the result",
  },
];

/** A minor finding that came in this many earlier runs is major. */
const RECURRENCES_MAX = 2;

export function severityOf(
  finding: Pick<RuleFinding, "kind" | "fingerprint">,
  recurrence: number,
): { severity: Severity; reason: string } {
  const { kind, fingerprint } = finding;
  const rule = SEVERITY_RULES.find(
    (each) => each.kind === kind && (each.fingerprint ?? fingerprint) === fingerprint,
  );
  if (rule === undefined) throw new Error(`no rule for the severity of ${kind}`);
  if (rule.severity === "minor" && recurrence > RECURRENCES_MAX) {
    return { severity: "major", reason: `${rule.reason}; it keeps coming back` };
  }
  return { severity: rule.severity, reason: rule.reason };
}
