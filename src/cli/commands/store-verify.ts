// `pipelite store verify`: the database against the files.
import { EXIT } from "#base/errors.ts";
import { formatCount } from "#base/numbers.ts";
import { formatSize } from "#base/quantities.ts";
import { command, toggle } from "#cli/command.ts";
import { print, printJson, say, type ExitCode } from "#cli/context.ts";
import { withStore } from "#cli/store-access.ts";
import { describeProblem } from "#cli/store-problems.ts";

export const storeVerify = command({
  brief: "Check the database against the files",
  about: ["Ends with 3 when something is wrong."],
  examples: [
    ["pipelite store verify", "every registered path is there"],
    ["pipelite store verify --contents", "and every byte is what was registered"],
  ],
  flags: { contents: toggle("Read all files and compare their hashes") },
  async run(context, flags): Promise<ExitCode> {
    const { problems, paths, bytes } = await withStore(context, flags, (store) =>
      store.verify({ checkContents: flags.contents }),
    );
    const read = flags.contents ? `, ${formatSize(bytes)} read` : "";
    const found = formatCount(problems.length, "problem");
    if (flags.json) printJson(context, { paths, bytes, problems });
    else print(context, problems.map(describeProblem).join("\n"));
    if (!flags.json) say(context, flags, `${formatCount(paths, "path")} checked${read}: ${found}`);
    return problems.length > 0 ? EXIT.verification : EXIT.ok;
  },
});
