// The second kernel of test/lean/reference beside the one that is shipped: on every small export at hand, and on random terms,
// well-typed and ill-typed. Where they disagree, one of them is wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { check, type Reason, type Report } from "#lean/index.ts";
import { SOUND } from "./accept.ts";
import { group } from "./groups.ts";
import { inductive } from "./inductive.ts";
import { AWAITED } from "./public/awaited.ts";
import { PUBLIC } from "./public/index.ts";
import { placesOf, replaceAt } from "./reference/change.ts";
import { Reader } from "./reference/environment.ts";
import { Generator, isProp, write, type Type } from "./reference/generate.ts";
import { GaveUp, judge, Judge, Refusal, type Verdict } from "./reference/judge.ts";
import type { Level as PlainLevel, Term as Plain } from "./reference/term.ts";
import { world } from "./reference/world.ts";
import {
  ap,
  arrow,
  eq,
  nat,
  pi,
  refl,
  sort,
  v,
  type Export,
  type LevelTerm,
  type Term,
} from "#lean/source/terms.ts";
import { Nat, start } from "./prelude.ts";
import { inputs, sweep } from "../rig/peer.ts";

const STEPS = 60_000;

/** What the second kernel has no word on: which inductive types and quotients there are, axioms, limits. */
const NOT_JUDGED = new Set<Reason>([
  "duplicate-declaration",
  "inductive-header",
  "inductive-not-a-sort",
  "inductive-parameters",
  "inductive-universe",
  "constructor-result",
  "constructor-field-count",
  "non-positive",
  "nested-invalid",
  "recursor-missing",
  "recursor-unexpected",
  "recursor-mismatch",
  "quotient-mismatch",
  "primitive-mismatch",
  "axiom-not-allowed",
  "resource-limit",
]);

/** How the two disagree, or undefined. */
function disagreement({ status, problem }: Report, verdicts: readonly Verdict[]): string | undefined {
  const bad = verdicts.find(({ says }) => says !== "yes");
  if (bad?.says === "gave up" || status === "malformed") return undefined;
  const theirs = bad === undefined ? "accepts" : `refuses ${bad.name} (line ${bad.line}): ${bad.why}`;
  if (problem === undefined) return bad === undefined ? undefined : `accepted, and the second ${theirs}`;
  if (bad?.line === problem.line) return undefined;
  // It may go past a declaration that is refused for what it doesn't look at, and refuse what rests on it.
  if (NOT_JUDGED.has(problem.reason) && (bad === undefined || bad.line > problem.line)) return undefined;
  return `refused for ${problem.reason} (line ${problem.line}: ${problem.message}), and the second ${theirs}`;
}

/** The answers to one export. */
const compare = (text: string): string | undefined =>
  disagreement(check([text], { allowAxioms: ["sound_here"], statements: false }), judge(text, STEPS));

/** Convertible by a step that no algorithm must find: the second kernel looks for more of them than it must. */
const BEYOND: Readonly<Record<string, string>> = {
  "corner-cases/alg-conv-trans-quot-left":
    "it compares calls of Quot.lift by their arguments before it computes them",
};

test("the second kernel says the same of every small export", { skip: sweep() }, () => {
  const all: Record<string, string> = {};
  for (const [name, make] of Object.entries(SOUND)) all[name] = make().text();
  for (const { name, make } of PUBLIC) {
    const made = make();
    if (name in BEYOND || name in AWAITED || name.startsWith("levels 60,000")) continue;
    all[name] = typeof made === "string" ? made : made.text();
  }
  const found = Object.entries(all).flatMap(([name, text]) => {
    const how = compare(text);
    return how === undefined ? [] : [`${name}: ${how}`];
  });
  assert.deepEqual(found, []);
});

/** How often each pair of answers was given: a test that meets only one of them shows nothing. */
class Tally {
  readonly #counts: Record<string, number> = {};

