// The log of a stage as lines: progress bars, long lines, characters that come in two pieces.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LogLines } from "#run/log-lines.ts";

function read(chunks: (string | Uint8Array)[]) {
  const [lines, progress]: [string[], string[]] = [[], []];
  const log = new LogLines((line) => line, {
    onLine: (line) => lines.push(line),
    onProgress: (line) => progress.push(line),
  });
  for (const chunk of chunks) log.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  log.end();
  return { lines, progress, tail: log.tail() };
}

test("a line that is written over is told as it stands, and is one line of the log when it ends", () => {
  const { lines, progress } = read(["start\n", " 10%\r", " 20%", "\r 30%\r", "100%\ndone\n"]);
  assert.deepEqual(progress, [" 10%"]);
  assert.equal(lines[0], "start");
  assert.equal(lines[1]?.split("\r").at(-1), "100%");
  assert.equal(lines[2], "done");
  assert.equal(lines.length, 3);
});

test("a progress bar that goes on for a megabyte is no line of the log until it ends", () => {
  const bar = Array.from({ length: 50_000 }, (_, n) => `\r[${"#".repeat(n % 20)}] ${n}`);
  const { lines, tail } = read([...bar, "\n"]);
  assert.equal(lines.length, 1);
  assert.match(tail.at(-1) ?? "", /49999$/);
});

test("lines that end as on Windows, and characters in two pieces, are whole", () => {
  const bytes = Buffer.from("a\r\nb\u00e9\r\n");
  const { lines } = read([bytes.subarray(0, 5), bytes.subarray(5)]);
  assert.deepEqual(lines, ["a", "b\u00e9"]);
});
