// The part of an audit that builds: every derivation of a run once more, in the sandbox that the run was built in, beside
// the store. A record may be anybody's, so what it says never has a program run without a sandbox, or with a network: what an
// output is by a hash that its derivation fixes is not made again, its bytes are checked by that hash.
import { programFolders, type Variables } from "#base/environment.ts";
import { mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isPipeliteError, systemErrorCode, type PipeliteError } from "#base/errors.ts";
import { finish } from "#base/steps.ts";
import { isPlainDirectory } from "#base/files.ts";
import { systemReason } from "#base/system-reason.ts";
import { rebuild } from "#engine/rebuild.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { detectSandbox, type SandboxKind } from "#sandbox/sandbox.ts";
import { storeFailure } from "#store/failure.ts";
import type { Store } from "#store/store.ts";
import { hashSteps } from "#store/tree.ts";
import { hex } from "#base/bytes.ts";
import type { AuditStatus, IntegrityFinding } from "./integrity.ts";
import type { SeenFiles } from "./seen.ts";
import type { RunRecord, StageRecord } from "#home/run-record.ts";

export interface RebuildFinding {
  stage: string;
  drvPath: string;
  status: AuditStatus;
  /** What the build gave, where it gave something. */
  narHash?: string;
  reason?: string;
}

export interface RebuildProgress {
  stage: string;
  state: "started" | AuditStatus;
  done: number;
  total: number;
}

/** What building a derivation again gave: a folder, or why there is none. */
export type AuditBuild = { path: string } | { reason: string; status: "fails" | "unavailable" };

export interface RebuildAll {
  store: Store;
  /** The run that is audited, and the one whose evidence it shows, where that is another. */
  records: readonly RunRecord[];
  /** Where to work and to leave what is made. */
  folder: string;
  paths: ReadonlyMap<string, IntegrityFinding>;
  seen: SeenFiles;
  jobs: number;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: RebuildProgress) => void) | undefined;
  isWanted: boolean;
  env: Variables;
  /** In place of the one that the record names; without a sandbox is built only where this says `none`. */
  sandbox: SandboxKind | undefined;
}

/** What is made, and where it is built. */
const MADE = "made";
const BUILDS = "builds";

type Built = StageRecord & { drvPath: string; outPath: string };

/** Builds what the records name, each derivation for an output once. @returns `findings` for each record its own */
export async function rebuildAll(work: RebuildAll): Promise<{
  findings: RebuildFinding[][];
  made: Map<string, AuditBuild>;
  sandbox: string;
}> {
  const { records, jobs, onProgress, isWanted } = work;
  const built = records.map((record) => record.stages.filter(isBuilt));
  const stages = [...new Map(built.flat().map((stage) => [keyOf(stage), stage])).values()];
  const sandbox = isWanted ? await sandboxFor(records[0], work) : { reason: "that was not asked for" };
  const made = new Map<string, AuditBuild>();
  const findings = new Map<string, RebuildFinding>();
  // Made before anything in them is looked at: a folder that is moved looks as one that gets something.
  for (const name of [MADE, BUILDS]) mkdirSync(join(work.folder, name), { mode: 0o700 });
  const waiting = [...stages];
  const worker = async (): Promise<void> => {
    for (let stage = waiting.shift(); stage !== undefined; stage = waiting.shift()) {
      const tell = (state: RebuildProgress["state"]): void =>
        onProgress?.({ stage: stage?.name ?? "", state, done: findings.size, total: stages.length });
      tell("started");
      const again = await buildAgain(work, stage, sandbox);
      made.set(stage.drvPath, again.made);
      findings.set(keyOf(stage), again.finding);
      tell(again.finding.status);
    }
  };
  const workers = Array.from({ length: Math.max(1, Math.min(jobs, stages.length)) }, () =>
    worker().catch((error: unknown) => {
      waiting.length = 0;
      throw error;
    }),
  );
  // Builds that still go on write to the folder, which is removed when this has ended.
  const failed = (await Promise.allSettled(workers)).find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return {
    findings: built.map((each) =>
      each.flatMap((stage) => {
        const finding = findings.get(keyOf(stage));
        return finding === undefined ? [] : [{ ...finding, stage: stage.name }];
      }),
    ),
    made,
    sandbox: sandbox.kind ?? "unavailable",
  };
}

function isBuilt(stage: StageRecord): stage is Built {
  const { kind, drvPath, outPath } = stage;
  return kind !== "fetch" && kind !== "answer" && drvPath !== undefined && outPath !== undefined;
}

/** What is to be shown: that this derivation gives this output. */
function keyOf({ drvPath, outPath }: Built): string {
  return `${drvPath} ${outPath}`;
}

type Sandbox = { kind: SandboxKind } | { kind?: undefined; reason: string };

/** The sandbox of the run; for a run that Nix built or that built nothing, the strongest that works here. */
async function sandboxFor(
  record: RunRecord | undefined,
  { env, sandbox: asked }: Pick<RebuildAll, "env" | "sandbox">,
): Promise<Sandbox> {
  const kind = record?.sandbox.kind;
  if (kind === "none" && asked === undefined) return { reason: UNCONFINED };
  const wanted = asked ?? (["starter", "bubblewrap", "unshare"] as const).find((known) => known === kind);
  try {
    const detected = await detectSandbox(wanted, programFolders(env));
    if (detected.kind !== "none" || wanted === "none") return detected;
    const why = detected.tried.map((attempt) => `${attempt.kind}: ${attempt.reason}`).join("; ");
    return { reason: `no sandbox works on this machine: ${why}` };
  } catch (error) {
    if (!isPipeliteError(error, "SANDBOX_UNAVAILABLE")) throw error;
    return { reason: error.message };
  }
}

