// Classes of faults that kernels have had over the years, each as mutations of one sound export: binders, caches, levels,
// what is hidden.
import { inductive, type SourceGroup } from "../inductive.ts";
import { Bool, Nat, start, succ, zero } from "../prelude.ts";
import {
  ap,
  arrow,
  c,
  eq,
  lam,
  letIn,
  nat,
  pi,
  prop,
  refl,
  sort,
  type,
  v,
  type Binder,
  type Export,
  type ExportLine,
  type LevelTerm,
  type Term,
} from "#lean/source/terms.ts";
import { False, True } from "./accessible.ts";
import { rows, type PublicCase, type Row } from "./case.ts";

const base = (): Export => start("False", "True", "Eq", "Bool", "Nat");
const thm = (
  binders: readonly Binder[],
  of: Term,
  left: Term,
  right: Term,
  level: LevelTerm = 1,
  e = base(),
): Export => e.thm("t", pi(binders, eq(level, of, left, right)), lam(binders, refl(level, of, left)));
const loose = (index: number): Term => ({ k: "loose", index });

/** One expression `Nat.succ #0` under a binder of numbers and then under one of Booleans. */
const sharedBody =
  (...domains: Term[]) =>
  (): Export => {
    const e = base();
    for (const [i, of] of domains.entries()) e.def(`f${i}`, arrow(of, Nat), lam([["x", of]], succ(loose(0))));
    return e;
  };
/** The same within one term, where nothing is forgotten in between. */
const sharedInOne = (first: Term, second: Term) => (): Export => {
  const [f, g] = [first, second].map((of) => lam([["x", of]], succ(loose(0)))) as [Term, Term];
  return base()
    .def(
      "k",
      arrow(arrow(first, Nat), arrow(second, Nat), Nat),
      lam(
        [
          ["f", arrow(first, Nat)],
          ["g", arrow(second, Nat)],
        ],
        zero,
      ),
    )
    .def("t", Nat, ap(c("k"), f, g));
};

/** `fun (x : first) (y : second) => #index : of`, the index counted from the inner binder. */
const picked = (first: Term, second: Term, index: number, of: Term) => (): Export =>
  base().def(
    "pick",
    arrow(first, second, of),
    lam(
      [
        ["x", first],
        ["y", second],
      ],
      loose(index),
    ),
  );

/** A predicate over two values, in which they are exchanged by a reduction with a wrong offset. */
const exchanged =
  (value: (f: Term, a: Term, b: Term) => Term, first: "a" | "b", second: "a" | "b") => (): Export => {
    const binders: Binder[] = [
      ["F", arrow(Nat, Nat, prop)],
      ["a", Nat],
      ["b", Nat],
      ["h", ap(v("F"), v("a"), v("b"))],
    ];
    const wanted = ap(v("F"), v(first), v(second));
    return base().thm(
      "t",
      pi(binders, wanted),
      lam(binders, ap(lam([["p", value(v("F"), v("a"), v("b"))]], v("p")), v("h"))),
    );
  };
const throughLet = (f: Term, a: Term, b: Term): Term =>
  letIn("x", Nat, a, letIn("y", Nat, b, ap(f, v("x"), v("y"))));
const throughBeta = (f: Term, a: Term, b: Term): Term =>
  ap(
    lam(
      [
        ["x", Nat],
        ["y", Nat],
      ],
      ap(f, v("x"), v("y")),
    ),
    a,
    b,
  );
const throughPartial = (f: Term, a: Term, b: Term): Term =>
  ap(ap(lam([["x", Nat]], letIn("z", Nat, v("x"), lam([["y", Nat]], ap(f, v("z"), v("y"))))), a), b);

const irrelevant =
  (level: LevelTerm, levels: readonly string[] = []) =>
  (): Export => {
    const binders: Binder[] = [
      ["α", sort(level)],
      ["x", v("α")],
      ["y", v("α")],
    ];
    return base().thm(
      "t",
      pi(binders, eq(level, v("α"), v("x"), v("y"))),
      lam(binders, refl(level, v("α"), v("x"))),
      levels,
    );
  };

/** Opaques: their value is checked and never used. */
const hidden = (e: Export, statement: Term, value: Term): Export =>
  e.opaque("hidden", Nat, nat(7)).thm("t", statement, value);
