// `pipelite capability`: is a process capable, from a column of a CSV, JSON or NDJSON file.
import { EXIT } from "#base/errors.ts";
import { pipeliteError } from "#cli/errors.ts";
import { writeFileAtomically } from "#base/files.ts";
import { DELIMITER_NAMES, ENCODINGS, SIGMA_METHODS } from "#app/capability-choices.ts";
import { argument, choice, command, requiredValue, usualValue, value } from "#cli/command.ts";
import { outputPathOf, paintOf, pathOf, print, printJson, say, type ExitCode } from "#cli/context.ts";
import { parseCount, parseNumber } from "#cli/flags.ts";
import type { CapabilityPlan } from "#stats/gate.ts";
import type { SigmaMethod } from "#stats/sigma.ts";

export const capability = command({
  brief: "Judge the capability of a process from measured values",
  about: [
    "Computes Cp, Cpk, Pp, Ppk and Cpm with confidence bounds, draws control charts, and checks stability, normality " +
      "and independence. Values are individual ones in the order of measuring, unless --subgroup tells them apart.",
    "Ends with 0 when the lower 95 % bound of both Cpk and Ppk reaches --minimum and every check holds, with 1 when " +
      "not, with 2 when the file can't be read.",
  ],
  examples: [
    ["pipelite capability rings.csv --column diameter --lsl 73.95 --usl 74.05", "individual values"],
    ["pipelite capability rings.csv -c diameter --usl 74.05 --subgroup sample", "with subgroups, one limit"],
    ["pipelite capability rings.csv -c diameter --usl 74.05 --picture rings.svg", "and a page with charts"],
    ["pipelite capability times.ndjson -c ms --usl 900 --subgroup 5 --json", "for programs"],
  ],
  flags: {
    column: requiredValue("NAME", "Column, or member of each object, with the values", { alias: "c" }),
    lsl: value("X", "Lower specification limit", { parse: parseNumber }),
    usl: value("X", "Upper specification limit", { parse: parseNumber }),
    target: value("X", "Target, for Cpm", { parse: parseNumber }),
    subgroup: value("NAME|N", "Column that names the subgroups, or their size"),
    encoding: choice("NAME", ENCODINGS, "Encoding of the file, where it can't be told"),
    delimiter: choice("NAME", DELIMITER_NAMES, "What parts the fields, where it can't be told"),
    decimal: choice("SIGN", ["point", "comma"], "Decimal sign, where it can't be told"),
    minimum: usualValue("X", "What the lower 95 % bound must reach", { parse: parseNumber, usual: "1.33" }),
    gauge: value("X", "Standard uncertainty of the measurement", { parse: parseNumber }),
    sigma: choice("METHOD", SIGMA_METHODS, "How sigma within subgroups is estimated"),
    size: value("N", "Values that the plan asks for: another number is an error", { parse: parseCount }),
    picture: value("FILE", "Write a page with charts to this SVG file", { alias: "o" }),
  },
  args: [argument("FILE", "CSV, TSV, JSON or NDJSON")],
  async run(context, flags, file): Promise<ExitCode> {
    const plan = planOf(flags);
    const app = await import("#app/capability.ts");
    const { column, gauge, picture } = flags;
    const source = pathOf(context, file);
    const page =
      picture === undefined
        ? undefined
        : outputPathOf(context, { flag: "--picture", path: picture, store: flags.store }, [source]);
    const measured = app.judgeFile(source, { ...flags, name: file, plan, gauge });
    const { describe, describeReading } = await import("#cli/capability-text.ts");
    const { result, samples } = measured;
    const how = describeReading(samples.reading);
    if (how !== "") say(context, flags, `read as ${how}`);
    if (page !== undefined) {
      const title = `${column} (${file.split("/").at(-1) ?? file})`;
      writeFileAtomically(page, app.drawMeasured(measured, title));
      say(context, flags, `picture: ${page}`);
    }
    if (flags.json)
      printJson(context, (await import("#app/capability-figures.ts")).capabilityFigures(measured));
    else print(context, describe(result, column, paintOf(context, flags)));
    return result.passed ? EXIT.ok : EXIT.failed;
  },
});

interface PlanFlags extends Record<"lsl" | "usl" | "target" | "size" | "gauge", number | undefined> {
  minimum: number;
  sigma: SigmaMethod | undefined;
}

function planOf({ lsl, usl, target, minimum, sigma, size, gauge }: PlanFlags): CapabilityPlan {
  const limits = `${lsl ?? ""}..${usl ?? ""}`;
  const refuse = (value: string, name: string, problem: string) =>
    pipeliteError("ARGUMENT_INVALID", { value, name, problem });
  if (lsl === undefined && usl === undefined) throw refuse(limits, "the limits", "give --lsl, --usl or both");
  if (lsl !== undefined && usl !== undefined && lsl >= usl) {
    throw refuse(limits, "the limits", "--lsl must be below --usl");
  }
  if (gauge !== undefined && !(gauge > 0)) throw refuse(String(gauge), "--gauge", "it must be above 0");
  if (!(minimum > 0)) throw refuse(String(minimum), "--minimum", "it must be above 0");
  return { limits: { lower: lsl, upper: usl, target }, minimum, method: sigma, size };
}
