// What the commands below `pipelite store` have in common: a store that is opened and closed, and words that mean paths.
import { formatCount } from "#base/numbers.ts";
import { formatSize } from "#base/quantities.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Chunks, CollectedGarbage, Store } from "#store/index.ts";
import { argument } from "./command.ts";
import { homeOf, pathOf, print, printJson, say, type Context, type GlobalFlags } from "./context.ts";
import { pipeliteError } from "./errors.ts";

export const PATH_BRIEF = "Store path, its hash or start, or a link to it";
export const pathArgument = argument("PATH", PATH_BRIEF, "store-path");

/** The store path that a word of the command line means. */
export type FindPath = (word: string) => StorePath;

type Action<T> = (store: Store, find: FindPath) => T | Promise<T>;

/** Opens the user's store to read it, gives it to `action` and closes it. */
export async function withStore<T>(context: Context, flags: GlobalFlags, action: Action<T>): Promise<T> {
  const app = await import("#app/store.ts");
  const find = (store: Store) => (word: string) => app.findStorePath(store, word, pathOf(context, word));
  return app.readStore(homeOf(context, flags.store), (store) => action(store, find(store)));
}

/** The same, to change it; makes a store where there is none. */
export async function withWritableStore<T>(
  context: Context,
  flags: GlobalFlags,
  action: Action<T>,
): Promise<T> {
  const app = await import("#app/store.ts");
  const find = (store: Store) => (word: string) => app.findStorePath(store, word, pathOf(context, word));
  return app.changeStore(homeOf(context, flags.store), (store) => action(store, find(store)));
}

/** Standard input, as bytes whatever it is made of. */
export async function* inputOf({ stdin }: Context): Chunks & AsyncGenerator<Uint8Array> {
  for await (const chunk of stdin) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}

/** A store path that need not be in the store. @throws PipeliteError STORE_PATH_INVALID */
export async function namedPath(word: string): Promise<StorePath> {
  return (await import("#app/store.ts")).parseStorePath(word);
}

export function refuseTerminal({ stdout }: Context, what: string): void {
  if (stdout.isTTY === true) throw pipeliteError("OUTPUT_IS_TERMINAL", { what });
}

/** What a collection takes besides paths, where it is told to. */
interface AlsoCollected {
  generations: readonly { name: string; number: number }[];
  logs: readonly { file: string; sizeBytes: number }[];
  notes: readonly { file: string; sizeBytes: number }[];
}

/** Says what went, or would go. */
export function printCollected(
  context: Context,
  flags: GlobalFlags,
  { paths, leftovers, freedBytes, ...also }: CollectedGarbage & Partial<AlsoCollected>,
  what: string,
): void {
  if (flags.json) return printJson(context, { paths, leftovers, freedBytes, ...also });
  const { generations = [], logs = [], notes = [] } = also;
  print(
    context,
    [
      ...generations.map(({ name, number }) => `generation ${number} of ${name}`),
      ...logs.map(({ file }) => `log ${file.replace("/", "")}`),
      ...paths,
      ...leftovers,
    ].join("\n"),
  );
  for (const [files, kind] of [
    [logs, "log"],
    [notes, "note"],
  ] as const) {
    const size = formatSize(files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
    if (files.length > 0)
      say(context, flags, `${formatCount(files.length, kind)} ${what.replace(/,.*/, "")}, ${size}`);
  }
  const others = leftovers.length === 0 ? "" : ` and ${formatCount(leftovers.length, "leftover")}`;
  const freed = freedBytes > 0 ? `, ${formatSize(freedBytes)} freed` : "";
  say(context, flags, `${formatCount(paths.length, "path")}${others} ${what}${freed}`);
}
