// `pipelite log-audit`: the log of a home held to its checkpoints.
import { EXIT } from "#base/errors.ts";
import { formatCount } from "#base/numbers.ts";
import { command, value, values } from "#cli/command.ts";
import { columnsOf, outputPathOf, paintOf, pathOf, print, printJson } from "#cli/context.ts";
import { parseAddress } from "#cli/flags.ts";
import { openHomeOf } from "#cli/run-argument.ts";
import { witnessesOf } from "#cli/signing-key.ts";
import { formatTable } from "#cli/table.ts";
import type { Finding } from "#supply/finding.ts";

const STYLES = { holds: "good", fails: "failure", untested: "warning" } as const;

export const logAudit = command({
  brief: "Show that the log of this home only ever grew, and where it did not",
  about: [
    "Every line of the journal is an entry of a Merkle tree, and each run that builds something signs a checkpoint: how many " +
      "entries there are, and their root. This proves that each checkpoint continues the one before, and that journal and " +
      "tiles are what was signed for. Who may write the whole home can make all of it again: keep checkpoints elsewhere " +
      "(--save), and hold the log to them (--checkpoint).",
    "Ends with 0 when all of it holds, with 3 when something doesn't, or there is no log.",
  ],
  examples: [
    ["pipelite log-audit --save kept.checkpoint", "hold it to what it has, and keep the checkpoint"],
    ["pipelite log-audit --checkpoint kept.checkpoint", "later: is it still the same log?"],
    [
      "pipelite log-audit --ask https://witness.example --witness KEY",
      "have a witness sign it, and demand that it did",
    ],
  ],
  flags: {
    checkpoint: values("FILE", "A checkpoint of this log that was kept elsewhere"),
    key: value("KEY", "The key of the log, as NAME+HASH+KEY (default: the one that this home has)", {
      alias: "k",
    }),
    witness: values(
      "KEY",
      "A witness that must have signed the last checkpoint, as NAME+HASH+KEY (default: $PIPELITE_WITNESSES)",
    ),
    ask: values(
      "URL",
      "Ask this witness to sign the checkpoint first; --witness says whose signature counts (default: $PIPELITE_WITNESSES)",
      { parse: parseAddress },
    ),
    save: value("FILE", "Write the checkpoint that is signed now to this file, if all holds"),
  },
  args: [],
  async run(context, flags) {
    const app = await import("#app/log-audit.ts");
    const { urls: ask, keys: witnesses } = witnessesOf(context, flags);
    const audited = await app.logAudit({
      home: openHomeOf(context, flags),
      key: flags.key,
      witnesses,
      checkpoints: flags.checkpoint.map((file) => pathOf(context, file)),
      ask,
      signal: context.interruption(),
      save:
        flags.save === undefined
          ? undefined
          : outputPathOf(context, { flag: "--save", path: flags.save, store: flags.store }),
    });
    if (flags.json) printJson(context, audited);
    else {
      const { status, size, checkpoints, findings, key } = audited;
      const paint = paintOf(context, flags);
      const rows = findings.map((finding) => [finding.status, finding.what, finding.detail]);
      const lines = formatTable(rows, { columns: columnsOf(context) });
      print(
        context,
        [
          `${paint(status, STYLES[status])}: ${formatCount(size, "line")}, ${formatCount(checkpoints, "checkpoint")}${untestedText(findings)}`,
          ...(key === undefined ? [] : [`key ${key}`]),
          "",
          lines,
        ].join("\n"),
      );
    }
    return audited.status === "holds" ? EXIT.ok : EXIT.verification;
  },
});

/** What nobody was asked about is no part of what holds. */
function untestedText(findings: readonly Finding[]): string {
  const open = findings.filter(({ status }) => status === "untested").map(({ what }) => what);
  return open.length === 0 ? "" : `, by what this home has; not tested: ${open.join(", ")}`;
}
