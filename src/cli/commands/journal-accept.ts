// `pipelite journal accept`: a person lets a broken line of the journal stand, by a signature.
import { command, requiredValue } from "#cli/command.ts";
import { print, printJson } from "#cli/context.ts";
import { KEY_BRIEF, SIGNER_BRIEF, passphraseFlag, publicKeyFlag } from "#cli/flags.ts";
import { describeJournal } from "#cli/journal-text.ts";
import { openHomeOf } from "#cli/run-argument.ts";
import { readSigner } from "#cli/signing-key.ts";

export const journalAccept = command({
  brief: "Say by a signature that a broken line of the journal was looked into",
  about: [
    "The line stays where it is, and `verify` shows it. Nothing vouches for what stands before it: those runs can't be signed " +
      "or released any more. What comes after it can: the next `pipelite run` makes a record of its own.",
  ],
  examples: [
    [
      "pipelite journal accept --reason 'a script wrote to the wrong file' --as 'Anna Meier' --key anna.key",
      "after somebody has found out where the line comes from",
    ],
  ],
  flags: {
    reason: requiredValue("TEXT", "What was found out about the line"),
    as: requiredValue("NAME", SIGNER_BRIEF),
    key: requiredValue("KEY", KEY_BRIEF, { alias: "k" }),
    passphraseFile: passphraseFlag,
    publicKey: publicKeyFlag,
  },
  args: [],
  async run(context, flags) {
    const { acceptBreak } = await import("#app/journal.ts");
    const { reason, as: name } = flags;
    const key = await readSigner(context, flags);
    const state = await acceptBreak({ home: openHomeOf(context, flags), reason, name, key });
    if (flags.json) printJson(context, state);
    else print(context, describeJournal(state));
  },
});
