// Capability of a process, from a file of measured values.
import { readNamedFile } from "#base/files.ts";
import { drawCapability } from "#chart/capability-page.ts";
import { judgeCapability, type CapabilityPlan, type CapabilityResult } from "#stats/gate.ts";
import { readSamples, type SampleRequest, type Samples } from "#stats/samples.ts";

export { MINIMUM_USUAL } from "#stats/gate.ts";
export { formatLimits } from "#stats/indices.ts";
export { signalsByPoint } from "#stats/rules.ts";

export interface MeasuredFile extends Omit<SampleRequest, "subgroup"> {
  /** A column that names the subgroups, or their size. */
  subgroup: string | undefined;
  plan: CapabilityPlan;
  /** Standard uncertainty of the measurement. */
  gauge: number | undefined;
}

export interface Measured {
  samples: Samples;
  result: CapabilityResult;
}

/** @throws PipeliteError SAMPLES_INVALID and the like; what the system says of a file that can't be read */
export function judgeFile(path: string, { subgroup, plan, gauge, ...request }: MeasuredFile): Measured {
  const isCount = subgroup !== undefined && /^[1-9]\d{0,8}$/.test(subgroup);
  const samples = readSamples(readNamedFile(path), {
    ...request,
    subgroup: isCount ? Number(subgroup) : subgroup,
  });
  return { samples, result: judgeCapability({ groups: samples.groups, gaugeDeviation: gauge }, plan) };
}

/** A page with charts, as SVG. */
export function drawMeasured({ samples, result }: Measured, title: string): string {
  return drawCapability({ result, groups: samples.groups, title });
}