  /** Compares, and notes what both say. @returns the kernel's status */
  add(e: Export): Report["status"] {
    const text = e.text();
    const report = check([text], { statements: false });
    const verdicts = judge(text, STEPS);
    const how = disagreement(report, verdicts);
    if (how !== undefined) assert.fail(`${how}\n${text.slice(text.indexOf('"proven"'))}`);
    const says = verdicts.at(-1)?.says === "gave up" ? "gave up" : report.status;
    this.#counts[says] = (this.#counts[says] ?? 0) + 1;
    return report.status;
  }

  demand(least: Readonly<Record<string, number>>): void {
    for (const [says, count] of Object.entries(least))
      assert.equal((this.#counts[says] ?? 0) >= inputs(count), true, JSON.stringify(this.#counts));
  }
}

const equation = (of: Type, a: Term, b: Term): Export => {
  const level = isProp(of) ? 0 : 1;
  return world().thm("t", eq(level, write(of, 0), a, b), refl(level, write(of, 0), a));
};
const SEED = { seed: 1 };

test("two terms that are convertible by construction are so for both", () => {
  const tally = new Tally();
  fc.assert(
    fc.property(fc.gen(), (draw) => {
      const g = new Generator(draw);
      const of = g.type(2);
      const [a, b] = g.twins(of, [], 3);
      assert.equal(tally.add(equation(of, a, b)), "accepted");
    }),
    { numRuns: inputs(120), ...SEED },
  );
  tally.demand({ accepted: 100 });
});

test("two terms of one type are equal for both or for neither", () => {
  const tally = new Tally();
  fc.assert(
    fc.property(fc.gen(), (draw) => {
      const g = new Generator(draw);
      const of = g.type(1);
      tally.add(equation(of, g.twins(of, [], 2)[0], g.twins(of, [], 2)[1]));
    }),
    { numRuns: inputs(120), ...SEED },
  );
  tally.demand({ accepted: 20, rejected: 20 });
});

test("a term with one part exchanged has a type for both or for neither", { skip: sweep() }, () => {
  const tally = new Tally();
  fc.assert(
    fc.property(fc.gen(), (draw) => {
      const g = new Generator(draw);
      const of = g.type(1);
      const [a, b] = g.twins(of, [], 3);
      const places = placesOf(a);
      const at = draw(fc.nat, places.length - 1);
      const by = draw(fc.boolean)
        ? g.wild(places[at]?.scope ?? [], 1)
        : places[draw(fc.nat, places.length - 1)]?.part;
      const changed = replaceAt(a, at, by ?? a);
      try {
        tally.add(equation(of, changed, b));
      } catch (error) {
        // A part that was moved out of reach of its binder.
        if (!(error instanceof Error && error.message.startsWith("no variable"))) throw error;
      }
    }),
    { numRuns: inputs(250), ...SEED },
  );
  tally.demand({ accepted: 15, rejected: 60 });
});

test("any term at all has the same type for both, or none", { skip: sweep() }, () => {
  const tally = new Tally();
  fc.assert(
    fc.property(fc.gen(), (draw) => {
      const e = world();
      const value = new Generator(draw).wild([], 3);
      // As what it has for a type when it has one; as a number, which it then is not.
      const of = typeOf(value) ?? Nat;
      tally.add(e.def("t", of, value, ["u"]));
    }),
    { numRuns: inputs(400), ...SEED },
  );
  tally.demand({ accepted: 40, rejected: 100 });
});

test("a universe is in another for both or for neither", () => {
  const tally = new Tally();
  fc.assert(
    fc.property(fc.gen(), (draw) => {
      const g = new Generator(draw);
      const [low, high] = [g.level(3), g.level(3)];
      const close: LevelTerm = draw(fc.boolean) ? { succ: low } : { max: [{ succ: low }, high] };
      tally.add(world().def("t", sort(draw(fc.boolean) ? close : high), sort(low), ["u", "v"]));
    }),
    { numRuns: inputs(200), ...SEED },
  );
  tally.demand({ accepted: 30, rejected: 30 });
});

test("a function type is in its universe, and in no other, for both", () => {
  const tally = new Tally();
  fc.assert(
    fc.property(fc.gen(), (draw) => {
      const g = new Generator(draw);
      const [domain, range, other] = [g.level(2), g.level(2), g.level(2)];
      const own: LevelTerm = { imax: [{ succ: domain }, range] };
      const near: LevelTerm = { max: [{ succ: domain }, range] };
      const of = [own, near, other, { succ: own } as LevelTerm][draw(fc.nat, 3)] ?? own;
      const value = pi(
        [
          ["A", sort(domain)],
          ["f", arrow(v("A"), sort(range))],
          ["a", v("A")],
        ],
        ap(v("f"), v("a")),
      );
      const wanted = draw(fc.boolean)
        ? of
        : ({
            imax: [
              { succ: domain },
              { imax: [{ imax: [domain, { succ: range }] }, { imax: [domain, range] }] },
            ],
          } as LevelTerm);
      tally.add(world().def("t", sort(wanted), value, ["u", "v"]));
    }),
    { numRuns: inputs(150), ...SEED },
  );
  tally.demand({ accepted: 30, rejected: 30 });
});

test("each rule of a recursor has the type that the recursor has there, for both", () => {
  let rules = 0;
  fc.assert(
    fc.property(group, (one) => {
      const text = inductive(start("Nat"), one).text();
      assert.equal(compare(text), undefined);
      assert.equal(judge(text, STEPS).at(-1)?.says, "yes");
      rules += one.types.flatMap(({ ctors = [] }) => ctors).length;
    }),
    { numRuns: inputs(100), ...SEED },
  );
  assert.equal(rules > inputs(100), true);
});

/** The type that the second kernel finds for a closed term. */
function typeOf(value: Term): Term | undefined {
  const probe = world().def("probe", Nat, value, ["u"]);
  const [reader, kernel] = [new Reader(), new Judge(STEPS)];
  for (const line of probe.text().trim().split("\n")) {
    const declared = reader.read(line);
    const [first] = declared?.constants ?? [];
    if (declared === undefined || first === undefined) continue;
    if (first.name !== "probe") kernel.declare(declared);
    else if ("value" in first) {
      try {
        return built(kernel.typeOf(first.value, true));
      } catch (error) {
        if (!(error instanceof Refusal || error instanceof GaveUp)) throw error;
      }
    }
  }
  return undefined;
}

/** A term of the second kernel as one that exports are written from. */
function built(e: Plain): Term {
  switch (e.k) {
    case "bound":
      return { k: "loose", index: e.index };
    case "free":
      throw new Error("a type is closed");
    case "sort":
      return sort(builtLevel(e.level));
    case "const":
      return { k: "const", name: e.name, levels: e.levels.map(builtLevel) };
    case "app":
      return { k: "app", fn: built(e.f), arg: built(e.arg) };
    case "lam":
      return { k: "lam", name: "x", type: built(e.type), body: built(e.body) };
    case "pi":
      return { k: "forallE", name: "x", type: built(e.type), body: built(e.body) };
    case "let":
      return { k: "let", name: "x", type: built(e.type), value: built(e.value), body: built(e.body) };
    case "proj":
      return { k: "proj", type: e.name, index: e.index, of: built(e.of) };
    case "nat":
      return nat(e.value);
    case "text":
      return { k: "str", value: e.value };
  }
}

function builtLevel(level: PlainLevel): LevelTerm {
  switch (level.k) {
    case "zero":
      return 0;
    case "param":
      return level.name;
    case "succ":
      return { succ: builtLevel(level.of) };
    case "max":
      return { max: [builtLevel(level.a), builtLevel(level.b)] };
    case "imax":
      return { imax: [builtLevel(level.a), builtLevel(level.b)] };
  }
}
