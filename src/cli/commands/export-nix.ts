// `pipelite export-nix`: the pipeline as derivations and a flake, for Nix without Pipelite.
import { formatSize } from "#base/quantities.ts";
import { command, optionalArgument, toggle, usualChoice, usualValue, value, values } from "#cli/command.ts";
import { pathOf, print, printJson, say } from "#cli/context.ts";
import { paramFlag, paramsFlag, secretFlag } from "#cli/flags.ts";
import { openHomeOf, runNamedBy } from "#cli/run-argument.ts";
import { paramsOf, splitTarget, valuesOf } from "#cli/target.ts";

export const exportNix = command({
  brief: "Write the pipeline as a flake that real Nix builds, without Pipelite",
  about: [
    "Writes DIR/flake, a flake with packages, checks, apps and three devShells (default, full, ci) that evaluates without nixpkgs " +
      "to the derivations that a run builds, and DIR/cache, a binary cache with all that they read: code, programs, sources, " +
      "downloads. Nix needs no network for it. Secrets are no part of it (docs/export.md).",
    "bash, git and jq of the shells are Debian's, by the packages that pipelite.lock.json pins; where it pins none they are chosen " +
      "and pinned now, as `pipelite lock --shells` does. Where no mirror can be reached they are this machine's, which is said, " +
      "here and in the flake.",
    "What is known only when a pipeline has run (lists of `each`, timings, answers of a model) is taken from the run that --run names.",
  ],
  examples: [
    ["pipelite export-nix", "the pipeline of this folder, into ./exported"],
    ["pipelite export-nix --run latest --out /srv/walk", "with the lists of the latest run"],
  ],
  flags: {
    out: usualValue("DIR", "Where it goes", { alias: "o", usual: "exported" }),
    run: value("RUN", "Take lists, timings and answers from this run: its id, the start of it, or `latest`"),
    cache: values("URL", "Let the flake name this cache, which holds what DIR/cache does"),
    machinePrograms: toggle(
      "Take bash, git and jq of the shells from this machine, and let the flake say so",
    ),
    compression: usualChoice("HOW", ["zstd", "none"], "How the cache is packed", "zstd"),
    param: paramFlag,
    params: paramsFlag,
    secret: secretFlag,
  },
  args: [optionalArgument("PIPELINE", "pipeline.ts or its folder")],
  async run(context, flags, word) {
    const { exportNix: write } = await import("#app/export-nix.ts");
    const { pipeline } = splitTarget(context, word === undefined ? [] : [word]);
    const made = await write({
      pipeline,
      home: openHomeOf(context, flags),
      which: flags.run === undefined ? undefined : runNamedBy({ cwd: pipeline }, flags.run),
      out: pathOf(context, flags.out),
      cacheUrls: flags.cache,
      compression: flags.compression,
      shells: flags.machinePrograms ? "machine" : "lock",
      now: new Date(),
      say: (line) => say(context, flags, line),
      params: paramsOf(flags.param),
      values: await valuesOf(context, flags.params),
      secrets: Object.fromEntries(flags.secret),
      paranoid: false,
      env: context.env,
      engine: "embedded",
      signal: context.interruption(),
    });
    const { from, reason } = made.tools;
    if (from === "machine")
      say(
        context,
        flags,
        `bash, git and jq of the shells are those of this machine${reason === undefined ? "" : `: ${reason}`}`,
      );
    if (flags.json) return printJson(context, made);
    const { folder, derivations, packages, checks, devShells, apps, paths, bytes } = made;
    print(
      context,
      [
        `${folder}/flake   ${derivations} derivations`,
        `  packages    ${packages.join(", ")}`,
        `  checks      ${checks.join(", ")}`,
        `  apps        ${apps.join(", ")}`,
        `  devShells   ${devShells.join(", ")}`,
        `${folder}/cache   ${paths} paths, ${formatSize(bytes)}`,
        "",
        `nix build path:${folder}/flake --option substitute true --substituters file://${folder}/cache`,
      ].join("\n"),
    );
  },
});
