// From the words of a command line to an exit code: finds the command, runs it, and says what went wrong.
import { EXIT, systemErrorCode } from "#base/errors.ts";
import { isCommandGroup } from "./command.ts";
import { findCommand, readCommandLine } from "./command-line.ts";
import { commands } from "./commands.ts";
import type { ExitCode, Host } from "./context.ts";

/** Runs one command line; never throws. */
export async function runApp(argv: readonly string[], host: Host): Promise<ExitCode> {
  try {
    return await runWords(argv, host);
  } catch (error) {
    // The reader of our output has closed the pipe.
    if (systemErrorCode(error) === "EPIPE") return EXIT.ok;
    const { reportProblem } = await import("./problem.ts");
    return reportProblem(error, argv, host);
  }
}

async function runWords(argv: readonly string[], host: Host): Promise<ExitCode> {
  if (argv[0] === "__complete") {
    const { printProposals } = await import("./complete.ts");
    await printProposals(argv.slice(1), host);
    return EXIT.ok;
  }
  if (argv[0] === "--version" || argv[0] === "-V") {
    const { VERSION } = await import("#base/version.ts");
    host.stdout.write(`pipelite ${VERSION}\n`);
    return EXIT.ok;
  }
  const { path, target: found, rest } = findCommand(commands, argv);
  const needsHelp = asksForHelp(rest);
  const usual = isCommandGroup(found) && !needsHelp ? found.commands[found.usual ?? ""] : undefined;
  const target = usual ?? found;
  if (isCommandGroup(target) || needsHelp) {
    const { printHelp } = await import("./help.ts");
    await printHelp(target, path, host);
    return EXIT.ok;
  }
  const command = await target();
  const { flags, words } = readCommandLine(command, path, rest);
  return (await command.run(host, flags as never, ...words)) ?? EXIT.ok;
}

function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  const flags = end < 0 ? words : words.slice(0, end);
  return flags.includes("--help") || flags.includes("-h");
}
