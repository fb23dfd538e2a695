// The jobs of continuous integration, run here: the very ones that workflows of forges start. Each comes to a result that says what
// it did, or why it could not; what could not be done is `unavailable`, and no pass.
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { basename } from "node:path";
import { isPipeliteError } from "#base/errors.ts";
import { removeTree } from "#base/files.ts";
import { formatCount } from "#base/numbers.ts";
import { messageOf } from "#base/strict-json.ts";
import { pipeliteError as exportError } from "#export/errors.ts";
import { JOBS, JOB_NAMES, type JobName } from "#export/workflow/jobs.ts";
import {
  compareResults,
  parseNeeds,
  parseResult,
  reportOf,
  type CiReport,
  type JobResult,
} from "#export/workflow/results.ts";
import { openHome } from "#home/home.ts";
import type { RunRecord } from "#home/run-record.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { audit } from "./audit.ts";
import { artefactsIn, artefactsOf, buildPipeline, type CiPlace } from "./ci-build.ts";
import { distributionHere, inContainer, lastLine, onForeign, SYSTEM_HERE } from "./ci-elsewhere.ts";
import { tryImages } from "./ci-image.ts";
import { pipeliteError } from "./errors.ts";
import { exportNix } from "./export-nix.ts";
import { pipelineFile } from "./home.ts";

export { JOB_NAMES, type JobName, type JobResult, type CiReport };

export interface RunCi extends Omit<CiPlace, "home" | "folder"> {
  /** This one alone. */
  job: JobName | undefined;
  /** What other jobs found: a file or a folder. */
  needs: string | undefined;
  onResult: (result: JobResult) => void;
}

export interface RanCi {
  results: JobResult[];
  report: CiReport;
}

/** @throws PipeliteError PIPELINE_NOT_FOUND, CI_NEEDS_MISSING, CI_NEEDS_INVALID */
export async function runCi(options: RunCi): Promise<RanCi> {
  const { job, needs, onResult, pipeline } = options;
  if (job === undefined || !readsOthers(job)) pipelineFile(pipeline);
  const others = needs === undefined ? [] : readNeeds(needs);
  const jobs = job === undefined ? JOB_NAMES : [job];
  for (const name of jobs)
    if (job !== undefined && needs === undefined && readsOthers(name))
      throw pipeliteError("CI_NEEDS_MISSING", { job: name });
  const folder = mkdtempSync(join(tmpdir(), "pipelite-ci-"));
  const results = new Map(others.map((each) => [each.job, each]));
  const done: JobResult[] = [];
  try {
    const place = { ...options, folder, home: join(folder, "home") };
    for (const name of jobs) {
      if (options.signal.aborted) break;
      const result = await runJob(name, place, [...results.values()]);
      results.set(name, result);
      done.push(result);
      onResult(result);
    }
  } finally {
    removeTree(folder);
  }
  return { results: done, report: reportOf([...results.values()]) };
}

function readsOthers(name: JobName): boolean {
  return (JOBS.find((each) => each.name === name)?.reads.length ?? 0) > 0;
}

/** @throws CI_NEEDS_INVALID */
function readNeeds(path: string): JobResult[] {
  if (!existsSync(path))
    throw exportError("CI_NEEDS_INVALID", { file: path, problem: "there is no such file" });
  if (!statSync(path).isDirectory()) return parseNeeds(readFileSync(path), path);
  return readdirSync(path)
    .filter((name) => name.endsWith(".json"))
    .map((name) => {
      const file = join(path, name);
      try {
        return parseResult(readFileSync(file));
      } catch (error) {
        throw exportError("CI_NEEDS_INVALID", { file, problem: messageOf(error) }, error);
      }
    });
}

type Found = Omit<JobResult, "schema" | "job" | "system" | "os">;

async function runJob(job: JobName, place: CiPlace, others: readonly JobResult[]): Promise<JobResult> {
  if (job === "compare") return compareResults(others);
  if (job === "report") {
    const { counts, status } = reportOf(others);
    const reason = `${counts.passed} passed, ${counts.failed} failed, ${counts.unavailable} unavailable`;
    return { schema: 1, job, status, reason };
  }
  const here = { schema: 1, job, system: SYSTEM_HERE, os: distributionHere() } as const;
  let found: Found | JobResult;
  try {
    found = await findOut(job, place);
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    // A capability that is missing here is no fault of the pipeline.
    found = {
      status: error.exitCode === 4 ? "unavailable" : "failed",
      reason: `${error.code}: ${error.message}`,
    };
  }
  return { ...here, ...found };
}

