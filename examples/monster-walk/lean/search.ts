// A search through all lists of n bits by computation, for any test, and the proof that the search is right.
//
// The search is a binary tree: it is n calls deep, and the lists of a node's children share its list.
import type { BitLemmas } from "./bits.ts";
import {
  Bits,
  Bool,
  Nat,
  absurd,
  beq,
  boolRec,
  cons,
  eq,
  isTrue,
  list,
  listRec,
  natRec,
  no,
  not,
  refl,
  rewrite,
  succ,
  yes,
  zero,
} from "./core.ts";
import { equation, flip } from "./equality.ts";
import type { Call, Library } from "./library.ts";
import { forAll, own, take } from "./names.ts";
import type { Term } from "./term.ts";
import { ONE, ZERO, arrow, call, constant, lam, pi } from "./term.ts";

const TEST = arrow(Bits, Bool);
const NO_BITS = list(Bool, []);

export interface Search {
  readonly length: Call;
  readonly allChoices: Call;
  readonly allChoicesSound: Call;
  readonly same: Call;
  readonly equalOfSame: Call;
  /** `n`, a proof of 0 = n + 1; proves anything false. */
  readonly zeroIsNotSucc: Call;
}

/** The search of all lists of n bits, for any test. */
export function declareSearch(library: Library, bits: BitLemmas): Search {
  const length = library.define(
    own("length"),
    arrow(Bits, Nat),
    listRec(
      ONE,
      Bool,
      () => Nat,
      zero,
      (_, __, before) => succ(before),
    ),
    "The number of bits.",
  );
  const split = (p: Term): Term =>
    lam("s", Bits, (s) => bits.all(call(p, cons(Bool, yes, s)), call(p, cons(Bool, no, s))));
  const allChoices = library.define(
    own("allChoices"),
    arrow(Nat, TEST, Bool),
    natRec(
      ONE,
      () => arrow(TEST, Bool),
      lam("p", TEST, (p) => call(p, NO_BITS)),
      (_, before) => lam("p", TEST, (p) => call(before, split(p))),
    ),
    "Whether a test holds for all lists of n bits.",
  );
  const claim = (n: Term, p: Term): Term =>
    arrow(
      isTrue(allChoices(n, p)),
      pi("s", Bits, (s) => arrow(eq(Nat, length(s), n), isTrue(call(p, s)))),
    );
  const zeroIsNotSucc = library.prove(
    own("zero_is_not_succ"),
    forAll("n", (n) => not(eq(Nat, zero, succ(n)))),
    take("n", (n) =>
      lam("h", eq(Nat, zero, succ(n)), (h) =>
        bits.falseIsNotTrue(
          rewrite(
            Nat,
            (x) => isTrue(beq(succ(n), x)),
            [succ(n), zero, flip(equation(zero, succ(n), h)).proof],
            selfTest(n),
          ),
        ),
      ),
    ),
  );
  const allChoicesSound = library.prove(
    own("allChoices_sound"),
    forAll("n", (n) => pi("p", TEST, (p) => claim(n, p))),
    natRec(
      ZERO,
      (n) => pi("p", TEST, (p) => claim(n, p)),
      lam("p", TEST, (p) =>
        lam("h", isTrue(allChoices(zero, p)), (h) =>
          listRec(
            ZERO,
            Bool,
            (s) => arrow(eq(Nat, length(s), zero), isTrue(call(p, s))),
            lam("_", eq(Nat, length(NO_BITS), zero), () => h),
            (x, xs) =>
              lam("wrong", eq(Nat, length(cons(Bool, x, xs)), zero), (wrong) =>
                absurd(
                  isTrue(call(p, cons(Bool, x, xs))),
                  zeroIsNotSucc(length(xs), flip(equation(succ(length(xs)), zero, wrong)).proof),
                ),
              ),
          ),
        ),
      ),
      (n, ih) =>
        lam("p", TEST, (p) =>
          lam("h", isTrue(allChoices(succ(n), p)), (h) =>
            listRec(
              ZERO,
              Bool,
              (s) => arrow(eq(Nat, length(s), succ(n)), isTrue(call(p, s))),
              lam("wrong", eq(Nat, length(NO_BITS), succ(n)), (wrong) =>
                absurd(isTrue(call(p, NO_BITS)), zeroIsNotSucc(n, wrong)),
              ),
              (x, xs) =>
                lam("long", eq(Nat, length(cons(Bool, x, xs)), succ(n)), (long) =>
                  chooseFirst(bits, p, {
                    x,
                    xs,
                    here: call(ih, split(p), h, xs, predecessors(length(xs), n, long)),
                  }),
                ),
            ),
          ),
        ),
    ),
    "The search is right.",
  );
  return { length, allChoices, allChoicesSound, zeroIsNotSucc, ...declareSame(library, bits) };
}

