// Lists cut in two: what holds of every pair of choices of n and m values holds of every choice of n + m, and the product
// of a choice is the one of its two parts.
import {
  Bits,
  Bool,
  Nat,
  Nats,
  absurd,
  add,
  boolRec,
  cons,
  eq,
  list,
  listRec,
  mul,
  natRec,
  refl,
  succ,
  zero,
} from "./core.ts";
import { chain, equation, flip, map } from "./equality.ts";
import type { Call, Library } from "./library.ts";
import { own } from "./names.ts";
import type { Lemmas } from "./removals.ts";
import type { Search } from "./search.ts";
import { predecessors } from "./search.ts";
import type { Term } from "./term.ts";
import { ONE, PROP, ZERO, arrow, call, lam, pi } from "./term.ts";

const NO_BITS = list(Bool, []);
const NO_VALUES = list(Nat, []);
const CLAIM = arrow(Bits, PROP);

export interface Halves {
  /** How many numbers a list has. */
  readonly size: Call;
  /** One list of bits behind another. */
  readonly append: Call;
  /** One list of numbers behind another. */
  readonly join: Call;
  /** `m n claim`, a proof of it for all `append a b` of n and m bits, `s`, a proof of length s = m + n; proves `claim s`. */
  readonly splitChoice: Call;
  /** `front back a b`, a proof of length a = size front; proves chosen (join front back) (append a b) = the product of both. */
  readonly chosenSplit: Call;
}

export function declareHalves(
  library: Library,
  {
    arithmetic,
    search,
    chosen,
  }: { readonly search: Search; readonly chosen: Call } & Pick<Lemmas, "arithmetic">,
): Halves {
  const size = library.define(
    own("size"),
    arrow(Nats, Nat),
    listRec(
      ONE,
      Nat,
      () => Nat,
      zero,
      (_, __, before) => succ(before),
    ),
    "How many numbers a list has.",
  );
  const behind = (element: Term, type: Term): Term =>
    listRec(
      ONE,
      element,
      () => arrow(type, type),
      lam("l", type, (l) => l),
      (x, _, before) => lam("l", type, (l) => cons(element, x, call(before, l))),
    );
  const append = library.define(
    own("append"),
    arrow(Bits, Bits, Bits),
    behind(Bool, Bits),
    "One list of bits behind another.",
  );
  const join = library.define(
    own("join"),
    arrow(Nats, Nats, Nats),
    behind(Nat, Nats),
    "One list of numbers behind another.",
  );
  return {
    size,
    append,
    join,
    splitChoice: proveSplitChoice(library, search, append),
    chosenSplit: proveChosenSplit(library, { arithmetic, search, chosen, size, append, join }),
  };
}

function proveSplitChoice(library: Library, { length, zeroIsNotSucc }: Search, append: Call): Call {
  const ofPairs = (m: Term, n: Term, claim: Term): Term =>
    pi("a", Bits, (a) =>
      pi("b", Bits, (b) => arrow(eq(Nat, length(a), n), eq(Nat, length(b), m), call(claim, append(a, b)))),
    );
  const goal = (m: Term, n: Term): Term =>
    pi("claim", CLAIM, (claim) =>
      arrow(
        ofPairs(m, n, claim),
        pi("s", Bits, (s) => arrow(eq(Nat, length(s), add(m, n)), call(claim, s))),
      ),
    );
  return library.prove(
    own("split_choice"),
    pi("m", Nat, (m) => pi("n", Nat, (n) => goal(m, n))),
    lam("m", Nat, (m) =>
      natRec(
        ZERO,
        (n) => goal(m, n),
        lam("claim", CLAIM, (claim) =>
          lam("pairs", ofPairs(m, zero, claim), (pairs) =>
            lam("s", Bits, (s) =>
              lam("long", eq(Nat, length(s), m), (long) => call(pairs, NO_BITS, s, refl(Nat, zero), long)),
            ),
          ),
        ),
        (n, ih) =>
          lam("claim", CLAIM, (claim) =>
            lam("pairs", ofPairs(m, succ(n), claim), (pairs) =>
              listRec(
                ZERO,
                Bool,
                (s) => arrow(eq(Nat, length(s), succ(add(m, n))), call(claim, s)),
                lam("wrong", eq(Nat, length(NO_BITS), succ(add(m, n))), (wrong) =>
                  absurd(call(claim, NO_BITS), zeroIsNotSucc(add(m, n), wrong)),
                ),
                (x, xs) =>
                  lam("long", eq(Nat, length(cons(Bool, x, xs)), succ(add(m, n))), (long) =>
                    call(
                      ih,
                      lam("rest", Bits, (rest) => call(claim, cons(Bool, x, rest))),
                      lam("a", Bits, (a) =>
                        lam("b", Bits, (b) =>
                          lam("longA", eq(Nat, length(a), n), (longA) =>
                            call(pairs, cons(Bool, x, a), b, map(succ, equation(length(a), n, longA)).proof),
                          ),
                        ),
                      ),
                      xs,
                      predecessors(length(xs), add(m, n), long),
                    ),
                  ),
              ),
            ),
          ),
      ),
    ),
    "What holds of all choices of n and m bits, one behind the other, holds of all choices of m + n bits.",
  );
}

