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
  return nearestPlace(FRAMES_FIRST) ?? nearestPlace(FRAMES_MAX) ?? "pipeline.ts";
}

/** Enough for nearly every caller, and a graph may be of thousands of calls. */
const FRAMES_FIRST = 4;
const FRAMES_MAX = 30;

/** The trace is not made a text of: that takes five times as long. */
function nearestPlace(frames: number): string | undefined {
  const limit = Error.stackTraceLimit;
  const prepare: unknown = Reflect.get(Error, "prepareStackTrace");
  let place: string | undefined;
  Error.stackTraceLimit = frames;
  Error.prepareStackTrace = (_, sites) => (place = placeAmong(sites));
  try {
    void new Error("place").stack;
  } finally {
    Error.stackTraceLimit = limit;
    Reflect.set(Error, "prepareStackTrace", prepare);
  }
  return place;
}

function placeAmong(sites: readonly NodeJS.CallSite[]): string | undefined {
  for (const site of sites) {
    const script = site.getFileName() ?? "";
    const name = userFiles.getOrInsertComputed(script, userFileOf);
    if (name !== undefined) return `${name}:${site.getLineNumber()}:${site.getColumnNumber()}`;
  }
  return undefined;
}

/** Name of a script -> that of the user's file that it is. */
const userFiles = new Map<string, string | undefined>();

function userFileOf(script: string): string | undefined {
  if (!script.startsWith("file:") && !script.startsWith("/")) return undefined;
  const path = script.startsWith("file:") ? fileURLToPath(script.replace(/\?.*$/, "")) : script;
  return isOwnCode(path) ? undefined : basename(path);
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
