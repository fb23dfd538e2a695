// `pipelite store list`: all paths, what some need, or what refers to them.
import { formatCount } from "#base/numbers.ts";
import { formatSize } from "#base/quantities.ts";
import { openCommand, optionalArgument, toggle } from "#cli/command.ts";
import { columnsOf, print, printJson, say } from "#cli/context.ts";
import { PATH_BRIEF, withStore } from "#cli/store-access.ts";
import { formatTable } from "#cli/table.ts";
import { shortHash } from "#view/format.ts";

export const storeList = openCommand({
  brief: "List all paths, or the closure of some",
  examples: [
    ["pipelite store list", "all paths"],
    ["pipelite store list --long result", "what result needs, with sizes"],
    ["pipelite store list --referrers result", "what refers to result"],
  ],
  flags: {
    long: toggle("Show sizes and hashes", "l"),
    referrers: toggle("Show what refers to the paths instead"),
  },
  arg: optionalArgument("PATH", PATH_BRIEF, "store-path"),
  async run(context, flags, ...words) {
    const { choosePaths, describePath, requireInfo } = await import("#app/store.ts");
    await withStore(context, flags, (store, find) => {
      const paths = choosePaths(store, words.map(find), flags.referrers);
      if (flags.json) {
        const described = paths.map((path) => describePath(store, path));
        return printJson(context, described);
      }
      if (!flags.long) return print(context, paths.join("\n"));
      const infos = paths.map((path) => requireInfo(store, path));
      const rows = infos.map(({ path, narSize, narHash, references }) => [
        formatSize(narSize),
        shortHash(Buffer.from(narHash).toString("hex")),
        formatCount(references.length, "reference"),
        path,
      ]);
      print(context, formatTable(rows, { right: [0], columns: columnsOf(context) }));
      const total = infos.reduce((sum, { narSize }) => sum + narSize, 0);
      say(context, flags, `${formatCount(paths.length, "path")}, ${formatSize(total)}`);
    });
  },
});
