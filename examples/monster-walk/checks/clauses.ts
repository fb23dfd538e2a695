// Which checks are evidence for which clause of ISO 9001:2015. Clause numbers and our own words only. The standard is about
// organisations: a run can show evidence for a clause, it can't be certified, and most clauses are not its business.
import type { Check } from "./verdict.ts";

interface ClauseRule {
  clause: string;
  predicate: string;
  /** Ids of checks, or their beginnings up to and including a dot or hyphen. */
  checks: readonly string[];
}

/** `supported`: all its checks passed; `failed`: one did not; `no-evidence`: there is no such check. */
export type ClauseStatus = "supported" | "failed" | "no-evidence" | "organisational";

const EDITION = "ISO 9001:2015";

const RULES: readonly ClauseRule[] = [
  {
    clause: "7.1.5.1",
    predicate:
      "The measurement explains the recording down to its rounding error, and says how uncertain it is",
    checks: ["chord.residual", "chord.tones", "capability."],
  },
  {
    clause: "7.5.3",
    predicate: "What is recorded about the recording is tied to its bytes by a digest",
    checks: ["chord.metadata"],
  },
  {
    clause: "8.2.3",
    predicate:
      "What is to be made was stated exactly, and the statements were recomputed, before it was made",
    checks: ["proof."],
  },
  {
    clause: "8.5.1",
    predicate: "The recordings have the form, length and level that were planned",
    checks: ["chord.format", "chord.clipping", "walk.format"],
  },
  {
    clause: "8.5.2",
    predicate: "What sounds can be traced to the proof: each step to its group, each tone to its prime",
    checks: ["proof.facts", "walk.groups", "chord.frequency-"],
  },
  {
    clause: "8.6",
    predicate: "The result was measured against limits fixed before, and all of it is within them",
    checks: ["chord.", "walk.", "capability.", "song."],
  },
];

/** Clauses that no run can speak for. */
const ORGANISATIONAL: readonly string[] = ["4", "5", "6", "7.1", "7.2", "7.3", "9.2", "9.3", "10"];

export function writeClauseEvidence(checks: readonly Check[]) {
  return {
    edition: EDITION,
    note: "evidence for the clauses named; certification is of organisations, not of runs",
    clauses: RULES.map(({ clause, predicate, checks: wanted }) => {
      const found = checks.filter(({ id }) => wanted.some((name) => matches(id, name)));
      return {
        clause,
        wording: `evidence for ${EDITION} clause ${clause}`,
        predicate,
        status: statusOf(found),
        evidence: found.map(({ id, status }) => ({ check: id, status, pointer: pointerTo(checks, id) })),
      };
    }),
    organisational: ORGANISATIONAL.map((clause) => ({
      clause,
      status: "organisational" satisfies ClauseStatus,
    })),
  };
}

function matches(id: string, name: string): boolean {
  return name.endsWith(".") || name.endsWith("-") ? id.startsWith(name) : id === name;
}

function statusOf(found: readonly Check[]): ClauseStatus {
  if (found.length === 0) return "no-evidence";
  return found.every((check) => check.status === "passed") ? "supported" : "failed";
}

function pointerTo(checks: readonly Check[], id: string): string {
  return `validation/verdict.json#/checks/${checks.findIndex((check) => check.id === id)}`;
}
