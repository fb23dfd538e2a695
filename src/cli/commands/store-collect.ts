// What the store keeps and what it lets go: `gc`, `root`, `delete`.
import { pathOf, print, printJson, say, type Context, type GlobalFlags } from "#cli/context.ts";
import { changeStore, findStorePath, readStore } from "#cli/store-argument.ts";
import { formatTable } from "#cli/table.ts";
import type { CollectedGarbage } from "#store/index.ts";
import { formatCount, formatSize } from "#view/format.ts";
import { pipeliteError } from "#cli/errors.ts";

export interface GcFlags extends GlobalFlags {
  dryRun: boolean;
}

export type RootFlags = GlobalFlags;
export type DeleteFlags = GlobalFlags;

export async function storeGc(context: Context, flags: GcFlags): Promise<void> {
  await changeStore(context, flags, async (store) => {
    const collected = await store.gc({ dryRun: flags.dryRun });
    const narBytes = collected.paths.reduce((sum, path) => sum + (store.info(path)?.narSize ?? 0), 0);
    report(context, flags, collected, flags.dryRun ? `would go, ${formatSize(narBytes)} as NAR` : "deleted");
  });
}

export async function storeDelete(context: Context, flags: DeleteFlags, ...words: string[]): Promise<void> {
  await changeStore(context, flags, async (store) => {
    const paths = words.map((word) => findStorePath(context, store, word));
    report(context, flags, await store.deletePaths(paths), "deleted");
  });
}

function report(context: Context, flags: GlobalFlags, collected: CollectedGarbage, what: string): void {
  const { paths, leftovers, freedBytes } = collected;
  if (flags.json) return printJson(context, { paths, leftovers, freedBytes });
  print(context, [...paths, ...leftovers].join("\n"));
  const others = leftovers.length === 0 ? "" : ` and ${formatCount(leftovers.length, "leftover")}`;
  const freed = freedBytes > 0 ? `, ${formatSize(freedBytes)} freed` : "";
  say(context, flags, `${formatCount(paths.length, "path")}${others} ${what}${freed}`);
}

export async function storeRoot(
  context: Context,
  flags: RootFlags,
  link?: string,
  word?: string,
): Promise<void> {
  if (link === undefined) return listRoots(context, flags);
  if (word === undefined) {
    const suggestion = "`pipelite store root LINK PATH` makes a root, `pipelite store root` lists them";
    throw pipeliteError("ARGUMENT_MISSING", { name: "PATH", suggestion });
  }
  await changeStore(context, flags, async (store) => {
    const path = findStorePath(context, store, word);
    await store.addRoot(pathOf(context, link), path);
    if (flags.json) printJson(context, { link: pathOf(context, link), path });
    else say(context, flags, `${link} keeps ${path}`);
  });
}

async function listRoots(context: Context, flags: RootFlags): Promise<void> {
  const roots = await readStore(context, flags, (store) => store.roots());
  if (flags.json) return printJson(context, roots);
  print(context, formatTable(roots.map(({ source, path }) => [source, path])));
  if (roots.length === 0) say(context, flags, "no roots: a collection would delete everything");
}
