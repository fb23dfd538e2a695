// That no other removal keeps the digits. The prime powers are cut in two halves. The products of the back half, with zeros
// behind them, are the numbers of a search tree. For each product of the front half one walk through that tree shows that
// no product of the back half completes it to one that leaves the digits; only behind the front halves of the known
// removals is every back half tried.
import type { Apart } from "./apart.ts";
import type { Outside } from "./clear.ts";
import { declareWalk, readPair, testPair } from "./clear.ts";
import {
  Bits,
  Bool,
  False,
  Nat,
  Nats,
  cases,
  computed,
  eq,
  fromWitness,
  isTrue,
  list,
  mul,
  pow,
  refl,
  rewrite,
  yes,
} from "./core.ts";
import { chain, equation, flip, map } from "./equality.ts";
import type { Halves } from "./halves.ts";
import type { Call, Library } from "./library.ts";
import { own } from "./names.ts";
import type { Plan } from "./plan.ts";
import type { Lemmas } from "./removals.ts";
import type { Scale } from "./scale.ts";
import { ZEROS } from "./scale.ts";
import type { Search } from "./search.ts";
import type { Term } from "./term.ts";
import { arrow, lam, number } from "./term.ts";
import { declareTrees } from "./tree.ts";

export interface Tools {
  readonly lemmas: Lemmas;
  readonly search: Search;
  readonly halves: Halves;
  readonly scale: Scale;
  readonly apart: Apart;
  readonly chosen: Call;
}

/** A removal, as its choice of the front half and of the back half. */
export interface Known {
  readonly name: string;
  readonly whole: Term;
  readonly front: Term;
  readonly back: Term;
}

export interface Settled {
  readonly front: Term;
  readonly back: Term;
  readonly sizes: { readonly front: Term; readonly back: Term };
  /** Proves the goal for a choice of both halves: it is a known removal, or its product is outside of the range. */
  readonly decide: (of: Decision) => Term;
}

interface Decision {
  readonly a: Term;
  readonly b: Term;
  /** Of length a and length b. */
  readonly longA: Term;
  readonly longB: Term;
  readonly goal: (a: Term, b: Term) => Term;
  readonly refuted: (a: Term, b: Term, given: Outside) => Term;
  readonly ifKnown: (known: Known) => Term;
}

export function settleHalves(
  library: Library,
  tools: Tools,
  lead: Term,
  plan: Plan,
  known: readonly Known[],
): Settled {
  const { lemmas, search, scale, apart, chosen } = tools;
  const values = (name: string, numbers: readonly bigint[], comment: string): Term =>
    library.define(
      own(name),
      Nats,
      list(
        Nat,
        numbers.map((value) => number(value)),
      ),
      comment,
    )();
  const front = values("front", plan.front, "The first half of the prime powers.");
  const back = values("back", plan.back, "The other half.");
  const sizes = { front: number(plan.front.length), back: number(plan.back.length) };
  const x = (a: Term): Term => scale.scale(ZEROS, number(plan.frontMost), chosen(front, a));
  const c = (b: Term): Term => scale.scale(ZEROS, number(plan.backMost), chosen(back, b));
  const trees = declareTrees(library, lemmas);
  const walk = declareWalk(library, tools, trees, lead, plan);
  const test = (name: string, body: (bits: Term) => Term, comment: string): Term =>
    library.define(own(name), arrow(Bits, Bool), lam("bits", Bits, body), comment)();
  const listed = test(
    "listed",
    (b) => trees.has(c(b), walk.tree),
    "The product of a choice of the back half, with zeros behind it, is in the tree.",
  );
  const allListed = library.prove(
    own("all_listed"),
    isTrue(search.allChoices(sizes.back, listed)),
    computed(Bool, search.allChoices(sizes.back, listed), yes),
    "All products of the back half, with zeros behind them, are in the tree.",
  );
  const isKnownFront = (a: Term): Term =>
    anyOf(
      lemmas,
      known.map(({ front: choice }) => search.same(a, choice)),
    );
  const settled = test(
    "settled",
    (a) => lemmas.bits.any(walk.clear(x(a)), isKnownFront(a)),
    "The product of a choice of the front half, with zeros behind it, is clear of the tree, or the choice is a known one.",
  );
  const allSettled = library.prove(
    own("all_settled"),
    isTrue(search.allChoices(sizes.front, settled)),
    computed(Bool, search.allChoices(sizes.front, settled), yes),
    "Every product of the front half is clear of the tree, but for those of the known removals.",
  );
  const behind = known.map((at): Behind => {
    const settledBehind = test(
      `settledBehind_${at.name}`,
      (b) => lemmas.bits.any(testPair(lemmas, apart.tests(x(at.front), c(b))), search.same(b, at.back)),
      `Behind the front half of \`${at.name}\`: the product is out of the range, or the choice is its back half.`,
    );
    const searched = search.allChoices(sizes.back, settledBehind);
    const proved = library.prove(
      own(`settled_behind_${at.name}`),
      isTrue(searched),
      computed(Bool, searched, yes),
      `All back halves behind the front half of \`${at.name}\`.`,
    );
    return { at, test: settledBehind, proved };
  });
  const decide = (of: Decision): Term => {
    const { a, b, longA, longB } = of;
    const isClear = walk.clear(x(a));
    const done = search.allChoicesSound(sizes.front, settled, allSettled(), a, longA);
    const inTree = trees.memberOfHas(
      c(b),
      walk.tree,
      search.allChoicesSound(sizes.back, listed, allListed(), b, longB),
    );
    return cases(
      isTrue(isClear),
      isTrue(isKnownFront(a)),
      of.goal(a, b),
      lemmas.bits.anyCases(isClear, isKnownFront(a), done),
      (h) => of.refuted(a, b, { longA, ...walk.outside(x(a), h, c(b), inTree) }),
      (h) =>
        caseOf(
          lemmas,
          of.goal(a, b),
          known.map(({ front: choice }) => search.same(a, choice)),
          h,
          (i, same) => {
            const found = behind[i];
            if (found === undefined) throw new RangeError("There is no such removal");
            return decideBehind(tools, sizes, found, of, { x: x(found.at.front), c: c(b), same });
          },
        ),
    );
  };
  return { front, back, sizes, decide };
}

