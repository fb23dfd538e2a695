// `pipelite verify`: digests and signatures of a run, or of one bundle.
import { EXIT } from "#base/errors.ts";
import { formatTime } from "#base/quantities.ts";
import { argument, command, value, values } from "#cli/command.ts";
import { columnsOf, paintOf, pathOf, print, printJson, type Context } from "#cli/context.ts";
import { formatTable } from "#cli/table.ts";
import { openHomeOf, whichRun } from "#cli/run-argument.ts";
import type { Verification, VerifiedBundle, VerifiedRun } from "#release/verify.ts";
import type { Statement } from "#sigstore/index.ts";
import type { Paint } from "#view/paint.ts";

export const verify = command({
  brief: "Check digests and signatures of a run or of a bundle, offline",
  about: [
    "Holds the record against the journal, every output against its recorded hash, and every signature, deviation and " +
      "release against the key that made it. Recomputes no claim: `pipelite audit` does.",
    "Ends with 0 when all of it holds, with 3 when something doesn't.",
  ],
  examples: [
    ["pipelite verify latest", "with the keys that signed in this home"],
    ["pipelite verify latest --key anna.key.pub --key bert.key.pub", "these keys count, and no other"],
    ["pipelite verify ./approval.sigstore.json --key bert.key.pub", "one bundle"],
  ],
  flags: {
    policy: value("FILE", "Release policy in force (default: release-policy.json beside pipeline.ts)"),
    key: values("FILE", "Public key that counts (default: those known to this home)", { alias: "k" }),
  },
  args: [argument("RUN|BUNDLE", "Run id or its start, or a bundle file", "run")],
  async run(context, flags, word) {
    const app = await import("#app/sign.ts");
    const home = openHomeOf(context, flags);
    const keys = flags.key.length === 0 ? undefined : flags.key.map((file) => pathOf(context, file));
    const file = pathOf(context, word);
    const paint = paintOf(context, flags);
    let status: string;
    if (app.isBundleFile(word, file)) {
      const verified = app.verifyBundle(home, file, keys);
      if (flags.json) printJson(context, { file, ...verified });
      else printBundle(context, file, verified, paint);
      status = verified.status;
    } else {
      const verified = app.verify({
        home,
        which: whichRun(context, word),
        keyFiles: keys,
        policyFile: flags.policy && pathOf(context, flags.policy),
      });
      if (flags.json) printJson(context, verified);
      else printRun(context, verified, paint);
      status = verified.status;
    }
    return status === "fails" ? EXIT.verification : EXIT.ok;
  },
});

function printBundle(context: Context, file: string, verified: VerifiedBundle, paint: Paint): void {
  const { status, keyId, checks, statement } = verified;
  const facts = [
    ["bundle", file],
    ["key", keyId],
    ["type", statement?.predicateType ?? ""],
    ["says", statement === undefined ? "" : sayingOf(statement)],
    ...(statement?.subject ?? []).map(({ name, digest }) => [
      "over",
      `${name} sha256:${digest["sha256"] ?? "-"}`,
    ]),
  ];
  print(
    context,
    `${formatTable(facts.filter(([, value]) => value !== ""))}\n\n${checkLines(checks, status, paint)}`,
  );
}

/** A release has no line of its own, as signatures and moves do. */
function sayingOf({ predicate }: Statement): string {
  const { releasedBy: by, displayedAs, timeVerified } = predicate;
  const name = typeof by === "object" && by !== null && "name" in by ? textOf(by.name) : "";
  return textOf(displayedAs) || (name === "" ? "" : `${name}, release, ${textOf(timeVerified)}`);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function printRun(context: Context, { runId, status, checks, signatures }: VerifiedRun, paint: Paint): void {
  const rows = signatures.map(({ signer, role = "-", meaning, signedAt, reason, isValid, isByOtherKey }) => [
    signer || "?",
    role,
    meaning || "?",
    signedAt === "" ? "?" : formatTime(signedAt),
    isValid ? "valid" : isByOtherKey === true ? "OTHER KEY" : "NOT VALID",
    reason || "-",
  ]);
  const heads = ["SIGNER", "ROLE", "MEANING", "TIME", "STATE", "REASON"];
  const signed =
    rows.length === 0 ? "no signatures" : formatTable([heads, ...rows], { columns: columnsOf(context) });
  print(context, [`run ${runId}`, signed, checkLines(checks, status, paint)].join("\n\n"));
}

function checkLines(checks: readonly Verification[], status: string, paint: Paint): string {
  const table = formatTable(checks.map(({ what, status: each, detail }) => [each, what, detail]));
  const lines = table.split("\n");
  const painted = lines.map((line, at) => (checks[at]?.status === "fails" ? paint(line, "failure") : line));
  const verdict =
    status === "holds" ? paint("all holds", "good") : paint("something does not hold", "failure");
  return `${painted.join("\n")}\n\n${verdict}`;
}
