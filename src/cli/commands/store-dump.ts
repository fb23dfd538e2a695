// `pipelite store dump`: a path as a Nix archive.
import { command } from "#cli/command.ts";
import { pathArgument, refuseTerminal, withStore } from "#cli/store-access.ts";

export const storeDump = command({
  brief: "Write a path to stdout as a Nix archive (NAR)",
  examples: [["pipelite store dump result", "to stdout; redirect it to a file"]],
  args: [pathArgument],
  async run(context, flags, word) {
    refuseTerminal(context, "an archive");
    await withStore(context, flags, (store, find) =>
      store.dumpNar(find(word), (chunk) => context.writeBytes(chunk)),
    );
  },
});
