// What is used of Lean's core, under its names and with its meaning. The export declares it; the Lean file does not, it has
// Lean's own. Functions that Lean compiles from pattern matching are written here with the recursor they come down to:
// the equations that the proofs use hold by computation for both.
import type { Library } from "./library.ts";
import { Bool, False, Nat, True, add, and, le, mul, natRec, no, or, succ, yes, zero } from "./core.ts";
import type { Level, Term } from "./term.ts";
import { ONE, PROP, TYPE, arrow, call, constant, hidden, lam, number, pi, sort } from "./term.ts";

const U: Level = { base: "u", plus: 0 };

export function declareCore(library: Library): void {
  declareLogic(library);
  declareData(library);
  declareArithmetic(library);
}

function declareLogic(library: Library): void {
  const plain = { levelParams: [], paramCount: 0 };
  library.coreInductive({
    ...plain,
    name: "True",
    type: PROP,
    isLarge: true,
    constructors: [
      {
        name: "True.intro",
        type: True,
      },
    ],
  });
  library.coreInductive({ ...plain, name: "False", type: PROP, isLarge: true, constructors: [] });
  library.core(
    "Not",
    arrow(PROP, PROP),
    lam("a", PROP, (a) => arrow(a, False)),
  );
  const propositions = (make: (a: Term, b: Term) => Term): Term =>
    hidden("a", PROP, (a) => hidden("b", PROP, (b) => make(a, b)));
  library.coreInductive({
    levelParams: [],
    paramCount: 2,
    name: "And",
    type: arrow(PROP, PROP, PROP),
    isLarge: true,
    constructors: [
      {
        name: "And.intro",
        type: propositions((a, b) => pi("left", a, () => pi("right", b, () => and(a, b)))),
      },
    ],
  });
  library.coreInductive({
    levelParams: [],
    paramCount: 2,
    name: "Or",
    type: arrow(PROP, PROP, PROP),
    isLarge: false,
    constructors: [
      {
        name: "Or.inl",
        type: propositions((a, b) => pi("h", a, () => or(a, b))),
      },
      {
        name: "Or.inr",
        type: propositions((a, b) => pi("h", b, () => or(a, b))),
      },
    ],
  });
  const equal = (type: Term, a: Term, b: Term): Term => call(constant("Eq", U), type, a, b);
  library.coreInductive({
    levelParams: ["u"],
    paramCount: 2,
    name: "Eq",
    isLarge: true,
    type: hidden("α", sort(U), (type) => arrow(type, type, PROP)),
    constructors: [
      {
        name: "Eq.refl",
        type: hidden("α", sort(U), (type) => pi("a", type, (a) => equal(type, a, a))),
      },
    ],
  });
  library.coreInductive({
    levelParams: ["u"],
    paramCount: 2,
    name: "Exists",
    isLarge: false,
    type: hidden("α", sort(U), (type) => arrow(arrow(type, PROP), PROP)),
    constructors: [
      {
        name: "Exists.intro",
        type: hidden("α", sort(U), (type) =>
          hidden("p", arrow(type, PROP), (p) =>
            pi("w", type, (w) => pi("h", call(p, w), () => call(constant("Exists", U), type, p))),
          ),
        ),
      },
    ],
  });
}

function declareData(library: Library): void {
  const plain = { levelParams: [], paramCount: 0, isLarge: true };
  library.coreInductive({
    ...plain,
    name: "Bool",
    type: TYPE,
    constructors: [
      {
        name: "Bool.false",
        type: Bool,
      },
      {
        name: "Bool.true",
        type: Bool,
      },
    ],
  });
  library.coreInductive({
    ...plain,
    name: "Nat",
    type: TYPE,
    constructors: [
      {
        name: "Nat.zero",
        type: Nat,
      },
      {
        name: "Nat.succ",
        type: pi("n", Nat, () => Nat),
      },
    ],
  });
  const type = sort({ base: "u", plus: 1 });
  const of = (element: Term): Term => call(constant("List", U), element);
  library.coreInductive({
    levelParams: ["u"],
    paramCount: 1,
    name: "List",
    isLarge: true,
    type: pi("α", type, () => type),
    constructors: [
      {
        name: "List.nil",
        type: hidden("α", type, of),
      },
      {
        name: "List.cons",
        type: hidden("α", type, (element) =>
          pi("head", element, () => pi("tail", of(element), () => of(element))),
        ),
      },
    ],
  });
  library.coreInductive({
    levelParams: [],
    paramCount: 1,
    name: "Nat.le",
    isLarge: false,
    type: pi("n", Nat, () => arrow(Nat, PROP)),
    constructors: [
      {
        name: "Nat.le.refl",
        type: hidden("n", Nat, (n) => le(n, n)),
      },
      {
        name: "Nat.le.step",
        type: hidden("n", Nat, (n) => hidden("m", Nat, (m) => arrow(le(n, m), le(n, succ(m))))),
      },
    ],
  });
  library.core(
    "Nat.lt",
    arrow(Nat, Nat, PROP),
    lam("n", Nat, (n) => lam("m", Nat, (m) => le(succ(n), m))),
  );
}

function declareArithmetic(library: Library): void {
  const operation = arrow(Nat, Nat, Nat);
  const nat = (): Term => Nat;
  const bySecond = (base: (n: Term) => Term, step: (n: Term, before: Term) => Term): Term =>
    lam("n", Nat, (n) => natRec(ONE, nat, base(n), (_, before) => step(n, before)));
  library.core(
    "Nat.pred",
    arrow(Nat, Nat),
    natRec(ONE, nat, zero, (n) => n),
  );
  library.core(
    "Nat.add",
    operation,
    bySecond(
      (n) => n,
      (_, before) => succ(before),
    ),
  );
  library.core(
    "Nat.mul",
    operation,
    bySecond(
      () => zero,
      (n, before) => add(before, n),
    ),
  );
  library.core(
    "Nat.pow",
    operation,
    bySecond(
      () => number(1),
      (n, before) => mul(before, n),
    ),
  );
  const test = arrow(Nat, Nat, Bool);
  const compare = (zeroSucc: Term): Term =>
    natRec(
      ONE,
      () => arrow(Nat, Bool),
      natRec(
        ONE,
        () => Bool,
        yes,
        () => zeroSucc,
      ),
      (_, before) =>
        natRec(
          ONE,
          () => Bool,
          no,
          (m) => call(before, m),
        ),
    );
  library.core("Nat.beq", test, compare(no));
  library.core("Nat.ble", test, compare(yes));
}
