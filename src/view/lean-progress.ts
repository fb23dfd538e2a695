// One line at the bottom of a terminal while proofs are checked. The kernel holds the thread for as long as a
// declaration takes, so nothing is drawn by timers: a line is written when the kernel goes on to the next declaration.
import { visibleText } from "#base/escape.ts";
import { formatCount } from "#base/numbers.ts";
import { formatElapsed } from "#base/quantities.ts";
import { createPaint, renderLine, span, type Line } from "./paint.ts";
import type { Output } from "./view.ts";

export interface LeanProgress {
  /** So many bytes more have been checked. */
  read: (bytes: number) => void;
  /** A declaration is about to be checked. */
  start: (place: { name: string; declarations: number }) => void;
  close: () => void;
}

interface ProgressOptions {
  isShown: boolean;
  color: boolean;
  totalBytes: number | undefined;
  now: () => number;
}

/** What is over sooner shows nothing. */
const FIRST_FRAME_MS = 400;
const FRAME_MS = 75;
const ERASE_LINE = "\r\u001b[K";

/** @param stream a terminal; the cursor stays at the start of its line, so that what is printed next overwrites it. */
export function createLeanProgress(
  stream: Output,
  { isShown, color, totalBytes, now }: ProgressOptions,
): LeanProgress {
  const paint = createPaint(color);
  const startMs = now();
  let nextMs = startMs + FIRST_FRAME_MS;
  let readBytes = 0;
  let isDrawn = false;
  return {
    read: (bytes) => {
      readBytes += bytes;
    },
    start: ({ name, declarations }) => {
      const nowMs = now();
      if (!isShown || nowMs < nextMs) return;
      nextMs = nowMs + FRAME_MS;
      isDrawn = true;
      const share = totalBytes === undefined || totalBytes === 0 ? undefined : readBytes / totalBytes;
      const line = progressLine({ name, declarations, share, elapsedMs: nowMs - startMs });
      stream.write(`${ERASE_LINE}${renderLine(line, paint, (stream.columns || 80) - 1)}\r`);
    },
    close: () => {
      if (isDrawn) stream.write(ERASE_LINE);
      isDrawn = false;
    },
  };
}

interface Place {
  name: string;
  declarations: number;
  share: number | undefined;
  elapsedMs: number;
}

function progressLine({ name, declarations, share, elapsedMs }: Place): Line {
  const percent = share === undefined ? "" : `, ${Math.floor(Math.min(1, share) * 100)} %`;
  return [
    span("checking ", "busy"),
    span(`${formatElapsed(elapsedMs)}, ${formatCount(declarations, "declaration")}${percent}: `),
    span(visibleText(name), "name"),
  ];
}
