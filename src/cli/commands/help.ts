// `pipelite help [COMMAND...]`: the same text as `pipelite COMMAND --help`.
import type { Context, GlobalFlags } from "#cli/context.ts";
import { printHelp, type HelpTarget } from "#cli/help.ts";
import { routes } from "#cli/routes.ts";
import { pipeliteError } from "#cli/errors.ts";

export type HelpFlags = GlobalFlags;

export function help(context: Context, _flags: HelpFlags, ...words: string[]): void {
  let target: HelpTarget = routes;
  for (const word of words) {
    const next: HelpTarget | undefined =
      "getRoutingTargetForInput" in target ? target.getRoutingTargetForInput(word) : undefined;
    if (next === undefined) {
      const suggestion = "`pipelite help` lists all commands";
      throw pipeliteError("COMMAND_UNKNOWN", { command: words.join(" "), suggestion });
    }
    target = next;
  }
  printHelp(target, ["pipelite", ...words], context);
}
