// The laws of addition and multiplication that rearrange products.
import type { Library } from "./library.ts";
import { Nat, add, eq, mul, natRec, pow, succ, zero } from "./core.ts";
import type { Equation } from "./equality.ts";
import { chain, equation, flip, map, same } from "./equality.ts";
import { forAll, own, take } from "./names.ts";
import type { Term } from "./term.ts";
import { ZERO, number } from "./term.ts";

/** An equation for any numbers. */
export type Law = (...numbers: readonly Term[]) => Equation;

export interface Arithmetic {
  readonly zeroMul: Law;
  readonly mulOne: Law;
  readonly oneMul: Law;
  readonly succMul: Law;
  readonly mulComm: Law;
  readonly mulAssoc: Law;
  /** (a * b) * c = (a * c) * b. */
  readonly mulRightComm: Law;
  /** (a * b) * (c * d) = (a * c) * (b * d). */
  readonly mulMulComm: Law;
  /** 10 ^ (a + b) = 10 ^ a * 10 ^ b. */
  readonly powAdd: Law;
}

type Sides = (...variables: Term[]) => readonly [Term, Term];

export function declareArithmetic(library: Library): Arithmetic {
  const addition = declareAddition(library);
  const product = declareProduct(library, addition);
  const { mulOne, mulComm, mulAssoc } = product;
  const mulRightComm = declareLaw(
    library,
    "mul_right_comm",
    "a b c",
    (a, b, c) => [mul(mul(a, b), c), mul(mul(a, c), b)],
    (a, b, c) =>
      chain(
        mulAssoc(a, b, c),
        map((x) => mul(a, x), mulComm(b, c)),
        flip(mulAssoc(a, c, b)),
      ).proof,
  );
  const mulMulComm = declareLaw(
    library,
    "mul_mul_mul_comm",
    "a b c d",
    (a, b, c, d) => [mul(mul(a, b), mul(c, d)), mul(mul(a, c), mul(b, d))],
    (a, b, c, d) =>
      chain(
        flip(mulAssoc(mul(a, b), c, d)),
        map((x) => mul(x, d), mulRightComm(a, b, c)),
        mulAssoc(mul(a, c), b, d),
      ).proof,
  );
  const ten = (e: Term): Term => pow(number(10), e);
  const powAdd = byLast(
    library,
    "ten_pow_add",
    "a b",
    (a, b) => [ten(add(a, b)), mul(ten(a), ten(b))],
    (a) => flip(mulOne(ten(a))),
    (ih, a, b) =>
      chain(
        map((x) => mul(x, number(10)), ih),
        mulAssoc(ten(a), ten(b), number(10)),
      ),
  );
  return { ...product, mulRightComm, mulMulComm, powAdd };
}

/** Proves a law for numbers of these names. */
export function declareLaw(
  library: Library,
  name: string,
  names: string,
  sides: Sides,
  prove: (...variables: Term[]) => Term,
): Law {
  const proved = library.prove(
    own(name),
    forAll(names, (...variables) => eq(Nat, ...sides(...variables))),
    take(names, prove),
  );
  return (...numbers) => equation(...sides(...numbers), proved(...numbers));
}

/** A law by induction on the last number. */
function byLast(
  library: Library,
  name: string,
  names: string,
  sides: Sides,
  base: (...before: Term[]) => Equation,
  step: (ih: Equation, ...variables: Term[]) => Equation,
): Law {
  const all = names.split(" ");
  const proved = library.prove(
    own(name),
    forAll(names, (...variables) => eq(Nat, ...sides(...variables))),
    take(all.slice(0, -1).join(" "), (...before) =>
      natRec(
        ZERO,
        (n) => eq(Nat, ...sides(...before, n)),
        base(...before).proof,
        (n, ih) => step(equation(...sides(...before, n), ih), ...before, n).proof,
      ),
    ),
  );
  return (...numbers) => equation(...sides(...numbers), proved(...numbers));
}

