// Random inductive types of which it is known, by how they are made, whether they are legal: one part that is not, and the
// whole group is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { check } from "#lean/index.ts";
import { inductive, type Ctor, type Extra, type ConstructorField } from "./inductive.ts";
import { Nat, start } from "./prelude.ts";
import { ap, arrow, c, lam, type, v, type Export, type Term } from "#lean/source/terms.ts";
import { inputs } from "../rig/peer.ts";

const T = ap(c("T"), v("α"));
const list = (of: Term): Term => ap(c("List", 0), of);

/** A field of T, and what is wrong with it, if anything is. */
interface Sample {
  readonly field: Omit<ConstructorField, "name">;
  readonly fault?: string;
}

const GOOD: readonly Sample[] = [
  { field: { type: Nat } },
  { field: { type: v("α") } },
  { field: { type: arrow(Nat, v("α")) } },
  { field: { type: list(v("α")) } },
  { field: { target: 0 } },
  { field: { target: 0, args: [["n", Nat]] } },
  {
    field: {
      target: 0,
      args: [
        ["n", Nat],
        ["a", v("α")],
      ],
    },
  },
  { field: { target: 1 } },
  { field: { target: 1, args: [["n", Nat]] } },
];

const BAD: readonly Sample[] = Object.entries({
  "to the left of an arrow": arrow(T, Nat),
  "to the left of an arrow, behind another one": arrow(Nat, T, Nat),
  "to the left of an arrow, and at the end": arrow(T, T),
  "twice to the left": arrow(arrow(T, Nat), Nat),
  "in a list to the left": arrow(list(T), Nat),
  "of another parameter": ap(c("T"), Nat),
  "of another parameter, in a list": list(ap(c("T"), Nat)),
  "without its parameter": ap(c("K"), c("T")),
  "as an argument of what may do anything with it": ap(c("F"), T),
  "to the left, where a definition throws it away": arrow(ap(c("First"), Nat, T), Nat),
  "in a type that has it to the left": ap(c("Neg"), T),
  "in a list of those": list(ap(c("Neg"), T)),
  "a type of types": type,
  "a function into types": arrow(Nat, type),
  "in an equation": ap(c("Eq", 2), type, T, T),
}).map(([fault, of]) => ({ field: { type: of }, fault }));

function base(): Export {
  const e = start("Eq", "Nat", "List");
  const fields = [{ name: "f", type: arrow(v("α"), Nat) }];
  const ctors = [{ name: "Neg.mk", fields }];
  inductive(e, { params: [["α", type]], sort: 1, types: [{ name: "Neg", ctors }] });
  e.axiom("F", arrow(type, type)).axiom("K", arrow(arrow(type, type), type));
  const binders = [
    ["A", type],
    ["B", type],
  ] as const;
  return e.def("First", arrow(type, type, type), lam(binders, v("A")));
}

/** A list of T as one more type of its group. */
const NESTED: Extra = {
  former: list(T),
  ctors: [
    { name: "List.nil", term: ap(c("List.nil", 0), T) },
    {
      name: "List.cons",
      term: ap(c("List.cons", 0), T),
      fields: [
        { name: "head", target: 0 },
        { name: "tail", target: 1 },
      ],
    },
  ],
};

function group(constructors: readonly (readonly Sample[])[]): Export {
  const ctors = constructors.map((samples, i): Ctor => ({
    name: `T.c${i}`,
    fields: samples.map(({ field }, f) => ({ name: `f${f}`, ...field })),
  }));
  const isNested = constructors.flat().some(({ field }) => field.target === 1);
  const isFaulty = constructors.flat().some(({ fault }) => fault !== undefined);
  const nested = isNested ? [NESTED] : [];
  return inductive(
    base(),
    { params: [["α", type]], sort: 1, types: [{ name: "T", ctors }], nested },
    (record) => {
      // Whether T contains itself is not what is tried here.
      const [of] = record["types"] as Record<string, unknown>[];
      if (isFaulty && of !== undefined) of["isRec"] = true;
    },
  );
}

const FAULTS = new Set([
  "non-positive",
  "inductive-universe",
  "nested-invalid",
  "argument-mismatch",
  "constructor-result",
]);

test("what is legal is accepted", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.constantFrom(...GOOD), { maxLength: 4 }), { maxLength: 3 }),
      (constructors) => {
        const { status, problem } = check([group(constructors).text()]);
        assert.equal(status, "accepted", JSON.stringify(problem));
      },
    ),
    { numRuns: inputs(100), seed: 1 },
  );
});

test("one field that is not, anywhere, and the group is refused for it", () => {
  const met = new Set<string>();
  const samples = fc.array(fc.constantFrom(...GOOD), { maxLength: 3 });
  fc.assert(
    fc.property(
      fc.array(samples, { maxLength: 2 }),
      samples,
      samples,
      fc.constantFrom(...BAD),
      (more, before, after, one) => {
        const { status, problem } = check([group([...more, [...before, one, ...after]]).text()]);
        assert.equal(status, "rejected", one.fault ?? "");
        assert.equal(FAULTS.has(problem?.reason ?? ""), true, `${one.fault}: ${JSON.stringify(problem)}`);
        met.add(one.fault ?? "");
      },
    ),
    { numRuns: 150, seed: 1 },
  );
  assert.equal(met.size, BAD.length);
});
