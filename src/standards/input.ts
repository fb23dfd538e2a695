// What documents are made from. All of it is read by others (the record, the audit, the journal, signatures); nothing
// here is read from disk, so that documents are a function of their input.
import type { ReproducedStage } from "#rebuild/reproductions.ts";
import type { Claim } from "#home/run-record.ts";
import type { RunRecord } from "#home/run-record.ts";
import type { Deviation } from "#release/deviation.ts";
import type { SignatureView } from "#release/signature-view.ts";

export interface DocumentInput {
  record: RunRecord;
  /** The last audit of this run; undefined when it was never audited. */
  audit?: AuditView | undefined;
  deviations: readonly Deviation[];
  signatures: readonly SignatureView[];
  /** The lines of the journal about this run; none when it is just ending. */
  journal: readonly JournalView[];
  /** Why the record is not the one that was written when the run ended; undefined when it is. */
  recordProblem?: string | undefined;
  derivations: readonly DerivationView[];
  /** Stage -> its log, as text. */
  logs: ReadonlyMap<string, string>;
  series: readonly ClaimSeries[];
  /** What statements about rebuilds come to; of a run that is just ending there are none. */
  rebuilds?: readonly ReproducedStage[];
}

export interface AuditView {
  auditedAt: string;
  status: "holds" | "fails" | "unavailable";
  claims: readonly { id: string; status: "holds" | "fails" | "unavailable"; reason?: string | undefined }[];
}

export interface JournalView {
  sequence: number;
  at: string;
  kind: string;
  digest: string;
}

/** What was fixed before a stage ran. */
export interface DerivationView {
  stage: string;
  drvPath: string;
  system: string;
  builder: string;
  /** Leaves of the parameters: JSON pointer -> value. */
  parameters: readonly { pointer: string; value: string | number | boolean | null }[];
  /** What it reads that no stage made: tools, code, sources. */
  sources: readonly string[];
}

/** Values that a claim was computed from, to be drawn. */
export interface ClaimSeries {
  claim: Claim;
  /** Where they stand: `<store path>/<file>#<pointer with *>`. */
  place: string;
  /** Subgroups in the order of measuring. */
  groups: readonly (readonly number[])[];
  limits?:
    | { lower?: number | undefined; upper?: number | undefined; target?: number | undefined }
    | undefined;
}
