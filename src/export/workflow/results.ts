// What jobs found, how it is read back from a forge, and what follows: the comparison across systems, and the report. Nothing here
// is believed for being green: a job counts by the result it wrote, and one without a result has failed.
import { own } from "#base/own.ts";
import {
  list,
  mapOf,
  matching,
  object,
  oneOf,
  optional,
  requireShape,
  text,
  count,
  digest,
} from "#base/shape.ts";
import { isObject, memberAt, messageOf, parseStrictJson } from "#base/strict-json.ts";
import { JOB_NAMES, JOBS, NO_SYSTEMS, type JobName } from "./jobs.ts";
import { pipeliteError } from "#export/errors.ts";

export type JobStatus = "passed" | "failed" | "unavailable";

/** The bytes of what a pipeline gave. */
export interface Artefacts {
  /** `sha256:<hex>` of the list of all files with their digests. */
  digest: string;
  files: number;
  /** Name -> sha256 of the file; of the first MAX only. */
  sums: Record<string, string>;
  /** Results that hold what was measured, and are no part of this. */
  measured: string[];
}

export interface JobResult {
  schema: 1;
  job: JobName;
  status: JobStatus;
  /** Why it failed or is unavailable; what it did, for one that passed. */
  reason: string;
  /** `x86_64-linux` */
  system?: string;
  /** As os-release calls it. */
  os?: string;
  artefacts?: Artefacts;
}

/** A result goes through an output of a job, which has room for a megabyte. */
export const SUMS_MAX = 2000;

const artefactsShape = object<Artefacts>({
  digest,
  files: count,
  sums: mapOf(matching(/^[0-9a-f]{64}$/, "digest")),
  measured: list(text),
});

const resultShape = object<JobResult>({
  schema: oneOf(1),
  job: oneOf(...JOB_NAMES),
  status: oneOf("passed", "failed", "unavailable"),
  reason: text,
  system: optional(matching(/^[\w]+-[a-z]+$/, "system")),
  os: optional(text),
  artefacts: optional(artefactsShape),
});

/** @throws SyntaxError that says what is wrong */
export function parseResult(document: string | Uint8Array): JobResult {
  return requireShape(resultShape, parseStrictJson(document));
}

/**
 * The results of other jobs as a forge hands them on: its context `needs` as JSON.
 * @throws PipeliteError CI_NEEDS_INVALID
 */
export function parseNeeds(document: string | Uint8Array, file: string): JobResult[] {
  let needs: unknown;
  try {
    needs = parseStrictJson(document);
    if (!isObject(needs)) throw new SyntaxError("it is not an object");
  } catch (error) {
    throw pipeliteError("CI_NEEDS_INVALID", { file, problem: messageOf(error) }, error);
  }
  return Object.entries(needs).flatMap(([name, need]) => {
    const job = JOB_NAMES.find((each) => each === name);
    return job === undefined ? [] : [resultOfNeed(job, need)];
  });
}

function resultOfNeed(job: JobName, need: unknown): JobResult {
  const said = memberAt(need, "outputs", "result");
  const forge = memberAt(need, "result");
  const state = typeof forge === "string" ? forge : "nothing";
  if (typeof said !== "string" || said === "")
    return failed(job, `it wrote no result; the forge says ${state}`);
  try {
    const result = parseResult(said);
    if (result.job !== job) return failed(job, `its result is that of ${result.job}`);
    // What happened after it was written counts as well.
    if (result.status !== "failed" && state !== "success")
      return failed(job, `the forge says ${state}, and its result ${result.status}`);
    return result;
  } catch (error) {
    return failed(job, `its result can't be read: ${messageOf(error)}`);
  }
}

function failed(job: JobName, reason: string): JobResult {
  return { schema: 1, job, status: "failed", reason };
}

/** Whether what was built on different systems is the same, byte by byte. */
export function compareResults(results: readonly JobResult[]): JobResult {
  const result = (status: JobStatus, reason: string): JobResult => ({
    schema: 1,
    job: "compare",
    status,
    reason,
  });
  const wanted = JOBS.find(({ name }) => name === "compare")?.reads ?? [];
  const built = results.flatMap((each) =>
    each.artefacts !== undefined && each.status === "passed" && wanted.includes(each.job)
      ? [{ ...each, artefacts: each.artefacts }]
      : [],
  );
  const [first, ...others] = built;
  if (first === undefined) return result("unavailable", "nothing was built");
  for (const other of others) {
    const difference = differenceOf(first.artefacts, other.artefacts);
    if (difference !== undefined) return result("failed", `${first.job} and ${other.job}: ${difference}`);
  }
  const same = built.map(({ job }) => job).join(", ");
  const bytes = `${first.artefacts.files} files, ${first.artefacts.digest}`;
  const missing = wanted
    .filter((name) => name.startsWith("build-") && !built.some(({ job }) => job === name))
    .map((name) => {
      const other = results.find(({ job }) => job === name);
      return `${name} (${other === undefined ? "no result" : `${other.status}: ${other.reason}`})`;
    });
  return missing.length > 0
    ? result("unavailable", `nothing to compare with on ${missing.join(", ")}; the same on ${same}: ${bytes}`)
    : result("passed", `the same on ${same}: ${bytes}`);
}

function differenceOf(one: Artefacts, other: Artefacts): string | undefined {
  if (one.digest === other.digest) return undefined;
  const names = [...new Set([...Object.keys(one.sums), ...Object.keys(other.sums)])].toSorted();
  const name = names.find((each) => own(one.sums, each) !== own(other.sums, each));
  return name === undefined ? `they differ behind the first ${SUMS_MAX} files` : `${name} has other bytes`;
}

export interface CiReport {
  rows: { job: string; status: JobStatus; reason: string }[];
  /** How many of each. */
  counts: Record<JobStatus, number>;
  /** Failed as soon as one job has; passed only when every one has. */
  status: JobStatus;
}

export function reportOf(results: readonly JobResult[]): CiReport {
  const byJob = new Map(results.map((each) => [each.job, each]));
  const jobs = JOB_NAMES.filter((name) => name !== "report").map((name) => {
    const { status, reason } = byJob.get(name) ?? failed(name, "it gave no result");
    return { job: name, status, reason };
  });
  const systems = Object.entries(NO_SYSTEMS).map(([job, reason]) => ({
    job,
    status: "unavailable" as const,
    reason,
  }));
  const rows = [...jobs, ...systems];
  const counts = { passed: 0, failed: 0, unavailable: 0 };
  for (const { status } of rows) counts[status] += 1;
  const isWhole = jobs.every(({ status }) => status === "passed");
  const status = counts.failed > 0 ? "failed" : isWhole ? "passed" : "unavailable";
  return { rows, counts, status };
}
