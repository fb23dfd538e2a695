// From the words of a command line to an exit code: finds the command, runs it, and reports what went wrong.
import { buildApplication, run, text_en, type ApplicationText } from "@stricli/core";
import { EXIT, systemErrorCode } from "#base/errors.ts";
import type { Context, ExitCode, Host } from "./context.ts";
import { isGroup, routes } from "./routes.ts";

/** Runs one command line; never throws. */
export async function runApp(argv: readonly string[], host: Host): Promise<ExitCode> {
  const problems: unknown[] = [];
  try {
    if (argv[0] === "__complete") {
      const { printProposals } = await import("./proposals.ts");
      await printProposals(createApp(problems, host), argv.slice(1), contextOf(host));
      return EXIT.ok;
    }
    if (argv[0] === "--version" || argv[0] === "-V") {
      const { VERSION } = await import("#base/version.ts");
      host.stdout.write(`pipelite ${VERSION}\n`);
      return EXIT.ok;
    }
    const context = contextOf(host);
    await run(createApp(problems, host), hoistFlags(argv), context);
    if (problems.length === 0) return asExitCode(context.process.exitCode);
  } catch (error) {
    problems.push(error);
  }
  // Who reads our output has seen enough.
  if (systemErrorCode(problems[0]) === "EPIPE") return EXIT.ok;
  const { reportProblem } = await import("./report.ts");
  return reportProblem(problems[0], argv, host);
}

function contextOf(host: Host): Context {
  // The library writes its own messages to these; all of them come to us as problems or are written by help.ts.
  const silent = { write: (): void => {} };
  const own: Pick<Context, "process"> = { process: { stdout: silent, stderr: silent, env: {} } };
  // Not a copy, which would ask for every stream at once.
  return Object.assign(Object.create(host) as Host, own);
}

/** Flags may stand before the command: `pipelite --json runs` is `pipelite runs --json`. */
function hoistFlags(argv: readonly string[]): readonly string[] {
  const before: string[] = [];
  let rest = [...argv];
  while (rest[0]?.startsWith("-") && rest[0] !== "--") {
    const takesValue = rest[0] === "--store" || rest[0] === "--color";
    before.push(...rest.slice(0, takesValue ? 2 : 1));
    rest = rest.slice(takesValue ? 2 : 1);
  }
  const words = isGroup(rest[0]) && rest[1]?.startsWith("-") === false ? 2 : 1;
  return rest.length === 0 ? before : [...rest.slice(0, words), ...before, ...rest.slice(words)];
}

function asExitCode(code: number | string | null | undefined): ExitCode {
  return Object.values(EXIT).find((known) => known === code) ?? EXIT.internal;
}

export type App = ReturnType<typeof createApp>;

function createApp(problems: unknown[], host: Host) {
  const note = (problem: unknown): string => {
    problems.push(problem);
    return "";
  };
  const text: ApplicationText = {
    ...text_en,
    noCommandRegisteredForInput: (unknown) => note({ kind: "unknown-command", ...unknown }),
    exceptionWhileParsingArguments: note,
    exceptionWhileLoadingCommandFunction: note,
    exceptionWhileLoadingCommandContext: note,
    exceptionWhileRunningCommand: note,
    commandErrorResult: note,
    exceptionWhileRunningIntegrationFlag: ({ exception }) => note(exception),
    exceptionWhileRunningIntegrationHook: ({ exception }) => note(exception),
  };
  return buildApplication<Context>(
    routes,
    {
      name: "pipelite",
      scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
      localization: { text },
    },
    {
      help: {
        flag: {
          brief: "Print help",
          aliases: ["h"],
          global: true,
          complete: true,
          defaultForRouteMap: true,
          async run(_, { result }) {
            const { printHelp } = await import("./help.ts");
            printHelp(result.target, result.prefix, host);
          },
        },
      },
    },
  );
}
