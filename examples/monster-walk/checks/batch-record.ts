// The batch record: what went in, what was checked, what came out, in the order of 21 CFR 211.188. It is computed from the
// files alone and is therefore the same in every run; who, when and on what machine is in the run record, and said so.
// It is evidence for a reviewer. It does not say that anything complies with anything.
import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { TreeHash } from "./tree-hash.ts";
import { hashTree } from "./tree-hash.ts";
import type { Check, Verdict } from "./verdict.ts";

export interface Component extends TreeHash {
  stage: string;
  /** Last part of the path it was read from; in a store, hash and name. */
  storeName: string;
}

export interface Yield {
  phase: string;
  actual: number;
  theoretical: number;
  unit: string;
  percent: number;
}

export interface BatchRecordInput {
  components: readonly Component[];
  yields: readonly Yield[];
  sampling: { windows: number; values: number; plan: string };
  verdict: Verdict;
  limits: Readonly<Record<string, number>>;
}

const RUN_RECORD = "in the run record";

/** The inputs that were there; a stage that was not given is left out. */
export function listComponents(inputs: Readonly<Record<string, { path: string } | undefined>>): Component[] {
  return Object.entries(inputs).flatMap(([stage, input]) => {
    if (input === undefined) return [];
    return [{ stage, storeName: basename(input.path), ...hashTree(input.path) }];
  });
}

export function yieldOf(
  phase: string,
  unit: string,
  { actual, theoretical }: { actual: number; theoretical: number },
): Yield {
  return { phase, unit, actual, theoretical, percent: theoretical === 0 ? 0 : (100 * actual) / theoretical };
}

export function writeBatchRecord({ components, yields, sampling, verdict, limits }: BatchRecordInput) {
  const deviations = verdict.checks.filter((check) => check.status !== "passed");
  return {
    product: "monster-walk",
    batchId: batchId(components),
    basis: "sections named after 21 CFR 211.188; evidence for a reviewer, no statement of compliance",
    masterRecord: { "211.188(a)": RUN_RECORD },
    dates: { "211.188(b)(1)": RUN_RECORD },
    equipment: { "211.188(b)(2)": RUN_RECORD },
    components: {
      "211.188(b)(3)": components.map(({ stage, storeName, narSha256, narSize }) => {
        return { stage, storeName, narSha256, narSize };
      }),
    },
    measures: {
      "211.188(b)(4)": components.flatMap(({ stage, files }) => files.map((file) => ({ stage, ...file }))),
    },
    inProcessResults: { "211.188(b)(5)": verdict.checks.map(describeCheck) },
    yields: { "211.188(b)(7)": yields },
    sampling: { "211.188(b)(10)": { ...sampling, limits } },
    persons: { "211.188(b)(11)": { performedBy: RUN_RECORD, reviewedBy: "unreviewed" } },
    investigations: { "211.188(b)(12)": deviations.map(describeCheck) },
    notRecorded: [
      { section: "211.188(b)(6)", reason: `area before and after: the sandbox is ${RUN_RECORD}` },
      { section: "211.188(b)(8)", reason: "no labels: nothing is packaged here" },
      { section: "211.188(b)(9)", reason: "no containers: nothing is packaged here" },
      { section: "211.188(b)(13)", reason: "no package examination: nothing is packaged here" },
    ],
    checksPassed: verdict.checks.length - deviations.length,
    checksMade: verdict.checks.length,
    decision: verdict.status === "passed" ? "all checks passed" : "not to be released",
  };
}

/** The same inputs are the same batch: a digest over their hashes. */
function batchId(components: readonly Component[]): string {
  const hash = createHash("sha256");
  for (const { stage, narSha256 } of components) hash.update(`${stage}:${narSha256}\n`);
  return hash.digest("hex");
}

function describeCheck({ id, status, value, limit, unit, evidence }: Check) {
  return { id, status, value, limit, unit: unit ?? null, evidence };
}
