import type { Reason } from "#lean/index.ts";
import type { Export } from "#lean/source/terms.ts";

/** What checkers say to an export. */
export type Answer = "accept" | "reject";

/** An export in the shape of a public report, and what must be said to it. */
export interface PublicCase {
  /** The report's own name for it; mutations of one shape have a name behind the colon. */
  readonly name: string;
  /** Where it is public; `class` for classes of faults, `own` for those of this kernel. */
  readonly report: string;
  /** `either`: both are sound, and docs/lean.md says why ours is what it is. */
  readonly right: Answer | "either";
  /** Why ours refuses it: one of these, where the order of checks decides; `malformed`: for any fault of the format. Absent: ours accepts it. */
  readonly ours?: readonly (Reason | "malformed")[];
  /** Ours may also say that it gives up. */
  readonly mayGiveUp?: true;
  /** What nanoda says, at the commit that docs/lean.md names. */
  readonly nanoda: Answer;
  readonly make: () => Export | string;
}

type Said = Omit<PublicCase, "right" | "ours">;
type Ours = NonNullable<PublicCase["ours"]>;

export const reject = (ours: Ours, rest: Said): PublicCase => ({ ...rest, right: "reject", ours });
export const accept = (rest: Said): PublicCase => ({ ...rest, right: "accept" });

export type Row = readonly [name: string, ours: Ours | "accept", nanoda: Answer, make: PublicCase["make"]];

/** Cases of one report; with `label`, their names stand behind it. */
export const rows = (report: string, all: readonly Row[], label?: string): readonly PublicCase[] =>
  all.map(([short, ours, nanoda, make]) => {
    const rest = { name: label === undefined ? short : `${label}: ${short}`, report, nanoda, make };
    return ours === "accept" ? accept(rest) : reject(ours, rest);
  });

export const sound = (
  name: string,
  report: string,
  make: PublicCase["make"],
  nanoda: Answer = "accept",
): PublicCase => accept({ name, report, nanoda, make });
