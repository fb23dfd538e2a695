// `pipelite store gc`: lets go what no root and no running process needs.
import { formatSize } from "#base/quantities.ts";
import { command, toggle, value } from "#cli/command.ts";
import { parseSize, parseSpan } from "#cli/flags.ts";
import { openHomeOf } from "#cli/run-argument.ts";
import { printCollected, withWritableStore } from "#cli/store-access.ts";

export const storeGc = command({
  brief: "Delete what no root and no running process needs",
  about: [
    "With limits, the oldest goes first, and no more than is wanted. The folders that `run --debug` kept go, too. What an " +
      "environment is made of stays while a pipelite.lock.json names it.",
  ],
  examples: [
    ["pipelite store gc --dry-run", "list what would go, and how much it takes"],
    ["pipelite store gc", "delete it"],
    ["pipelite store gc --older-than 30d --min-free 20G", "only what is old, until 20 GiB are free"],
  ],
  flags: {
    dryRun: toggle("Only show what would go", "n"),
    olderThan: value("TIME", "Keep what is younger, with all it needs", { parse: parseSpan }),
    maxFreed: value("SIZE", "Stop when this much is freed", { parse: parseSize }),
    minFree: value("SIZE", "Stop when this much is free on the disk", { parse: parseSize }),
    maxSize: value("SIZE", "Stop when the store has no more than this", { parse: parseSize }),
  },
  async run(context, flags) {
    const { letGo } = await import("#app/store.ts");
    const { dryRun, olderThan, maxFreed, minFree, maxSize } = flags;
    await withWritableStore(context, flags, async (store) => {
      if (!dryRun) await letGo(openHomeOf(context, flags), store);
      const collected = await store.gc({
        dryRun,
        olderThanMs: olderThan,
        maxFreedBytes: maxFreed,
        minFreeBytes: minFree,
        maxStoreBytes: maxSize,
      });
      const narBytes = collected.paths.reduce((sum, path) => sum + (store.info(path)?.narSize ?? 0), 0);
      const what = dryRun ? `would go, ${formatSize(narBytes)} as NAR` : "deleted";
      printCollected(context, flags, collected, what);
    });
  },
});
