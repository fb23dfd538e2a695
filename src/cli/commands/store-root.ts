// `pipelite store root`: links that keep a path from being collected.
import { command, optionalArgument } from "#cli/command.ts";
import { pathOf, print, printJson, say } from "#cli/context.ts";
import { pipeliteError } from "#cli/errors.ts";
import { PATH_BRIEF, withStore, withWritableStore } from "#cli/store-access.ts";
import { formatTable } from "#cli/table.ts";

export const storeRoot = command({
  brief: "Keep a path from being collected, or list what is kept",
  about: ["A link made here keeps its path, and all that path needs, until the link is removed."],
  examples: [
    ["pipelite store root", "list all roots"],
    ["pipelite store root keep result", "make ./keep, which keeps the path of result"],
  ],
  args: [
    optionalArgument("LINK", "Link to make (without it: list all roots)"),
    optionalArgument("PATH", PATH_BRIEF, "store-path"),
  ],
  async run(context, flags, link, word) {
    if (link === undefined) {
      const roots = await withStore(context, flags, (store) => store.roots());
      if (flags.json) return printJson(context, roots);
      print(context, formatTable(roots.map(({ source, path }) => [source, path])));
      if (roots.length === 0) say(context, flags, "no roots: a collection would delete everything");
      return;
    }
    if (word === undefined) {
      const suggestion = "`pipelite store root LINK PATH` makes a root, `pipelite store root` lists them";
      throw pipeliteError("ARGUMENT_MISSING", { name: "PATH", suggestion });
    }
    await withWritableStore(context, flags, async (store, find) => {
      const path = find(word);
      await store.addRoot(pathOf(context, link), path);
      if (flags.json) printJson(context, { link: pathOf(context, link), path });
      else say(context, flags, `${link} keeps ${path}`);
    });
  },
});
