// All commands: their names, flags and arguments, and where their code is. Code is loaded when its command is run, and
// texts of help are in help-texts.ts: this file is read at every start.
import { buildCommand, buildRouteMap, type Command } from "@stricli/core";
import { auditRoute as audit } from "./audit-route.ts";
import { capabilityRoute as capability } from "./capability-route.ts";
import type { CompletionFlags } from "./commands/completion.ts";
import type { DiffFlags } from "./commands/diff.ts";
import type { HelpFlags } from "./commands/help.ts";
import type { InitFlags } from "./commands/init.ts";
import type { LogFlags } from "./commands/log.ts";
import type { PlanFlags } from "./commands/plan.ts";
import type { RunFlags } from "./commands/run.ts";
import type { RunsFlags } from "./commands/runs.ts";
import type { ShowFlags } from "./commands/show.ts";
import { withContext, type Context } from "./context.ts";
import { deviationRoute as deviation } from "./deviation-route.ts";
import { keyRoute as key } from "./key-route.ts";
import { releaseRoute as release } from "./release-route.ts";
import { signRoute as sign, verifyRoute as verify } from "./sign-route.ts";
import { databaseFlag } from "./database-flag.ts";
import {
  globalAliases,
  globalFlags,
  optionalTextArgument,
  parseAssignment,
  parseCount,
  parseSpan,
  textArgument,
} from "./flags.ts";
import { leanRoutes } from "./lean-route.ts";
import { reportRoute as report } from "./report-route.ts";
import { historyRoutes } from "./history-route.ts";
import { storeRoutes } from "./store-routes.ts";
import { trendRoute as trend } from "./trend-route.ts";
import { traceRoute as trace } from "./trace-route.ts";

const param = {
  kind: "parsed",
  parse: parseAssignment,
  variadic: true,
  optional: true,
  brief: "Set a parameter of the pipeline",
  placeholder: "NAME=VALUE",
} as const;

const run: Command<Context> = buildCommand<RunFlags, string[], Context>({
  loader: async () => withContext((await import("./commands/run.ts")).run),
  parameters: {
    flags: {
      ...globalFlags,
      engine: {
        kind: "enum",
        values: ["embedded", "nix"],
        default: "embedded",
        brief: "What builds: our own builder, or Nix",
        placeholder: "ENGINE",
      },
      jobs: {
        kind: "parsed",
        parse: parseCount,
        optional: true,
        brief: "Stages at a time (default: the cores of this machine)",
        placeholder: "N",
      },
      param,
      out: {
        kind: "parsed",
        parse: String,
        default: "result",
        brief: "Where to put the link to the result",
        placeholder: "LINK",
      },
      noLink: { kind: "boolean", default: false, brief: "Make no link to the result" },
      keepGoing: {
        kind: "boolean",
        default: false,
        brief: "After a failure, go on with stages that do not need it",
      },
      timeout: {
        kind: "parsed",
        parse: parseSpan,
        optional: true,
        brief: "Stop a stage after this long: 90s, 15m, 2h",
        placeholder: "TIME",
      },
      sandbox: {
        kind: "enum",
        values: ["bubblewrap", "unshare", "none"],
        optional: true,
        brief: "Insist on this sandbox instead of the best there is",
        placeholder: "KIND",
      },
      paranoid: {
        kind: "boolean",
        default: false,
        brief: "Read every source again, whatever its times say",
      },
      model: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Endpoint of a language model, OpenAI-compatible",
        placeholder: "URL",
      },
      modelName: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "The model to ask, or whose pinned answers to use",
        placeholder: "NAME",
      },
      database: databaseFlag,
    },
    aliases: { ...globalAliases, j: "jobs", p: "param", o: "out", k: "keepGoing" },
    positional: {
      kind: "array",
      parameter: textArgument("PIPELINE|STAGE", "pipeline.ts or its folder, then stages", "stage"),
    },
  },
  docs: { brief: "Run a pipeline: build what changed, reuse the rest" },
});

const plan: Command<Context> = buildCommand<PlanFlags, string[], Context>({
  loader: async () => withContext((await import("./commands/plan.ts")).plan),
  parameters: {
    flags: { ...globalFlags, param },
    aliases: { ...globalAliases, p: "param" },
    positional: {
      kind: "array",
      parameter: textArgument("PIPELINE|STAGE", "pipeline.ts or its folder, then stages", "stage"),
    },
  },
  docs: { brief: "Show what a run would build, what is cached, and why" },
});

