// `pipelite store export`: paths and all they need, as one stream.
import { openCommand } from "#cli/command.ts";
import { pathArgument, refuseTerminal, withStore } from "#cli/store-access.ts";

export const storeExport = openCommand({
  brief: "Write closures to stdout, for `store import` or `nix-store --import`",
  examples: [["pipelite store export result", "with all it needs, to stdout"]],
  arg: pathArgument,
  async run(context, flags, ...words) {
    refuseTerminal(context, "an export");
    await withStore(context, flags, (store, find) =>
      store.exportPaths(words.map(find), (chunk) => context.writeBytes(chunk)),
    );
  },
});
