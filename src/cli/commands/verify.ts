// `pipelite verify`: digests and signatures of a run, of bundles, or of a path, offline.
import { EXIT } from "#base/errors.ts";
import { formatTime } from "#base/quantities.ts";
import { command, optionalArgument, value, values } from "#cli/command.ts";
import {
  columnsOf,
  outputPathOf,
  paintOf,
  pathOf,
  print,
  printJson,
  type Context,
  type ExitCode,
  type GlobalFlags,
} from "#cli/context.ts";
import { pipeliteError } from "#cli/errors.ts";
import { formatTable } from "#cli/table.ts";
import { openHomeOf, runNamedBy } from "#cli/run-argument.ts";
import { readSigner } from "#cli/signing-key.ts";
import type { VerifiedTarget, VerifyRequest } from "#app/verify.ts";
import type { Verification } from "#release/verify.ts";
import type { Statement } from "#sigstore/index.ts";
import type { Paint } from "#view/paint.ts";

export const verify = command({
  brief: "Check digests and signatures of a run, of bundles, paths, archives, packages and images, offline",
  about: [
    "Of a run: holds the record against the journal, every output against its recorded hash, and every signature, " +
      "attestation, deviation and release against the key that made it. Recomputes no claim: `pipelite audit` does.",
    "With --trust: holds the provenance of each output, of a bundle, of each bundle in a folder, or of a path of the store " +
      "with all it refers to, to those whom this file names. It needs no record, so it works in any home that has the paths.",
    "Of an image, in a layout or in a registry: unpacks every layer and compares digests, with what the image says of itself, with the store " +
      "of this home, and with the record of the run that it was made of. Nothing is believed because it is written down.",
    "Of a package (deb, rpm, apk): hashes every path of the store that it has, and compares with what the package says of itself, with the " +
      "store of this home, its runs, and the signature beside it.",
    "Of an archive: holds each file to SHA256SUMS and each path to its NAR, and then the run in it as any other. Nothing of it is " +
      "added to this home.",
    "Ends with 0 when all of it holds, with 3 when something doesn't, or could not be looked at.",
  ],
  examples: [
    ["pipelite verify latest", "with the keys that signed in this home"],
    ["pipelite verify latest --key anna.key.pub --key bert.key.pub", "these keys count, and no other"],
    ["pipelite verify ./approval.sigstore.json --key bert.key.pub", "one bundle"],
    ["pipelite verify ./hello-1.0-amd64.oci --run latest", "an image, against the run it was made of"],
    ["pipelite verify oci://registry.example.org/team/hello:1.0", "the same where it was pushed to"],
    [
      "pipelite verify latest --trust trust.json",
      "the provenance of each output, by those whom this file names",
    ],
    ["pipelite verify ./audio.sigstore.json --trust trust.json", "of one bundle"],
    [
      "pipelite verify result/audio --trust trust.json --bundles attestations",
      "of a path, in any home that has it",
    ],
    [
      "pipelite verify result --trust trust.json --vsa vsa.json",
      "and a signed summary (SLSA VSA) of what came of it",
    ],
    ["pipelite verify packages/hello_1.0_amd64.deb", "a package, and the signature beside it"],
    ["pipelite verify walk.tar --trust trust.json", "an archive, and the run in it"],
  ],
  flags: {
    run: value("RUN", "Of an image: it must be made of this run (default: any of this home)"),
    policy: value("FILE", "Release policy in force (default: release-policy.json beside pipeline.ts)"),
    key: values("FILE", "Public key that counts (default: those known to this home)", { alias: "k" }),
    trust: value("FILE", "Whom to believe of provenance: builders, their keys, logs (docs/provenance.md)"),
    bundles: value("FOLDER", "Where the bundles are, with --trust (default: those that this home keeps)"),
    vsa: value("FILE", "Write a signed summary of it to this file, with --trust"),
    vsaKey: value(
      "KEY",
      "Key that signs the summary: a file or env:VARIABLE (default: the one of this home)",
    ),
  },
  args: [
    optionalArgument(
      "RUN|BUNDLE|PATH|ARCHIVE|PACKAGE|IMAGE",
      "Run id or its start (default: the latest run); a bundle or a folder of them; a path of the store; an archive, a package or an image",
      "run",
    ),
  ],
  async run(context, flags, word = "latest") {
    if (await isImage(context, word)) return verifyImage(context, flags, word);
    const { isPackageFile } = await import("#app/verify-package.ts");
    if (isPackageFile(word)) return verifyPackage(context, flags, word);
    const app = await import("#app/verify.ts");
    const home = openHomeOf(context, flags);
    const fileOf = (path: string | undefined) => (path === undefined ? undefined : pathOf(context, path));
    const { needsTrust, targetOf } = await import("#app/verify-target.ts");
    const target = targetOf(home, word, pathOf(context, word), runNamedBy(context, word));
    const { trust, bundles, vsa, vsaKey } = flags;
    const isLost = (flag: string | undefined) => flag !== undefined && trust === undefined;
    if (trust === undefined && (needsTrust(target) || isLost(bundles) || isLost(vsa) || isLost(vsaKey)))
      throw pipeliteError("ARGUMENT_MISSING", {
        name: "--trust",
        suggestion:
          "Whom to believe is said by a file: `pipelite provenance --out FOLDER` writes one to start from",
      });
    const keyFiles = flags.key.map((file) => pathOf(context, file));
    const [policyFile, trustFile] = [fileOf(flags.policy), fileOf(trust)];
    const named = "file" in target ? target.file : undefined;
    const read = [...keyFiles, policyFile, trustFile, fileOf(vsaKey), named];
    const request = {
      home,
      keyFiles: keyFiles.length === 0 ? undefined : keyFiles,
      policyFile,
      trustFile,
      bundles: fileOf(bundles),
      summary:
        vsa === undefined
          ? undefined
          : {
              file: outputPathOf(context, { flag: "--vsa", path: vsa, store: flags.store }, read),
              key:
                vsaKey === undefined
                  ? undefined
                  : await readSigner(context, {
                      ...flags,
                      key: vsaKey,
                      passphraseFile: undefined,
                      publicKey: undefined,
                    }),
            },
    };
    const verified =
      target.form === "archive"
        ? await verifyArchive(context, target.file, request)
        : app.verify({ ...request, target });
    if (verified === undefined) return EXIT.interrupted;
    const { form, ...rest } = verified;
    const paint = paintOf(context, flags);
    if (flags.json) printJson(context, rest);
    else if (form === "run") printRun(context, verified, paint);
    else printBundle(context, verified, paint);
    return verified.status === "holds" ? EXIT.ok : EXIT.verification;
  },
});

