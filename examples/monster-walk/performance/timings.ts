// What the engine says about the builds of the stages, parsed strictly. A figure that is not there is null, never 0.
import { readFields, readList, readNumber, readText } from "../checks/json.ts";

export interface Figure {
  /** null when it could not be had. */
  value: number | null;
  /** Where it comes from: `cgroup2`, `procfs` ...; `unavailable` exactly when there is no value. */
  source: string;
}

export interface StageTiming {
  name: string;
  status: string;
  /** The run that built the output, and when; null for a stage that was never measured. */
  measuredInRun: string | null;
  startedAt: string | null;
  engine: string | null;
  sandbox: string | null;
  /** Names of the stages it reads; null when not told. */
  inputs: string[] | null;
  wallMs: Figure;
  cpuUserMs: Figure;
  cpuSystemMs: Figure;
  peakMemoryBytes: Figure;
  ioReadBytes: Figure;
  ioWriteBytes: Figure;
}

export interface Timings {
  clock: string;
  stages: StageTiming[];
}

const UNAVAILABLE: Figure = { value: null, source: "unavailable" };

/** Throws RangeError or SyntaxError on anything that is not a timings file. */
export function parseTimings(text: string): Timings {
  const { clock, stages } = readFields(JSON.parse(text), "timings");
  return {
    clock: readText(clock, "clock"),
    stages: readList(stages, "stages").map((item, index) => parseStage(item, `stages[${index}]`)),
  };
}

function parseStage(item: unknown, at: string): StageTiming {
  const fields = readFields(item, at);
  const sources = fields["source"] === undefined ? {} : readFields(fields["source"], `${at}.source`);
  const figure = (name: string, sourceName: string): Figure => {
    if (fields[name] === undefined) return UNAVAILABLE;
    const value = readNumber(fields[name], `${at}.${name}`);
    if (value < 0) throw new RangeError(`${at}.${name} is negative`);
    const source = readText(sources[sourceName], `${at}.source.${sourceName}`);
    if (source === "unavailable")
      throw new RangeError(`${at}.${name} has a value, but its source is unavailable`);
    return { value, source };
  };
  return {
    name: readText(fields["name"], `${at}.name`),
    status: readText(fields["status"], `${at}.status`),
    measuredInRun: readOptionalText(fields["measuredInRun"], `${at}.measuredInRun`),
    startedAt: readOptionalText(fields["startedAt"], `${at}.startedAt`),
    engine: readOptionalText(fields["engine"], `${at}.engine`),
    sandbox: readOptionalText(fields["sandbox"], `${at}.sandbox`),
    inputs:
      fields["inputs"] === undefined
        ? null
        : readList(fields["inputs"], `${at}.inputs`).map((name) => readText(name, `${at}.inputs`)),
    wallMs: figure("wallMs", "wall"),
    cpuUserMs: figure("cpuUserMs", "cpu"),
    cpuSystemMs: figure("cpuSystemMs", "cpu"),
    peakMemoryBytes: figure("peakMemoryBytes", "memory"),
    ioReadBytes: figure("ioReadBytes", "io"),
    ioWriteBytes: figure("ioWriteBytes", "io"),
  };
}

function readOptionalText(value: unknown, at: string): string | null {
  return value === undefined ? null : readText(value, at);
}
