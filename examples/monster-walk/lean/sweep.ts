// Whether a number of a search tree is inside of a range, by one walk from the root to a leaf.
import { Bool, Nat, absurd, ble, cases, fromBoth, isTrue, le, left, or, right, yes } from "./core.ts";
import { equation, flip, replace } from "./equality.ts";
import type { Call, Library } from "./library.ts";
import { forAll, own, take } from "./names.ts";
import type { Lemmas } from "./removals.ts";
import type { Term } from "./term.ts";
import { ONE, ZERO, arrow, call, lam, pi } from "./term.ts";
import type { Trees } from "./tree.ts";
import { Tree, anywhere, leaf, node, partsOf, treeRec } from "./tree.ts";

/** Of numbers n in a tree: `before n` holds for all below one of which it holds, `past n` for all above. */
export interface Range {
  readonly before: (n: Term) => readonly [Term, Term];
  readonly past: (n: Term) => readonly [Term, Term];
  /** From n ≤ m and `before m` to `before n`. */
  readonly beforeDown: (n: Term, m: Term, below: Term, proof: Term) => Term;
  /** From m ≤ n and `past m` to `past n`. */
  readonly pastUp: (m: Term, n: Term, above: Term, proof: Term) => Term;
}

export interface Sweep {
  /** `sweep p q t`: no number of the search tree is inside of the range that p and q give. */
  readonly sweep: Call;
  /** `p q t low high`, proofs of `ordered` and `sweep`, `y`, a proof of `member`; proves `before y ∨ past y`. */
  readonly sound: Call;
}

/** A range for each two numbers. */
export function declareSweep(
  library: Library,
  lemmas: Pick<Lemmas, "bits" | "order">,
  { member, ordered, within }: Trees,
  rangeOf: (p: Term, q: Term) => Range,
): Sweep {
  const { bits, order: o } = lemmas;
  const parts = ({ before, past }: Range, c: Term, inL: Term, inR: Term): [Term, Term, Term, Term] => [
    ble(...before(c)),
    inR,
    ble(...past(c)),
    inL,
  ];
  const joined = ([isBefore, inR, isPast, inL]: readonly [Term, Term, Term, Term]): Term =>
    bits.any(bits.all(isBefore, inR), bits.all(isPast, inL));
  const sweep = library.define(
    own("sweep"),
    arrow(Nat, Nat, Tree, Bool),
    take("p q", (p, q) =>
      treeRec(
        ONE,
        () => Bool,
        yes,
        ({ c, inL, inR }) => joined(parts(rangeOf(p, q), c, inL, inR)),
      ),
    ),
    "Whether no number of a search tree is inside of a range: goes right of a number before it, left of one past it.",
  );
  const sound = library.prove(
    own("sweep_sound"),
    forAll("p q", (p, q) =>
      pi("t", Tree, (t) => claimOf(rangeOf(p, q), { member, ordered, swept: (x) => sweep(p, q, x) }, t)),
    ),
    take("p q", (p, q) => {
      const range = rangeOf(p, q);
      const swept = (x: Term): Term => sweep(p, q, x);
      const claim = (t: Term): Term => claimOf(range, { member, ordered, swept }, t);
      return treeRec(
        ZERO,
        claim,
        take("low high", (low, high) =>
          lam("_", isTrue(ordered(leaf, low, high)), () =>
            lam("_", isTrue(swept(leaf)), () =>
              take("y", (y) => lam("h", member(y, leaf), (h) => absurd(outside(range, y), h))),
            ),
          ),
        ),
        ({ l, c, r, inL, inR }) =>
          take("low high", (low, high) =>
            lam("isOrdered", isTrue(ordered(node(l, c, r), low, high)), (isOrdered) =>
              lam("h", isTrue(swept(node(l, c, r))), (h) =>
                take("y", (y) =>
                  lam("among", member(y, node(l, c, r)), (among) => {
                    const { leftOrdered, rightOrdered } = partsOf(
                      lemmas,
                      ordered,
                      { l, c, r, low, high },
                      isOrdered,
                    );
                    const goal = outside(range, y);
                    const tests = parts(range, c, swept(l), swept(r));
                    const [isBefore, sweptR, isPast, sweptL] = tests;
                    const ranges = [le(...range.before(y)), le(...range.past(y))] as const;
                    const upTo = (bounds: readonly [Term, Term, Term, Term], pick: "low" | "high"): Term => {
                      const [from, to, isIn, it] = bounds;
                      const sides = [le(from, y), le(y, to)] as const;
                      return fromBoth(
                        ...sides,
                        pick === "low" ? sides[0] : sides[1],
                        within(pick === "low" ? r : l, from, to, isIn, y, it),
                        (x, z) => (pick === "low" ? x : z),
                      );
                    };
                    const toC = (equal: Term, proof: Term): Term =>
                      replace(flip(equation(y, c, equal)), (n) => outside(range, n), proof);
                    const beforeC = (hBefore: Term): Term => o.leOfBle(...range.before(c), hBefore);
                    const pastC = (hPast: Term): Term => o.leOfBle(...range.past(c), hPast);
                    return cases(
                      isTrue(bits.all(isBefore, sweptR)),
                      isTrue(bits.all(isPast, sweptL)),
                      goal,
                      bits.anyCases(bits.all(isBefore, sweptR), bits.all(isPast, sweptL), h),
                      (down) => {
                        const proof = beforeC(bits.allLeft(isBefore, sweptR, down));
                        return anywhere({ member, l, c, r, y }, goal, among, {
                          inLeft: (it) =>
                            left(
                              ...ranges,
                              range.beforeDown(y, c, upTo([low, c, leftOrdered, it], "high"), proof),
                            ),
                          here: (equal) =>
                            toC(equal, left(le(...range.before(c)), le(...range.past(c)), proof)),
                          inRight: (it) =>
                            call(inR, c, high, rightOrdered, bits.allRight(isBefore, sweptR, down), y, it),
                        });
                      },
                      (up) => {
                        const proof = pastC(bits.allLeft(isPast, sweptL, up));
                        return anywhere({ member, l, c, r, y }, goal, among, {
                          inLeft: (it) =>
                            call(inL, low, c, leftOrdered, bits.allRight(isPast, sweptL, up), y, it),
                          here: (equal) =>
                            toC(equal, right(le(...range.before(c)), le(...range.past(c)), proof)),
                          inRight: (it) =>
                            right(
                              ...ranges,
                              range.pastUp(c, y, upTo([c, high, rightOrdered, it], "low"), proof),
                            ),
                        });
                      },
                    );
                  }),
                ),
              ),
            ),
          ),
      );
    }),
    "The sweep is right.",
  );
  return { sweep, sound };
}

function outside({ before, past }: Range, y: Term): Term {
  return or(le(...before(y)), le(...past(y)));
}

function claimOf(
  range: Range,
  {
    member,
    ordered,
    swept,
  }: { readonly member: Call; readonly ordered: Call; readonly swept: (t: Term) => Term },
  t: Term,
): Term {
  return forAll("low high", (low, high) =>
    arrow(
      isTrue(ordered(t, low, high)),
      isTrue(swept(t)),
      forAll("y", (y) => arrow(member(y, t), outside(range, y))),
    ),
  );
}
