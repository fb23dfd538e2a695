// Small lemmas about the order of numbers.
import type { BitLemmas } from "./bits.ts";
import {
  Bool,
  False,
  Nat,
  True,
  absurd,
  beq,
  ble,
  cases,
  eq,
  isTrue,
  le,
  leRec,
  leRefl,
  leStep,
  left,
  natRec,
  not,
  or,
  refl,
  rewrite,
  right,
  succ,
  trivial,
  yes,
  zero,
} from "./core.ts";
import type { Call, Library } from "./library.ts";
import { declareMonotone } from "./monotone.ts";
import { forAll, own, take } from "./names.ts";
import type { Term } from "./term.ts";
import { ONE, PROP, ZERO, arrow, call, constant, lam } from "./term.ts";

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

export function declareOrder(library: Library, { falseIsNotTrue }: BitLemmas): Order {
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

export type Steps = Pick<Order, "zeroLe" | "succLeSucc" | "leTrans" | "leOfSuccLeSucc">;

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