const runs: Command<Context> = buildCommand<RunsFlags, [], Context>({
  loader: async () => withContext((await import("./commands/runs.ts")).runs),
  parameters: {
    flags: {
      ...globalFlags,
      limit: {
        kind: "parsed",
        parse: parseCount,
        default: "20",
        brief: "Show this many",
        placeholder: "N",
      },
      all: { kind: "boolean", default: false, brief: "Show all" },
    },
    aliases: { ...globalAliases, n: "limit", a: "all" },
  },
  docs: { brief: "List runs, newest first" },
});

const RUN_BRIEF = "Run id or its start (default: the latest run)";

const show: Command<Context> = buildCommand<ShowFlags, [string?], Context>({
  loader: async () => withContext((await import("./commands/show.ts")).show),
  parameters: {
    flags: globalFlags,
    aliases: globalAliases,
    positional: { kind: "tuple", parameters: [optionalTextArgument("RUN", RUN_BRIEF, "run")] },
  },
  docs: { brief: "Show one run: stages, times, outputs, failures" },
});

const log: Command<Context> = buildCommand<LogFlags, [string], Context>({
  loader: async () => withContext((await import("./commands/log.ts")).log),
  parameters: {
    flags: {
      ...globalFlags,
      run: {
        kind: "parsed",
        parse: String,
        default: "latest",
        brief: "Run id or its start",
        placeholder: "RUN",
      },
    },
    aliases: { ...globalAliases, r: "run" },
    positional: { kind: "tuple", parameters: [textArgument("STAGE", "Name of a stage", "stage")] },
  },
  docs: { brief: "Print the log of a stage" },
});

const diff: Command<Context> = buildCommand<DiffFlags, [string, string?], Context>({
  loader: async () => withContext((await import("./commands/diff.ts")).diff),
  parameters: {
    flags: { ...globalFlags, all: { kind: "boolean", default: false, brief: "Show equal stages, too" } },
    aliases: { ...globalAliases, a: "all" },
    positional: {
      kind: "tuple",
      parameters: [
        textArgument("RUN", "Run id or its start", "run"),
        optionalTextArgument("RUN", "The run to compare it with (default: the latest)", "run"),
      ],
    },
  },
  docs: { brief: "Compare two runs: parameters, outputs, times" },
});

const init: Command<Context> = buildCommand<InitFlags, [string?], Context>({
  loader: async () => withContext((await import("./commands/init.ts")).init),
  parameters: {
    flags: globalFlags,
    aliases: globalAliases,
    positional: {
      kind: "tuple",
      parameters: [optionalTextArgument("FOLDER", "Where to write it (default: this folder)")],
    },
  },
  docs: { brief: "Start a pipeline: a small one that works" },
});

const help: Command<Context> = buildCommand<HelpFlags, string[], Context>({
  loader: async () => withContext((await import("./commands/help.ts")).help),
  parameters: {
    flags: globalFlags,
    aliases: globalAliases,
    positional: { kind: "array", parameter: textArgument("COMMAND", "Words of a command") },
  },
  docs: { brief: "Explain a command" },
});

const completion: Command<Context> = buildCommand<CompletionFlags, [string], Context>({
  loader: async () => withContext((await import("./commands/completion.ts")).completion),
  parameters: {
    flags: globalFlags,
    aliases: globalAliases,
    positional: {
      kind: "tuple",
      parameters: [
        {
          ...textArgument("SHELL", "bash, zsh or fish"),
          proposeCompletions: (partial) =>
            ["bash", "zsh", "fish"].filter((shell) => shell.startsWith(partial)),
        },
      ],
    },
  },
  docs: { brief: "Print a script that completes commands in your shell" },
});

export const routes = buildRouteMap({
  routes: {
    run,
    plan,
    runs,
    show,
    log,
    diff,
    report,
    trace,
    trend,
    history: historyRoutes,
    deviation,
    sign,
    verify,
    release,
    key,
    store: storeRoutes,
    lean: leanRoutes,
    audit,
    capability,
    init,
    help,
    completion,
  },
  docs: { brief: "Pipelines that can prove what they did" },
});

/** Whether the word names a group of commands, as `store` does. */
export function isGroup(word: string | undefined): boolean {
  const target = word === undefined ? undefined : routes.getRoutingTargetForInput(word);
  return target !== undefined && "getAllEntries" in target;
}
