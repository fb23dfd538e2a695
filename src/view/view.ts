// Views of a run. A view is a listener of the event stream (src/home/events.ts) that writes to one stream and holds no
// knowledge of its own: `tree` for a terminal, `plain` for anything else that people read, `json` for programs.
import type { RunListener } from "#home/events.ts";

/** What is written to: a terminal, or anything else that takes text. */
export interface Output {
  write(text: string): unknown;
  /** False for what is known to be no terminal. */
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  on?(event: "resize", listener: () => void): unknown;
  off?(event: "resize", listener: () => void): unknown;
}

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
