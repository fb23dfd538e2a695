// `pipelite store import`: paths from a stream into the store.
import { command } from "#cli/command.ts";
import { print, printJson } from "#cli/context.ts";
import { inputOf, withWritableStore } from "#cli/store-access.ts";

export const storeImport = command({
  brief: "Add paths from stdin, written by `store export` or `nix-store --export`",
  examples: [["pipelite store import", "what `store export` wrote, from stdin"]],
  async run(context, flags) {
    await withWritableStore(context, flags, async (store) => {
      const paths = await store.importPaths(inputOf(context));
      if (flags.json) printJson(context, paths);
      else print(context, paths.join("\n"));
    });
  },
});
