// The states of a deviation and the moves between them. Nothing gets to `closed` but through a disposition; a step back
// is a move like any other, with its own signature and reason.
import type { DeviationState, Disposition } from "./deviation.ts";
import { pipeliteError } from "./errors.ts";

const MOVES: Readonly<Record<DeviationState, readonly DeviationState[]>> = {
  open: ["investigating"],
  investigating: ["dispositioned"],
  dispositioned: ["capa", "investigating"],
  capa: ["effectiveness-check", "investigating"],
  // Back to `capa` when the action did not work.
  "effectiveness-check": ["closed", "capa"],
  closed: ["investigating"],
};

export const DISPOSITIONS: readonly Disposition[] = ["rework", "use-as-is", "reject"];

/** States as they follow one another when nothing goes back. */
export const STATES = Object.keys(MOVES) as readonly DeviationState[];

export interface Move {
  from: DeviationState;
  to: string;
  disposition?: string | undefined;
  reason: string;
}

export interface AllowedMove {
  from: DeviationState;
  to: DeviationState;
  disposition?: Disposition;
  reason: string;
}

/**
 * The move, if it may be made.
 * @throws PipeliteError DEVIATION_STATE_UNKNOWN, DEVIATION_MOVE_REFUSED, DEVIATION_REASON_MISSING, DISPOSITION_INVALID
 */
export function checkMove({ from, to, disposition, reason }: Move): AllowedMove {
  const target = STATES.find((state) => state === to);
  if (target === undefined) {
    throw pipeliteError("DEVIATION_STATE_UNKNOWN", { state: to, known: STATES.join(", ") });
  }
  const allowed = MOVES[from];
  if (!allowed.includes(target)) {
    throw pipeliteError("DEVIATION_MOVE_REFUSED", { from, to, allowed: allowed.join(" or ") });
  }
  if (reason.trim() === "") throw pipeliteError("DEVIATION_REASON_MISSING", { from, to });
  const found = DISPOSITIONS.find((each) => each === disposition);
  const isWanted = target === "dispositioned";
  if (isWanted !== (found !== undefined) || (disposition !== undefined && found === undefined)) {
    const wanted = isWanted ? `one of ${DISPOSITIONS.join(", ")}` : "none";
    throw pipeliteError("DISPOSITION_INVALID", { to, disposition: disposition ?? "none", wanted });
  }
  return { from, to: target, ...(found !== undefined && { disposition: found }), reason };
}
