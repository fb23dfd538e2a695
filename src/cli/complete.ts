// What may come next on a command line, one proposal a line: the word, a tab, what it is.
import { isCommandGroup, type Candidates, type Command, type CommandEntry } from "./command.ts";
import { longName } from "./command-line.ts";
import { commands } from "./commands.ts";
import { homeOf, printDocument, type Host } from "./context.ts";
import { globalFlags } from "./flags.ts";

type Proposal = readonly [word: string, brief: string];

/** @param words all words after `pipelite` up to the cursor; the last one may be unfinished or empty. */
export async function printProposals(words: readonly string[], host: Host): Promise<void> {
  const partial = words.at(-1) ?? "";
  const proposals = await proposalsAfter(words.slice(0, -1), partial, host);
  const fitting = proposals.filter(([word]) => word.startsWith(partial));
  printDocument(host, fitting.map(([word, brief]) => `${word}\t${brief}\n`).join(""));
}

async function proposalsAfter(before: readonly string[], partial: string, host: Host): Promise<Proposal[]> {
  let target: CommandEntry = commands;
  let at = 0;
  for (; isCommandGroup(target); at += 1) {
    const word = before[at];
    if (word === undefined) return describeEntries(target.commands);
    const next: CommandEntry | undefined = Object.hasOwn(target.commands, word)
      ? target.commands[word]
      : undefined;
    if (next === undefined) return [];
    target = next;
  }
  return ofCommand(await target(), before.slice(at), partial, host);
}

function describeEntries(entries: Readonly<Record<string, CommandEntry>>): Promise<Proposal[]> {
  return Promise.all(
    Object.entries(entries).map(async ([name, entry]): Promise<Proposal> => {
      const { brief } = isCommandGroup(entry) ? entry : await entry();
      return [name, brief];
    }),
  );
}

async function ofCommand(
  command: Command,
  before: readonly string[],
  partial: string,
  host: Host,
): Promise<Proposal[]> {
  const all = Object.entries({ ...command.flags, ...globalFlags });
  const flags = all.filter(([, { isBehind }]) => isBehind !== true);
  const last = before.at(-1);
  const open = flags.find(
    ([name, { alias, placeholder }]) =>
      placeholder !== undefined && (longName(name) === last || (alias !== undefined && `-${alias}` === last)),
  );
  if (open !== undefined) return (open[1].words ?? []).map((word) => [word, open[1].brief]);
  if (partial.startsWith("-")) return flags.map(([name, { brief }]) => [longName(name), brief]);
  const count = before.filter((word) => !word.startsWith("-")).length;
  const argument = command.isOpen ? command.args.at(-1) : command.args[count];
  if (argument?.candidates === undefined) return [];
  const words = await candidateWords(argument.candidates, partial, host);
  return words.map((word) => [word, argument.brief]);
}

async function candidateWords(
  candidates: Candidates,
  partial: string,
  host: Host,
): Promise<readonly string[]> {
  if (typeof candidates !== "string") return candidates;
  const { knownWords } = await import("#app/complete.ts");
  return knownWords(homeOf(host, undefined), host.cwd, candidates, partial);
}
