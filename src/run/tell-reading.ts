// Tells what is prepared before a run can start, and how far a large source has been read.
import type { RunListener } from "#home/events.ts";

/** What is read sooner than this is not told of. */
const READING_TOLD_MS = 500;
const READING_EVERY_MS = 100;

export function tellReading(
  listener: RunListener,
): (source: string, doneBytes: number, totalBytes: number) => void {
  let reading: string | undefined;
  let dueMs = 0;
  return (source, doneBytes, totalBytes) => {
    const nowMs = performance.now();
    if (source !== reading) [reading, dueMs] = [source, nowMs + READING_TOLD_MS];
    if (nowMs < dueMs) return;
    dueMs = nowMs + READING_EVERY_MS;
    listener({ type: "source-read", source, doneBytes, totalBytes });
  };
}

/** What is turned to, now and then: preparing many stages takes a moment. */
export function tellNodes(listener: RunListener): (what: string, done: number, total: number) => void {
  let dueMs = 0;
  return (what, done, total) => {
    const nowMs = performance.now();
    if (nowMs < dueMs) return;
    dueMs = nowMs + READING_EVERY_MS;
    listener({ type: "preparing", what, done, total });
  };
}
