// Views of a run. A view is a listener of the event stream (src/run/events.ts) that writes to one stream and holds no
// knowledge of its own: `tree` for a terminal, `plain` for anything else that people read, `json` for programs.
import type { RunListener } from "#run/events.ts";
import { createPlainView } from "./plain.ts";
import { createTreeView } from "./tree.ts";

export type ViewKind = "tree" | "plain" | "json";

/** quiet: failures only. normal: what was built and what failed. verbose: cached stages and every log line, too. */
export type Verbosity = "quiet" | "normal" | "verbose";

export interface ViewOptions {
  color: boolean;
  /** Symbols beyond ASCII. */
  unicode: boolean;
  verbosity: Verbosity;
  /** The folder that paths are shown from. */
  cwd: string;
  /** Milliseconds of any monotonic clock; given by tests. */
  now: () => number;
}

export interface View {
  listener: RunListener;
  /** Says that the user asked to stop and that stages are being ended. */
  cancelling: () => void;
  /** Writes what is left and gives the terminal back. May be called more than once, also while the process exits. */
  close: () => void;
}

const DEFAULTS: ViewOptions = {
  color: false,
  unicode: true,
  verbosity: "normal",
  cwd: "/",
  now: () => performance.now(),
};

/** A view that writes to `stream`; close it when the run has ended, whatever the end. */
export function createView(
  kind: ViewKind,
  stream: NodeJS.WritableStream,
  options: Partial<ViewOptions> = {},
): View {
  const all = { ...DEFAULTS, ...options };
  if (kind === "json") return createJsonView(stream);
  const isTree = kind === "tree" && all.verbosity !== "quiet";
  return isTree ? createTreeView(stream, all) : createPlainView(stream, all);
}

/** One event a line, as it is. */
function createJsonView(stream: NodeJS.WritableStream): View {
  return {
    listener: (event) => void stream.write(`${JSON.stringify(event)}\n`),
    cancelling: () => {},
    close: () => {},
  };
}
