// `pipelite run`: realise a pipeline, with a view that fits where the output goes.
import { relative } from "node:path";
import { pipeliteError } from "#cli/errors.ts";
import { openCommand, optionalArgument, toggle, value, values } from "#cli/command.ts";
import { pathOf, print, say, type Context, type ExitCode } from "#cli/context.ts";
import { cachesOf } from "#cli/caches.ts";
import { databaseOf, warnOfRecords } from "#cli/database.ts";
import {
  attestFlags,
  databaseFlag,
  engineFlag,
  paramFlag,
  paramsFlag,
  matrixFlag,
  secretFlag,
  buildersFlag,
  cacheFlag,
  trustedKeyFlag,
  parseAddress,
  parseCount,
  parseProcessors,
  parseSize,
  parseSpan,
  sandboxFlag,
} from "#cli/flags.ts";
import { paramsOf, splitTarget, valuesOf } from "#cli/target.ts";
import { openHomeOf } from "#cli/run-argument.ts";
import type { AttestationSigner } from "#app/attest.ts";
import type { FailedStage } from "#app/shell.ts";
import type { SignerFlags } from "#cli/signing-key.ts";
import type { RunOptions } from "#run/options.ts";
import { openPlainView, openView } from "#cli/run-view.ts";

export const run = openCommand({
  brief: "Run a pipeline: build what changed, reuse the rest",
  about: [
    "Builds the stages whose code, inputs, tools or parameters changed, each in a sandbox with nothing but its " +
      "inputs, and links the result. Progress goes to stderr; where stdout is not a terminal, the path of the result " +
      "is printed there.",
  ],
  examples: [
    ["pipelite run", "the pipeline.ts of this folder"],
    ["pipelite run examples/monster-walk", "the pipeline of another folder"],
    ["pipelite run . audio", "only the stage audio and what it needs"],
    ["pipelite run --param seconds=20", "with another value of a parameter"],
    ["pipelite run --matrix seed=1..205", "once for each seed, and one table of what came of them"],
    ["pipelite run --watch", "and again at every save"],
    ["pipelite run --force audio", "build the stage audio again, and say whether it comes out the same"],
    ["pipelite run --debug audio", "and a shell where audio failed, if it does"],
    ["pipelite run --engine nix", "the same derivations, built by Nix"],
    ["pipelite run --builders @/etc/nix/machines", "by Nix on other machines"],
    [
      "pipelite run --attest --key env:BUILDER_KEY",
      "and sign what was built from what, by a key of your own",
    ],
    ["pipelite run --json", "one event a line, for programs"],
  ],
  flags: {
    engine: engineFlag,
    builders: buildersFlag,
    jobs: value("N", "Stages at a time, each counting as its `cpus` (default: the cores of this machine)", {
      alias: "j",
      parse: parseCount,
    }),
    param: paramFlag,
    params: paramsFlag,
    matrix: matrixFlag,
    secret: secretFlag,
    force: values("STAGE", "Build this stage although its output is there, and compare the two"),
    debug: values("STAGE", "If this stage fails, keep the folder it was built in and open a shell there"),
    out: value("LINK", "Where to put the link to the result (default: result)", { alias: "o" }),
    noLink: toggle("Make no link to the result"),
    watch: toggle("Run again whenever something that it is made from changes", "w"),
    keepGoing: toggle("After a failure, go on with stages that do not need it", "k"),
    timeout: value("TIME", "Stop a stage after this long: 90s, 15m, 2h", { parse: parseSpan }),
    memory: value("SIZE", "Memory a stage may take, if it does not say: 512M, 4G", { parse: parseSize }),
    cpus: value("N", "Processors a stage may take, if it does not say", { parse: parseProcessors }),
    retries: value("N", "How often a stage that failed is tried again", { parse: parseCount }),
    sandbox: sandboxFlag,
    paranoid: toggle("Read every source again, whatever its times say"),
    model: value("URL", "Endpoint of a language model, OpenAI-compatible", { parse: parseAddress }),
    modelName: value("NAME", "The model to ask, or whose pinned answers to use"),
    database: databaseFlag,
    cache: cacheFlag,
    trustedKey: trustedKeyFlag,
    attest: toggle("Attest each output of a run that passes: signed provenance, kept in this home"),
    ...attestFlags,
  },
  arg: optionalArgument("PIPELINE|STAGE", "pipeline.ts or its folder, then stages", "stage"),
  async run(context, flags, ...words): Promise<ExitCode> {
    const target = splitTarget(context, words);
    if (target.isAbove && !flags.json)
      say(context, flags, `pipeline of ${relative(context.cwd, target.pipeline)}`);
    const other = flags.watch ? "--watch" : flags.matrix.length > 0 ? "--matrix" : undefined;
    if (flags.attest && other !== undefined)
      throw pipeliteError("FLAGS_APART", { one: other, other: "--attest" });
    const attestedBy = await attesterIn(context, flags);
    const signal = context.interruption();
    const asked: Omit<RunOptions, "listener"> = {
      pipeline: target.pipeline,
      stages: target.stages,
      home: openHomeOf(context, flags),
      env: context.env,
      engine: flags.builders === undefined ? flags.engine : "nix",
      builders: flags.builders,
      jobs: flags.jobs,
      params: paramsOf(flags.param),
      values: await valuesOf(context, flags.params),
      secrets: Object.fromEntries(flags.secret),
      force: flags.force,
      debug: flags.debug,
      out: flags.noLink ? null : flags.out === undefined ? target.out : pathOf(context, flags.out),
      keepGoing: flags.keepGoing,
      costs: {
        timeoutMs: flags.timeout,
        memoryBytes: flags.memory,
        cpus: flags.cpus,
        retries: flags.retries,
      },
      sandbox: flags.sandbox,
      paranoid: flags.paranoid,
      model: modelOf(flags, context.env["PIPELITE_MODEL_KEY"]),
      caches: await cachesOf(context, flags),
      signal,
    };
    const database = databaseOf(context, flags.database);
    const tellEnd = (tree: string | undefined): void => {
      if (tree !== undefined && !flags.json && context.stdout.isTTY !== true) print(context, tree);
    };
    if (flags.matrix.length > 0) {
      const { runMatrixCommand: runMatrix } = await import("#cli/run-matrix.ts");
      const { out: _, ...common } = asked;
      // Several are at work at the same time: of each nothing is told but what fails.
      const view = () => openPlainView(context, { ...flags, quiet: true });
      return runMatrix(context, flags, { ...common, database }, view);
    }
    if (flags.watch) {
      const { watchRun } = await import("#cli/watch-run.ts");
      return watchRun(context, asked, { flags, database, openView: () => openView(context, flags), tellEnd });
    }
    const view = openView(context, flags);
    context.onExit(view.close);
    signal.addEventListener("abort", view.cancelling);
    let tree: string | undefined;
    const failed: FailedStage[] = [];
    const tried = new Set<string>();
    const listener: RunOptions["listener"] = (event) => {
      if (event.type === "run-finished") tree = event.link ?? event.tree;
      if (event.type === "stage-finished" && /^(built|failed|cancelled)$/.test(event.status))
        tried.add(event.name);
      if (event.type === "stage-finished" && event.status === "failed" && event.drvPath !== undefined)
        failed.push({ name: event.name, drvPath: event.drvPath });
      view.listener(event);
    };
    const app = await import("#app/run.ts");
    try {
      const ran = await app.run({ ...asked, listener }, database, attestedBy);
      view.close();
      tellEnd(tree);
      if (ran.index !== undefined) warnOfRecords(context, ran.index);
      if (ran.attestations !== undefined) say(context, flags, `attested: ${ran.attestations}`);
      if (ran.logProblem !== undefined) say(context, { quiet: false }, `warning: ${ran.logProblem}`);
      if (ran.indexProblem !== undefined) say(context, { quiet: false }, `warning: ${ran.indexProblem}`);
      if (flags.debug.length > 0) {
        const { debugStages } = await import("#cli/debug.ts");
        const left = flags.debug.filter((name) => !tried.has(name));
        await debugStages(context, flags, { left, failed, home: asked.home, signal });
      }
      return ran.exitCode;
    } finally {
      view.close();
    }
  },
});

