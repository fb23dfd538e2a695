// Claims: every number, verdict and status that a run states, each with the formula it follows from and the evidence
// that the formula reads. `pipelite audit` evaluates the formulas again (formula.ts says what they may hold), so a claim
// that no formula gives is not stated. Made by run-claims.ts (from the record) and output-claims.ts (from the outputs).
//
// Ids are stable names; documents refer to them. Where a stage is called `run`, or two checks have one id, the later
// claim gets `~2`, `~3` behind its id.
//   <result>/<check id>   each of the `checks` in a result's verdict.json
//   <check>/check                                     a check() of pipeline.ts
//   <result>/verdict                                  of a verdict.json that can't be read, or fails though no check does
//   <stage>/nar-hash, nar-size, files, bytes          the output, where there is one
//   <stage>/status, duration, start, waited           what this run made of the stage
//   <stage>/wall, cpu-user, cpu-system, peak-memory, io-read, io-write, oom-kills   its build, where it was measured
//   <stage>/minor-faults, major-faults, voluntary-switches, involuntary-switches, task-clock, cycles, instructions,
//   <stage>/cache-references, cache-misses, branch-misses                           the same, by the kernel's counters
//   <each>/items                                      of what is made for each item of a list
//   <stage>/exit-code                                 of a stage that failed by it
//   material/<name>/nar-hash, nar-size                sources, timings and the like that stages read
//   run/status, passed, started-at, finished-at, duration, stages, stages-built, stages-cached, stages-substituted,
//   run/stages-failed, stages-skipped, stages-cancelled, yield, critical-path, critical-path-fits,
//   run/wall, cpu-user, cpu-system, peak-memory, io-read, io-write     over the builds of all stages
//   run/phase/<name>, run/phase/<name>/start, run/param/<name>, run/jobs, run/cores, run/kernel, run/node, run/pipelite,
//   run/sandbox, run/sandbox-version, run/claims, run/checks, run/checks-passed, run/checks-failed

import type { Claim } from "#home/run-record.ts";

/** What a status can be. */
export const STATUSES: readonly string[] = [
  "passed",
  "failed",
  "skipped",
  "untested",
  "not-computable",
  "gauge-limited",
  "unavailable",
  "recorded",
];

/** The name by which evidence refers to the record of the run itself. */
export const RECORD_FILE = "run.json";

/** Gives a claim whose id another has already a number behind it. */
export function withUniqueIds(claims: readonly Claim[]): Claim[] {
  const taken = new Set<string>();
  return claims.map((claim) => {
    let id = claim.id;
    for (let count = 2; taken.has(id); count += 1) id = `${claim.id}~${count}`;
    taken.add(id);
    return id === claim.id ? claim : { ...claim, id };
  });
}
