// `pipelite lock`: choose what environments are made of, and write it down.
import { formatSetSize } from "#base/quantities.ts";
import { formatCount } from "#base/numbers.ts";
import { openCommand, optionalArgument, toggle } from "#cli/command.ts";
import { paintOf, print, printJson, say } from "#cli/context.ts";
import { cachesOf } from "#cli/caches.ts";
import { cacheFlag, paramFlag, trustedKeyFlag } from "#cli/flags.ts";
import { paramsOf, splitTarget } from "#cli/target.ts";
import { openHomeOf } from "#cli/run-argument.ts";
import { oneLine } from "#view/format.ts";
import type { LockedLine } from "#app/lock.ts";

export const lock = openCommand({
  brief: "Choose the packages of environments and pin them by hash",
  about: [
    "Reads what the suites say now, checks who signed it, and writes each package with its SHA-256 to pipelite.lock.json " +
      "beside the pipeline. A run builds what is written there and chooses nothing. Archives are looked for where apt of " +
      "this machine has them, or where PIPELITE_MIRRORS says (`debian=URL debian-security=URL`); no address is written. Paths of " +
      "nixpkgs are looked for in binary caches (--cache), and so is first whatever has a known hash.",
  ],
  examples: [
    ["pipelite lock", "pin what is not pinned yet"],
    ["pipelite lock --update", "choose all again: newer versions, if there are any"],
  ],
  flags: {
    update: toggle("Choose again what is pinned already"),
    shells: toggle("Pin bash, git and jq of the shells of `pipelite export-nix`, too"),
    param: paramFlag,
    cache: cacheFlag,
    trustedKey: trustedKeyFlag,
  },
  arg: optionalArgument("PIPELINE", "pipeline.ts or its folder"),
  async run(context, flags, word) {
    const app = await import("#app/lock.ts");
    const locked = await app.lock({
      pipeline: splitTarget(context, word === undefined ? [] : [word]).pipeline,
      params: paramsOf(flags.param),
      update: flags.update,
      shells: flags.shells,
      home: openHomeOf(context, flags),
      env: context.env,
      caches: await cachesOf(context, flags),
      now: new Date(),
      signal: context.interruption(),
      say: (line) => say(context, flags, line),
    });
    if (flags.json) return printJson(context, locked);
    const paint = paintOf(context, flags);
    const lines = locked.environments.flatMap((line) => [
      `${paint(line.name, "name")}  ${line.status}: ${formatCount(line.parts, line.unit)}, ${formatSetSize(line.bytes)}`,
      ...line.changes.map((change) => `  ${inWords(change)}`),
    ]);
    print(context, lines.length === 0 ? "This pipeline has no environments" : lines.join("\n"));
  },
});

function inWords({ name, from, to }: LockedLine["changes"][number]): string {
  if (from === undefined) return oneLine(`${name} ${to} is new`);
  return oneLine(to === undefined ? `${name} ${from} is gone` : `${name} ${from} -> ${to}`);
}
