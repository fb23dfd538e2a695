// The logs of a run as text: each is that of the build which made the stage's output, whichever run that was.
import { existsSync, readFileSync } from "node:fs";
import { logFile } from "#engine/log-file.ts";
import type { RunRecord } from "#evidence/run-record.ts";
import { parseStorePath } from "#nix/store-path.ts";

export function readLogs(home: string, { stages }: RunRecord): Map<string, string> {
  return new Map(
    stages.flatMap(({ name, drvPath }) => {
      const file = drvPath === undefined ? undefined : logFile(home, parseStorePath(drvPath));
      return file === undefined || !existsSync(file)
        ? []
        : [[name, readFileSync(file, "utf8").replaceAll("\r\n", "\n")] as const];
    }),
  );
}
