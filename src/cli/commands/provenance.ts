// `pipelite provenance`: who built what from what, as SLSA provenance that others verify.
import { command, optionalArgument, value, values } from "#cli/command.ts";
import { columnsOf, paintOf, pathOf, print, printJson } from "#cli/context.ts";
import { attestFlags } from "#cli/flags.ts";
import { openHomeOf, runNamedBy } from "#cli/run-argument.ts";
import { signerOf } from "#cli/signing-key.ts";
import { formatTable } from "#cli/table.ts";

export const provenance = command({
  brief: "Print the provenance of a run's outputs, or sign it for others",
  about: [
    "SLSA provenance v1 of each output: its digest, the derivation it was built from, all that the build could read, each with " +
      "its digest, and the kind of builder. With --out each is signed, entered into the log of this home, and written as a " +
      "Sigstore bundle beside what cosign and `pipelite verify --trust` need to check it.",
    "The SLSA level is worked out from what is met, requirement by requirement.",
  ],
  examples: [
    ["pipelite provenance", "what it says of the latest run"],
    ["pipelite provenance --out attestations", "signed, as files"],
    [
      "pipelite provenance --stage audio --key release.key --out attestations",
      "of one stage, by a key of your own",
    ],
    [
      "pipelite provenance --out attestations --timestamp https://tsa.example/api/v1/timestamp --trusted-root tsa.json",
      "each signature with a time that somebody else says",
    ],
    [
      "pipelite provenance --out attestations --key sigstore:signing_config.json --trusted-root trusted_root.json",
      "as who has the token in $SIGSTORE_ID_TOKEN",
    ],
  ],
  flags: {
    stage: values("STAGE", "Of this stage's output only"),
    out: value("FOLDER", "Sign, and write the bundles into this folder"),
    ...attestFlags,
    key: { ...attestFlags.key, alias: "k" },
  },
  args: [optionalArgument("RUN", "Run id or its start (default: the latest)", "run")],
  async run(context, flags, word) {
    const app = await import("#app/provenance.ts");
    const { out } = flags;
    const made = await app.provenance({
      home: openHomeOf(context, flags),
      which: runNamedBy(context, word),
      stages: flags.stage,
      signer: await signerOf(context, flags, out === undefined ? "--out" : undefined),
      out: out === undefined ? undefined : pathOf(context, out),
      signal: context.interruption(),
    });
    if (flags.json) return printJson(context, made);
    const { runId, outputs, slsa, files } = made;
    const columns = { columns: columnsOf(context) };
    const paint = paintOf(context, flags);
    const rows = outputs.map(({ stage, builder, statement, file }) => [
      stage,
      `sha256:${statement.subject[0]?.digest["sha256"] ?? ""}`,
      file ?? builder,
    ]);
    const requirements = slsa.requirements.map(({ level, status, name, why }) => [
      `L${level}`,
      status,
      name,
      why,
    ]);
    print(
      context,
      [
        `run ${runId}`,
        formatTable([["STAGE", "SUBJECT", out === undefined ? "BUILDER" : "FILE"], ...rows], columns),
        `SLSA Build level ${slsa.level}, worked out from:\n${formatTable(requirements, columns)}`,
        ...(out === undefined ? [] : [`${paint("written", "good")} to ${out}, with ${files.join(", ")}`]),
      ].join("\n\n"),
    );
  },
});
