// `pipelite export-nix`: the pipeline as derivations and a flake, for Nix without Pipelite.
import { formatSize } from "#base/quantities.ts";
import { command, optional, usualChoice, usualValue, value, values } from "#cli/command.ts";
import { pathOf, print, printJson } from "#cli/context.ts";
import { paramFlag, paramsFlag, secretFlag } from "#cli/flags.ts";
import { openHomeOf, whichRun } from "#cli/run-argument.ts";
import { paramsOf, splitTarget, valuesOf } from "#cli/target.ts";

export const exportNix = command({
  brief: "Write the pipeline as a flake that real Nix builds, without Pipelite",
  about: [
    "Writes DIR/flake, a flake with packages, checks, apps and three devShells (default, full, ci) that evaluates without nixpkgs " +
      "to the derivations that a run builds, and DIR/cache, a binary cache with all that they read: code, programs, sources, " +
      "downloads. Nix needs no network for it. Secrets are no part of it (docs/export.md).",
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
    compression: usualChoice("HOW", ["zstd", "none"], "How the cache is packed", "zstd"),
    param: paramFlag,
    params: paramsFlag,
    secret: secretFlag,
  },
  args: [optional("PIPELINE", "pipeline.ts or its folder")],
  async run(context, flags, word) {
    const { exportNix: write } = await import("#app/export-nix.ts");
    const { pipeline } = splitTarget(context, word === undefined ? [] : [word]);
    const made = await write({
      pipeline,
      home: openHomeOf(context, flags),
      which: flags.run === undefined ? undefined : whichRun({ cwd: pipeline }, flags.run),
      out: pathOf(context, flags.out),
      cacheUrls: flags.cache,
      compression: flags.compression,
      params: paramsOf(flags.param),
      values: await valuesOf(context, flags.params),
      secrets: Object.fromEntries(flags.secret),
      paranoid: false,
      env: context.env,
      engine: "embedded",
      signal: context.interruption(),
    });
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
