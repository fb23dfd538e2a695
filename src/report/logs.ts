// The logs of a run as text: each is that of the build which made the stage's output, whichever run that was.
import { readFileSync } from "node:fs";
import type { Home } from "#home/home.ts";
import type { RunRecord } from "#home/run-record.ts";

export function readLogs(home: Home, { stages }: RunRecord): Map<string, string> {
  return new Map(
    stages.flatMap(({ name, drvPath }) => {
      const file = home.logOf(drvPath);
      return file === undefined ? [] : [[name, readFileSync(file, "utf8").replaceAll("\r\n", "\n")] as const];
    }),
  );
}
