// `pipelite shell`: a prompt in an environment, or where a stage runs.
import { shellWord } from "#base/escape.ts";
import { pipeliteError } from "#cli/errors.ts";
import { behind, choice, command, optionalArgument } from "#cli/command.ts";
import { cachesOf } from "#cli/caches.ts";
import { say, type ExitCode } from "#cli/context.ts";
import { cacheFlag, paramFlag, paramsFlag, secretFlag, trustedKeyFlag } from "#cli/flags.ts";
import { openHomeOf } from "#cli/run-argument.ts";
import { openView } from "#cli/run-view.ts";
import { paramsOf, splitTarget, valuesOf } from "#cli/target.ts";

export const shell = command({
  brief: "A prompt in the environment of a stage, with its inputs",
  about: [
    "Starts a shell, or the program behind --, where the stage is built: in its environment and its sandbox, with its " +
      "inputs and variables, as the user that a stage is, without network, in a fresh /build that goes when it ends. What " +
      "the stage takes is built first. The exit code is the program's.",
    "A name is that of a stage or of an environment, as `pipelite run` shows them; without one it is the only environment " +
      "of the pipeline.",
    "With --programs it is one of the three shells of `pipelite export-nix`, in the same sandbox: `default` has what the stages run, " +
      "`full` all programs of the environments as well, `ci` those of `default`, git and jq (docs/export.md).",
  ],
  examples: [
    ["pipelite shell fit", "a shell where the stage fit runs"],
    ["pipelite shell fit -- Rscript --version", "one program there"],
    ["pipelite shell --programs ci -- jq --version", "with the programs of the stages, git and jq"],
    ["pipelite shell", "a shell in the only environment of the pipeline"],
  ],
  flags: {
    programs: choice("SHELL", ["default", "full", "ci"], "A shell of all stages, and of none"),
    param: paramFlag,
    params: paramsFlag,
    secret: secretFlag,
    cache: cacheFlag,
    trustedKey: trustedKeyFlag,
    words: behind("PROGRAM", "Start this in place of a shell"),
  },
  args: [
    optionalArgument("PIPELINE|STAGE|ENVIRONMENT", "Where to start it", "stage"),
    optionalArgument("STAGE|ENVIRONMENT", "The same behind a pipeline", "stage"),
  ],
  async run(context, flags, first, second): Promise<ExitCode> {
    const given = [first, second].filter((word) => word !== undefined);
    const { pipeline, stages } = splitTarget(context, given);
    const [name, extra] = stages;
    if (extra !== undefined)
      throw pipeliteError("ARGUMENT_UNEXPECTED", {
        value: extra,
        suggestion: "A program stands behind --",
      });
    const signal = context.interruption();
    const asked = {
      pipeline,
      home: openHomeOf(context, flags),
      env: context.env,
      engine: "embedded",
      params: paramsOf(flags.param),
      values: await valuesOf(context, flags.params),
      secrets: Object.fromEntries(flags.secret),
      paranoid: false,
      caches: await cachesOf(context, flags),
      signal,
    } as const;
    const [{ openProgramsShell, openShell }, { run }] = await Promise.all([
      import("#app/shell.ts"),
      import("#app/run.ts"),
    ]);
    const realise = async (wanted: string[]): Promise<number> => {
      const view = openView(context, { ...flags, json: false });
      try {
        const { listener } = view;
        return (await run({ ...asked, stages: wanted, out: null, keepGoing: false, listener })).exitCode;
      } finally {
        view.close();
      }
    };
    const { words, programs } = flags;
    if (programs !== undefined) {
      if (name !== undefined)
        throw pipeliteError("ARGUMENT_UNEXPECTED", {
          value: name,
          suggestion: "A shell of --programs is of no one stage",
        });
      const onStart = (): void => {
        if (context.isInteractive) context.leaveInterrupts();
      };
      const onMachineTools = (): void => {
        const hint = "`pipelite lock --shells` pins Debian's";
        say(context, flags, `bash, git and jq of this shell are those of this machine: ${hint}`);
      };
      const onRefused = (url: string, problem: string): void =>
        say(context, flags, `cache ${url} is asked no more: ${problem}`);
      const told = { onStart, onMachineTools, onRefused };
      return (await openProgramsShell({ ...asked, ...told, shell: programs, words, realise })) as ExitCode;
    }
    const code = await openShell({
      ...asked,
      name,
      words,
      realise,
      onStart: (stage) => {
        if (!context.isInteractive) return;
        context.leaveInterrupts();
        if (stage !== undefined)
          say(context, flags, `stage '${stage.name}' runs here as: ${stage.words.map(shellWord).join(" ")}`);
      },
    });
    return code as ExitCode;
  },
});
