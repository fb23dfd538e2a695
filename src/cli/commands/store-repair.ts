// `pipelite store repair`: right bytes in the place of wrong ones.
import { EXIT } from "#base/errors.ts";
import { formatCount } from "#base/numbers.ts";
import { command, value } from "#cli/command.ts";
import { homeOf, pathOf, print, printJson, say, type ExitCode } from "#cli/context.ts";
import { describeProblem } from "#cli/store-problems.ts";

export const storeRepair = command({
  brief: "Put right what `store verify --contents` finds wrong",
  about: [
    "Takes what is missing or changed from another store, from this machine (programs that stages use), or builds it again. Only bytes of the registered hash are taken. Ends with 3 when something is still wrong.",
  ],
  examples: [
    ["pipelite store repair", "from this machine, or by building again"],
    ["pipelite store repair --from /backup/pipelite", "from the store of another home first"],
  ],
  flags: { from: value("DIR", "Home of a store that may have what is wrong here") },
  async run(context, flags): Promise<ExitCode> {
    const { repairStore } = await import("#app/store-repair.ts");
    const { repaired, problems } = await repairStore(homeOf(context, flags.store), {
      env: context.env,
      from: flags.from === undefined ? undefined : pathOf(context, flags.from),
      signal: context.interruption(),
      onRepaired: ({ path, by }) => {
        if (!flags.json) print(context, `${path}: repaired by ${by}`);
      },
    });
    if (flags.json) printJson(context, { repaired, problems });
    else {
      print(context, problems.map(describeProblem).join("\n"));
      const left =
        problems.length === 0 ? "nothing is wrong now" : `${formatCount(problems.length, "problem")} left`;
      say(context, flags, `${formatCount(repaired.length, "path")} repaired: ${left}`);
    }
    return problems.length > 0 ? EXIT.verification : EXIT.ok;
  },
});
