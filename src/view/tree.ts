// The view on a terminal: what ended scrolls into the history, what runs is drawn below it and rewritten in place.
import type { RunEvent } from "#home/events.ts";
import { cleanLine } from "./format.ts";
import { frameLines, loadingLine } from "./frame.ts";
import {
  expandedLine,
  failureLines,
  isEndShown,
  reasonSpans,
  stageEndLine,
  stageRetryLine,
  startLines,
  summaryLines,
  symbolsFor,
} from "./lines.ts";
import { createLive } from "./live.ts";
import { createPaint, renderLine, span, wrapLine, type Line } from "./paint.ts";
import { applyEvent, createRunState } from "./state.ts";
import type { Output, View, ViewOptions } from "./view.ts";

/** What is over sooner than this is not told of. */
const LOADING_SHOWN_MS = 80;

export function createTreeView(stream: Output, options: ViewOptions): View {
  const { verbosity, now, cwd } = options;
  const state = createRunState();
  const paint = createPaint(options.color);
  const symbols = symbolsFor(options.unicode);
  let tick = 0;
  let cancelling = false;

  const live = createLive(stream, ({ columns, rows }) => {
    tick += 1;
    if (state.finished !== undefined) return [];
    const isIdle = state.started === undefined && state.preparing === undefined;
    if (isIdle) return [renderLine(loadingLine({ symbols, tick }), paint, columns - 1)];
    const lines = frameLines(state, { columns, rows, nowMs: now(), tick, symbols, cancelling });
    return lines.map((line) => renderLine(line, paint, columns - 1));
  });
  const loading = setTimeout(() => live.refresh(), LOADING_SHOWN_MS);
  loading.unref();
  const width = (): number => (stream.columns || 80) - 1;
  const print = (lines: readonly Line[]): void => {
    live.print(lines.map((line) => renderLine(line, paint)));
  };
  const printWrapped = (lines: readonly Line[], indent = 10): void => {
    print(lines.flatMap((line) => wrapLine(line, width(), indent)));
  };

  const show = (event: RunEvent): void => {
    if (event.type === "run-started") printWrapped(startLines(state), 4);
    else if (event.type === "list-expanded") printWrapped([expandedLine(event)], 4);
    else if (event.type === "run-finished") printWrapped(summaryLines(state, cwd));
    else if (event.type === "stage-retry") printWrapped([stageRetryLine(state, event, symbols)], 4);
    else if (event.type === "stage-log" && verbosity === "verbose") {
      print([[span(`${event.name} | `, "faint"), span(cleanLine(event.line))]]);
    } else if (event.type === "stage-finished" && isEndShown(event, verbosity)) {
      const why = event.status === "built" ? reasonSpans(state, event.name) : [];
      printWrapped([[...stageEndLine(state, event, symbols), ...why]], 4);
      if (event.status !== "failed") return;
      for (const { text, isLog } of failureLines(state, event)) {
        if (isLog) print([text]);
        else printWrapped([text], 4);
      }
    }
  };
  return {
    listener: (event) => {
      applyEvent(state, event, now());
      show(event);
      live.refresh();
    },
    cancelling: () => {
      cancelling = true;
      live.refresh();
    },
    close: () => {
      clearTimeout(loading);
      live.close();
    },
  };
}
