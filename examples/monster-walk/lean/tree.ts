// Search trees of numbers: every number in the left part is at most the one in the middle, every one in the right part at
// least that. Whether one of them is inside of a range is then found by one walk from the root to a leaf.
import {
  Bool,
  False,
  Nat,
  absurd,
  and,
  beq,
  ble,
  boolRec,
  both,
  cases,
  eq,
  fromBoth,
  isTrue,
  le,
  left,
  no,
  or,
  right,
  yes,
} from "./core.ts";
import { equation, flip, replace } from "./equality.ts";
import type { Call, Library } from "./library.ts";
import { caller } from "./library.ts";
import { forAll, own, take } from "./names.ts";
import type { Lemmas } from "./removals.ts";
import type { Level, Term } from "./term.ts";
import { ONE, PROP, TYPE, ZERO, arrow, call, constant, lam, number, pi } from "./term.ts";

export const Tree = constant(own("Tree"));
export const leaf = constant(own("Tree.leaf"));
export const node = caller(own("Tree.node"));

/** The tree of numbers that are in ascending order. */
export function treeOf(numbers: readonly bigint[]): Term {
  const middle = numbers.length >> 1;
  const value = numbers[middle];
  if (value === undefined) return leaf;
  return node(treeOf(numbers.slice(0, middle)), number(value), treeOf(numbers.slice(middle + 1)));
}

interface Node {
  readonly l: Term;
  readonly c: Term;
  readonly r: Term;
  readonly inL: Term;
  readonly inR: Term;
}

export function treeRec(level: Level, motive: (t: Term) => Term, base: Term, step: (at: Node) => Term): Term {
  const minor = lam("l", Tree, (l) =>
    lam("c", Nat, (c) =>
      lam("r", Tree, (r) =>
        lam("inL", motive(l), (inL) => lam("inR", motive(r), (inR) => step({ l, c, r, inL, inR }))),
      ),
    ),
  );
  return call(constant(own("Tree.rec"), level), lam("t", Tree, motive), base, minor);
}

export interface Trees {
  readonly member: Call;
  /** `has y t`, by a walk. */
  readonly has: Call;
  readonly memberOfHas: Call;
  /** `ordered t low high`: it is a search tree of numbers from low to high. */
  readonly ordered: Call;
  /** `t low high`, a proof of `ordered`, `y`, a proof of `member`; proves low ≤ y and y ≤ high. */
  readonly within: Call;
}

export function declareTrees(library: Library, lemmas: Pick<Lemmas, "bits" | "order">): Trees {
  library.inductive(
    {
      levelParams: [],
      paramCount: 0,
      isLarge: true,
      name: own("Tree"),
      type: TYPE,
      constructors: [
        { name: own("Tree.leaf"), type: Tree },
        { name: own("Tree.node"), type: arrow(Tree, Nat, Tree, Tree) },
      ],
    },
    "A tree of numbers.",
  );
  const { bits } = lemmas;
  const member = library.define(
    own("InTree"),
    arrow(Nat, Tree, PROP),
    take("y", (y) =>
      treeRec(
        ONE,
        () => PROP,
        False,
        ({ c, inL, inR }) => or(inL, or(eq(Nat, y, c), inR)),
      ),
    ),
    "y is in the tree.",
  );
  const ordered = library.define(
    own("ordered"),
    arrow(Tree, Nat, Nat, Bool),
    treeRec(
      ONE,
      () => arrow(Nat, Nat, Bool),
      take("low high", () => yes),
      ({ c, inL, inR }) =>
        take("low high", (low, high) =>
          bits.all(bits.all(ble(low, c), ble(c, high)), bits.all(call(inL, low, c), call(inR, c, high))),
        ),
    ),
    "It is a search tree of numbers from low to high.",
  );
  return {
    member,
    ordered,
    ...declareHas(library, lemmas, member),
    within: proveWithin(library, lemmas, { member, ordered }),
  };
}

function declareHas(
  library: Library,
  { bits, order }: Pick<Lemmas, "bits" | "order">,
  member: Call,
): Pick<Trees, "has" | "memberOfHas"> {
  const choose = (inL: Term, inR: Term, isLeft: Term): Term =>
    call(
      boolRec(ONE, () => Bool, inR, inL),
      isLeft,
    );
  const has = library.define(
    own("hasNumber"),
    arrow(Nat, Tree, Bool),
    take("y", (y) =>
      treeRec(
        ONE,
        () => Bool,
        no,
        ({ c, inL, inR }) => bits.any(beq(y, c), choose(inL, inR, ble(y, c))),
      ),
    ),
    "Looks for y in a search tree.",
  );
  const memberOfHas = library.prove(
    own("inTree_of_hasNumber"),
    forAll("y", (y) => pi("t", Tree, (t) => arrow(isTrue(has(y, t)), member(y, t)))),
    take("y", (y) =>
      treeRec(
        ZERO,
        (t) => arrow(isTrue(has(y, t)), member(y, t)),
        lam("h", isTrue(has(y, leaf)), (h) => bits.falseIsNotTrue(h)),
        ({ l, c, r, inL, inR }) =>
          lam("h", isTrue(has(y, node(l, c, r))), (h) => {
            const [here, inRight] = [eq(Nat, y, c), member(y, r)];
            const elsewhere = or(here, inRight);
            const goal = or(member(y, l), elsewhere);
            const deeper = choose(has(y, l), has(y, r), ble(y, c));
            return cases(
              isTrue(beq(y, c)),
              isTrue(deeper),
              goal,
              bits.anyCases(beq(y, c), deeper, h),
              (equal) => right(member(y, l), elsewhere, left(here, inRight, order.equalOfBeq(y, c, equal))),
              (found) =>
                call(
                  boolRec(
                    ZERO,
                    (bit) => arrow(isTrue(choose(has(y, l), has(y, r), bit)), goal),
                    lam("found", isTrue(has(y, r)), (it) =>
                      right(member(y, l), elsewhere, right(here, inRight, call(inR, it))),
                    ),
                    lam("found", isTrue(has(y, l)), (it) => left(member(y, l), elsewhere, call(inL, it))),
                  ),
                  ble(y, c),
                  found,
                ),
            );
          }),
      ),
    ),
  );
  return { has, memberOfHas };
}

