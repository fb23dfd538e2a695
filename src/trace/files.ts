// The files in `evidence/` of a result that show where the time of a run went.
import { utf8 } from "#base/bytes.ts";
import type { RunRecord } from "#home/run-record.ts";
import { writeChromeTrace } from "./chrome.ts";
import { writeOtlp } from "./otlp.ts";
import { traceOf } from "./spans.ts";

/** File name -> bytes, which follow from the record alone. */
export function traceFiles(record: RunRecord): Map<string, Uint8Array> {
  const spans = traceOf(record);
  return new Map([
    ["trace.json", utf8(writeChromeTrace(spans))],
    ["otlp.json", utf8(writeOtlp(spans))],
  ]);
}
