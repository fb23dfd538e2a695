// `pipelite help [COMMAND...]`: the same text as `pipelite COMMAND --help`.
import { openCommand, optionalArgument, type Command, type CommandGroup } from "#cli/command.ts";
import { findCommand } from "#cli/command-line.ts";
import { printHelp } from "#cli/help.ts";
import { pipeliteError } from "#cli/errors.ts";

/** The command that explains the others. @param commands the table of all */
export function helpOn(commands: CommandGroup): Command {
  return openCommand({
    brief: "Explain a command",
    examples: [
      ["pipelite help run", "explain `pipelite run`"],
      ["pipelite help store gc", "explain `pipelite store gc`"],
    ],
    arg: optionalArgument("COMMAND", "Words of a command"),
    async run(context, _flags, ...words) {
      const { path, target, rest } = findCommand(commands, words);
      if (path.length === words.length) return printHelp(target, path, context);
      const suggestion = "`pipelite help` lists all commands";
      throw pipeliteError("COMMAND_UNKNOWN", { command: [...path, ...rest].join(" "), suggestion });
    },
  });
}
