// `pipelite deviation move`: what people do about a deviation, move by move, each signed.
import { argument, command, requiredValue, value } from "#cli/command.ts";
import { columnsOf, print, printJson } from "#cli/context.ts";
import { historyLocationOf } from "#cli/database.ts";
import { describeDeviations, describeMoves } from "#cli/deviation-text.ts";
import { KEY_BRIEF, SIGNER_BRIEF, passphraseFlag, publicKeyFlag } from "#cli/flags.ts";
import { readSigner } from "#cli/signing-key.ts";

export const deviationMove = command({
  brief: "Move a deviation to another state, by a signature",
  about: [
    "States: open, investigating, dispositioned (rework, use-as-is or reject), capa, effectiveness-check, closed. Each " +
      "move has a reason and is signed.",
  ],
  examples: [
    [
      "pipelite deviation move D-3f2a91c07b44 investigating --reason 'fan failed' --as 'Anna Meier' --key anna.key",
      "begin to look into it",
    ],
    [
      "pipelite deviation move D-3f2a91c07b44 dispositioned --disposition use-as-is --reason 'no effect' --as 'Anna Meier' --key anna.key",
      "decide about the result",
    ],
  ],
  flags: {
    reason: requiredValue("TEXT", "Why it is moved"),
    disposition: value("WHAT", "With dispositioned: rework, use-as-is or reject"),
    as: requiredValue("NAME", SIGNER_BRIEF),
    key: requiredValue("KEY", KEY_BRIEF, { alias: "k" }),
    passphraseFile: passphraseFlag,
    publicKey: publicKeyFlag,
  },
  args: [
    argument("ID", "Deviation"),
    argument("STATE", "investigating, dispositioned, capa, effectiveness-check or closed"),
  ],
  async run(context, flags, id, to) {
    const { moveDeviation } = await import("#app/deviation.ts");
    const { reason, disposition, as: name } = flags;
    const key = await readSigner(context, flags);
    const moved = await moveDeviation(historyLocationOf(context, flags), {
      id,
      to,
      disposition,
      reason,
      name,
      key,
    });
    if (flags.json) return printJson(context, moved);
    print(context, `${describeDeviations([moved], columnsOf(context))}\n\n${describeMoves(moved)}`);
  },
});
