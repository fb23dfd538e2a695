import type { Check, Source } from "pipelite";
import { checkCapability } from "../checks/capability-checks.ts";
import type { AudioInput } from "../checks/chord-checks.ts";
import { checkChord } from "../checks/chord-checks.ts";
import type { ProofInput } from "../checks/proof-checks.ts";
import { checkProof, readFacts } from "../checks/proof-checks.ts";
import { checkSong } from "../checks/song-checks.ts";
import { conclude } from "../checks/verdict.ts";
import { checkWalk } from "../checks/walk-checks.ts";

/** Fixed in pipeline.ts, so before anything is measured. */
export interface Limits {
  /** Largest deviation of a measured frequency from its nominal one. */
  cents: number;
  /** Least lower 95 % confidence bound of Cpk. */
  capability: number;
}

interface Inputs {
  proof: ProofInput;
  audio: AudioInput;
  song?: Source;
  limits: Limits;
}

/** Measures what the other stages made, against the limits; the verdict is what a gate reads. */
export default async function validation({ proof, audio, song, limits }: Inputs) {
  const facts = await readFacts(proof);
  const chord = facts === undefined ? nothing("chord") : await checkChord(audio, facts, limits);
  const walk = facts === undefined ? nothing("walk") : await checkWalk(audio, facts, limits);
  const capability = checkCapability(chord.measurements, limits);
  const verdict = conclude(
    [
      ...(await checkProof(proof)),
      ...chord.checks,
      ...walk.checks,
      capability.gauge,
      ...(song === undefined || facts === undefined ? [] : await checkSong(song, facts)),
    ],
    [capability.study],
  );
  return {
    "verdict.json": verdict,
    "measurements.json": { chord: chord.measurements, walk: walk.measurements },
    "six_sigma_cpk.json": capability.document,
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
