// `pipelite log`: what a stage printed, as it printed it; on a terminal without what could steer the terminal.
import { homeOf, print, printJson, say, type Context, type GlobalFlags } from "#cli/context.ts";
import { readRun, readStageLog } from "#run/records.ts";
import { cleanLine } from "#view/format.ts";

export interface LogFlags extends GlobalFlags {
  run: string;
}

export function log(context: Context, flags: LogFlags, stage: string): void {
  const home = homeOf(context, flags.store);
  const record = readRun(home, flags.run);
  const text = readStageLog(home, record, stage);
  if (flags.json) return printJson(context, { runId: record.runId, stage, log: text });
  if (text === "") return say(context, flags, `stage ${stage} printed nothing`);
  print(context, context.stdout.isTTY === true ? text.split("\n").map(cleanLine).join("\n") : text);
}
