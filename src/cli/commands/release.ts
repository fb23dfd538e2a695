// `pipelite release`: holds a run against the release policy, and signs that it was released.
import { join } from "node:path";
import { EXIT } from "#base/errors.ts";
import {
  endWith,
  homeOf,
  pathOf,
  print,
  printJson,
  say,
  type Context,
  type GlobalFlags,
} from "#cli/context.ts";
import { auditForRelease } from "#cli/audit-for-release.ts";
import { readKey } from "#cli/signing-key.ts";
import { readSignals } from "#cli/signals.ts";
import { changeStore } from "#cli/store-argument.ts";
import { formatTable, formatTime } from "#cli/table.ts";
import { parseStorePath } from "#nix/store-path.ts";
import type { Demand } from "#release/demands.ts";
import { readPolicy, type AppliedPolicy } from "#release/policy.ts";
import { releaseRun, type ReleaseOutcome } from "#release/release.ts";
import type { SigningKey } from "#sigstore/index.ts";
import { readRun } from "#run/records.ts";
import { createPaint, wantsColor, type Paint } from "#view/paint.ts";
import { pipeliteError } from "#cli/errors.ts";

export interface ReleaseFlags extends GlobalFlags {
  policy: string | undefined;
  as: string | undefined;
  key: string | undefined;
  passphraseFile: string | undefined;
}

export async function release(context: Context, flags: ReleaseFlags, word: string): Promise<void> {
  const home = homeOf(context, flags.store);
  const record = readRun(home, word);
  const { runId } = record;
  const applied = readPolicy(record.pipelineFile, flags.policy && pathOf(context, flags.policy));
  const outcome = await releaseRun({
    home,
    runId,
    applied,
    releaser: readReleaser(context, flags),
    audit: () => auditForRelease(context, home, runId),
    signals: await readSignals(context, home, record),
  });
  if (flags.json) printJson(context, documentOf(outcome));
  else print(context, describe(outcome, createPaint(wantsColor(flags.color, context.stdout))));
  if (outcome.status === "refused") return endWith(context, EXIT.verification);
  const { tree } = record;
  if (tree !== undefined) {
    // What was released must be there as long as the statement that says so.
    const link = join(home, "pipelite/releases", `${runId}.result`);
    await changeStore(context, flags, (store) => store.addRoot(link, parseStorePath(tree)));
  }
  const { bundleFile = "" } = outcome.release ?? {};
  say(context, flags, `${home}/pipelite/${bundleFile}`);
}

function readReleaser(context: Context, flags: ReleaseFlags): { name: string; key: SigningKey } | undefined {
  const { as: name, key } = flags;
  if (name === undefined && key === undefined) return undefined;
  if (name === undefined || key === undefined) {
    const suggestion = "A release is signed by a person and a key: --as NAME --key FILE";
    throw pipeliteError("ARGUMENT_MISSING", { name: name === undefined ? "--as" : "--key", suggestion });
  }
  return { name, key: readKey(context, { ...flags, key }) };
}

function documentOf({ policy: { policy, source, digest }, ...outcome }: ReleaseOutcome): object {
  const missing = outcome.demands.filter(({ isMet }) => !isMet).map(({ name }) => name);
  return { ...outcome, missing, policy: { source, digest, ...policy } };
}

function describe({ runId, status, policy, demands, release: made }: ReleaseOutcome, paint: Paint): string {
  const missing = demands.filter(({ isMet }) => !isMet);
  const parts = [`run ${runId}\n${describePolicy(policy)}`, describeDemands(demands, paint)];
  if (status === "refused") {
    const names = missing.map(({ name }) => name).join(", ");
    parts.push(`${paint("not released", "failure")}: missing ${names}`);
  } else if (made !== undefined) {
    const words = status === "released" ? "released" : "released before";
    parts.push(`${paint(words, "good")} by ${made.releasedBy}, ${formatTime(made.releasedAt)}`);
  }
  return parts.join("\n\n");
}

function describePolicy({ policy, source, digest }: AppliedPolicy): string {
  const { signers, signatures, deviations } = policy;
  const people =
    signers === "any"
      ? "any key (the policy names nobody)"
      : signers.map(({ name, role }) => `${name} (${role})`).join(", ");
  const needed = signatures.map(({ meaning, role }) =>
    role === undefined ? meaning : `${meaning} by a ${role}`,
  );
  return formatTable([
    ["policy", source === "built-in" ? "built-in, since there is no release-policy.json" : source],
    ["digest", digest],
    ["audit", policy.audit],
    ["sandboxes", policy.sandboxes.join(", ")],
    ["blocks", `${deviations.blocking.join(", ") || "no"} deviations until ${deviations.until}`],
    ["needs", needed.join(", ") || "no signature"],
    ["signers", people],
  ]);
}

function describeDemands(demands: readonly Demand[], paint: Paint): string {
  const rows = demands.map(({ name, isMet, found, wanted }) => [
    isMet ? "met" : "missing",
    name,
    isMet ? found : `${found}; wanted: ${wanted}`,
  ]);
  const lines = formatTable(rows).split("\n");
  return lines.map((line, at) => (demands[at]?.isMet === false ? paint(line, "failure") : line)).join("\n");
}
