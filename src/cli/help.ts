// Help from the table of commands: what it does, examples, then arguments and flags. Aligned, wrapped to the terminal.
import { largest } from "#base/extremes.ts";
import { wrapLine, createPaint, renderLine, span, wantsColor, type Line } from "#view/paint.ts";
import {
  isCommandGroup,
  type Argument,
  type Command,
  type CommandEntry,
  type Example,
  type Flag,
  type CommandGroup,
} from "./command.ts";
import { longName } from "./command-line.ts";
import type { Host } from "./context.ts";
import { globalFlags } from "./flags.ts";

const HELP_COLUMNS_MAX = 100;

type Row = readonly [left: string, right: string];

/** Prints the help of a command or of a group of commands. @param path its words, without `pipelite` */
export async function printHelp(
  target: CommandEntry,
  path: readonly string[],
  host: Pick<Host, "stdout">,
): Promise<void> {
  const paint = createPaint(wantsColor("auto", host.stdout));
  const columns = Math.min(host.stdout.columns || HELP_COLUMNS_MAX, HELP_COLUMNS_MAX);
  const words = ["pipelite", ...path];
  const lines = isCommandGroup(target) ? await groupHelp(target, words) : commandHelp(await target(), words);
  const wrapped = lines.flatMap((each) => wrapHelp(each, columns));
  host.stdout.write(`${wrapped.map((line) => renderLine(line, paint).trimEnd()).join("\n")}\n`);
}

interface HelpLine {
  line: Line;
  /** Where the line goes on when it is wrapped. */
  indent: number;
  /** The description alone. */
  brief?: Line;
  /** The name alone. */
  lead?: Line;
}

/** With less room than this beside a name, its description goes below it. */
const BRIEF_COLUMNS_MIN = 24;
const BELOW_INDENT = 8;

function wrapHelp({ line, indent, lead, brief }: HelpLine, columns: number): Line[] {
  const isNarrow = columns - indent < BRIEF_COLUMNS_MIN;
  if (!isNarrow || lead === undefined || brief === undefined) return wrapLine(line, columns, indent);
  const below = wrapLine([span(" ".repeat(BELOW_INDENT)), ...brief], columns, BELOW_INDENT);
  return [...wrapLine(lead, columns, BELOW_INDENT), ...below];
}

async function groupHelp(group: CommandGroup, words: readonly string[]): Promise<HelpLine[]> {
  const entries = Object.entries(group.commands);
  const rows = await Promise.all(
    entries.map(async ([name, entry]): Promise<Row> => {
      const { brief } = isCommandGroup(entry) ? entry : await entry();
      return [name, brief];
    }),
  );
  return [
    text(group.brief),
    ...section("Examples", group.examples),
    ...section("Commands", rows),
    text(""),
    text(`Help for one of them: ${["pipelite help", ...words.slice(1), "COMMAND"].join(" ")}`),
    ...(words.length === 1 ? [text("Version: pipelite --version")] : []),
  ];
}

function commandHelp(command: Command, words: readonly string[]): HelpLine[] {
  const isBehind = (flag: Flag): boolean => flag.isBehind === true;
  const own = Object.entries(command.flags)
    .filter(([, flag]) => !isBehind(flag))
    .map(([name, flag]): Row => [flagWord(name, flag), flagBrief(flag)]);
  const behind = Object.values(command.flags).find(isBehind);
  const everywhere = Object.entries(globalFlags).map(([name, flag]): Row => [
    flagWord(name, flag),
    flagBrief(flag),
  ]);
  const args = command.args.map((arg): Argument & { word: string } => {
    return { ...arg, word: command.isOpen ? `${arg.placeholder}...` : arg.placeholder };
  });
  const usage = [
    ...words,
    ...(own.length > 0 ? ["[FLAG]..."] : []),
    ...args.map(({ word, isOptional }) => (isOptional ? `[${word}]` : word)),
    ...(behind === undefined ? [] : [`[-- ${behind.placeholder}...]`]),
  ];
  return [
    text(command.brief),
    ...(command.about === undefined ? [] : [text(""), ...command.about.map((paragraph) => text(paragraph))]),
    ...section("Examples", command.examples),
    ...section("Usage", [[usage.join(" "), ""]]),
    ...section("Arguments", [
      ...args.map(({ word, brief }): Row => [word, brief]),
      ...(behind === undefined ? [] : [[`-- ${behind.placeholder}...`, behind.brief] as const]),
    ]),
    ...section("Flags", own),
    ...section("Flags of every command", [["-h, --help", "Print this"], ...everywhere]),
  ];
}

function flagWord(name: string, { alias, placeholder }: Flag): string {
  const long = `${longName(name)}${placeholder === undefined ? "" : ` ${placeholder}`}`;
  return `${alias === undefined ? "    " : `-${alias}, `}${long}`;
}

function flagBrief({ brief, words, isRepeated, usual }: Flag): string {
  const notes = [
    ...(words === undefined ? [] : [words.join(", ")]),
    ...(isRepeated === true ? ["may be repeated"] : []),
    ...(usual === undefined ? [] : [`default: ${usual}`]),
  ];
  return notes.length === 0 ? brief : `${brief} (${notes.join("; ")})`;
}

function text(words: string): HelpLine {
  return { line: [span(words)], indent: 0 };
}

const LEFT_COLUMNS_MAX = 44;

function section(title: string, rows: readonly (Row | Example)[]): HelpLine[] {
  if (rows.length === 0) return [];
  const widest = largest(rows.map(([left]) => left.length));
  const left = Math.min(widest, LEFT_COLUMNS_MAX);
  const lines = rows.map(([word, brief]): HelpLine => {
    const line = [span(`  ${word.padEnd(left)}`, "busy"), span(brief === "" ? "" : `  ${brief}`)];
    const apart = { lead: [span(`  ${word}`, "busy")], brief: [span(brief)] };
    return { line, indent: left + 4, ...(brief !== "" && apart) };
  });
  return [text(""), { line: [span(title, "name")], indent: 0 }, ...lines];
}
