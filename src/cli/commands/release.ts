// `pipelite release`: holds a run against the release policy, and signs that it was released.
import { EXIT } from "#base/errors.ts";
import { formatTime } from "#base/quantities.ts";
import { pipeliteError } from "#cli/errors.ts";
import { command, value } from "#cli/command.ts";
import { paintOf, pathOf, print, printJson, say, type Context } from "#cli/context.ts";
import { databaseOf } from "#cli/database.ts";
import {
  KEY_BRIEF,
  SIGNER_BRIEF,
  passphraseFlag,
  publicKeyFlag,
  releaseFlags,
  runArgument,
} from "#cli/flags.ts";
import { personIn, signerOf, variableBehind, type SignerFlags } from "#cli/signing-key.ts";
import { formatTable } from "#cli/table.ts";
import { openHomeOf, runNamedBy } from "#cli/run-argument.ts";
import type { AttestationSigner } from "#app/attest.ts";
import type { Demand } from "#release/demands.ts";
import type { AppliedPolicy } from "#release/policy.ts";
import type { ReleaseOutcome } from "#release/release.ts";
import type { Paint } from "#view/paint.ts";

export const release = command({
  brief: "Release a run: all that the policy demands, checked and signed",
  about: [
    "Holds a run against the release policy: release-policy.json beside pipeline.ts, or a built-in one, which is shown. " +
      "When all demands are met, a signed statement says so; a run is never released twice differently.",
    "Ends with 0 when it is released, with 3 and the list of what is missing when not.",
  ],
  examples: [
    ["pipelite release latest", "what is missing?"],
    ["pipelite release latest --as 'Carla Voss' --key carla.key", "release it"],
    [
      "pipelite release latest --as 'Carla Voss' --key carla.key --timestamp https://tsa.example/api/v1/timestamp --trusted-root tsa.json",
      "with the time that somebody else says",
    ],
    ["pipelite release latest --policy strict.json --as 'Carla Voss' --key carla.key", "by another policy"],
  ],
  flags: {
    policy: value("FILE", "Release policy (default: release-policy.json beside pipeline.ts)"),
    as: value("NAME", SIGNER_BRIEF),
    key: value("KEY", KEY_BRIEF, { alias: "k" }),
    passphraseFile: passphraseFlag,
    publicKey: publicKeyFlag,
    ...releaseFlags,
  },
  args: [runArgument],
  async run(context, flags, which) {
    const app = await import("#app/release.ts");
    const home = openHomeOf(context, flags);
    const releaser = await readReleaser(context, flags);
    const attestedBy = await attesterIn(context, flags);
    const outcome = await app.release({
      home,
      which: runNamedBy(context, which),
      policyFile: flags.policy && pathOf(context, flags.policy),
      releaser,
      attestedBy,
      keyVariable:
        (releaser && variableBehind(flags.key, releaser.signer)) ??
        variableBehind(flags.attestKey, attestedBy),
      database: databaseOf(context, undefined),
      env: context.env,
      signal: context.interruption(),
    });
    if (flags.json) printJson(context, documentOf(outcome));
    else print(context, describe(outcome, paintOf(context, flags)));
    if (outcome.status === "refused") return EXIT.verification;
    const { bundleFile = "" } = outcome.release ?? {};
    say(context, flags, home.pathOf(bundleFile));
  },
});

type ReleaserFlags = SignerFlags & { as: string | undefined; attestKey: string | undefined };

async function readReleaser(
  context: Context,
  flags: ReleaserFlags,
): Promise<{ name: string; signer: AttestationSigner } | undefined> {
  const { as: name, key } = flags;
  if (name === undefined && key === undefined) return undefined;
  if (name === undefined || key === undefined) {
    const suggestion = "A release is signed by a person and a key: --as NAME --key FILE";
    throw pipeliteError("ARGUMENT_MISSING", { name: name === undefined ? "--as" : "--key", suggestion });
  }
  // An identity has its times from its own authorities.
  const timestamp = isIdentity(key) ? [] : flags.timestamp;
  const identityToken = isIdentity(key) ? flags.identityToken : undefined;
  return { name, signer: await personIn(context, { ...flags, key, timestamp, identityToken }) };
}

/** Who attests the outputs; nobody does where nobody releases. */
function attesterIn(context: Context, flags: ReleaserFlags): Promise<AttestationSigner> {
  const { attestKey: key, key: releaser } = flags;
  if (key?.startsWith("command:") === true)
    throw pipeliteError("ARGUMENT_INVALID", {
      value: key,
      name: "--attest-key",
      problem: "what attests here is a file, env:VARIABLE or sigstore:CONFIG",
    });
  const own = { ...flags, key, passphraseFile: undefined, publicKey: undefined };
  if (releaser === undefined) return signerOf(context, own, "--key");
  if (isIdentity(key)) return signerOf(context, { ...own, timestamp: [], ask: [], witness: [] }, undefined);
  const identityToken = isIdentity(releaser) ? undefined : flags.identityToken;
  return signerOf(context, { ...own, identityToken }, undefined);
}

function isIdentity(key: string | undefined): boolean {
  return key?.startsWith("sigstore:") === true;
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
