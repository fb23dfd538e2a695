// The flags of `pipelite capability`.
import { buildCommand, type Command } from "@stricli/core";
import { DELIMITERS, type Delimiter } from "#stats/delimited.ts";
import { ENCODINGS } from "#stats/encoding.ts";
import { SIGMA_METHODS } from "#stats/sigma.ts";
import type { CapabilityFlags } from "./commands/capability.ts";
import { withContext, type Context } from "./context.ts";
import { globalAliases, globalFlags, parseCount, textArgument } from "./flags.ts";

function number(brief: string) {
  return { kind: "parsed", parse: parseNumber, optional: true, brief, placeholder: "X" } as const;
}

function choice<const T extends string>(values: readonly T[], brief: string, placeholder: string) {
  return { kind: "enum", values, optional: true, brief, placeholder } as const;
}

const delimiters = Object.keys(DELIMITERS) as Delimiter[];

/** A finite decimal number. */
function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new RangeError("it must be a number");
  return value;
}

export const capabilityRoute: Command<Context> = buildCommand<CapabilityFlags, [string], Context>({
  loader: async () => withContext((await import("./commands/capability.ts")).capability),
  parameters: {
    flags: {
      ...globalFlags,
      column: {
        kind: "parsed",
        parse: String,
        brief: "Column, or member of each object, with the values",
        placeholder: "NAME",
      },
      lsl: number("Lower specification limit"),
      usl: number("Upper specification limit"),
      target: number("Target, for Cpm"),
      subgroup: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Column that names the subgroups, or their size",
        placeholder: "NAME|N",
      },
      encoding: choice(ENCODINGS, "Encoding of the file, where it can't be told", "NAME"),
      delimiter: choice(delimiters, "What parts the fields, where it can't be told", "NAME"),
      decimal: choice(["point", "comma"], "Decimal sign, where it can't be told", "SIGN"),
      minimum: {
        kind: "parsed",
        parse: parseNumber,
        default: "1.33",
        brief: "What the lower 95 % bound must reach",
        placeholder: "X",
      },
      gauge: number("Standard uncertainty of the measurement"),
      sigma: choice(SIGMA_METHODS, "How sigma within subgroups is estimated", "METHOD"),
      size: {
        kind: "parsed",
        parse: parseCount,
        optional: true,
        brief: "Values that the plan asks for: another number is an error",
        placeholder: "N",
      },
      picture: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Write a page with charts to this SVG file",
        placeholder: "FILE",
      },
    },
    aliases: { ...globalAliases, c: "column", o: "picture" },
    positional: { kind: "tuple", parameters: [textArgument("FILE", "CSV, TSV, JSON or NDJSON")] },
  },
  docs: { brief: "Judge the capability of a process from measured values" },
});