const UNCONFINED =
  "it was built without a sandbox, and whoever wrote its programs could do here what you can: --sandbox none builds it again so";

async function buildAgain(
  { store, folder, paths, seen, signal, env }: Omit<RebuildAll, "records">,
  { name, drvPath, outPath }: Built,
  sandbox: Sandbox,
): Promise<{ made: AuditBuild; finding: RebuildFinding }> {
  const end = (status: "fails" | "unavailable", reason: string) => ({
    made: { status, reason } as const,
    finding: { stage: name, drvPath, status, reason } as const,
  });
  if (sandbox.kind === undefined) return end("unavailable", `${name} was not built again: ${sandbox.reason}`);
  const path = parseStorePath(drvPath);
  const ofDerivation = paths.get(drvPath);
  if (ofDerivation?.status !== "holds")
    return end(ofDerivation?.status ?? "unavailable", ofDerivation?.reason ?? `${drvPath} was not looked at`);
  const derivation = store.readDerivation(path);
  const bad = inputsOf(store, derivation.inputSrcs)
    .map((input) => paths.get(input))
    .find((input) => input?.status !== "holds");
  if (bad !== undefined && bad.status !== "holds")
    return end(
      bad.status,
      `${name} was not built again, an input is not what it was: ${bad.reason ?? bad.id}`,
    );
  const notTold = (error: PipeliteError) => {
    const isOwn = BUILDERS_OWN.has(error.code);
    const rest = isOwn ? "" : ", so nothing was compared";
    return end(isOwn ? "fails" : "unavailable", `building ${name} again: ${error.message}${rest}`);
  };
  try {
    const target = mkdtempSync(join(folder, MADE, "of-"));
    const again = await rebuild(
      {
        name,
        drvPath: path,
        derivation,
        signal: signal ?? new AbortController().signal,
      },
      { store, kind: sandbox.kind, env, folder: join(folder, BUILDS), target: join(target, "out") },
    );
    signal?.throwIfAborted();
    if (again.status === "cancelled") return end("unavailable", `building ${name} again was stopped`);
    if (again.status === "failed") return notTold(again.error);
    return compare({ store, name, drvPath, outPath, seen }, join(target, "out"), again.narHash);
  } catch (error) {
    const known = storeFailure(store, error);
    if (isPipeliteError(known)) return notTold(known);
    if (error instanceof Error && systemErrorCode(error) !== undefined && "errno" in error)
      return end("unavailable", `building ${name} again: ${systemReason(Number(error.errno))}`);
    throw error;
  }
}

/**
 * What a builder does itself, so that its derivation gives no such output. Anything else that keeps a build from its end says
 * nothing of that: the disk or the memory of this machine, a limit of it, a signal from anywhere.
 */
const BUILDERS_OWN: ReadonlySet<string> = new Set([
  "DERIVATION_UNSUPPORTED",
  "STAGE_FAILED",
  "STAGE_LOG_LIMIT",
  "STAGE_NO_OUTPUT",
  "STORE_OUTPUT_NOT_FLAT",
  "STORE_OUTPUT_TOO_LARGE",
  "STORE_OUTPUT_UNSAFE",
  "STORE_REFERENCE_CYCLE",
  "STORE_SPECIAL_FILE",
]);

function inputsOf(store: Store, sources: Iterable<string>): string[] {
  const paths = [...sources].map(parseStorePath);
  return [...new Set([...paths, ...store.closure(paths.filter((path) => store.isValid(path)))])];
}

interface Original {
  store: Store;
  name: string;
  drvPath: string;
  outPath: string;
  seen: SeenFiles;
}

function compare({ store, name, drvPath, outPath, seen }: Original, target: string, narHash: string) {
  const made: AuditBuild = { path: target };
  const finding = { stage: name, drvPath, narHash };
  const path = parseStorePath(outPath);
  const original = store.physical(path);
  seen.note(target);
  const status = store.isValid(path) ? "fails" : "unavailable";
  const differing = firstDifference(original, target);
  if (differing === undefined) return { made, finding: { ...finding, status: "holds" as const } };
  const reason = `building ${name} again gives another ${outPath}${differing}`;
  return { made, finding: { ...finding, status, reason } as const };
}

/** Where two trees begin to differ: `/<file>`, or nothing to say more of when one is not a folder; undefined when equal. */
function firstDifference(before: string, after: string): string | undefined {
  const hashOf = (path: string): string | undefined => {
    try {
      return hex(finish(hashSteps(path)).narHash);
    } catch (error) {
      if (isPipeliteError(error)) return undefined;
      throw error;
    }
  };
  if (hashOf(before) === hashOf(after)) return undefined;
  if (!isPlainDirectory(before) || !isPlainDirectory(after)) return "";
  const names = [...new Set([...readdirSync(before), ...readdirSync(after)])].toSorted();
  for (const name of names) {
    const below = firstDifference(join(before, name), join(after, name));
    if (below !== undefined) return `/${name}${below}`;
  }
  return "";
}
