// Store paths out of and into the store as streams: `dump`, `restore`, `export`, `import`.
import { pathOf, print, printJson, say, type Context, type GlobalFlags } from "#cli/context.ts";
import { changeStore, findStorePath, readStore } from "#cli/store-argument.ts";
import { restoreNar, type Chunks } from "#store/index.ts";
import { formatSize } from "#view/format.ts";
import { pipeliteError } from "#cli/errors.ts";

export async function storeDump(context: Context, flags: GlobalFlags, word: string): Promise<void> {
  refuseTerminal(context, "an archive");
  await readStore(context, flags, (store) =>
    store.dumpNar(findStorePath(context, store, word), (chunk) => context.writeBytes(chunk)),
  );
}

export async function storeRestore(context: Context, flags: GlobalFlags, target: string): Promise<void> {
  const { narSize } = await restoreNar(inputOf(context), pathOf(context, target));
  say(context, flags, `restored ${target} from ${formatSize(narSize)}`);
}

export async function storeExport(context: Context, flags: GlobalFlags, ...words: string[]): Promise<void> {
  refuseTerminal(context, "an export");
  await readStore(context, flags, async (store) => {
    const paths = words.map((word) => findStorePath(context, store, word));
    await store.exportPaths(paths, (chunk) => context.writeBytes(chunk));
  });
}

export async function storeImport(context: Context, flags: GlobalFlags): Promise<void> {
  await changeStore(context, flags, async (store) => {
    const paths = await store.importPaths(inputOf(context));
    if (flags.json) printJson(context, paths);
    else print(context, paths.join("\n"));
  });
}

/** Standard input, as bytes whatever it is made of. */
async function* inputOf({ stdin }: Context): Chunks & AsyncGenerator<Uint8Array> {
  for await (const chunk of stdin) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}

function refuseTerminal({ stdout }: Context, what: string): void {
  if (stdout.isTTY === true) throw pipeliteError("OUTPUT_IS_TERMINAL", { what });
}
