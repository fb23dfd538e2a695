// The flags of `pipelite trend`.
import { buildCommand, type Command } from "@stricli/core";
import type { TrendFlags } from "./commands/trend.ts";
import { withContext, type Context } from "./context.ts";
import { databaseFlag } from "./database-flag.ts";
import { globalAliases, globalFlags, optionalTextArgument, parseCount } from "./flags.ts";

function text(brief: string, placeholder: string) {
  return { kind: "parsed", parse: String, optional: true, brief, placeholder } as const;
}

export const trendRoute: Command<Context> = buildCommand<TrendFlags, [string?], Context>({
  loader: async () => withContext((await import("./commands/trend.ts")).trend),
  parameters: {
    flags: {
      ...globalFlags,
      stage: text("Only this stage", "NAME"),
      figure: {
        kind: "enum",
        values: ["wall", "cpu", "memory", "io", "duration"],
        optional: true,
        brief: "Only this figure",
        placeholder: "FIGURE",
      },
      claim: text("The value of this claim", "ID"),
      last: {
        kind: "parsed",
        parse: parseCount,
        optional: true,
        brief: "Show only the last runs; limits stay those of the baseline",
        placeholder: "N",
      },
      baseline: {
        kind: "parsed",
        parse: parseBaseline,
        default: "20",
        brief: "Limits come from this many first runs",
        placeholder: "N",
      },
      from: text("Leave out runs before this one: a new baseline", "RUN"),
      here: { kind: "boolean", default: false, brief: "Only runs of this home, not of other machines" },
      rules: {
        kind: "enum",
        values: ["western-electric", "nelson"],
        default: "western-electric",
        brief: "Rules that tell a signal from chance",
        placeholder: "RULES",
      },
      database: databaseFlag,
      picture: text("Write a page with charts to this SVG file", "FILE"),
    },
    aliases: { ...globalAliases, s: "stage", f: "figure", c: "claim", n: "last", o: "picture" },
    positional: {
      kind: "tuple",
      parameters: [
        optionalTextArgument(
          "PIPELINE",
          "A name, a pipeline.ts or its folder (default: that of the newest run)",
        ),
      ],
    },
  },
  docs: { brief: "Control charts over the runs: times, memory, measured values" },
});

/** Two values make the first moving range. */
function parseBaseline(input: string): number {
  const count = parseCount(input);
  if (count < 2) throw new RangeError("it must be a whole number of at least 2");
  return count;
}
