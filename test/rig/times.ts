// A reporter of node:test: what the tests of each folder took, added up, when all have ended. Two processes run at a time, so the
// lane itself takes about half of it.
import { dirname, relative } from "node:path";
import type { TestEvent } from "node:test/reporters";

// Node asks for the default export.
// oxlint-disable-next-line import/no-default-export
export default async function* times(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const seconds = new Map<string, number>();
  for await (const { type, data } of events) {
    if ((type !== "test:pass" && type !== "test:fail") || data.nesting > 0) continue;
    const folder = dirname(relative(process.cwd(), data.file ?? ""));
    seconds.set(folder, (seconds.get(folder) ?? 0) + data.details.duration_ms / 1000);
  }
  for (const [folder, sum] of [...seconds].toSorted(([, a], [, b]) => b - a))
    yield `${sum.toFixed(1).padStart(8)} s  ${folder}\n`;
}