const bad = (name: string): Export => base().axiom(name, False);

const twoLevels = (levels: LevelTerm[]) => (): Export => {
  const group: SourceGroup = {
    levels: ["a", "b"],
    params: [
      ["α", sort({ succ: "a" })],
      ["β", sort({ succ: "b" })],
    ],
    sort: { max: [{ succ: "a" }, { succ: "b" }] },
    types: [
      {
        name: "Two",
        ctors: [
          {
            name: "Two.mk",
            fields: [
              { name: "x", type: v("α") },
              { name: "y", type: v("β") },
            ],
          },
        ],
      },
    ],
  };
  const e = inductive(base(), group);
  const of = ap(c("Two", 0, 1), Nat, type);
  const value = ap(
    c("Two.rec", ...levels),
    Nat,
    type,
    lam([["_", of]], Nat),
    lam(
      [
        ["x", Nat],
        ["y", type],
      ],
      v("x"),
    ),
    ap(c("Two.mk", 0, 1), Nat, type, zero, Nat),
  );
  return thm([], Nat, value, zero, 1, e);
};

/** Hints decide only the order of work. */
const hinted = (f: ExportLine, g: ExportLine, right: Term) => (): Export => {
  const e = base();
  const two = lam([["n", Nat]], succ(succ(v("n"))));
  e.def("f", arrow(Nat, Nat), two, [], { hints: f });
  e.def("g", arrow(Nat, Nat), lam([["n", Nat]], ap(c("f"), v("n"))), [], { hints: g });
  return thm([["n", Nat]], Nat, ap(c("g"), v("n")), right, 1, e);
};
const HINTS: readonly [string, ExportLine, ExportLine][] = [
  ["the inner one higher", { regular: 9 }, { regular: 1 }],
  ["both the same", { regular: 1 }, { regular: 1 }],
  ["the largest", { regular: 65_535 }, { regular: 0 }],
];

const of = (label: string, all: readonly Row[]): readonly PublicCase[] => rows("class", all, label);

