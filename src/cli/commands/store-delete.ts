// `pipelite store delete`: paths that nothing needs.
import { openCommand } from "#cli/command.ts";
import { pathArgument, printCollected, withWritableStore } from "#cli/store-access.ts";

export const storeDelete = openCommand({
  brief: "Delete paths that nothing needs",
  examples: [["pipelite store delete 7rjj86a1", "refused while something needs it"]],
  arg: pathArgument,
  async run(context, flags, ...words) {
    await withWritableStore(context, flags, async (store, find) =>
      printCollected(context, flags, await store.deletePaths(words.map(find)), "deleted"),
    );
  },
});
