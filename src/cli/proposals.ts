// What may come next on a command line, one proposal a line: the word, a tab, what it is.
import { proposeCompletions } from "@stricli/core";
import type { App } from "./app.ts";
import { print, type Context } from "./context.ts";

/** @param words all words after `pipelite` up to the cursor; the last one may be unfinished or empty. */
export async function printProposals(app: App, words: readonly string[], context: Context): Promise<void> {
  const proposals = await proposeCompletions(app, words.length === 0 ? [""] : words, context);
  const partial = words.at(-1) ?? "";
  const shown = proposals.filter(({ completion }) => partial.startsWith("-") || !completion.startsWith("-"));
  const unique = new Map(shown.map(({ completion, brief }) => [completion, brief]));
  print(context, [...unique].map(([word, brief]) => `${word}\t${brief}\n`).join(""));
}
