// `pipelite store add`: files and folders into the store, content-addressed, as `nix-store --add` does it.
import { basename } from "node:path";
import { argument, openCommand, value } from "#cli/command.ts";
import { pathOf, print, printJson } from "#cli/context.ts";
import { pipeliteError } from "#cli/errors.ts";
import { withWritableStore } from "#cli/store-access.ts";

export const storeAdd = openCommand({
  brief: "Add files or folders",
  examples: [
    ["pipelite store add data.csv", "print the path of the copy in the store"],
    ["pipelite store add --name input photos", "under another name"],
  ],
  flags: { name: value("NAME", "Name in the store (default: that of the file)", { alias: "n" }) },
  arg: argument("FILE", "File or folder"),
  async run(context, flags, ...files) {
    if (flags.name !== undefined && files.length > 1) {
      const problem = "one name cannot be that of several files";
      throw pipeliteError("ARGUMENT_INVALID", { value: flags.name, name: "--name", problem });
    }
    const { describePath } = await import("#app/store.ts");
    await withWritableStore(context, flags, async (store) => {
      const added = [];
      for (const file of files) {
        const source = pathOf(context, file);
        const { path, added: isNew } = await store.addTree(source, { name: flags.name ?? basename(source) });
        if (flags.json) added.push({ ...describePath(store, path), added: isNew });
        else print(context, path);
      }
      if (flags.json) printJson(context, added);
    });
  },
});