async function isImage(context: Context, word: string): Promise<boolean> {
  const { isImageWord } = await import("#app/verify-image.ts");
  return isImageWord(word, pathOf(context, word));
}

async function verifyImage(
  context: Context,
  flags: GlobalFlags & { run: string | undefined; trust: string | undefined },
  word: string,
): Promise<ExitCode> {
  const { OCI_SCHEME, verify: verifyOne } = await import("#app/verify-image.ts");
  const verified = await verifyOne({
    home: openHomeOf(context, flags),
    layout: word.startsWith(OCI_SCHEME) ? word : pathOf(context, word),
    which: flags.run === undefined ? undefined : runNamedBy(context, flags.run),
    trustFile: flags.trust === undefined ? undefined : pathOf(context, flags.trust),
    env: context.env,
    signal: context.interruption(),
  });
  const { image, digest, status, checks } = verified;
  if (flags.json) printJson(context, verified);
  else
    print(
      context,
      `image   ${image}\ndigest  ${digest}\n\n${checkLines(checks, status, paintOf(context, flags))}`,
    );
  return status === "holds" ? EXIT.ok : EXIT.verification;
}

async function verifyPackage(
  context: Context,
  flags: GlobalFlags & { trust: string | undefined },
  word: string,
): Promise<ExitCode> {
  const { verifyPackage: verifyOne } = await import("#app/verify-package.ts");
  const verified = await verifyOne({
    home: openHomeOf(context, flags),
    file: pathOf(context, word),
    trustFile: flags.trust === undefined ? undefined : pathOf(context, flags.trust),
  });
  const { digest, status, checks } = verified;
  const head = `package ${verified.package}\ndigest  ${digest}`;
  if (flags.json) printJson(context, verified);
  else print(context, `${head}\n\n${checkLines(checks, status, paintOf(context, flags))}`);
  return status === "holds" ? EXIT.ok : EXIT.verification;
}

async function verifyArchive(
  context: Context,
  file: string,
  request: Omit<VerifyRequest, "target">,
): Promise<VerifiedTarget | undefined> {
  const app = await import("#app/verify-archive.ts");
  return app.verifyArchive(file, request, context.interruption());
}

function printBundle(context: Context, verified: VerifiedTarget, paint: Paint): void {
  const { status, file = "", path = "", keyId = "", checks, statement } = verified;
  const facts = [
    ["bundle", file],
    ["path", path],
    ["key", keyId],
    ["type", statement?.predicateType ?? ""],
    ["says", statement === undefined ? "" : sayingOf(statement)],
    ...(statement?.subject ?? []).map(({ name, digest }) => [
      "over",
      `${name} sha256:${digest["sha256"] ?? "-"}`,
    ]),
  ];
  const said = facts.filter(([, text]) => text !== "");
  const head = said.length === 0 ? "" : `${formatTable(said)}\n\n`;
  print(context, `${head}${checkLines(checks, status, paint)}`);
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

function printRun(
  context: Context,
  { runId = "", status, checks, signatures = [] }: VerifiedTarget,
  paint: Paint,
): void {
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
    status === "holds"
      ? paint("all holds", "good")
      : status === "untested"
        ? paint("not all of it could be looked at", "warning")
        : paint("something does not hold", "failure");
  return `${painted.join("\n")}\n\n${verdict}`;
}
