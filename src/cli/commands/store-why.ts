// `pipelite store why`: the shortest chain from a path to one that it depends on.
import { argument, command } from "#cli/command.ts";
import { print, printJson, say } from "#cli/context.ts";
import { PATH_BRIEF, pathArgument, withStore } from "#cli/store-access.ts";

export const storeWhy = command({
  brief: "Show the shortest chain from a path to one it depends on",
  examples: [["pipelite store why result 7rjj86a1", "why result depends on the path with that hash"]],
  args: [pathArgument, argument("DEPENDENCY", PATH_BRIEF, "store-path")],
  async run(context, flags, from, to) {
    await withStore(context, flags, (store, find) => {
      const [source, target] = [find(from), find(to)];
      const chain = store.whyDepends(source, target);
      if (flags.json) return printJson(context, { from: source, to: target, chain: chain ?? null });
      if (chain === undefined) return say(context, flags, `${source} does not depend on ${target}`);
      const lines = chain.map(
        (path, depth) => `${depth === 0 ? "" : `${"   ".repeat(depth - 1)}└─ `}${path}`,
      );
      print(context, lines.join("\n"));
    });
  },
});
