// Small lemmas about the order of numbers.
import type { Bits } from "./bits.ts";
import {
  absurd,
  add,
  ble,
  Bool,
  cases,
  eq,
  False,
  isTrue,
  le,
  leRec,
  leRefl,
  leStep,
  left,
  mul,
  Nat,
  natRec,
  not,
  or,
  pow,
  refl,
  rewrite,
  right,
  succ,
  True,
  trivial,
  yes,
  zero,
  beq,
} from "./core.ts";
import type { Call, Library } from "./library.ts";
import { forAll, own, take } from "./names.ts";
import type { Term } from "./term.ts";
import { arrow, call, constant, lam, number, ONE, PROP, ZERO } from "./term.ts";

export interface Order {
  readonly zeroLe: Call;
  readonly succLeSucc: Call;
  readonly leTrans: Call;
  readonly leOfSuccLeSucc: Call;
  readonly notSuccLe: Call;
  readonly leOfBle: Call;
  readonly equalOrBelow: Call;
  readonly split: Call;
  readonly leAddLeft: Call;
  readonly addLe: Call;
  /** From a ≤ b to n * a ≤ n * b. */
  readonly mulLe: Call;
  /** From a ≤ b to a * n ≤ b * n. */
  readonly mulLeRight: Call;
  readonly powLe: Call;
  readonly beqSelf: Call;
  readonly symmetric: Call;
  readonly equalOfBeq: Call;
}

export function declareOrder(library: Library, { falseIsNotTrue }: Bits): Order {
  const steps = declareSteps(library);
  const { zeroLe, succLeSucc, leOfSuccLeSucc } = steps;
  const zeroTest = (n: Term): Term =>
    call(
      natRec(
        ONE,
        () => PROP,
        False,
        () => True,
      ),
      n,
    );
  const notSuccLeZero = library.prove(
    own("not_succ_le_zero"),
    forAll("n", (n) => not(le(succ(n), zero))),
    take("n", (n) =>
      lam("h", le(succ(n), zero), (h) =>
        call(
          leRec(succ(n), zeroTest, trivial, () => trivial),
          zero,
          h,
        ),
      ),
    ),
  );
  const notSuccLe = library.prove(
    own("not_succ_le"),
    forAll("n", (n) => not(le(succ(n), n))),
    natRec(
      ZERO,
      (n) => not(le(succ(n), n)),
      notSuccLeZero(zero),
      (n, ih) => lam("h", le(succ(succ(n)), succ(n)), (h) => call(ih, leOfSuccLeSucc(succ(n), n, h))),
    ),
  );
  const leOfBle = library.prove(
    own("le_of_ble"),
    forAll("a b", (a, b) => arrow(isTrue(ble(a, b)), le(a, b))),
    natRec(
      ZERO,
      (a) => forAll("b", (b) => arrow(isTrue(ble(a, b)), le(a, b))),
      take("b", (b) => lam("_", isTrue(ble(zero, b)), () => zeroLe(b))),
      (a, ih) =>
        natRec(
          ZERO,
          (b) => arrow(isTrue(ble(succ(a), b)), le(succ(a), b)),
          lam("h", isTrue(ble(succ(a), zero)), (h) => absurd(le(succ(a), zero), falseIsNotTrue(h))),
          (b) => lam("h", isTrue(ble(succ(a), succ(b))), (h) => succLeSucc(a, b, call(ih, b, h))),
        ),
    ),
  );
  const equalOfBeq = library.prove(
    own("eq_of_beq"),
    forAll("a b", (a, b) => arrow(isTrue(beq(a, b)), eq(Nat, a, b))),
    natRec(
      ZERO,
      (a) => forAll("b", (b) => arrow(isTrue(beq(a, b)), eq(Nat, a, b))),
      natRec(
        ZERO,
        (b) => arrow(isTrue(beq(zero, b)), eq(Nat, zero, b)),
        lam("_", isTrue(beq(zero, zero)), () => refl(Nat, zero)),
        (b) => lam("h", isTrue(beq(zero, succ(b))), (h) => absurd(eq(Nat, zero, succ(b)), falseIsNotTrue(h))),
      ),
      (a, ih) =>
        natRec(
          ZERO,
          (b) => arrow(isTrue(beq(succ(a), b)), eq(Nat, succ(a), b)),
          lam("h", isTrue(beq(succ(a), zero)), (h) => absurd(eq(Nat, succ(a), zero), falseIsNotTrue(h))),
          (b) =>
            lam("h", isTrue(beq(succ(a), succ(b))), (h) =>
              rewrite(Nat, (x) => eq(Nat, succ(a), succ(x)), [a, b, call(ih, b, h)], refl(Nat, succ(a))),
            ),
        ),
    ),
  );
  const beqSelf = library.prove(
    own("beq_self"),
    forAll("n", (n) => isTrue(beq(n, n))),
    natRec(
      ZERO,
      (n) => isTrue(beq(n, n)),
      refl(Bool, yes),
      (_, ih) => ih,
    ),
  );
  const equalOrBelow = library.prove(
    own("eq_or_lt"),
    forAll("a b", (a, b) => arrow(le(a, b), or(eq(Nat, a, b), le(succ(a), b)))),
    take("a", (a) =>
      leRec(
        a,
        (b) => or(eq(Nat, a, b), le(succ(a), b)),
        left(eq(Nat, a, a), le(succ(a), a), refl(Nat, a)),
        (b, below) => right(eq(Nat, a, succ(b)), le(succ(a), succ(b)), succLeSucc(a, b, below)),
      ),
    ),
  );
  const split = library.prove(
    own("le_or_lt"),
    forAll("a b", (a, b) => or(le(a, b), le(succ(b), a))),
    take("a b", (a, b) => proveSplit(a, b, { zeroLe, equalOrBelow })),
  );
  const symmetric = library.prove(
    own("eq_symm"),
    forAll("a b", (a, b) => arrow(eq(Nat, a, b), eq(Nat, b, a))),
    take("a b", (a, b) =>
      lam("h", eq(Nat, a, b), (h) => rewrite(Nat, (x) => eq(Nat, x, a), [a, b, h], refl(Nat, a))),
    ),
  );
  return {
    ...steps,
    ...declareMonotone(library, steps),
    notSuccLe,
    leOfBle,
    equalOfBeq,
    beqSelf,
    equalOrBelow,
    split,
    symmetric,
  };
}

