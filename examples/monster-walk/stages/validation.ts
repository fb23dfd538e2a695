import type { Source } from "pipelite";
import { listComponents, writeBatchRecord } from "../checks/batch-record.ts";
import { checkCapability } from "../checks/capability-checks.ts";
import type { AudioInput } from "../checks/chord-checks.ts";
import { CHORD_WINDOWS, checkChord } from "../checks/chord-checks.ts";
import { writeClauseEvidence } from "../checks/clauses.ts";
import type { ProofInput } from "../checks/proof-checks.ts";
import { checkProof, readFacts } from "../checks/proof-checks.ts";
import { checkSong } from "../checks/song-checks.ts";
import type { Check } from "../checks/verdict.ts";
import { conclude } from "../checks/verdict.ts";
import { checkWalk } from "../checks/walk-checks.ts";
import { checkYields } from "../checks/yields.ts";

/** Fixed in pipeline.ts, so before anything is measured. */
export interface Limits {
  /** Largest deviation of a measured frequency from its nominal one. */
  frequencyHz: number;
  /** Least lower 95 % confidence bound of Cpk. */
  capability: number;
}

interface Inputs {
  proof: ProofInput;
  audio: AudioInput;
  prompts?: Source;
  song?: Source;
  limits: Limits;
}

/** Measures what the other stages made, against the limits; the verdict is what a gate reads. */
export default async function validation({ proof, audio, prompts, song, limits }: Inputs) {
  const facts = await readFacts(proof);
  const chord = facts === undefined ? nothing("chord") : await checkChord(audio, facts, limits);
  const walk = facts === undefined ? nothing("walk") : await checkWalk(audio, facts, limits);
  const capability = checkCapability(chord.measurements, limits);
  const measured = facts === undefined ? { checks: [], yields: [] } : checkYields(facts, { chord, walk });
  const verdict = conclude([
    ...(await checkProof(proof)),
    ...chord.checks,
    ...walk.checks,
    ...measured.checks,
    capability.check,
    ...(song === undefined || facts === undefined ? [] : await checkSong(song, facts)),
  ]);
  return {
    "verdict.json": verdict,
    "measurements.json": { chord: chord.measurements, walk: walk.measurements },
    "six_sigma_cpk.json": capability.document,
    "iso9001_evidence.json": writeClauseEvidence(verdict.checks),
    "gmp_batch_record.json": writeBatchRecord({
      components: listComponents({ proof, audio, prompts, song }),
      yields: measured.yields,
      sampling: {
        windows: CHORD_WINDOWS,
        values: chord.measurements.reduce((sum, { tones }) => sum + tones.length, 0),
        plan: "windows of near equal length that share no sample and together hold the whole chord",
      },
      verdict,
      limits: { ...limits },
    }),
  };
}

/** Without facts there is nothing to hold a recording against. */
function nothing(name: string): { checks: Check[]; measurements: [] } {
  const check: Check = {
    id: `${name}.format`,
    statement: `The ${name} is what the proof's facts ask for`,
    status: "skipped",
    value: "the facts can't be read",
    limit: null,
    evidence: "proof/facts.json",
  };
  return { checks: [check], measurements: [] };
}
