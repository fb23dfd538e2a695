// The view where nothing can be rewritten: one line for each thing that happened, the words of the tree view, and now
// and then a sign of life, so that a build service does not take a long stage for a dead one.
import { formatElapsed } from "#base/quantities.ts";
import type { RunEvent } from "#home/events.ts";
import { cleanLine, cutToWidth } from "./format.ts";
import {
  expandedLine,
  failureLines,
  isEndShown,
  readingLine,
  stageEndLine,
  stageRetryLine,
  stageStartLine,
  startLines,
  summaryLines,
  symbolsFor,
} from "./lines.ts";
import { createPaint, plainLine, renderLine, span, type Line } from "./paint.ts";
import {
  applyEvent,
  createRunState,
  isRunning,
  type RunState,
  type SourceRead,
  type StageFinished,
} from "./state.ts";
import { timeLeft } from "./time-left.ts";
import type { Output, View, ViewOptions } from "./view.ts";

const SIGN_OF_LIFE_MS = 30_000;
/** Columns of what a stage said last. */
const SAID_WIDTH = 60;

export function createPlainView(stream: Output, options: ViewOptions): View {
  const { verbosity, now, cwd } = options;
  const state = createRunState();
  const paint = createPaint(options.color);
  const symbols = symbolsFor(options.unicode);
  const print = (lines: readonly Line[]): void => {
    if (lines.length === 0) return;
    stream.write(lines.map((line) => `${renderLine(line, paint)}\n`).join(""));
    timer.refresh();
  };
  const timer = setInterval(() => {
    if (verbosity !== "quiet") print(runningLines(state, now()));
  }, SIGN_OF_LIFE_MS);
  timer.unref();

  const printFailure = (event: StageFinished): void => {
    const below = failureLines(state, event).map(({ text }) => text);
    print([stageEndLine(state, event, symbols), ...below]);
  };
  let told: string | undefined;
  const showReading = (event: SourceRead): void => {
    if (told !== event.source) print([readingLine(event)]);
    told = event.source;
  };
  const showQuietly = (event: RunEvent): void => {
    if (event.type === "stage-finished" && event.status === "failed") {
      printFailure(event);
    } else if (event.type === "run-finished" && event.status !== "passed") print(summaryLines(state, cwd));
  };
  const show = (event: RunEvent): void => {
    if (event.type === "run-started") print(startLines(state));
    else if (event.type === "list-expanded") print([expandedLine(event)]);
    else if (event.type === "source-read") showReading(event);
    else if (event.type === "stage-started") print([stageStartLine(state, event.name, symbols)]);
    else if (event.type === "stage-retry") print([stageRetryLine(state, event, symbols)]);
    else if (event.type === "stage-log" && verbosity === "verbose") {
      print([[span(`${event.name} | `, "faint"), span(cleanLine(event.line))]]);
    } else if (event.type === "stage-finished" && isEndShown(event, verbosity)) {
      if (event.status === "failed") printFailure(event);
      else print([stageEndLine(state, event, symbols)]);
    } else if (event.type === "run-finished") print(summaryLines(state, cwd));
  };
  return {
    listener: (event) => {
      applyEvent(state, event, now());
      if (verbosity === "quiet") showQuietly(event);
      else show(event);
    },
    cancelling: () => {
      if (verbosity !== "quiet") print([plainLine("stopping", "warning")]);
    },
    close: () => clearInterval(timer),
  };
}

function runningLines(state: RunState, nowMs: number): Line[] {
  const running = [...state.stages.values()].filter(isRunning);
  if (running.length === 0) return [];
  const parts = running.map(({ name, startedMs, lastLine }) => {
    const said = lastLine === undefined ? "" : `: ${cutToWidth(lastLine, SAID_WIDTH)}`;
    return `${name} (${formatElapsed(nowMs - (startedMs ?? nowMs))}${said})`;
  });
  const done = [...state.stages.values()].filter(({ finished }) => finished !== undefined).length;
  const left = timeLeft(state, nowMs);
  const leftText = left === undefined ? "" : `, ~${formatElapsed(left)} left`;
  const overall = `${done} of ${state.stages.size} done${leftText}`;
  return [plainLine(`still running: ${parts.join(", ")}; ${overall}`, "faint")];
}
