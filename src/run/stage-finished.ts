import type { StageRecord } from "#home/run-record.ts";
import type { RunEvent } from "./events.ts";

/** The event that tells how a stage ended, from what the record keeps of it. */
export function stageFinished(stage: StageRecord): RunEvent {
  const { name, status, durationMs, drvPath, outPath, narHash, narSize, usage, failure, because } = stage;
  return {
    type: "stage-finished",
    name,
    status,
    durationMs,
    ...(drvPath && { drvPath }),
    ...(outPath && { outPath }),
    ...(narHash && { narHash }),
    ...(narSize !== undefined && { narSize }),
    ...(usage && { usage }),
    ...(failure && { failure }),
    ...(because && { because }),
  };
}
