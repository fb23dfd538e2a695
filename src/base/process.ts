import { readFileSync } from "node:fs";

/** Whether a process runs; one that is dead and only waits to be noticed by its parent does not (proc(5), stat). */
export function isProcessAlive(pid: number | string): boolean {
  try {
    return !/\) [ZXx] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}
