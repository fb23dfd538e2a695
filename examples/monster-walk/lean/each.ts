// Members of lists of numbers, and tests of each of them.
import {
  Bool,
  False,
  Nat,
  Nats,
  absurd,
  beq,
  cases,
  computed,
  cons,
  eq,
  isTrue,
  left,
  list,
  listRec,
  no,
  or,
  rewrite,
  right,
  yes,
} from "./core.ts";
import type { Call, Library } from "./library.ts";
import { forAll, own, take } from "./names.ts";
import type { Lemmas } from "./removals.ts";
import type { Term } from "./term.ts";
import { ONE, PROP, ZERO, arrow, call, lam, pi } from "./term.ts";

const TEST = arrow(Nat, Bool);
const EMPTY = list(Nat, []);

export interface ForEach {
  readonly member: Call;
  readonly eachOf: Call;
  readonly eachOfSound: Call;
  /** By computation. */
  readonly proveMember: (x: Term, of: Term) => Term;
}

export function declareForEach(library: Library, lemmas: Lemmas): ForEach {
  const { bits, order } = lemmas;
  const member = library.define(
    own("Member"),
    arrow(Nat, Nats, PROP),
    take("x", (x) =>
      listRec(
        ONE,
        Nat,
        () => PROP,
        False,
        (y, _, before) => or(eq(Nat, x, y), before),
      ),
    ),
    "x is in the list.",
  );
  const has = library.define(
    own("has"),
    arrow(Nat, Nats, Bool),
    take("x", (x) =>
      listRec(
        ONE,
        Nat,
        () => Bool,
        no,
        (y, _, before) => bits.any(beq(x, y), before),
      ),
    ),
  );
  const memberOfHas = library.prove(
    own("member_of_has"),
    forAll("x", (x) => pi("l", Nats, (l) => arrow(isTrue(has(x, l)), member(x, l)))),
    take("x", (x) =>
      listRec(
        ZERO,
        Nat,
        (l) => arrow(isTrue(has(x, l)), member(x, l)),
        lam("h", isTrue(has(x, EMPTY)), (h) => bits.falseIsNotTrue(h)),
        (y, ys, ih) =>
          lam("h", isTrue(has(x, cons(Nat, y, ys))), (h) => {
            const [here, later] = [eq(Nat, x, y), member(x, ys)];
            return cases(
              isTrue(beq(x, y)),
              isTrue(has(x, ys)),
              or(here, later),
              bits.anyCases(beq(x, y), has(x, ys), h),
              (same) => left(here, later, order.equalOfBeq(x, y, same)),
              (found) => right(here, later, call(ih, found)),
            );
          }),
      ),
    ),
  );
  const eachOf = library.define(
    own("eachOf"),
    arrow(TEST, Nats, Bool),
    lam("p", TEST, (p) =>
      listRec(
        ONE,
        Nat,
        () => Bool,
        yes,
        (x, _, before) => bits.all(call(p, x), before),
      ),
    ),
    "Whether a test holds for each number of a list.",
  );
  return {
    member,
    eachOf,
    eachOfSound: proveEachOf(library, lemmas, {
      member,
      eachOf,
    }),
    proveMember: (x, of) => memberOfHas(x, of, computed(Bool, has(x, of), yes)),
  };
}

function proveEachOf(
  library: Library,
  { bits, order: { symmetric } }: Lemmas,
  { member, eachOf }: Pick<ForEach, "member" | "eachOf">,
): Call {
  const claim = (p: Term, l: Term): Term =>
    arrow(
      isTrue(eachOf(p, l)),
      forAll("x", (x) => arrow(member(x, l), isTrue(call(p, x)))),
    );
  return library.prove(
    own("eachOf_sound"),
    pi("p", TEST, (p) => pi("l", Nats, (l) => claim(p, l))),
    lam("p", TEST, (p) =>
      listRec(
        ZERO,
        Nat,
        (l) => claim(p, l),
        lam("_", isTrue(eachOf(p, EMPTY)), () =>
          take("x", (x) => lam("h", member(x, EMPTY), (h) => absurd(isTrue(call(p, x)), h))),
        ),
        (y, ys, ih) =>
          lam("h", isTrue(eachOf(p, cons(Nat, y, ys))), (h) =>
            take("x", (x) =>
              lam("among", member(x, cons(Nat, y, ys)), (among) => {
                const [first, others] = [call(p, y), eachOf(p, ys)];
                return cases(
                  eq(Nat, x, y),
                  member(x, ys),
                  isTrue(call(p, x)),
                  among,
                  (same) =>
                    rewrite(
                      Nat,
                      (z) => isTrue(call(p, z)),
                      [y, x, symmetric(x, y, same)],
                      bits.allLeft(first, others, h),
                    ),
                  (later) => call(ih, bits.allRight(first, others, h), x, later),
                );
              }),
            ),
          ),
      ),
    ),
    "The test of each is right.",
  );
}
