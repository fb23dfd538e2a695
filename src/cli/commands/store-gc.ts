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
    "Logs of builds, and notes for later runs, go only where it is said so, and the journal has a line of what went: records " +
      "of runs stay, and `log` and `audit` tell such a log from one that somebody took away.",
  ],
  examples: [
    ["pipelite store gc --dry-run", "list what would go, and how much it takes"],
    ["pipelite store gc", "delete it"],
    ["pipelite store gc --older-than 30d --min-free 20G", "only what is old, until 20 GiB are free"],
    ["pipelite store gc --delete-older-than 30d", "old generations of profiles first, as Nix does"],
    [
      "pipelite store gc --logs-older-than 90d --logs-max 1G",
      "old logs of builds, too, and no more than 1 GiB of them",
    ],
  ],
  flags: {
    dryRun: toggle("Only show what would go", "n"),
    olderThan: value("TIME", "Keep what is younger, with all it needs", { parse: parseSpan }),
    maxFreed: value("SIZE", "Stop when this much is freed", { parse: parseSize }),
    minFree: value("SIZE", "Stop when this much is free on the disk", { parse: parseSize }),
    maxSize: value("SIZE", "Stop when the store has no more than this", { parse: parseSize }),
    deleteOlderThan: value("TIME", "Delete generations of profiles that were last in use before that", {
      parse: parseSpan,
    }),
    logsOlderThan: value("TIME", "Delete logs of builds that are older", { parse: parseSpan }),
    logsMax: value("SIZE", "Delete the oldest logs of builds until they take no more than this", {
      parse: parseSize,
    }),
    notesOlderThan: value("TIME", "Delete notes for later runs that are older; such a run makes them again", {
      parse: parseSpan,
    }),
  },
  async run(context, flags) {
    const { letGo, retain } = await import("#app/store.ts");
    const { dryRun, olderThan, maxFreed, minFree, maxSize, deleteOlderThan } = flags;
    const home = openHomeOf(context, flags);
    await withWritableStore(context, flags, async (store) => {
      if (!dryRun) await letGo(home, store);
      const generations =
        deleteOlderThan === undefined
          ? []
          : await store.deleteGenerations({ olderThanMs: deleteOlderThan, dryRun });
      const { logsOlderThan, logsMax, notesOlderThan } = flags;
      const rule = {
        logsOlderThanMs: logsOlderThan,
        logsMaxBytes: logsMax,
        notesOlderThanMs: notesOlderThan,
      };
      const isRule = Object.values(rule).some((each) => each !== undefined);
      const { logs, notes } = isRule ? await retain(home, rule, { dryRun }) : { logs: [], notes: [] };
      const collected = await store.gc({
        dryRun,
        olderThanMs: olderThan,
        maxFreedBytes: maxFreed,
        minFreeBytes: minFree,
        maxStoreBytes: maxSize,
      });
      const narBytes = collected.paths.reduce((sum, path) => sum + (store.info(path)?.narSize ?? 0), 0);
      const what = dryRun ? `would go, ${formatSize(narBytes)} as NAR` : "deleted";
      printCollected(context, flags, { ...collected, generations, logs, notes }, what);
    });
  },
});
