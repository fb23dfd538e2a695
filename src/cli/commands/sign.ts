// `pipelite sign`: an electronic signature on a run.
import { formatTime } from "#base/quantities.ts";
import { command, requiredValue, usualValue } from "#cli/command.ts";
import { columnsOf, print, printJson, say } from "#cli/context.ts";
import {
  KEY_BRIEF,
  SIGNER_BRIEF,
  passphraseFlag,
  personFlags,
  publicKeyFlag,
  runArgument,
} from "#cli/flags.ts";
import { personIn } from "#cli/signing-key.ts";
import { formatTable } from "#cli/table.ts";
import { openHomeOf, runNamedBy } from "#cli/run-argument.ts";

export const sign = command({
  brief: "Sign a run: who, with what meaning, why and when",
  about: [
    "Signs the bytes of the run's record and of its result: one Sigstore bundle for each person, meaning, reason and " +
      "time. It can't be put on another run, and it no longer holds when the record changes.",
  ],
  examples: [
    ["pipelite sign latest --meaning review --as 'Anna Meier' --key anna.key", "the latest run"],
    [
      "pipelite sign 20261121T0351 -m approval --as 'Bert Kunz' --key bert.key --reason 'limits met'",
      "another run, with a reason",
    ],
    [
      "pipelite sign latest -m review --as 'Anna Meier' --key sigstore:signing_config.json --trusted-root trusted_root.json",
      "as who has the token in $SIGSTORE_ID_TOKEN",
    ],
  ],
  flags: {
    meaning: requiredValue(
      "MEANING",
      "What the signature means: review, approval, responsibility or authorship",
      { alias: "m" },
    ),
    as: requiredValue("NAME", SIGNER_BRIEF),
    key: requiredValue("KEY", `${KEY_BRIEF}; sigstore:CONFIG signs as who has the identity token`, {
      alias: "k",
    }),
    passphraseFile: passphraseFlag,
    publicKey: publicKeyFlag,
    ...personFlags,
    reason: usualValue("TEXT", "Why it is given", { usual: "" }),
  },
  args: [runArgument],
  async run(context, flags, which) {
    const app = await import("#app/sign.ts");
    const home = openHomeOf(context, flags);
    const { meaning, as: name, reason } = flags;
    const signer = await personIn(context, flags);
    const signal = context.interruption();
    const signed = await app.sign(home, runNamedBy(context, which), {
      meaning,
      name,
      reason,
      signer,
      signal,
    });
    if (flags.json) return printJson(context, signed);
    const { runId, signedAt, stampedAt, keyId, recordDigest, bundleFile } = signed;
    const facts = [
      ["run", runId],
      ["record", recordDigest],
      ["signer", signed.signer],
      ["meaning", meaning],
      ["reason", reason],
      ["time", formatTime(signedAt)],
      ["stamped", stampedAt === undefined ? "" : formatTime(stampedAt)],
      ["key", keyId],
      ["bundle", home.pathOf(bundleFile)],
    ];
    print(
      context,
      formatTable(
        facts.filter(([, value]) => value !== ""),
        { columns: columnsOf(context) },
      ),
    );
    say(context, flags, `signed; \`pipelite verify ${runId}\` checks it`);
  },
});