interface Behind {
  readonly at: Known;
  readonly test: Term;
  readonly proved: Call;
}

/** With the front half of a known removal: its back half, or one that is tried. */
function decideBehind(
  { lemmas, search, apart }: Tools,
  sizes: Settled["sizes"],
  { at, test, proved }: Behind,
  { a, b, longB, goal, refuted, ifKnown }: Decision,
  { x, c, same }: Record<"x" | "c" | "same", Term>,
): Term {
  const tests = apart.tests(x, c);
  const [isApart, isBack] = [testPair(lemmas, tests), search.same(b, at.back)];
  const tried = cases(
    isTrue(isApart),
    isTrue(isBack),
    goal(at.front, b),
    lemmas.bits.anyCases(isApart, isBack, search.allChoicesSound(sizes.back, test, proved(), b, longB)),
    (h) => refuted(at.front, b, { longA: refl(Nat, sizes.front), x, c, ...readPair(lemmas, tests, h) }),
    (h) =>
      transport((bits) => goal(at.front, bits), [b, at.back, search.equalOfSame(b, at.back, h)], ifKnown(at)),
  );
  return transport((bits) => goal(bits, b), [a, at.front, search.equalOfSame(a, at.front, same)], tried);
}

/** From a = b and `motive b` to `motive a`. */
function transport(
  motive: (bits: Term) => Term,
  [a, b, equal]: readonly [Term, Term, Term],
  proof: Term,
): Term {
  const flipped = rewrite(Bits, (x) => eq(Bits, x, a), [a, b, equal], refl(Bits, a));
  return rewrite(Bits, motive, [b, a, flipped], proof);
}

function anyOf({ bits }: Lemmas, tests: readonly Term[]): Term {
  return tests.reduceRight((rest, test) => bits.any(test, rest));
}

/** By the first of the tests that is true. */
function caseOf(
  lemmas: Lemmas,
  goal: Term,
  [test, ...rest]: readonly Term[],
  proof: Term,
  use: (index: number, proof: Term) => Term,
  index = 0,
): Term {
  if (test === undefined) throw new RangeError("There is no test");
  if (rest.length === 0) return use(index, proof);
  const others = anyOf(lemmas, rest);
  return cases(
    isTrue(test),
    isTrue(others),
    goal,
    lemmas.bits.anyCases(test, others, proof),
    (h) => use(index, h),
    (h) => caseOf(lemmas, goal, rest, h, use, index + 1),
  );
}

interface Quotient {
  readonly a: Term;
  readonly b: Term;
  readonly q: Term;
  /** Of chosen (join front back) (append a b) * q = order. */
  readonly quotient: Term;
}

/** False, from the proofs about x and c and one that q begins with the digits. */
export function refuteQuotient(
  { halves, scale, apart, chosen }: Tools,
  {
    front,
    back,
    plan,
    order,
  }: Pick<Settled, "front" | "back"> & { readonly plan: Plan; readonly order: Term },
  { a, b, q, quotient }: Quotient,
  given: Outside,
  leads: Term,
): Term {
  const [productA, productB] = [chosen(front, a), chosen(back, b)];
  const whole = chosen(halves.join(front, back), halves.append(a, b));
  const split = equation(whole, mul(productA, productB), halves.chosenSplit(front, back, a, b, given.longA));
  const parts = chain(
    map((n) => mul(n, q), flip(split)),
    equation(mul(whole, q), order, quotient),
  );
  const isScaled = (n: Term, value: Term) => (e: Term) => eq(Nat, value, mul(n, pow(number(10), e)));
  const { x, c, outside, notFarPast, notFarBefore } = given;
  return fromWitness(
    isScaled(productA, x),
    False,
    scale.scaled(ZEROS, number(plan.frontMost), productA),
    (m, ofX) =>
      fromWitness(
        isScaled(productB, c),
        False,
        scale.scaled(ZEROS, number(plan.backMost), productB),
        (e, ofC) =>
          apart.sound(
            productA,
            productB,
            x,
            c,
            m,
            e,
            q,
            ofX,
            ofC,
            parts.proof,
            outside,
            notFarPast,
            notFarBefore,
            leads,
          ),
      ),
  );
}
