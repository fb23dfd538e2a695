// `node tools/reference.ts` writes the reference pages from the program itself: every command's help, every error.
// test/docs.test.ts fails when the pages and the program differ.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorTable } from "#cli/error-rows.ts";
import { isCommandGroup, type CommandGroup } from "#cli/command.ts";
import { findCommand } from "#cli/command-line.ts";
import { commands } from "#cli/commands.ts";
import { printHelp } from "#cli/help.ts";

const root = join(import.meta.dirname, "..");
const GENERATED = "<!-- Written by tools/reference.ts; do not edit. -->";

/** Path below docs/reference -> content. */
export async function referencePages(): Promise<Record<string, string>> {
  return { "commands.md": await commandsPage(), "errors.md": errorsPage() };
}

async function commandsPage(): Promise<string> {
  const sections: string[] = [];
  for (const command of commandsBelow(commands)) {
    const title = command === "" ? "pipelite" : `pipelite ${command}`;
    sections.push(`## ${title}\n\n\`\`\`text\n${await helpOf(command)}\n\`\`\`\n`);
  }
  return `# Commands\n\n${GENERATED}\n\n${sections.join("\n")}`;
}

/** Groups and commands by their words, the empty text for `pipelite` itself. */
function commandsBelow(group: CommandGroup, prefix = ""): string[] {
  const names = Object.entries(group.commands).flatMap(([name, entry]) => {
    const words = `${prefix} ${name}`.trim();
    return isCommandGroup(entry) ? commandsBelow(entry, words) : [words];
  });
  return [prefix, ...names];
}

async function helpOf(command: string): Promise<string> {
  const words = command.split(" ").filter(Boolean);
  let text = "";
  const stdout = { columns: 100, isTTY: false, write: (piece: string) => void (text += piece) };
  await printHelp(findCommand(commands, words).target, words, { stdout });
  return text.trimEnd();
}

function errorsPage(): string {
  const rows = [...errorTable()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { exit, message, hint }]) => {
      const text = hint === undefined ? message : `${message}<br>*${hint}*`;
      return `| \`${code}\` | ${exit} | ${text.replaceAll("|", "\\|")} |\n`;
    });
  return `# Errors

${GENERATED}

Codes are stable. \`--json\` prints \`{ "error": { "code", "message", "hint", "details" } }\`. The failure of a stage has a
code of this table too; the run then ends with 1, or with 3 where the code's own exit code is 3.

| code | exit | message, and what to do |
|---|---|---|
${rows.join("")}`;
}

if (import.meta.main) {
  for (const [name, content] of Object.entries(await referencePages())) {
    mkdirSync(join(root, "docs/reference"), { recursive: true });
    writeFileSync(join(root, "docs/reference", name), content);
  }
}
