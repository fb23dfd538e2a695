// Deviations: what departs from the plan in one run, and how people dealt with it. They open by themselves: each
// follows from the record, the audit or the history by a rule (findings.ts), so nobody can leave one out. States and
// moves are those of a CAPA procedure (21 CFR 211.192, ICH Q10 3.2.2): states.ts.

export type DeviationKind =
  | "failed-check"
  | "failed-stage"
  | "inconclusive-check"
  | "retry"
  | "sandbox-downgrade"
  | "not-reproduced"
  | "out-of-control";

export type Severity = "critical" | "major" | "minor";

export type DeviationState =
  | "open"
  | "investigating"
  | "dispositioned"
  | "capa"
  | "effectiveness-check"
  | "closed";

/** What is done with the results of the run. */
export type Disposition = "rework" | "use-as-is" | "reject";

/** One signed move from a state to another. */
export interface Transition {
  /** Place in the history of the deviation, from 1. */
  number: number;
  from: DeviationState;
  to: DeviationState;
  /** For a move to `dispositioned`. */
  disposition?: Disposition;
  reason: string;
  signer: string;
  keyId: string;
  /** ISO 8601, as the signer's clock had it. */
  at: string;
  /** ISO 8601: the journal had it no earlier. */
  sealedAt?: string | undefined;
  /** Relative to `<home>/pipelite`. */
  bundleFile: string;
}

/** What a rule found; the rest of a deviation is computed from all runs and from the transitions. */
export interface RuleFinding {
  kind: DeviationKind;
  /** The same in every run that departs in the same way: a check's id, a stage, a kind of sandbox. */
  fingerprint: string;
  statement: string;
  /** Ids of the claims concerned. */
  claims: string[];
}

export interface Deviation extends RuleFinding {
  /** `D-` and 12 digits of the sha256 of run, kind and fingerprint. */
  id: string;
  runId: string;
  severity: Severity;
  /** Why it is as severe as that: the rule's own words. */
  severityReason: string;
  state: DeviationState;
  /** The last disposition, once there is one. */
  disposition?: Disposition;
  history: Transition[];
  /** Earlier runs of the same pipeline with the same kind and fingerprint. */
  recurrence: number;
}

/** What the history says about this run that chance does not explain: `signalsOf` of src/history gives these. */
export interface DeviationSignal {
  /** `<stage>/<figure>`, or the id of a claim. */
  subject: string;
  claims: readonly string[];
  /** The rule that was broken, by its usual name. */
  rule: string;
  /** The rule in words. */
  meaning: string;
}

/** What an audit found, as far as deviations and releases go by it. */
export interface AuditFinding {
  auditedAt: string;
  status: "holds" | "fails" | "unavailable";
  claims: readonly { id: string; status: "holds" | "fails" | "unavailable" }[];
}

/** The same with what it was of. */
export interface AuditOfRun extends AuditFinding {
  runId: string;
  /** `sha256:<hex>` of the file of the record. */
  recordDigest: string;
  /** What every stage was built in again. */
  sandbox?: string;
}