function proveSplit(
  first: Term,
  b: Term,
  { zeroLe, equalOrBelow }: { readonly zeroLe: Call; readonly equalOrBelow: Call },
): Term {
  const goal = (a: Term): Term => or(le(a, b), le(succ(b), a));
  const byInduction = natRec(ZERO, goal, left(le(zero, b), le(succ(b), zero), zeroLe(b)), (a, ih) =>
    cases(
      le(a, b),
      le(succ(b), a),
      goal(succ(a)),
      ih,
      (below) =>
        cases(
          eq(Nat, a, b),
          le(succ(a), b),
          goal(succ(a)),
          equalOrBelow(a, b, below),
          (same) =>
            right(
              le(succ(a), b),
              le(succ(b), succ(a)),
              rewrite(Nat, (x) => le(succ(x), succ(a)), [a, b, same], leRefl(succ(a))),
            ),
          (strict) => left(le(succ(a), b), le(succ(b), succ(a)), strict),
        ),
      (above) => right(le(succ(a), b), le(succ(b), succ(a)), leStep(succ(b), a, above)),
    ),
  );
  return call(byInduction, first);
}

type Steps = Pick<Order, "zeroLe" | "succLeSucc" | "leTrans" | "leOfSuccLeSucc">;

function declareSteps(library: Library): Steps {
  const zeroLe = library.prove(
    own("zero_le"),
    forAll("n", (n) => le(zero, n)),
    natRec(
      ZERO,
      (n) => le(zero, n),
      leRefl(zero),
      (n, ih) => leStep(zero, n, ih),
    ),
  );
  const succLeSucc = library.prove(
    own("succ_le_succ"),
    forAll("a b", (a, b) => arrow(le(a, b), le(succ(a), succ(b)))),
    take("a", (a) =>
      leRec(
        a,
        (b) => le(succ(a), succ(b)),
        leRefl(succ(a)),
        (b, _, ih) => leStep(succ(a), succ(b), ih),
      ),
    ),
  );
  const leTrans = library.prove(
    own("le_trans"),
    forAll("a b c", (a, b, c) => arrow(le(a, b), le(b, c), le(a, c))),
    take("a b c", (a, b, c) =>
      lam("h", le(a, b), (h) =>
        call(
          leRec(
            b,
            (x) => le(a, x),
            h,
            (x, _, ih) => leStep(a, x, ih),
          ),
          c,
        ),
      ),
    ),
  );
  const pred = (n: Term): Term => call(constant("Nat.pred"), n);
  const predLe = library.prove(
    own("pred_le"),
    forAll("n", (n) => le(pred(n), n)),
    natRec(
      ZERO,
      (n) => le(pred(n), n),
      leRefl(zero),
      (n) => leStep(n, n, leRefl(n)),
    ),
  );
  const leOfSuccLeSucc = library.prove(
    own("le_of_succ_le_succ"),
    forAll("a b", (a, b) => arrow(le(succ(a), succ(b)), le(a, b))),
    take("a b", (a, b) =>
      call(
        leRec(
          succ(a),
          (x) => le(a, pred(x)),
          leRefl(a),
          (x, _, ih) => leTrans(a, pred(x), x, ih, predLe(x)),
        ),
        succ(b),
      ),
    ),
  );
  return { zeroLe, succLeSucc, leTrans, leOfSuccLeSucc };
}

