// What is computed of the product x of a front half: that no product of the back half is in the range with it.
import type { Apart, Tests } from "./apart.ts";
import {
  Bool,
  Nat,
  ble,
  cases,
  computed,
  fromBoth,
  isTrue,
  le,
  left,
  mul,
  or,
  right,
  succ,
  yes,
} from "./core.ts";
import type { Call, Library } from "./library.ts";
import { own } from "./names.ts";
import type { Plan } from "./plan.ts";
import type { Lemmas } from "./removals.ts";
import type { Sweep } from "./sweep.ts";
import { declareSweep } from "./sweep.ts";
import type { Term } from "./term.ts";
import { arrow, lam, number } from "./term.ts";
import type { Trees } from "./tree.ts";
import { Tree, treeOf } from "./tree.ts";

/** Proofs about x and c, the products of the choices with zeros behind them, and about the length of the first choice. */
export interface Outside {
  readonly longA: Term;
  readonly x: Term;
  readonly c: Term;
  readonly outside: Term;
  readonly notFarPast: Term;
  readonly notFarBefore: Term;
}

interface Walk {
  readonly tree: Term;
  readonly clear: Call;
  /** From `clear x` and that c is in the tree. */
  readonly outside: (x: Term, isClear: Term, c: Term, inTree: Term) => Omit<Outside, "longA">;
}

export function declareWalk(
  library: Library,
  { lemmas, apart }: { readonly lemmas: Lemmas; readonly apart: Apart },
  trees: Trees,
  lead: Term,
  { products }: Plan,
): Walk {
  const { bits, order: o } = lemmas;
  const [first, last] = [products[0], products.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError("There are no products");
  const [least, most] = [number(first), number(last)];
  const tree = library.define(
    own("products"),
    Tree,
    treeOf(products),
    "The products of the back half, with zeros behind them.",
  )();
  const isOrdered = trees.ordered(tree, least, most);
  const treeOrdered = library.prove(
    own("products_ordered"),
    isTrue(isOrdered),
    computed(Bool, isOrdered, yes),
  );
  const sweep: Sweep = declareSweep(library, lemmas, trees, (byLead, byNext) => ({
    before: (n) => apart.testsOf(byLead, byNext, n).before,
    past: (n) => apart.testsOf(byLead, byNext, n).past,
    beforeDown: (n, m, below, proof) =>
      o.leTrans(
        mul(byNext, n),
        ...apart.testsOf(byLead, byNext, m).before,
        o.mulLe(byNext, n, m, below),
        proof,
      ),
    pastUp: (m, n, above, proof) =>
      o.leTrans(
        ...apart.testsOf(byLead, byNext, m).past,
        mul(byLead, n),
        proof,
        o.mulLe(byLead, m, n, above),
      ),
  }));
  const parts = (x: Term): [Term, Term, Term] => [
    sweep.sweep(mul(x, lead), mul(x, succ(lead)), tree),
    ble(...apart.tests(x, most).notFarPast),
    ble(...apart.tests(x, least).notFarBefore),
  ];
  const clear = library.define(
    own("clear"),
    arrow(Nat, Bool),
    lam("x", Nat, (x) => {
      const [swept, past, before] = parts(x);
      return bits.all(swept, bits.all(past, before));
    }),
    "x times no number of the tree is in the range, and none is far from it.",
  );
  const outside = (x: Term, isClear: Term, c: Term, inTree: Term): Omit<Outside, "longA"> => {
    const [swept, past, before] = parts(x);
    const [byLead, byNext] = [mul(x, lead), mul(x, succ(lead))];
    const near = bits.allRight(swept, bits.all(past, before), isClear);
    const range = [le(least, c), le(c, most)] as const;
    const isIn = trees.within(tree, least, most, treeOrdered(), c, inTree);
    const atLeast = fromBoth(...range, range[0], isIn, (h) => h);
    const atMost = fromBoth(...range, range[1], isIn, (_, h) => h);
    const ofMost = apart.tests(x, most).notFarPast;
    const ofLeast = apart.tests(x, least).notFarBefore;
    const ten = number(10);
    return {
      x,
      c,
      outside: sweep.sound(
        byLead,
        byNext,
        tree,
        least,
        most,
        treeOrdered(),
        bits.allLeft(swept, bits.all(past, before), isClear),
        c,
        inTree,
      ),
      notFarPast: o.leTrans(
        mul(byNext, c),
        ...ofMost,
        o.mulLe(byNext, c, most, atMost),
        o.leOfBle(...ofMost, bits.allLeft(past, before, near)),
      ),
      notFarBefore: o.leTrans(
        ...ofLeast,
        mul(mul(byLead, c), ten),
        o.leOfBle(...ofLeast, bits.allRight(past, before, near)),
        o.mulLeRight(mul(byLead, least), mul(byLead, c), o.mulLe(byLead, least, c, atLeast), ten),
      ),
    };
  };
  return { tree, clear, outside };
}

/** All tests of one x and c. */
export function testPair({ bits }: Lemmas, { before, past, notFarPast, notFarBefore }: Tests): Term {
  return bits.all(bits.any(ble(...before), ble(...past)), bits.all(ble(...notFarPast), ble(...notFarBefore)));
}

export function readPair(
  { bits, order }: Lemmas,
  { before, past, notFarPast, notFarBefore }: Tests,
  proof: Term,
): Pick<Outside, "outside" | "notFarPast" | "notFarBefore"> {
  const [isOutside, isNear] = [
    bits.any(ble(...before), ble(...past)),
    bits.all(ble(...notFarPast), ble(...notFarBefore)),
  ];
  const near = bits.allRight(isOutside, isNear, proof);
  const outside = [le(...before), le(...past)] as const;
  return {
    outside: cases(
      isTrue(ble(...before)),
      isTrue(ble(...past)),
      or(...outside),
      bits.anyCases(ble(...before), ble(...past), bits.allLeft(isOutside, isNear, proof)),
      (h) => left(...outside, order.leOfBle(...before, h)),
      (h) => right(...outside, order.leOfBle(...past, h)),
    ),
    notFarPast: order.leOfBle(...notFarPast, bits.allLeft(ble(...notFarPast), ble(...notFarBefore), near)),
    notFarBefore: order.leOfBle(
      ...notFarBefore,
      bits.allRight(ble(...notFarPast), ble(...notFarBefore), near),
    ),
  };
}
