// Which run a command means, and what it says of a record that is not the one that was written.
import { EXIT } from "#base/errors.ts";
import * as app from "#app/home.ts";
import type { Home } from "#home/home.ts";
import type { ReadRun, WhichRun } from "#home/runs.ts";
import { homeOf, say, type Context, type ExitCode, type Host } from "./context.ts";

/** The home of the command line. */
export function openHomeOf(host: Pick<Host, "env" | "cwd">, flags: { store: string | undefined }): Home {
  return app.openHome(homeOf(host, flags.store));
}

export function runNamedBy({ cwd }: Pick<Host, "cwd">, word?: string): WhichRun {
  return app.whichRun(cwd, word);
}

/** Whether a word means the table of a matrix, and no run. */
export function meansMatrix(word: string | undefined): word is string {
  return word !== undefined && (/^matrix(-|$)/.test(word) || word.endsWith(".json"));
}

type Told = Pick<ReadRun, "runId" | "repetition" | "problem">;

/** Says when a run stands for the one that it repeats, and when a record is not the one that was written. */
export function tellRun(
  context: Context,
  flags: { quiet: boolean },
  { runId, repetition, problem }: Told,
): ExitCode {
  if (repetition !== undefined)
    say(context, flags, `run ${repetition.runId} had nothing to do: it repeats ${runId}`);
  if (problem === undefined) return EXIT.ok;
  say(context, { quiet: false }, `warning: the record of run ${runId} is not as it was written: ${problem}`);
  return EXIT.verification;
}