/** From the test of both lists that begin with a bit to the test of one. */
function chooseFirst(
  bits: BitLemmas,
  p: Term,
  { x, xs, here }: { readonly x: Term; readonly xs: Term; readonly here: Term },
): Term {
  const [first, second] = [call(p, cons(Bool, yes, xs)), call(p, cons(Bool, no, xs))];
  return call(
    boolRec(
      ZERO,
      (bit) => isTrue(call(p, cons(Bool, bit, xs))),
      bits.allRight(first, second, here),
      bits.allLeft(first, second, here),
    ),
    x,
  );
}

/** From `a + 1 = b + 1` to `a = b`. */
export function predecessors(a: Term, b: Term, equation: Term): Term {
  const pred = (n: Term): Term => call(constant("Nat.pred"), n);
  return rewrite(Nat, (x) => eq(Nat, a, pred(x)), [succ(a), succ(b), equation], refl(Nat, a));
}

function selfTest(n: Term): Term {
  return call(constant(own("beq_self")), succ(n));
}

function declareSame(library: Library, bits: BitLemmas): Pick<Search, "same" | "equalOfSame"> {
  const sameBit = library.define(
    own("sameBit"),
    arrow(Bool, Bool, Bool),
    boolRec(
      ONE,
      () => arrow(Bool, Bool),
      constant(own("flip")),
      lam("b", Bool, (b) => b),
    ),
  );
  const equalBits = library.prove(
    own("eq_of_sameBit"),
    pi("a", Bool, (a) => pi("b", Bool, (b) => arrow(isTrue(sameBit(a, b)), eq(Bool, a, b)))),
    boolRec(
      ZERO,
      (a) => pi("b", Bool, (b) => arrow(isTrue(sameBit(a, b)), eq(Bool, a, b))),
      boolRec(
        ZERO,
        (b) => arrow(isTrue(sameBit(no, b)), eq(Bool, no, b)),
        lam("_", isTrue(sameBit(no, no)), () => refl(Bool, no)),
        lam("h", isTrue(sameBit(no, yes)), (h) => h),
      ),
      boolRec(
        ZERO,
        (b) => arrow(isTrue(sameBit(yes, b)), eq(Bool, yes, b)),
        lam("h", isTrue(sameBit(yes, no)), (h) => absurd(eq(Bool, yes, no), bits.falseIsNotTrue(h))),
        lam("_", isTrue(sameBit(yes, yes)), () => refl(Bool, yes)),
      ),
    ),
  );
  const bit = (): Term => Bool;
  const same = library.define(
    own("same"),
    arrow(Bits, Bits, Bool),
    listRec(
      ONE,
      Bool,
      () => TEST,
      listRec(ONE, Bool, bit, yes, () => no),
      (x, _, before) => listRec(ONE, Bool, bit, no, (y, ys) => bits.all(sameBit(x, y), call(before, ys))),
    ),
    "Whether two lists of bits are equal.",
  );
  const equalOfSame = library.prove(
    own("eq_of_same"),
    pi("a", Bits, (a) => pi("b", Bits, (b) => arrow(isTrue(same(a, b)), eq(Bits, a, b)))),
    listRec(
      ZERO,
      Bool,
      (a) => pi("b", Bits, (b) => arrow(isTrue(same(a, b)), eq(Bits, a, b))),
      listRec(
        ZERO,
        Bool,
        (b) => arrow(isTrue(same(NO_BITS, b)), eq(Bits, NO_BITS, b)),
        lam("_", isTrue(same(NO_BITS, NO_BITS)), () => refl(Bits, NO_BITS)),
        (y, ys) => {
          const b = cons(Bool, y, ys);
          return lam("h", isTrue(same(NO_BITS, b)), (h) =>
            absurd(eq(Bits, NO_BITS, b), bits.falseIsNotTrue(h)),
          );
        },
      ),
      (x, xs, ih) => {
        const a = cons(Bool, x, xs);
        return listRec(
          ZERO,
          Bool,
          (b) => arrow(isTrue(same(a, b)), eq(Bits, a, b)),
          lam("h", isTrue(same(a, NO_BITS)), (h) => absurd(eq(Bits, a, NO_BITS), bits.falseIsNotTrue(h))),
          (y, ys) =>
            lam("h", isTrue(same(a, cons(Bool, y, ys))), (h) => {
              const [first, second] = [sameBit(x, y), same(xs, ys)];
              const heads = equalBits(x, y, bits.allLeft(first, second, h));
              const tails = call(ih, ys, bits.allRight(first, second, h));
              const changed = rewrite(
                Bool,
                (z) => eq(Bits, a, cons(Bool, z, xs)),
                [x, y, heads],
                refl(Bits, a),
              );
              return rewrite(Bits, (z) => eq(Bits, a, cons(Bool, y, z)), [xs, ys, tails], changed);
            }),
        );
      },
    ),
  );
  return { same, equalOfSame };
}
