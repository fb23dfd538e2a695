/** One thing that was looked at. What could not be, or nobody asked for, is `untested`: never a pass. */
export interface Finding {
  what: string;
  status: "holds" | "fails" | "untested";
  detail: string;
}

export function holds(what: string, detail: string): Finding {
  return { what, status: "holds", detail };
}

export function fails(what: string, detail: string): Finding {
  return { what, status: "fails", detail };
}

export function untested(what: string, detail: string): Finding {
  return { what, status: "untested", detail };
}

/** Of several: one that fails is worse than one that could not be looked at; of nothing nothing is known. */
export function worstOf(findings: readonly Finding[]): Finding["status"] {
  const isAny = (status: Finding["status"]): boolean => findings.some((each) => each.status === status);
  return isAny("fails") ? "fails" : isAny("untested") || findings.length === 0 ? "untested" : "holds";
}
