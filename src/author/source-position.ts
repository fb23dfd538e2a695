// Where in the user's files something was written, for errors that point at it.
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { isOwnCode } from "#base/own-code.ts";

const FRAME = /(?:\(|at )(?:async )?((?:file:\/\/|\/)[^():]+(?::[^():]+)*?):(\d+):(\d+)\)?$/;

/**
 * The `pipeline.ts:12:15` of the nearest caller that is neither Node nor Pipelite itself. Positions are those of the
 * TypeScript source: Node strips types in place.
 */
export function callerPlace(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 30;
  const stack = new Error("place").stack ?? "";
  Error.stackTraceLimit = limit;
  return placeInStack(stack) ?? "pipeline.ts";
}

/** The first place in a stack trace that is in a user's file. */
export function placeInStack(stack: string): string | undefined {
  for (const line of stack.split("\n").slice(1)) {
    const match = FRAME.exec(line.trimEnd());
    const [, where, row, column] = match ?? [];
    if (where === undefined) continue;
    const path = where.startsWith("file:") ? fileURLToPath(where.replace(/\?.*$/, "")) : where;
    if (!isOwnCode(path)) return `${basename(path)}:${row}:${column}`;
  }
  return undefined;
}