interface Addition {
  readonly zeroAdd: Law;
  readonly addAssoc: Law;
  /** (a + b) + c = (a + c) + b. */
  readonly addRightComm: Law;
}

function declareAddition(library: Library): Addition {
  const zeroAdd = byLast(
    library,
    "zero_add",
    "n",
    (n) => [add(zero, n), n],
    () => same(zero),
    (ih) => map(succ, ih),
  );
  const succAdd = byLast(
    library,
    "succ_add",
    "a b",
    (a, b) => [add(succ(a), b), succ(add(a, b))],
    (a) => same(succ(a)),
    (ih) => map(succ, ih),
  );
  const addComm = byLast(
    library,
    "add_comm",
    "a b",
    (a, b) => [add(a, b), add(b, a)],
    (a) => flip(zeroAdd(a)),
    (ih, a, b) => chain(map(succ, ih), flip(succAdd(b, a))),
  );
  const addAssoc = byLast(
    library,
    "add_assoc",
    "a b c",
    (a, b, c) => [add(add(a, b), c), add(a, add(b, c))],
    (a, b) => same(add(a, b)),
    (ih) => map(succ, ih),
  );
  const addRightComm = declareLaw(
    library,
    "add_right_comm",
    "a b c",
    (a, b, c) => [add(add(a, b), c), add(add(a, c), b)],
    (a, b, c) =>
      chain(
        addAssoc(a, b, c),
        map((x) => add(a, x), addComm(b, c)),
        flip(addAssoc(a, c, b)),
      ).proof,
  );
  return { zeroAdd, addAssoc, addRightComm };
}

function declareProduct(
  library: Library,
  { zeroAdd, addAssoc, addRightComm }: Addition,
): Omit<Arithmetic, "mulRightComm" | "mulMulComm" | "powAdd"> {
  const one = number(1);
  const zeroMul = byLast(
    library,
    "zero_mul",
    "n",
    (n) => [mul(zero, n), zero],
    () => same(zero),
    (ih) => ih,
  );
  const succMul = byLast(
    library,
    "succ_mul",
    "a b",
    (a, b) => [mul(succ(a), b), add(mul(a, b), b)],
    () => same(zero),
    (ih, a, b) =>
      chain(
        map((x) => succ(add(x, a)), ih),
        map(succ, addRightComm(mul(a, b), b, a)),
      ),
  );
  const mulComm = byLast(
    library,
    "mul_comm",
    "a b",
    (a, b) => [mul(a, b), mul(b, a)],
    (a) => flip(zeroMul(a)),
    (ih, a, b) =>
      chain(
        map((x) => add(x, a), ih),
        flip(succMul(b, a)),
      ),
  );
  const distribute = byLast(
    library,
    "mul_add",
    "a b c",
    (a, b, c) => [mul(a, add(b, c)), add(mul(a, b), mul(a, c))],
    (a, b) => same(mul(a, b)),
    (ih, a, b, c) =>
      chain(
        map((x) => add(x, a), ih),
        addAssoc(mul(a, b), mul(a, c), a),
      ),
  );
  const mulAssoc = byLast(
    library,
    "mul_assoc",
    "a b c",
    (a, b, c) => [mul(mul(a, b), c), mul(a, mul(b, c))],
    () => same(zero),
    (ih, a, b, c) =>
      chain(
        map((x) => add(x, mul(a, b)), ih),
        flip(distribute(a, mul(b, c), b)),
      ),
  );
  const mulOne = declareLaw(
    library,
    "mul_one",
    "n",
    (n) => [mul(n, one), n],
    (n) => zeroAdd(n).proof,
  );
  const oneMul = declareLaw(
    library,
    "one_mul",
    "n",
    (n) => [mul(one, n), n],
    (n) => chain(mulComm(one, n), mulOne(n)).proof,
  );
  return { zeroMul, mulOne, oneMul, succMul, mulComm, mulAssoc };
}
