// `pipelite store optimise`: one file on disk for all that are equal.
import { formatCount } from "#base/numbers.ts";
import { formatSize } from "#base/quantities.ts";
import { command } from "#cli/command.ts";
import { printJson, say } from "#cli/context.ts";
import { withWritableStore } from "#cli/store-access.ts";

export const storeOptimise = command({
  brief: "Store equal files once",
  about: ["Makes hard links of them, as `nix-store --optimise` does; no path or hash changes."],
  examples: [["pipelite store optimise", "say how much of the disk it freed"]],
  async run(context, flags) {
    const { files, freedBytes } = await withWritableStore(context, flags, (store) =>
      store.optimise({ signal: context.interruption() }),
    );
    if (flags.json) return printJson(context, { files, freedBytes });
    say(context, flags, `${formatCount(files, "file")} linked, ${formatSize(freedBytes)} freed`);
  },
});
