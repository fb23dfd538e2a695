// What standards ask of a run: clauses by number with short titles of our own, and the facts that are
// evidence for each. Data by edition; a new edition of a standard is a new file.
import annex11 from "./mappings/eu-annex11-2011.json" with { type: "json" };
import iso9001 from "./mappings/iso9001-2015.json" with { type: "json" };
import part11 from "./mappings/21cfr11.json" with { type: "json" };
import batchRecord from "./mappings/21cfr211-188.json" with { type: "json" };

export interface Mapping {
  /** Name of the file. */
  edition: string;
  name: string;
  title: string;
  owner: string;
  version: string;
  clauses: readonly Clause[];
}

export interface Clause {
  clause: string;
  title: string;
  /** Whether a run can give evidence at all. */
  kind: "technical" | "organisational";
  sources?: readonly EvidenceSource[];
  /** What is left to the organisation: all of an organisational clause, a part of a technical one. */
  duty?: string;
}

/** Where the evidence for a clause is looked up. */
export interface EvidenceSource {
  name: string;
  from: "claims" | "checks" | "record" | "parameters" | "deviations" | "signatures" | "audit" | "journal";
  /** Pattern of claim ids, pointer into the record, meaning of a signature, or kind of deviation. */
  select?: string;
  /** Values that mean failure, of claims that have no verdict of their own. */
  fails?: readonly string[];
  /** Values that are no evidence: of a run without a sandbox, that its sandbox is `none`. */
  absent?: readonly string[];
}

export const MAPPINGS = {
  batchRecord: batchRecord as Mapping,
  iso9001: iso9001 as Mapping,
  part11: part11 as Mapping,
  annex11: annex11 as Mapping,
} as const;