export const BINDERS: readonly PublicCase[] = [
  ...of("a loose variable behind a cache", [
    ["over numbers twice", "accept", "accept", sharedBody(Nat, Nat)],
    ["over a Boolean after a number", ["argument-mismatch"], "reject", sharedBody(Nat, Bool)],
    ["over a Boolean before a number", ["argument-mismatch"], "reject", sharedBody(Bool, Nat)],
    ["in one term, after", ["argument-mismatch"], "reject", sharedInOne(Nat, Bool)],
    ["in one term, before", ["argument-mismatch"], "reject", sharedInOne(Bool, Nat)],
    ["in one term, both over numbers", "accept", "accept", sharedInOne(Nat, Nat)],
    [
      "a statement that is loose after it was bound",
      ["loose-variable"],
      "reject",
      () =>
        base()
          .def("f", arrow(Nat, Nat), lam([["x", Nat]], succ(loose(0))))
          .def("g", Nat, succ(loose(0))),
    ],
    [
      "a type that is loose after it was bound",
      ["loose-variable"],
      "reject",
      () =>
        base()
          .def("f", pi([["x", prop]], prop), lam([["x", prop]], loose(0)))
          .thm("g", loose(0), c("True.intro")),
    ],
  ]),
  ...of("instantiate with the wrong offset", [
    ["the inner one", "accept", "accept", picked(Nat, Bool, 0, Bool)],
    ["the outer one", "accept", "accept", picked(Nat, Bool, 1, Nat)],
    ["the inner one for the outer", ["type-mismatch"], "reject", picked(Nat, Bool, 0, Nat)],
    ["the outer one for the inner", ["type-mismatch"], "reject", picked(Nat, Bool, 1, Bool)],
    ["neither", ["loose-variable"], "reject", picked(Nat, Bool, 2, Bool)],
    ...(
      [
        ["a let", throughLet],
        ["beta", throughBeta],
        ["partial beta", throughPartial],
      ] as const
    ).flatMap(([how, by]): Row[] => [
      [`through ${how}`, "accept", "accept", exchanged(by, "a", "b")],
      [`exchanged through ${how}`, ["type-mismatch"], "reject", exchanged(by, "b", "a")],
      [`one twice through ${how}`, ["type-mismatch"], "reject", exchanged(by, "a", "a")],
    ]),
  ]),
  ...of("proof irrelevance of what is no proof", [
    ["propositions", "accept", "accept", irrelevant(0)],
    ["types", ["type-mismatch"], "reject", irrelevant(1)],
    ["a universe parameter", ["type-mismatch"], "reject", irrelevant("u", ["u"])],
    ["imax u 1", ["type-mismatch"], "reject", irrelevant({ imax: ["u", 1] }, ["u"])],
    ["imax 1 u", ["type-mismatch"], "reject", irrelevant({ imax: [1, "u"] }, ["u"])],
    ["imax u 0", "accept", "accept", irrelevant({ imax: ["u", 0] }, ["u"])],
    ["max u 0", ["type-mismatch"], "reject", irrelevant({ max: ["u", 0] }, ["u"])],
    ["max 0 0", "accept", "accept", irrelevant({ max: [0, 0] })],
    [
      "propositions themselves",
      ["type-mismatch"],
      "reject",
      () =>
        thm(
          [
            ["p", prop],
            ["q", prop],
          ],
          prop,
          v("p"),
          v("q"),
        ),
    ],
  ]),
  ...of("an opaque unfolded", [
    [
      "itself",
      "accept",
      "accept",
      () => hidden(base(), eq(1, Nat, c("hidden"), c("hidden")), refl(1, Nat, c("hidden"))),
    ],
    [
      "its value",
      ["type-mismatch"],
      "reject",
      () => hidden(base(), eq(1, Nat, c("hidden"), nat(7)), refl(1, Nat, nat(7))),
    ],
    [
      "its successor",
      ["type-mismatch"],
      "reject",
      () => hidden(base(), eq(1, Nat, succ(c("hidden")), nat(8)), refl(1, Nat, nat(8))),
    ],
    [
      "a recursor over it",
      ["type-mismatch"],
      "reject",
      () =>
        hidden(
          base(),
          eq(
            1,
            Nat,
            ap(
              c("Nat.rec", 1),
              lam([["_", Nat]], Nat),
              zero,
              lam(
                [
                  ["n", Nat],
                  ["_", Nat],
                ],
                v("n"),
              ),
              c("hidden"),
            ),
            nat(6),
          ),
          refl(1, Nat, nat(6)),
        ),
    ],
  ]),
  ...of("an axiom hidden", [
    [
      "in an opaque",
      ["axiom-not-allowed"],
      "reject",
      () => bad("ax").opaque("o", False, c("ax")).thm("t", False, c("o")),
    ],
    [
      "in a definition of an opaque",
      ["axiom-not-allowed"],
      "reject",
      () => bad("ax").def("d", False, c("ax")).opaque("o", False, c("d")).thm("t", False, c("o")),
    ],
    [
      "in a theorem's statement",
      ["axiom-not-allowed"],
      "reject",
      () =>
        base()
          .axiom("P", prop)
          .thm("t", pi([["h", c("P")]], c("P")), lam([["h", c("P")]], v("h"))),
    ],
    [
      "in a constructor's field",
      ["axiom-not-allowed"],
      "reject",
      () =>
        inductive(base().axiom("A", type), {
          sort: 1,
          types: [{ name: "S", ctors: [{ name: "S.mk", fields: [{ name: "x", type: c("A") }] }] }],
        }).thm("t", pi([["x", c("S")]], True), lam([["x", c("S")]], c("True.intro"))),
    ],
    [
      "in a value that is thrown away",
      ["axiom-not-allowed"],
      "reject",
      () => bad("ax").thm("t", True, letIn("x", False, c("ax"), c("True.intro"))),
    ],
  ]),
  ...of("recursor levels exchanged", [
    ["in order", "accept", "accept", twoLevels([1, 0, 1])],
    ["the last two", ["argument-mismatch"], "reject", twoLevels([1, 1, 0])],
    ["the motive's last", ["argument-mismatch"], "reject", twoLevels([0, 1, 1])],
    ["one missing", ["universe-count"], "reject", twoLevels([1, 0])],
  ]),
  ...HINTS.flatMap(([name, f, g]) =>
    of("reducibility hints that lie", [
      [name, "accept", "accept", hinted(f, g, succ(succ(v("n"))))],
      [`${name}, and wrong`, ["type-mismatch"], "reject", hinted(f, g, succ(v("n")))],
    ]),
  ),
];
