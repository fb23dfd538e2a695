// `pipelite archive`: one file from which a run can be verified and built again in ten years.
import { EXIT } from "#base/errors.ts";
import { formatCount } from "#base/numbers.ts";
import { formatSize } from "#base/quantities.ts";
import { command, optionalArgument, requiredValue, value } from "#cli/command.ts";
import { outputPathOf, print, printJson, say } from "#cli/context.ts";
import { passphraseFlag, personFlags, publicKeyFlag } from "#cli/flags.ts";
import { openHomeOf, runNamedBy } from "#cli/run-argument.ts";
import { personIn } from "#cli/signing-key.ts";
import { formatTable } from "#cli/table.ts";

export const archiveSave = command({
  brief: "Write a run, all that it was built from and its evidence into one file",
  about: [
    "The file is a tar with SHA256SUMS and a signature over it, a README that explains it, the closure of the run's outputs and of what they were built " +
      "from as a binary cache of Nix, the record, the whole log with its checkpoints, attestations, public keys, source files, " +
      "and Pipelite itself. It needs Node alone to be verified and built again; tar and sha256sum alone can tell whether it is whole.",
    "Only a run that verifies is archived. Its outputs are attested first where nobody has done that. The same run gives the same " +
      "bytes, as long as nothing is added to the log. `pipelite verify FILE` checks an archive, anywhere.",
  ],
  examples: [
    ["pipelite archive save --out walk.tar", "the latest run; `save` may be left out"],
    ["pipelite archive save 20261121T0351 --out walk.tar", "another one"],
  ],
  flags: {
    out: requiredValue("FILE", "Where the archive goes"),
    key: value(
      "KEY",
      "Who signs the sums of its files: a file, env:VARIABLE, command:WORDS or sigstore:CONFIG (default: the key of this home)",
      { alias: "k" },
    ),
    passphraseFile: passphraseFlag,
    publicKey: publicKeyFlag,
    ...personFlags,
  },
  args: [optionalArgument("RUN", "Run id or its start (default: the latest)", "run")],
  async run(context, flags, word) {
    const app = await import("#app/archive.ts");
    const archived = await app.archiveRun({
      home: openHomeOf(context, flags),
      which: runNamedBy(context, word),
      out: outputPathOf(context, { flag: "--out", path: flags.out, store: flags.store }),
      signer: await personIn(context, flags),
      env: context.env,
      signal: context.interruption(),
      onMember: () => undefined,
    });
    if (archived === undefined) return EXIT.interrupted;
    if (flags.json) return printJson(context, archived);
    const { runId, file, sizeBytes, files, paths, sources, sha256 } = archived;
    print(
      context,
      formatTable([
        ["run", runId],
        ["archive", file],
        [
          "holds",
          `${formatCount(files, "file")}, ${formatCount(paths, "store path")}, ${formatSize(sizeBytes)}`,
        ],
        ["sources", sources],
        ["sha256", sha256],
      ]),
    );
    say(
      context,
      flags,
      "keep its sha256, or a trust file, apart from it: `pipelite help archive save` says how to check it",
    );
  },
});
