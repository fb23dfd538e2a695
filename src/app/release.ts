// Releases a run: audits it where the policy asks for that, holds it against the policy, keeps its result, and signs.
import type { Variables } from "#base/environment.ts";
import { renameSync } from "node:fs";
import { entryAt } from "#base/files.ts";
import { freeNameFor } from "#home/sealed.ts";
import { auditRun, type AuditOptions } from "#evidence/audit.ts";
import { keepAudit } from "#evidence/audit-file.ts";
import { signalsOfRun } from "#history/signals.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { requireOutputs } from "#release/outputs.ts";
import { readPolicy } from "#release/policy.ts";
import { readReleases, releaseRun, type FreshAudit, type ReleaseOutcome } from "#release/release.ts";
import { attestRun } from "#supply/attestations.ts";
import { attesterOf, personBy, type AttestationSigner } from "./attest.ts";
import { documents } from "./documents.ts";
import { pipeliteError } from "./errors.ts";
import type { Home } from "#home/home.ts";
import type { RunRecord } from "#home/run-record.ts";
import type { WhichRun } from "#home/runs.ts";
import { openStore } from "#store/index.ts";

export interface ReleaseRequest {
  home: Home;
  which: WhichRun;
  /** Default: release-policy.json beside the pipeline.ts of this folder (whatever the record says), else the built-in one. */
  policyFile?: string | undefined;
  /** Who releases; without one the demands are checked. */
  releaser?: { name: string; signer: AttestationSigner } | undefined;
  /** The variable that the key of the releaser is in. */
  keyVariable?: string | undefined;
  /** The history whose signals count; default: the records of the home, each read again. */
  database?: string | undefined;
  /** Who attests the outputs; default: the key of the home. */
  attestedBy?: AttestationSigner | undefined;
  /** Where programs are found when something is built again. */
  env: Variables;
  signal: AbortSignal;
}

/**
 * Releases a run, or says what is missing.
 * @throws PipeliteError RUN_NOT_FOUND, JOURNAL_BROKEN, RELEASE_EXISTS, SIGNER_INVALID, POLICY_INVALID, SIGNING_KEY_EXPOSED, and what
 * `attestBy` throws
 */
export async function release(options: ReleaseRequest): Promise<ReleaseOutcome> {
  const { home, which, policyFile, releaser, keyVariable, database, signal, env } = options;
  const { record } = home.runs.find(which);
  const { runId } = record;
  const applied = readPolicy(which.pipelineFile, policyFile);
  // What anybody wrote into the index of this home is not asked; whose database is named is believed.
  const history = database === undefined ? { home, isMadeNow: true } : { home, database };
  const signals = await signalsOfRun(history, record);
  const isBuiltOpenly = record.sandbox.kind === "none" && applied.policy.sandboxes.includes("none");
  if (isBuiltOpenly && applied.policy.audit === "fresh" && keyVariable !== undefined)
    throw pipeliteError("SIGNING_KEY_EXPOSED", { variable: keyVariable });
  const sandbox = isBuiltOpenly ? ("none" as const) : undefined;
  const audit = () => freshAudit(home, runId, { signal, env, sandbox });
  const { attestedBy = { by: "key", key: undefined } } = options;
  const attester = releaser && attesterOf(home, attestedBy, signal);
  const attest = () => attestRun(home, runId, attester);
  const by = releaser && { name: releaser.name, key: personBy(releaser.signer, signal) };
  const outputsHold = () => requireOutputs(home, record, signal);
  const whole = { home, runId, applied, releaser: by, audit, signals, attest, requireOutputs: outputsHold };
  const decide = () => releaseRun(whole);
  return releaser === undefined ? decide() : keepingResult(home, record, decide);
}

/**
 * The result of a released run must be there as long as the statement that says so: it gets its root first, so that no
 * crash leaves a released result that a collection may take. A run that is refused leaves no root behind.
 */
async function keepingResult(
  home: Home,
  { runId, tree }: RunRecord,
  decide: () => Promise<ReleaseOutcome>,
): Promise<ReleaseOutcome> {
  using store = openStore(home.folder);
  const path = tree === undefined ? undefined : parseStorePath(tree);
  if (path === undefined || !store.isValid(path)) return decide();
  const root = home.pathOf(`releases/${runId}.result`);
  // The name is ours: what another process put there must not block a release.
  if (entryAt(root)?.isSymbolicLink() === false) renameSync(root, freeNameFor(root));
  await store.addRoot(root, path);
  try {
    return await decide();
  } finally {
    if (readReleases(home, runId).length === 0) await store.removeRoot(root);
  }
}

async function freshAudit(
  home: Home,
  runId: string,
  options: Pick<AuditOptions, "signal" | "env" | "sandbox">,
): Promise<FreshAudit> {
  const run = home.runs.read(runId);
  const report = await auditRun(home, run, { ...options, documents });
  return { report: { ...report, recordDigest: run.digest }, keep: () => keepAudit(home, report) };
}