async function findOut(job: JobName, place: CiPlace): Promise<Found | JobResult> {
  switch (job) {
    case "build-x86_64-linux":
      return SYSTEM_HERE === "x86_64-linux" ? build(place) : unavailable(`this machine is ${SYSTEM_HERE}`);
    case "build-aarch64-linux": {
      if (SYSTEM_HERE === "aarch64-linux") return build(place);
      const ended = onForeign(job, place);
      return typeof ended === "string" ? unavailable(ended) : ended;
    }
    case "alpine":
    case "ubuntu": {
      if (distributionHere() === job) return build(place);
      const ended = await inContainer(job, place);
      return typeof ended === "string" ? unavailable(ended) : ended;
    }
    case "check":
      return check(place);
    case "nix":
      return byNix(place);
    case "image":
      return image(place);
    default:
      throw new Error(`${job} is no job of its own`);
  }
}

function unavailable(reason: string): Found {
  return { status: "unavailable", reason };
}

function failed(reason: string): Found {
  return { status: "failed", reason };
}

async function build(place: CiPlace): Promise<Found> {
  const record = await buildPipeline(place);
  if (typeof record === "string") return failed(record);
  const { counts, sandbox } = record;
  const artefacts = artefactsOf(record, place.home);
  const reason = `${counts.built} built and ${counts.cached} cached in the sandbox ${sandbox.kind}: ${artefacts.files} files`;
  return { status: "passed", reason, artefacts };
}

async function image(place: CiPlace): Promise<Found> {
  const record = await buildPipeline(place);
  return typeof record === "string" ? failed(record) : tryImages(record, place);
}

/** Every check passed, and the audit gets all that the run states again. */
async function check(place: CiPlace): Promise<Found> {
  const record = await buildPipeline(place);
  if (typeof record === "string") return failed(record);
  const checks = record.claims.filter(({ kind }) => kind === "check");
  const { env, signal } = place;
  const report = await audit(
    openHome(place.home),
    { word: record.runId },
    {
      env,
      signal,
      jobs: undefined,
      onProgress: () => {},
    },
  );
  if (report === undefined) return failed("it was stopped");
  const passed = checks.filter(({ status }) => status === "passed").length;
  const other = checks.length - passed;
  const reason = `${formatCount(passed, "check")} passed${other > 0 ? `, ${other} could not be told` : ""}; the audit ${report.status}`;
  if (report.status === "holds") return { status: "passed", reason };
  return report.status === "fails" ? failed(reason) : unavailable(reason);
}

const NIX_FEATURES = "nix-command flakes ca-derivations";

/** The exported flake, in a store of its own: every check, and the same bytes. */
async function byNix(place: CiPlace): Promise<Found> {
  const { env, folder, home, pipeline, signal } = place;
  if (spawnSync("nix", ["--version"], { env }).status !== 0) return unavailable("there is no nix here");
  const record = await buildPipeline(place);
  if (typeof record === "string") return failed(record);
  const out = join(folder, "exported");
  const { tools } = await exportNix({
    pipeline,
    home: openHome(home),
    which: { word: record.runId },
    out,
    cacheUrls: [],
    compression: "none",
    shells: "as-locked",
    now: new Date(),
    say: () => {},
    params: {},
    paranoid: false,
    env,
    engine: "embedded",
    signal,
  });
  const store = join(folder, "nix-root");
  mkdirSync(join(folder, "nix-home"), { recursive: true });
  const nix = (...words: string[]) =>
    spawnSync("nix", ["--store", store, "--substituters", `file://${out}/cache`, ...words], {
      env: {
        ...env,
        HOME: join(folder, "nix-home"),
        NIX_CONF_DIR: "/nonexistent",
        NIX_REMOTE: "",
        NIX_CONFIG: `experimental-features = ${NIX_FEATURES}\nbuild-users-group =\nsandbox = true\nsandbox-fallback = false\nsubstitute = true\n`,
      },
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
  const flake = `path:${out}/flake`;
  const checked = nix("flake", "check", flake);
  if (checked.status !== 0) return failed(`nix flake check: ${lastLine(checked.stderr)}`);
  const built = nix("build", "--no-link", "--json", flake);
  if (built.status !== 0) return failed(`nix build: ${lastLine(built.stderr)}`);
  const whose = tools.from === "machine" ? "; its shells have bash, git and jq of this machine" : "";
  return {
    status: "passed",
    reason: `nix flake check passed${whose}`,
    artefacts: artefactsByNix(record, store, built.stdout),
  };
}

function artefactsByNix(record: RunRecord, store: string, said: string): ReturnType<typeof artefactsIn> {
  const [{ outputs }] = JSON.parse(said) as [{ outputs: { out: string } }];
  const joined = join(store, outputs.out);
  const results = readdirSync(joined).map(
    (name) => [name, parseStorePath(`/nix/store/${basename(readlinkSync(join(joined, name)))}`)] as const,
  );
  return artefactsIn(record, Object.fromEntries(results), store);
}
