// `pipelite store repair`: right bytes in the place of wrong ones.
import type { LeftProblem, Means } from "#app/store-repair.ts";
import { EXIT } from "#base/errors.ts";
import { formatCount } from "#base/numbers.ts";
import { command, values } from "#cli/command.ts";
import { homeOf, print, printJson, say, type ExitCode } from "#cli/context.ts";
import { trustedKeyFlag } from "#cli/flags.ts";
import { describeProblem } from "#cli/store-problems.ts";

export const storeRepair = command({
  brief: "Put right what `store verify --contents` finds wrong",
  about: [
    "Takes what is missing or changed from other stores and binary caches, then from this machine (programs that stages use), and builds what is left. Only bytes of the registered hash are taken, and from a cache only what it may give to a run. Ends with 3 when something is still wrong, and says of each path what was tried.",
  ],
  examples: [
    ["pipelite store repair", "from the usual caches, this machine, or by building again"],
    ["pipelite store repair --from /backup/pipelite", "from the store of another home first"],
    ["pipelite store repair --from https://cache.example.org", "from a binary cache first"],
  ],
  flags: {
    from: values(
      "FROM",
      "Home of a store, or a binary cache, that may have what is wrong here (default: $PIPELITE_CACHES)",
    ),
    trustedKey: trustedKeyFlag,
  },
  async run(context, flags): Promise<ExitCode> {
    const { repairStore } = await import("#app/store-repair.ts");
    const { cachesOfEnvironment } = await import("#app/cache.ts");
    const usual = cachesOfEnvironment(context.env);
    const { repaired, problems } = await repairStore(homeOf(context, flags.store), {
      caches: flags.from.length > 0 ? flags.from : usual.caches,
      trustedKeys: [...flags.trustedKey, ...usual.trustedKeys],
      cwd: context.cwd,
      env: context.env,
      signal: context.interruption(),
      onRepaired: ({ path, ...means }) => {
        if (!flags.json) print(context, `${path}: repaired by ${describeMeans(means)}`);
      },
      onRefused: (url, error) => say(context, flags, `${error.message}; ${url} is asked no more`),
    });
    if (flags.json) printJson(context, { repaired, problems });
    else {
      for (const problem of problems)
        print(context, [describeProblem(problem), ...whatWasTried(problem)].join("\n"));
      const left =
        problems.length === 0 ? "nothing is wrong now" : `${formatCount(problems.length, "problem")} left`;
      say(context, flags, `${formatCount(repaired.length, "path")} repaired: ${left}`);
    }
    return problems.length > 0 ? EXIT.verification : EXIT.ok;
  },
});

function describeMeans({ by, from }: Means): string {
  return from === undefined ? by : `${by}, ${from}`;
}

function whatWasTried({ tried }: LeftProblem): string[] {
  if (tried.length === 0) return ["  nothing was tried: no files put this right"];
  return tried.map(({ why, ...means }) => `  not by ${describeMeans(means)}: ${why}`);
}
