// What a stage may take of the machine. The defaults are for a stage that has run wild, not for one that works.
import { totalmem } from "node:os";

/** Each can be set for a stage (`stage(..., { limits })`). */
export interface Limits {
  /** All its processes together. */
  memoryBytes: number;
  /** Processes and threads at a time. */
  processes: number;
  /** Apparent size of its output: holes count, because whoever reads the output reads them. */
  outputBytes: number;
  logBytes: number;
}

const MIB = 1024 * 1024;
const TIB = 1024 ** 4;

export function limitsOf(given: Partial<Limits> = {}): Limits {
  return {
    memoryBytes: defaultMemoryBytes(),
    processes: 4096,
    outputBytes: TIB,
    logBytes: 64 * MIB,
    ...given,
  };
}

let memoryBytes: number | undefined;

/** What the machine, or the container we are in, has, less 10 %. Asked once. */
function defaultMemoryBytes(): number {
  return (memoryBytes ??= machineMemoryBytes());
}

function machineMemoryBytes(): number {
  const constrained = process.constrainedMemory();
  const available = constrained > 0 ? Math.min(totalmem(), constrained) : totalmem();
  return Math.floor((available * 9) / 10);
}
