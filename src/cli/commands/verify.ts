// `pipelite verify`: digests and signatures of a run, or of one bundle.
import { existsSync, readFileSync } from "node:fs";
import { EXIT } from "#base/errors.ts";
import { endWith, homeOf, pathOf, print, printJson, type Context, type GlobalFlags } from "#cli/context.ts";
import { formatTable, formatTime } from "#cli/table.ts";
import { readPolicy } from "#release/policy.ts";
import { verifyBundleFile, verifyRun, type Verification } from "#release/verify.ts";
import { readRun } from "#run/records.ts";
import { readPublicKey } from "#keys/key-file.ts";
import { type PublicKey, type Statement } from "#sigstore/index.ts";
import { createPaint, wantsColor, type Paint } from "#view/paint.ts";

export interface VerifyFlags extends GlobalFlags {
  key: readonly string[] | undefined;
}

export function verify(context: Context, flags: VerifyFlags, word: string): void {
  const home = homeOf(context, flags.store);
  const keys = flags.key?.map((file) => readPublicKey(pathOf(context, file)));
  const file = pathOf(context, word);
  const isFile = existsSync(file) && (word.includes("/") || word.includes("."));
  const paint = createPaint(wantsColor(flags.color, context.stdout));
  const status = isFile
    ? verifyFile(context, flags, { home, file, keys, paint })
    : verifyWhole(context, flags, { home, word, keys, paint });
  if (status === "fails") endWith(context, EXIT.verification);
}

interface Shared {
  home: string;
  keys: readonly PublicKey[] | undefined;
  paint: Paint;
}

function verifyFile(
  context: Context,
  { json }: VerifyFlags,
  { home, file, keys, paint }: Shared & { file: string },
): string {
  const verified = verifyBundleFile(home, readFileSync(file, "utf8"), keys);
  const { status, keyId, checks, statement } = verified;
  if (json) {
    printJson(context, { file, ...verified });
    return status;
  }
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
  return status;
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

function verifyWhole(
  context: Context,
  { json }: VerifyFlags,
  { home, word, keys, paint }: Shared & { word: string },
): string {
  const record = readRun(home, word);
  const { policy } = readPolicy(record.pipelineFile);
  const verified = verifyRun(home, record.runId, { keys, policy });
  const { runId, status, checks, signatures } = verified;
  if (json) {
    printJson(context, verified);
    return status;
  }
  const rows = signatures.map(({ signer, role = "-", meaning, signedAt, reason, isValid, isByOtherKey }) => [
    signer || "?",
    role,
    meaning || "?",
    signedAt === "" ? "?" : formatTime(signedAt),
    isValid ? "valid" : isByOtherKey === true ? "OTHER KEY" : "NOT VALID",
    reason || "-",
  ]);
  const heads = ["SIGNER", "ROLE", "MEANING", "TIME", "STATE", "REASON"];
  const signed = rows.length === 0 ? "no signatures" : formatTable([heads, ...rows]);
  print(context, [`run ${runId}`, signed, checkLines(checks, status, paint)].join("\n\n"));
  return status;
}

function checkLines(checks: readonly Verification[], status: string, paint: Paint): string {
  const table = formatTable(checks.map(({ what, status: each, detail }) => [each, what, detail]));
  const lines = table.split("\n");
  const painted = lines.map((line, at) => (checks[at]?.status === "fails" ? paint(line, "failure") : line));
  const verdict =
    status === "holds" ? paint("all holds", "good") : paint("something does not hold", "failure");
  return `${painted.join("\n")}\n\n${verdict}`;
}
