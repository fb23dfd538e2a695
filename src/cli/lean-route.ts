// The commands below `pipelite lean`.
import { buildCommand, buildRouteMap, type Command } from "@stricli/core";
import type { LeanCheckFlags } from "./commands/lean-check.ts";
import { withContext, type Context } from "./context.ts";
import { globalAliases, globalFlags, textArgument } from "./flags.ts";

const check: Command<Context> = buildCommand<LeanCheckFlags, [string], Context>({
  loader: async () => withContext((await import("./commands/lean-check.ts")).leanCheck),
  parameters: {
    flags: {
      ...globalFlags,
      allowAxiom: {
        kind: "parsed",
        parse: parseAxiomName,
        variadic: true,
        optional: true,
        brief: "Let theorems rest on this axiom, too",
        placeholder: "NAME",
      },
    },
    aliases: globalAliases,
    positional: { kind: "tuple", parameters: [textArgument("FILE", "Written by lean4export; - is stdin")] },
  },
  docs: { brief: "Check every declaration of an exported Lean 4 development" },
});

/** A name as Lean writes it. */
function parseAxiomName(text: string): string {
  if (text.trim() === "" || text !== text.trim()) throw new RangeError("it must be the name of an axiom");
  return text;
}

export const leanRoutes = buildRouteMap({
  routes: { check },
  docs: { brief: "Check proofs of Lean 4, without Lean" },
});
