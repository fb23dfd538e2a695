// `pipelite rebuild`: outputs of a run built again, differently; exit 0 when all are the same bytes, else 3 with the cause named.
import { STILL, VARIATIONS, wordsOf } from "#app/rebuild-choices.ts";
import { EXIT } from "#base/errors.ts";
import {
  openCommand,
  optionalArgument,
  toggle,
  usualChoice,
  usualValue,
  value,
  values,
} from "#cli/command.ts";
import {
  columnsOf,
  paintOf,
  pathOf,
  print,
  printJson,
  say,
  type Context,
  type GlobalFlags,
} from "#cli/context.ts";
import type { PackedAgain } from "#app/pack-again.ts";
import { sandboxFlag } from "#cli/flags.ts";
import { pipeliteError } from "#cli/errors.ts";
import { describeRebuild } from "#cli/rebuild-text.ts";
import { openHomeOf, runNamedBy } from "#cli/run-argument.ts";
import { formatTable } from "#cli/table.ts";

export const rebuild = openCommand({
  brief: "Build outputs again, differently, and name the cause where they differ",
  about: [
    "Each output of a run is built beside the store as it was, then with all that the sandbox can vary varied at once, then by " +
      "Nix where that is installed, and compared. Where it differs, the smallest set of variations that makes it differ is " +
      "looked for; where it differs with nothing varied, what has to be held still for it not to.",
    "A package of `pipelite pack`, or an image in a layout, is made again from the run that it is of, compared without its signature, and " +
      "then the stages whose outputs it has are built again.",
    "Nothing is registered. A signed statement of each output goes into the log of the home; `pipelite show` counts them, and a " +
      "release policy can ask for them. What can't be varied here is untested, which is no pass.",
    "Exits with 0 when every output came out the same, else with 3.",
  ],
  examples: [
    ["pipelite rebuild", "all outputs of the latest run"],
    ["pipelite rebuild fit --times 5", "one stage, five times with nothing varied first"],
    [
      "pipelite rebuild 20261121T0351 fit --vary umask --vary locale",
      "of another run, with these variations only",
    ],
    ["pipelite rebuild packages/hello_1.0_amd64.deb", "a package, and what is in it"],
    ["pipelite rebuild images/hello-1.0-amd64.oci", "an image"],
    ["pipelite rebuild --add fit.sigstore.json --key builder.pub", "take what another home found"],
    ["pipelite rebuild --list", "what can be varied"],
  ],
  flags: {
    vary: values("NAME", "Vary this (default: all that can be)", { parse: parseVariation }),
    times: usualValue(
      "N",
      "How often each is built with nothing varied (0: once, and only where it is another one with everything varied)",
      { parse: parseTimes, usual: "1" },
    ),
    engine: usualChoice("ENGINE", ["both", "embedded"], "Our own builder, or that and Nix", "both"),
    sandbox: sandboxFlag,
    add: value("BUNDLE", "Take the statement of another home about an output of the run"),
    key: value("FILE", "Public key of who signed it"),
    list: toggle("Say what can be varied, and what held still"),
  },
  arg: optionalArgument(
    "RUN|STAGE|PACKAGE",
    "Run id or its start, and stages, or a package or image (default: all stages of the latest run)",
    "stage",
  ),
  async run(context, flags, ...words) {
    if (flags.list) {
      const rowsOf = (names: readonly (typeof VARIATIONS | typeof STILL)[number][]) =>
        names.map((name) => [name, wordsOf(name)]);
      const [varied, still] = [rowsOf(VARIATIONS), rowsOf(STILL)];
      if (flags.json) printJson(context, Object.fromEntries([...varied, ...still]));
      else {
        const rows = [["VARIED", "HOW"], ...varied, ["", ""], ["HELD STILL", "HOW"], ...still];
        print(context, formatTable(rows, { columns: columnsOf(context) }));
      }
      return EXIT.ok;
    }
    const app = await import("#app/rebuild.ts");
    const home = openHomeOf(context, flags);
    const [given = "", ...others] = words;
    const { isPackageWord } = await import("#app/pack-again.ts");
    const isPackage = isPackageWord(given, pathOf(context, given));
    const signal = context.interruption();
    const made = isPackage ? await packedAgain(context, flags, given, signal) : undefined;
    if (made?.stages.length === 0) {
      if (flags.json) printJson(context, { runId: made.runId, outputs: [], left: [], package: made });
      return made.status === "same" ? EXIT.ok : EXIT.verification;
    }
    const first = made?.runId ?? given;
    const isRun = first === "latest" || /^\d{8}/.test(first);
    const which = runNamedBy(context, isRun ? first : undefined);
    if (flags.add !== undefined || flags.key !== undefined) {
      const [bundle, key] = [requireBoth(flags.add, "--add"), requireBoth(flags.key, "--key")];
      const file = await app.addRebuild(home, which, pathOf(context, bundle), pathOf(context, key));
      if (flags.json) printJson(context, { file });
      else print(context, `taken as ${file}`);
      return EXIT.ok;
    }
    const report = await app.rebuild({
      home,
      which,
      stages: made?.stages ?? (isRun ? others : words),
      variations: flags.vary.length === 0 ? VARIATIONS : flags.vary,
      times: flags.times,
      engines: flags.engine,
      sandbox: flags.sandbox,
      env: context.env,
      signal,
      onProgress: ({ stage, what, done, total }) => {
        if (!flags.json) say(context, flags, `${stage} (${done + 1} of ${total}): built ${what}`);
      },
    });
    if (report === undefined) return EXIT.interrupted;
    if (flags.json) printJson(context, made === undefined ? report : { ...report, package: made });
    else print(context, describeRebuild(report, paintOf(context, flags)));
    const isSame = made?.status !== "differs";
    const isReproduced = report.outputs.every(({ status }) => status === "reproduced");
    return isSame && isReproduced ? EXIT.ok : EXIT.verification;
  },
});

/** Makes the package again from the run that it names, and says what came of it. */
async function packedAgain(
  context: Context,
  flags: GlobalFlags,
  word: string,
  signal: AbortSignal,
): Promise<PackedAgain> {
  const { packAgain } = await import("#app/pack-again.ts");
  const made = await packAgain(openHomeOf(context, flags), pathOf(context, word), signal);
  const where = made.difference === undefined ? "in what it says of itself" : `in /${made.difference}`;
  const said = made.status === "same" ? "comes out the same" : `differs from what its run gives, ${where}`;
  if (!flags.json) print(context, `${made.file}: ${said} (run ${made.runId})`);
  return made;
}

function parseVariation(text: string): (typeof VARIATIONS)[number] {
  const found = VARIATIONS.find((name) => name === text);
  if (found === undefined) throw new RangeError(`it must be one of ${VARIATIONS.join(", ")}`);
  return found;
}

/** Each is one more build of every stage, and all of them stand in what is signed. */
const TIMES_MAX = 1000;

function parseTimes(text: string): number {
  const times = Number(text);
  if (/^\d+$/.test(text) && times <= TIMES_MAX) return times;
  throw new RangeError(`it must be a whole number from 0 to ${TIMES_MAX}`);
}

function requireBoth(given: string | undefined, name: "--add" | "--key"): string {
  if (given !== undefined) return given;
  throw pipeliteError("ARGUMENT_MISSING", { name, suggestion: "--add and --key belong together" });
}
