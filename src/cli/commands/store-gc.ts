// `pipelite store gc`: lets go what no root and no running process needs.
import { formatSize } from "#base/quantities.ts";
import { command, toggle } from "#cli/command.ts";
import { printCollected, withWritableStore } from "#cli/store-access.ts";

export const storeGc = command({
  brief: "Delete what no root and no running process needs",
  examples: [
    ["pipelite store gc --dry-run", "list what would go, and how much it takes"],
    ["pipelite store gc", "delete it"],
  ],
  flags: { dryRun: toggle("Only show what would go", "n") },
  async run(context, flags) {
    await withWritableStore(context, flags, async (store) => {
      const collected = await store.gc({ dryRun: flags.dryRun });
      const narBytes = collected.paths.reduce((sum, path) => sum + (store.info(path)?.narSize ?? 0), 0);
      const what = flags.dryRun ? `would go, ${formatSize(narBytes)} as NAR` : "deleted";
      printCollected(context, flags, collected, what);
    });
  },
});
