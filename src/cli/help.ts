// Help from the table of commands: what it does, examples, then arguments and flags. Aligned, wrapped to the terminal.
import { largest } from "#base/extremes.ts";
import type { Command, RouteMap } from "@stricli/core";
import { wrapLine, createPaint, renderLine, span, wantsColor, type Line } from "#view/paint.ts";
import type { Context, Host } from "./context.ts";
import { globalFlags } from "./flags.ts";
import { helpTexts } from "./help-texts.ts";

export type HelpTarget = Command<Context> | RouteMap<Context>;

const HELP_COLUMNS_MAX = 100;

type Row = readonly [left: string, right: string];

/** Prints the help of a command or of a group of commands. @param prefix its words, `pipelite` first. */
export function printHelp(target: HelpTarget, prefix: readonly string[], host: Host): void {
  const paint = createPaint(wantsColor("auto", host.stdout));
  const columns = Math.min(host.stdout.columns || HELP_COLUMNS_MAX, HELP_COLUMNS_MAX);
  const lines = "getAllEntries" in target ? groupHelp(target, prefix) : commandHelp(target, prefix);
  const wrapped = lines.flatMap(({ line, indent }) => wrapLine(line, columns, indent));
  host.stdout.write(`${wrapped.map((line) => renderLine(line, paint).trimEnd()).join("\n")}\n`);
}

interface HelpLine {
  line: Line;
  /** Where the line goes on when it is wrapped. */
  indent: number;
}

function groupHelp(group: RouteMap<Context>, prefix: readonly string[]): HelpLine[] {
  const rows = group
    .getAllEntries()
    .map(({ name, target }): Row => [name["convert-camel-to-kebab"], target.brief]);
  const command = prefix.join(" ");
  return [
    text(group.brief),
    ...section("Examples", examplesOf(prefix)),
    ...section("Commands", rows),
    text(""),
    text(`Help for one of them: pipelite help ${[...prefix.slice(1), "COMMAND"].join(" ")}`),
    ...(command === "pipelite" ? [text("Version: pipelite --version")] : []),
  ];
}

function commandHelp(command: Command<Context>, prefix: readonly string[]): HelpLine[] {
  const { flags = {}, aliases = {}, positional } = command.parameters;
  const own: Row[] = [];
  const everywhere: Row[] = [["-h, --help", "Print this"]];
  for (const [name, flag] of Object.entries(flags)) {
    if (flag.hidden) continue;
    const rows = name in globalFlags ? everywhere : own;
    rows.push([flagWord(name, flag, aliases), flagBrief(flag)]);
  }
  const args = positionalRows(positional);
  const usage = [prefix.join(" "), own.length > 0 ? "[FLAG]..." : "", ...args.map(({ usage }) => usage)];
  const about = helpTexts[routeOf(prefix)]?.about;
  return [
    text(command.brief),
    ...(about === undefined ? [] : [text(""), ...about.map((paragraph) => text(paragraph))]),
    ...section("Examples", examplesOf(prefix)),
    ...section("Usage", [[usage.filter((word) => word !== "").join(" "), ""]]),
    ...section(
      "Arguments",
      args.map(({ row }) => row),
    ),
    ...section("Flags", own),
    ...section("Flags of every command", everywhere),
  ];
}

type Flag = NonNullable<Command<Context>["parameters"]["flags"]>[string];

function flagWord(name: string, flag: Flag, aliases: Readonly<Record<string, string>>): string {
  const alias = Object.entries(aliases).find(([, target]) => target === name)?.[0];
  const long = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const value = flag.kind === "boolean" ? "" : ` ${flag.placeholder ?? "VALUE"}`;
  return `${alias === undefined ? "    " : `-${alias}, `}${long}${value}`;
}

function flagBrief(flag: Flag): string {
  const notes: string[] = [];
  if (flag.kind === "enum") notes.push(flag.values.join(", "));
  if ("variadic" in flag && flag.variadic === true) notes.push("may be repeated");
  const isWorthSaying = flag.kind !== "boolean" && "default" in flag && flag.default !== undefined;
  if (isWorthSaying) notes.push(`default: ${String(flag.default)}`);
  return notes.length === 0 ? flag.brief : `${flag.brief} (${notes.join("; ")})`;
}

interface Argument {
  usage: string;
  row: Row;
}

function positionalRows(positional: Command<Context>["parameters"]["positional"]): Argument[] {
  if (positional === undefined) return [];
  if (positional.kind === "array") {
    const { placeholder = "ARGUMENT", brief } = positional.parameter;
    const repeated = `${placeholder}...`;
    const usage = (positional.minimum ?? 0) > 0 ? repeated : `[${repeated}]`;
    return [{ usage, row: [repeated, brief] }];
  }
  return positional.parameters.map(({ placeholder = "ARGUMENT", brief, optional }) => ({
    usage: optional === true ? `[${placeholder}]` : placeholder,
    row: [placeholder, brief],
  }));
}

function examplesOf(prefix: readonly string[]): Row[] {
  return (helpTexts[routeOf(prefix)]?.examples ?? []).map(([command, what]) => [command, what]);
}

/** `["pipelite", "store", "add"]` -> `store add`: the key of help-texts.ts. */
function routeOf(prefix: readonly string[]): string {
  return prefix.slice(1).join(" ");
}

function text(words: string): HelpLine {
  return { line: [span(words)], indent: 0 };
}

const LEFT_COLUMNS_MAX = 44;

function section(title: string, rows: readonly Row[]): HelpLine[] {
  if (rows.length === 0) return [];
  const widest = largest(rows.map(([left]) => left.length));
  const left = Math.min(widest, LEFT_COLUMNS_MAX);
  const lines = rows.map(([word, brief]): HelpLine => {
    const line = [span(`  ${word.padEnd(left)}`, "busy"), span(brief === "" ? "" : `  ${brief}`)];
    return { line, indent: left + 4 };
  });
  return [text(""), { line: [span(title, "name")], indent: 0 }, ...lines];
}