type Parts = { readonly search: Search; readonly chosen: Call } & Pick<Halves, "size" | "append" | "join"> &
  Pick<Lemmas, "arithmetic">;

function proveChosenSplit(
  library: Library,
  { arithmetic, search: { length, zeroIsNotSucc }, chosen, size, append, join }: Parts,
): Call {
  const sides = (front: Term, back: Term, a: Term, b: Term): [Term, Term] => [
    chosen(join(front, back), append(a, b)),
    mul(chosen(front, a), chosen(back, b)),
  ];
  const goal = (front: Term, back: Term, a: Term, b: Term): Term =>
    arrow(eq(Nat, length(a), size(front)), eq(Nat, ...sides(front, back, a, b)));
  const claim = (front: Term): Term =>
    pi("back", Nats, (back) => pi("a", Bits, (a) => pi("b", Bits, (b) => goal(front, back, a, b))));
  const prove = (
    front: Term,
    ifEmpty: (back: Term, b: Term) => Term,
    ifNot: (back: Term, x: Term, xs: Term, b: Term) => Term,
  ): Term =>
    lam("back", Nats, (back) =>
      listRec(
        ZERO,
        Bool,
        (a) => pi("b", Bits, (b) => goal(front, back, a, b)),
        lam("b", Bits, (b) => ifEmpty(back, b)),
        (x, xs) => lam("b", Bits, (b) => ifNot(back, x, xs, b)),
      ),
    );
  return library.prove(
    own("chosen_append"),
    pi("front", Nats, claim),
    listRec(
      ZERO,
      Nat,
      claim,
      prove(
        NO_VALUES,
        (back, b) =>
          lam(
            "_",
            eq(Nat, length(NO_BITS), size(NO_VALUES)),
            () => flip(arithmetic.oneMul(chosen(back, b))).proof,
          ),
        (back, x, xs, b) => {
          const a = cons(Bool, x, xs);
          return lam("wrong", eq(Nat, length(a), size(NO_VALUES)), (wrong) =>
            absurd(
              eq(Nat, ...sides(NO_VALUES, back, a, b)),
              zeroIsNotSucc(length(xs), flip(equation(succ(length(xs)), zero, wrong)).proof),
            ),
          );
        },
      ),
      (value, values, ih) => {
        const front = cons(Nat, value, values);
        return prove(
          front,
          (back, b) =>
            lam("wrong", eq(Nat, length(NO_BITS), size(front)), (wrong) =>
              absurd(eq(Nat, ...sides(front, back, NO_BITS, b)), zeroIsNotSucc(size(values), wrong)),
            ),
          (back, x, xs, b) =>
            lam("long", eq(Nat, length(cons(Bool, x, xs)), size(front)), (long) => {
              const rest = equation(
                ...sides(values, back, xs, b),
                call(ih, back, xs, b, predecessors(length(xs), size(values), long)),
              );
              const ifChosen = chain(
                map((n) => mul(value, n), rest),
                flip(arithmetic.mulAssoc(value, chosen(values, xs), chosen(back, b))),
              );
              return call(
                boolRec(
                  ZERO,
                  (bit) => eq(Nat, ...sides(front, back, cons(Bool, bit, xs), b)),
                  rest.proof,
                  ifChosen.proof,
                ),
                x,
              );
            }),
        );
      },
    ),
    "The product of a choice is the product of its two parts.",
  );
}