/** The parts of `ordered (node l c r) low high`, from a proof of it. */
export function partsOf(
  { bits }: Pick<Lemmas, "bits">,
  ordered: Call,
  { l, c, r, low, high }: Record<"l" | "c" | "r" | "low" | "high", Term>,
  proof: Term,
): Record<"isLow" | "isHigh" | "leftOrdered" | "rightOrdered", Term> {
  const [atLeast, atMost] = [ble(low, c), ble(c, high)];
  const [leftPart, rightPart] = [ordered(l, low, c), ordered(r, c, high)];
  const [range, below] = [bits.all(atLeast, atMost), bits.all(leftPart, rightPart)];
  const [first, second] = [bits.allLeft(range, below, proof), bits.allRight(range, below, proof)];
  return {
    isLow: bits.allLeft(atLeast, atMost, first),
    isHigh: bits.allRight(atLeast, atMost, first),
    leftOrdered: bits.allLeft(leftPart, rightPart, second),
    rightOrdered: bits.allRight(leftPart, rightPart, second),
  };
}

function proveWithin(
  library: Library,
  lemmas: Pick<Lemmas, "bits" | "order">,
  { member, ordered }: Pick<Trees, "member" | "ordered">,
): Call {
  const o = lemmas.order;
  const goal = (low: Term, high: Term, y: Term): [Term, Term] => [le(low, y), le(y, high)];
  const claim = (t: Term): Term =>
    forAll("low high", (low, high) =>
      arrow(
        isTrue(ordered(t, low, high)),
        forAll("y", (y) => arrow(member(y, t), and(...goal(low, high, y)))),
      ),
    );
  return library.prove(
    own("inTree_within"),
    pi("t", Tree, claim),
    treeRec(
      ZERO,
      claim,
      take("low high", (low, high) =>
        lam("_", isTrue(ordered(leaf, low, high)), () =>
          take("y", (y) => lam("h", member(y, leaf), (h) => absurd(and(...goal(low, high, y)), h))),
        ),
      ),
      ({ l, c, r, inL, inR }) =>
        take("low high", (low, high) =>
          lam("h", isTrue(ordered(node(l, c, r), low, high)), (h) => {
            const parts = partsOf(lemmas, ordered, { l, c, r, low, high }, h);
            const isLow = o.leOfBle(low, c, parts.isLow);
            const isHigh = o.leOfBle(c, high, parts.isHigh);
            return take("y", (y) =>
              lam("among", member(y, node(l, c, r)), (among) => {
                const wanted = and(...goal(low, high, y));
                return anywhere({ member, l, c, r, y }, wanted, among, {
                  inLeft: (it) =>
                    fromBoth(
                      ...goal(low, c, y),
                      wanted,
                      call(inL, low, c, parts.leftOrdered, y, it),
                      (atLeast, below) =>
                        both(...goal(low, high, y), atLeast, o.leTrans(y, c, high, below, isHigh)),
                    ),
                  here: (equal) =>
                    replace(
                      flip(equation(y, c, equal)),
                      (n) => and(...goal(low, high, n)),
                      both(...goal(low, high, c), isLow, isHigh),
                    ),
                  inRight: (it) =>
                    fromBoth(
                      ...goal(c, high, y),
                      wanted,
                      call(inR, c, high, parts.rightOrdered, y, it),
                      (above, atMost) =>
                        both(...goal(low, high, y), o.leTrans(low, c, y, isLow, above), atMost),
                    ),
                });
              }),
            );
          }),
        ),
    ),
    "A search tree has numbers of its range only.",
  );
}

/** Where in `node l c r` the number y is. */
export function anywhere(
  { member, l, c, r, y }: { readonly member: Call } & Record<"l" | "c" | "r" | "y", Term>,
  goal: Term,
  among: Term,
  then: Record<"inLeft" | "here" | "inRight", (proof: Term) => Term>,
): Term {
  const [here, inRight] = [eq(Nat, y, c), member(y, r)];
  return cases(member(y, l), or(here, inRight), goal, among, then.inLeft, (rest) =>
    cases(here, inRight, goal, rest, then.here, then.inRight),
  );
}
