// `pipelite journal show`: whether every line of the journal follows from the one before.
import { EXIT } from "#base/errors.ts";
import { command } from "#cli/command.ts";
import { print, printJson } from "#cli/context.ts";
import { describeJournal } from "#cli/journal-text.ts";
import { openHomeOf } from "#cli/run-argument.ts";

export const journalShow = command({
  brief: "Show whether the journal is whole, and where it is broken",
  about: ["Ends with 3 while it has a broken line that nobody has accepted."],
  examples: [["pipelite journal show", "its lines, the broken ones, and who accepted them"]],
  flags: {},
  args: [],
  async run(context, flags) {
    const { journalState } = await import("#app/journal.ts");
    const state = journalState(openHomeOf(context, flags));
    if (flags.json) printJson(context, state);
    else print(context, describeJournal(state));
    const { breaks, accepted } = state;
    const isOpen = breaks.length > 0 && (accepted === undefined || accepted.problem !== undefined);
    return isOpen ? EXIT.verification : EXIT.ok;
  },
});
