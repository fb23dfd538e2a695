// The digits that a number begins with, and removals: products of chosen prime powers.
import type { Arithmetic } from "./arithmetic.ts";
import type { BitLemmas } from "./bits.ts";
import type { Order } from "./comparison.ts";
import {
  Bits,
  Bool,
  Nat,
  Nats,
  and,
  boolRec,
  exists,
  le,
  listRec,
  lt,
  mul,
  pow,
  succ,
  zero,
} from "./core.ts";
import type { Call, Library } from "./library.ts";
import { own, take } from "./names.ts";
import type { Term } from "./term.ts";
import { ONE, PROP, arrow, call, lam, number } from "./term.ts";

const TEN = number(10);

export interface Digits {
  readonly leads: Call;
  /** What `leads d n` says of k more digits. */
  readonly leadsAt: (d: Term, n: Term, k: Term) => readonly [Term, Term];
}

export interface Lemmas {
  readonly bits: BitLemmas;
  readonly order: Order;
  readonly arithmetic: Arithmetic;
  readonly digits: Digits;
}

export function declareDigits(library: Library): Digits {
  const leadsAt = (d: Term, n: Term, k: Term): [Term, Term] => [
    le(mul(d, pow(TEN, k)), n),
    lt(n, mul(succ(d), pow(TEN, k))),
  ];
  const leads = library.define(
    own("Leads"),
    arrow(Nat, Nat, PROP),
    take("d n", (d, n) => exists("k", (k) => and(...leadsAt(d, n, k)))),
    "The decimal numeral of n is the one of d with k more digits behind it, for some k. Of d = 0 it says nothing.",
  );
  return { leads, leadsAt };
}

/** `chosen values bits`: the product of the values whose bit is true. */
export function declareChosen(library: Library): Call {
  const nat = (): Term => Nat;
  const one = number(1);
  return library.define(
    own("chosen"),
    arrow(Nats, Bits, Nat),
    listRec(
      ONE,
      Nat,
      () => arrow(Bits, Nat),
      lam("_", Bits, () => one),
      (value, _, before) =>
        listRec(ONE, Bool, nat, one, (bit, rest) =>
          call(boolRec(ONE, nat, call(before, rest), mul(value, call(before, rest))), bit),
        ),
    ),
    "The product of the values whose bit is true.",
  );
}

/** `count bits`: how many of them are true. */
export function declareCount(library: Library): Call {
  return library.define(
    own("count"),
    arrow(Bits, Nat),
    listRec(
      ONE,
      Bool,
      () => Nat,
      zero,
      (bit, _, before) =>
        call(
          boolRec(ONE, () => Nat, before, succ(before)),
          bit,
        ),
    ),
    "The number of bits that are true.",
  );
}
