// Apart from errors.ts, which every command loads: node:util is loaded by those that fail alone.
import { getSystemErrorMessage } from "node:util";

/** What the system says to an error number; some calls of Node give it without its sign. */
export function systemReason(errno: number): string {
  return getSystemErrorMessage(-Math.abs(errno));
}
