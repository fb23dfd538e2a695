// Times that are given as seconds since the epoch.
import type { Host } from "./context.ts";
import { pipeliteError } from "./errors.ts";

/** SOURCE_DATE_EPOCH, where it is set. */
export function epochOf({ env }: Pick<Host, "env">): number | undefined {
  const { SOURCE_DATE_EPOCH: text } = env;
  return text === undefined || text === "" ? undefined : secondsOf(text, "SOURCE_DATE_EPOCH");
}

/** The last second of the year 9999: documents have four digits. */
const LAST = 253_402_300_799;

/** @param name what gives it, for messages */
export function secondsOf(text: string, name: string): number {
  if (/^\d{1,12}$/.test(text) && Number(text) <= LAST) return Number(text);
  throw pipeliteError("ARGUMENT_INVALID", {
    value: text,
    name,
    problem: "it is no number of seconds since the epoch",
  });
}
