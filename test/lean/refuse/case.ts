import type { Reason } from "#lean/index.ts";
import type { Export } from "#lean/source/terms.ts";

/** An unsound or malformed export and why it must not be accepted. */
export interface Case {
  readonly name: string;
  readonly reason: Reason;
  readonly make: () => Export | string | Uint8Array;
}

export const refuse = (name: string, reason: Reason, make: Case["make"]): Case => ({ name, reason, make });
