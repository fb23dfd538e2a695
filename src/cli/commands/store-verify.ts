// `pipelite store verify`: the database against the files.
import { EXIT } from "#base/errors.ts";
import { formatCount } from "#base/numbers.ts";
import { formatSize } from "#base/quantities.ts";
import { command, toggle } from "#cli/command.ts";
import { print, printJson, say, type ExitCode } from "#cli/context.ts";
import { withStore } from "#cli/store-access.ts";
import type { StoreProblem } from "#store/index.ts";
import { formatList } from "#view/format.ts";

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

function describeProblem(problem: StoreProblem): string {
  switch (problem.kind) {
    case "missing":
      return `${problem.path}: registered, but gone`;
    case "modified":
      return `${problem.path}: changed: its hash is ${problem.actual}, wanted is ${problem.wanted}${files(problem)}`;
    case "not-canonical":
      return `${problem.path}: not in the store's form${files(problem)}`;
    case "unreadable":
      return `${problem.path}: cannot be read: ${problem.reason}`;
    case "address-wrong":
      return `${problem.path}: does not follow from its content address ${problem.contentAddress}`;
    case "database":
      return `database: ${problem.reason}`;
    default:
      return problem satisfies never;
  }
}

function files({ files: touched }: { files: readonly string[] }): string {
  return touched.length === 0 ? "" : ` (${formatList(touched, { limit: 5 })})`;
}
