// `pipelite store add`: files and folders into the store, content-addressed, as `nix-store --add` does it.
import { basename } from "node:path";
import { pathOf, print, printJson, type Context, type GlobalFlags } from "#cli/context.ts";
import { changeStore } from "#cli/store-argument.ts";
import { describePath } from "#cli/store-info.ts";
import { pipeliteError } from "#cli/errors.ts";

export interface AddFlags extends GlobalFlags {
  name: string | undefined;
}

export async function storeAdd(context: Context, flags: AddFlags, ...files: string[]): Promise<void> {
  if (flags.name !== undefined && files.length > 1) {
    const problem = "one name cannot be that of several files";
    throw pipeliteError("ARGUMENT_INVALID", { value: flags.name, name: "--name", problem });
  }
  await changeStore(context, flags, async (store) => {
    const added = [];
    for (const file of files) {
      const source = pathOf(context, file);
      const { path, added: isNew } = await store.addTree(source, { name: flags.name ?? basename(source) });
      if (flags.json) added.push({ ...describePath(store, path), added: isNew });
      else print(context, path);
    }
    if (flags.json) printJson(context, added);
  });
}
