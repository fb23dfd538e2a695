// A command line that was understood before. Most runs build nothing, and then reading flags and choosing a view takes
// longer than all the rest. So a run that ended well leaves a note of what its words meant, here, for this user, on this
// kind of terminal; the next one with the same words starts from the note. What it does from there is src/run/no-op.ts,
// the same as after reading the flags, and whatever is in doubt goes the long way.
import { fstatSync } from "node:fs";
import { join, resolve } from "node:path";
import { canonicalJson } from "#base/canonical-json.ts";
import { systemErrorCode } from "#base/errors.ts";
import { VERSION } from "#base/version.ts";
import { areUnchanged, signatures } from "#compile/file-stamps.ts";
import { runAgain } from "#run/no-op.ts";
import { recall, remember } from "#run/recall.ts";
import type { RunOptions } from "#run/options.ts";
import { createPlainView } from "#view/plain.ts";
import type { View, ViewOptions } from "#view/view.ts";
import { homeOf } from "./home.ts";
import { writeAll } from "./write.ts";

/** What the words of a `pipelite run` meant. */
export interface Meaning {
  options: Omit<RunOptions, "listener" | "signal">;
  view: { kind: "json" } | ({ kind: "lines" } & Omit<ViewOptions, "now">);
  /** Whether the result's place goes to stdout when the run has ended. */
  printsTree: boolean;
  /** Words that are no flags: what they name depends on what is there. */
  names: readonly string[];
}

interface Note {
  meaning: Meaning;
  /** Files that the names could mean -> stat signature. */
  made: Record<string, string>;
}

const STDOUT = 1;
const STDERR = 2;

/** What of the environment decides where the home is, how a run is shown, and who else hears of it. */
const ENVIRONMENT =
  "HOME XDG_DATA_HOME PIPELITE_HOME PIPELITE_DATABASE LC_ALL LC_CTYPE LANG TERM COLORTERM TERM_PROGRAM " +
  "TERM_PROGRAM_VERSION TMUX NO_COLOR FORCE_COLOR NODE_DISABLE_COLORS CI TF_BUILD TEAMCITY_VERSION";

export function keepMeaning(argv: readonly string[], meaning: Meaning): void {
  const { home } = meaning.options;
  // The note is looked for in the home that the environment names.
  if (home !== environmentHome()) return;
  const paths = meaning.names.flatMap((name) => [resolve(name), join(resolve(name), "pipeline.ts")]);
  remember(home, "commands", keyOf(argv), { meaning, made: signatures(paths) } satisfies Note);
}

/** Runs a command line that was understood before and has nothing to do; false when it must be read and run. */
export function runKnown(argv: readonly string[]): boolean {
  const out: Output = { [STDOUT]: "", [STDERR]: "" };
  try {
    const note = recall(environmentHome(), "commands", keyOf(argv)) as Note | undefined;
    if (note === undefined || !areUnchanged(note.made) || !show(note.meaning, out)) return false;
  } catch {
    return false;
  }
  for (const fd of [STDERR, STDOUT] as const) write(fd, out[fd]);
  return true;
}

type Output = Record<typeof STDOUT | typeof STDERR, string>;

/** Runs again if that is all there is to do, and gathers what it prints. */
function show({ options, view, printsTree }: Meaning, out: Output): boolean {
  const lines = openView(view, out);
  const outcome = runAgain({
    ...options,
    signal: new AbortController().signal,
    listener: (event) => {
      lines.listener(event);
      if (printsTree && event.type === "run-finished") out[STDOUT] += `${event.link ?? event.tree}\n`;
    },
  });
  lines.close();
  return outcome !== undefined;
}

function openView(view: Meaning["view"], out: Output): Pick<View, "listener" | "close"> {
  if (view.kind === "json") {
    return { listener: (event) => (out[STDOUT] += `${JSON.stringify(event)}\n`), close: () => {} };
  }
  const stream = { write: (text: string) => (out[STDERR] += text) };
  return createPlainView(stream, { ...view, now: () => performance.now() });
}

/** Who reads our output may stop when it has seen enough. */
function write(fd: number, text: string): void {
  try {
    writeAll(fd, Buffer.from(text));
  } catch (error) {
    if (systemErrorCode(error) !== "EPIPE") throw error;
  }
}

function environmentHome(): string {
  return homeOf({ env: process.env, cwd: process.cwd() }, undefined);
}

function keyOf(argv: readonly string[]): string {
  return canonicalJson({
    argv,
    cwd: process.cwd(),
    version: VERSION,
    environment: ENVIRONMENT.split(" ").map((name) => process.env[name] ?? null),
    terminals: [STDOUT, STDERR].map(kindOfFile),
  });
}

/** Terminals are devices of a few kinds; asking whether a file is one would load more of Node than all of this. */
function kindOfFile(fd: number): string {
  const stat = fstatSync(fd);
  return stat.isCharacterDevice() ? `device ${stat.rdev >> 8}` : "file";
}
