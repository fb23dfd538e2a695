// Operations on bits, and what follows from their results.
import {
  Bool,
  False,
  True,
  absurd,
  boolRec,
  isTrue,
  left,
  no,
  not,
  or,
  refl,
  rewrite,
  right,
  trivial,
  yes,
} from "./core.ts";
import type { Call, Library } from "./library.ts";
import { own } from "./names.ts";
import type { Term } from "./term.ts";
import { ONE, PROP, ZERO, arrow, call, lam, pi } from "./term.ts";

export interface BitLemmas {
  readonly all: Call;
  readonly any: Call;
  readonly flip: Call;
  readonly falseIsNotTrue: Call;
  readonly allLeft: Call;
  readonly allRight: Call;
  readonly anyCases: Call;
}

export function declareBits(library: Library): BitLemmas {
  const bit = (): Term => Bool;
  const both = arrow(Bool, Bool, Bool);
  const all = library.define(
    own("all"),
    both,
    lam("a", Bool, (a) => lam("b", Bool, (b) => call(boolRec(ONE, bit, no, b), a))),
    "Both bits.",
  );
  const any = library.define(
    own("any"),
    both,
    lam("a", Bool, (a) => lam("b", Bool, (b) => call(boolRec(ONE, bit, b, yes), a))),
    "One of the bits, or both.",
  );
  const flip = library.define(own("flip"), arrow(Bool, Bool), boolRec(ONE, bit, yes, no), "The other bit.");
  const falseIsNotTrue = library.prove(
    own("false_is_not_true"),
    not(isTrue(no)),
    lam("h", isTrue(no), (h) =>
      rewrite(
        Bool,
        (b) =>
          call(
            boolRec(ONE, () => PROP, True, False),
            b,
          ),
        [no, yes, h],
        trivial,
      ),
    ),
  );
  const allLeft = library.prove(
    own("all_left"),
    pi("a", Bool, (a) => pi("b", Bool, (b) => arrow(isTrue(all(a, b)), isTrue(a)))),
    lam("a", Bool, (a) =>
      lam("b", Bool, (b) =>
        call(
          boolRec(
            ZERO,
            (x) => arrow(isTrue(all(x, b)), isTrue(x)),
            lam("h", isTrue(all(no, b)), (h) => h),
            lam("h", isTrue(all(yes, b)), () => refl(Bool, yes)),
          ),
          a,
        ),
      ),
    ),
  );
  const allRight = library.prove(
    own("all_right"),
    pi("a", Bool, (a) => pi("b", Bool, (b) => arrow(isTrue(all(a, b)), isTrue(b)))),
    lam("a", Bool, (a) =>
      lam("b", Bool, (b) =>
        call(
          boolRec(
            ZERO,
            (x) => arrow(isTrue(all(x, b)), isTrue(b)),
            lam("h", isTrue(all(no, b)), (h) => absurd(isTrue(b), falseIsNotTrue(h))),
            lam("h", isTrue(all(yes, b)), (h) => h),
          ),
          a,
        ),
      ),
    ),
  );
  const anyCases = library.prove(
    own("any_cases"),
    pi("a", Bool, (a) => pi("b", Bool, (b) => arrow(isTrue(any(a, b)), or(isTrue(a), isTrue(b))))),
    lam("a", Bool, (a) =>
      lam("b", Bool, (b) =>
        call(
          boolRec(
            ZERO,
            (x) => arrow(isTrue(any(x, b)), or(isTrue(x), isTrue(b))),
            lam("h", isTrue(any(no, b)), (h) => right(isTrue(no), isTrue(b), h)),
            lam("h", isTrue(any(yes, b)), () => left(isTrue(yes), isTrue(b), refl(Bool, yes))),
          ),
          a,
        ),
      ),
    ),
  );
  return { all, any, flip, falseIsNotTrue, allLeft, allRight, anyCases };
}