/** Who attests; nothing of it is loaded where nobody does. */
async function attesterIn(
  context: Context,
  flags: SignerFlags & { attest: boolean; sandbox: string | undefined },
): Promise<AttestationSigner | undefined> {
  const { attest, key, passphraseFile, publicKey, timestamp, trustedRoot, identityToken, ask, witness } =
    flags;
  const given = [
    key,
    passphraseFile,
    publicKey,
    trustedRoot,
    identityToken,
    ...timestamp,
    ...ask,
    ...witness,
  ];
  if (!attest && given.every((each) => each === undefined)) return undefined;
  const { signerOf, variableBehind } = await import("#cli/signing-key.ts");
  const signer = await signerOf(context, flags, attest ? undefined : "--attest");
  const variable = flags.sandbox === "none" ? variableBehind(key, signer) : undefined;
  if (variable !== undefined) (await import("#app/sign.ts")).refuseExposed(variable);
  return signer;
}

function modelOf(
  { model, modelName }: Record<"model" | "modelName", string | undefined>,
  key: string | undefined,
): RunOptions["model"] {
  if (modelName !== undefined) return { name: modelName, key, ...(model !== undefined && { url: model }) };
  if (model === undefined) return undefined;
  throw pipeliteError("ARGUMENT_MISSING", {
    name: "--model-name",
    suggestion: "Answers are pinned by the model's name: give it with --model-name",
  });
}