function declareMonotone(
  library: Library,
  { zeroLe, succLeSucc, leTrans }: Steps,
): Pick<Order, "leAddLeft" | "addLe" | "mulLe" | "mulLeRight" | "powLe"> {
  const leAddRight = library.prove(
    own("le_add_right"),
    forAll("a b", (a, b) => le(a, add(a, b))),
    take("a", (a) =>
      natRec(
        ZERO,
        (b) => le(a, add(a, b)),
        leRefl(a),
        (b, ih) => leStep(a, add(a, b), ih),
      ),
    ),
  );
  const leAddLeft = library.prove(
    own("le_add_left"),
    forAll("a b", (a, b) => le(b, add(a, b))),
    take("a", (a) =>
      natRec(
        ZERO,
        (b) => le(b, add(a, b)),
        zeroLe(a),
        (b, ih) => succLeSucc(b, add(a, b), ih),
      ),
    ),
  );
  const addLe = library.prove(
    own("add_le_add_left"),
    forAll("n a b", (n, a, b) => arrow(le(a, b), le(add(n, a), add(n, b)))),
    take("n a", (n, a) =>
      leRec(
        a,
        (b) => le(add(n, a), add(n, b)),
        leRefl(add(n, a)),
        (b, _, ih) => leStep(add(n, a), add(n, b), ih),
      ),
    ),
  );
  const mulLe = library.prove(
    own("mul_le_mul_left"),
    forAll("n a b", (n, a, b) => arrow(le(a, b), le(mul(n, a), mul(n, b)))),
    take("n a", (n, a) =>
      leRec(
        a,
        (b) => le(mul(n, a), mul(n, b)),
        leRefl(mul(n, a)),
        (b, _, ih) => leTrans(mul(n, a), mul(n, b), add(mul(n, b), n), ih, leAddRight(mul(n, b), n)),
      ),
    ),
  );
  const leMulSucc = library.prove(
    own("le_mul_succ"),
    forAll("a b", (a, b) => le(a, mul(a, succ(b)))),
    take("a b", (a, b) => leAddLeft(mul(a, b), a)),
  );
  const ten = number(10);
  const powLe = library.prove(
    own("ten_pow_le"),
    forAll("j k", (j, k) => arrow(le(j, k), le(pow(ten, j), pow(ten, k)))),
    take("j", (j) =>
      leRec(
        j,
        (k) => le(pow(ten, j), pow(ten, k)),
        leRefl(pow(ten, j)),
        (k, _, ih) =>
          leTrans(pow(ten, j), pow(ten, k), mul(pow(ten, k), ten), ih, leMulSucc(pow(ten, k), number(9))),
      ),
    ),
  );
  return {
    leAddLeft,
    addLe,
    mulLe,
    mulLeRight: proveMulLeRight(library, { succLeSucc, leTrans, addLe }),
    powLe,
  };
}

function proveMulLeRight(
  library: Library,
  { succLeSucc, leTrans, addLe }: Pick<Order, "succLeSucc" | "leTrans" | "addLe">,
): Call {
  const addLeRight = library.prove(
    own("add_le_add_right"),
    forAll("a b", (a, b) =>
      arrow(
        le(a, b),
        forAll("n", (n) => le(add(a, n), add(b, n))),
      ),
    ),
    take("a b", (a, b) =>
      lam("h", le(a, b), (h) =>
        natRec(
          ZERO,
          (n) => le(add(a, n), add(b, n)),
          h,
          (n, ih) => succLeSucc(add(a, n), add(b, n), ih),
        ),
      ),
    ),
  );
  return library.prove(
    own("mul_le_mul_right"),
    forAll("a b", (a, b) =>
      arrow(
        le(a, b),
        forAll("n", (n) => le(mul(a, n), mul(b, n))),
      ),
    ),
    take("a b", (a, b) =>
      lam("h", le(a, b), (h) =>
        natRec(
          ZERO,
          (n) => le(mul(a, n), mul(b, n)),
          leRefl(zero),
          (n, ih) => {
            const [low, high] = [mul(a, n), mul(b, n)];
            return leTrans(
              add(low, a),
              add(low, b),
              add(high, b),
              addLe(low, a, b, h),
              addLeRight(low, high, ih, b),
            );
          },
        ),
      ),
    ),
  );
}
