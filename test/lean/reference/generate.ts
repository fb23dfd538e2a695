// Random terms. `twins` makes two terms of one type that are convertible by construction: wherever it goes, one of the two
// may be wrapped in something that computes away, or be another proof, another value of a unit, an eta-expansion.
import type { GeneratorValue } from "fast-check";
import fc from "fast-check";
import { Bool, Nat } from "../prelude.ts";
import {
  ap,
  arrow,
  c,
  eq,
  lam,
  letIn,
  nat,
  pi,
  proj,
  prop,
  refl,
  sort,
  type,
  v,
  type Binder,
  type LevelTerm,
  type Term,
} from "#lean/source/terms.ts";
import { CONSTANTS } from "./world.ts";

type Draw = GeneratorValue;
type Twins = readonly [Term, Term];

/** Types that twins are made of. */
export type Type =
  | { readonly k: "nat" | "bool" | "pair" | "unit" | "list" | "truth" | "quotient" }
  | { readonly k: "map"; readonly from: Type; readonly to: Type }
  | { readonly k: "product"; readonly a: Type; readonly b: Type }
  /** Proofs that two twins are equal. */
  | { readonly k: "equal"; readonly sides: Twins }
  /** Vectors whose length is one of two twins. */
  | { readonly k: "vector"; readonly length: Twins };

const ALL = lam(
  [
    ["a", Nat],
    ["b", Nat],
  ],
  c("True"),
);

/** The type as a term; of those that have twins in them, with the first or the second. */
export function write(of: Type, side: 0 | 1): Term {
  switch (of.k) {
    case "nat":
      return Nat;
    case "bool":
      return Bool;
    case "pair":
      return c("P");
    case "unit":
      return c("U");
    case "list":
      return ap(c("List", 0), Nat);
    case "truth":
      return c("True");
    case "quotient":
      return ap(c("Quot", 1), Nat, ALL);
    case "map":
      return arrow(write(of.from, side), write(of.to, side));
    case "product":
      return ap(c("Prod", 0, 0), write(of.a, side), write(of.b, side));
    case "equal":
      return eq(1, Nat, of.sides[0], of.sides[side]);
    case "vector":
      return ap(c("Vec"), Nat, of.length[side]);
  }
}

export const isProp = (of: Type): boolean =>
  of.k === "map" ? isProp(of.to) : of.k === "truth" || of.k === "equal";
const levelOf = (of: Type): LevelTerm => (isProp(of) ? 0 : 1);

export class Generator {
  readonly #draw: Draw;
  #names = 0;

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  #pick<T>(all: readonly T[]): T {
    return all[this.#upTo(all.length - 1)] as T;
  }
  #upTo(max: number): number {
    return this.#draw(fc.nat, max);
  }
  #name(): string {
    return `x${this.#names++}`;
  }

  type(fuel: number): Type {
    const simple = ["nat", "bool", "pair", "unit", "list", "truth", "quotient"] as const;
    if (fuel <= 0) return { k: this.#pick(simple) };
    switch (this.#pick(["simple", "map", "product", "equal", "vector"])) {
      case "map":
        return { k: "map", from: this.type(fuel - 1), to: this.type(fuel - 1) };
      case "product": {
        const [a, b] = [this.type(fuel - 1), this.type(fuel - 1)];
        return isProp(a) || isProp(b) ? { k: "nat" } : { k: "product", a, b };
      }
      case "equal":
        return { k: "equal", sides: this.twins({ k: "nat" }, [], fuel - 1) };
      case "vector":
        return { k: "vector", length: this.twins({ k: "nat" }, [], 0) };
      default:
        return { k: this.#pick(simple) };
    }
  }

  /** Two convertible terms of the type, in a context of variables. */
  twins(of: Type, scope: readonly (readonly [string, Type])[], fuel: number): Twins {
    const [a, b] = this.#bare(of, scope, fuel);
    if (fuel <= 0) return [a, b];
    return [this.#wrap(of, a, 0), this.#wrap(of, b, 1)];
  }

  #bare(of: Type, scope: readonly (readonly [string, Type])[], fuel: number): Twins {
    const known = scope
      .filter(([, type]) => JSON.stringify(type) === JSON.stringify(of))
      .map(([name]) => name);
    if (known.length > 0 && this.#upTo(2) > 0) {
      const name = this.#pick(known);
      const other = of.k === "unit" || isProp(of) ? this.#pick(known) : name;
      return [v(name), v(other)];
    }
    if (fuel <= 0) return this.#plain(of, scope);
    const more = (type: Type): Twins => this.twins(type, scope, fuel - 1);
    switch (this.#pick(["plain", "apply", "cases", "count", "field", "lift", "cast", "member"])) {
      case "apply": {
        const from = this.type(fuel - 2);
        return pairwise([more({ k: "map", from, to: of }), more(from)], (f, x) => ap(f, x));
      }
      case "cases":
        return this.#both([more(of), more(of), more({ k: "bool" })], of, ([no, yes, b], type) =>
          ap(c("Bool.rec", levelOf(of)), lam([["_", Bool]], type), no, yes, b),
        );
      case "count":
        return this.#both([more(of), more({ k: "nat" })], of, ([base, n], type) =>
          ap(
            c("Nat.rec", levelOf(of)),
            lam([["_", Nat]], type),
            base,
            lam(
              [
                ["_", Nat],
                ["ih", type],
              ],
              v("ih"),
            ),
            n,
          ),
        );
      case "field":
        if (isProp(of)) break;
        return this.#both([more(of), more({ k: "nat" })], of, ([x, n], type) =>
          proj("Prod", 0, ap(c("Prod.mk", 0, 0), type, Nat, x, n)),
        );
      case "lift":
        return this.#both([more(of), more({ k: "quotient" })], of, ([x, q], type) => {
          const level = levelOf(of);
          const binders: Binder[] = [
            ["a", Nat],
            ["b", Nat],
            ["_", c("True")],
          ];
          const sound = lam(binders, refl(level, type, x));
          return ap(c("Quot.lift", 1, level), Nat, ALL, type, lam([["_", Nat]], x), sound, q);
        });
      case "cast":
        return this.#both([more(of), more({ k: "nat" })], of, ([x, n], type) => {
          const motive = lam(
            [
              ["b", Nat],
              ["_", eq(1, Nat, n, v("b"))],
            ],
            type,
          );
          return ap(c("Eq.rec", levelOf(of), 1), Nat, n, motive, x, n, refl(1, Nat, n));
        });
      case "member":
        return this.#both([more(of), more({ k: "pair" })], of, ([x, p], type) =>
          ap(
            c("P.rec", levelOf(of)),
            lam([["_", c("P")]], type),
            lam(
              [
                ["m", Nat],
                ["n", Nat],
              ],
              x,
            ),
            p,
          ),
        );
      default:
    }
    return this.#made(of, more, scope, fuel);
  }

  /** The parts' first terms and their second ones, each with the type as that side writes it. */
  #both(parts: readonly Twins[], of: Type, make: (parts: [Term, Term, Term], type: Term) => Term): Twins {
    const side = (at: 0 | 1): Term =>
      make(parts.map((twins) => twins[at]) as [Term, Term, Term], write(of, at));
    return [side(0), side(1)];
  }

  #made(
    of: Type,
    more: (type: Type) => Twins,
    scope: readonly (readonly [string, Type])[],
    fuel: number,
  ): Twins {
    switch (of.k) {
      case "nat":
        switch (this.#pick(["succ", "add", "first", "constant"])) {
          case "succ":
            return pairwise([more(of)], (n) => ap(c("Nat.succ"), n));
          case "add":
            return pairwise([more(of), more(of)], (m, n) => ap(c("Nat.add"), m, n));
          case "first":
            return pairwise([more({ k: "pair" })], (p) => proj("P", 0, p));
          default:
            return this.#pick<Twins>([
              [c("five"), nat(5)],
              [c("hidden"), c("hidden")],
            ]);
        }
      case "pair":
        if (this.#upTo(1) === 0) return pairwise([more(of)], (p) => ap(c("swap"), ap(c("swap"), p)));
        return pairwise([more({ k: "nat" }), more({ k: "nat" })], (m, n) => ap(c("P.mk"), m, n));
      case "list":
        return pairwise([more({ k: "nat" }), more(of)], (n, rest) => ap(c("List.cons", 0), Nat, n, rest));
      case "product":
        return this.#both([more(of.a), more(of.b)], of, ([x, y]) => {
          return ap(c("Prod.mk", 0, 0), write(of.a, 0), write(of.b, 0), x, y);
        });
      case "map": {
        const x = this.#name();
        const [f, g] = this.twins(of.to, [...scope, [x, of.from]], fuel - 1);
        return [lam([[x, write(of.from, 0)]], f), lam([[x, write(of.from, 1)]], g)];
      }
      default:
        return this.#plain(of, scope);
    }
  }

  #plain(of: Type, scope: readonly (readonly [string, Type])[]): Twins {
    switch (of.k) {
      case "nat": {
        const n = this.#upTo(3);
        const counted = Array.from({ length: n }).reduce<Term>((m) => ap(c("Nat.succ"), m), c("Nat.zero"));
        return this.#pick<Twins>([
          [nat(n), nat(n)],
          [nat(n), counted],
          [counted, nat(n)],
        ]);
      }
      case "bool":
        return this.#pick<Twins>([
          [c("Bool.true"), c("Bool.true")],
          [c("Bool.false"), c("Bool.false")],
        ]);
      case "pair":
        return [ap(c("P.mk"), nat(1), nat(2)), ap(c("P.mk"), nat(1), nat(2))];
      case "unit":
        return [c("U.mk"), c("U.mk")];
      case "list":
        return [ap(c("List.nil", 0), Nat), ap(c("List.nil", 0), Nat)];
      case "truth":
        return [c("True.intro"), this.#pick([c("True.intro"), ap(c("proven"), c("True"), c("True.intro"))])];
      case "quotient":
        return pairwise([this.#plain({ k: "nat" }, scope)], (n) => ap(c("Quot.mk", 1), Nat, ALL, n));
      case "map": {
        const x = this.#name();
        const [f, g] = this.#bare(of.to, [...scope, [x, of.from]], 0);
        return [lam([[x, write(of.from, 0)]], f), lam([[x, write(of.from, 1)]], g)];
      }
      case "product":
        return this.#both([this.#plain(of.a, scope), this.#plain(of.b, scope)], of, ([x, y]) =>
          ap(c("Prod.mk", 0, 0), write(of.a, 0), write(of.b, 0), x, y),
        );
      case "equal":
        return [refl(1, Nat, of.sides[0]), refl(1, Nat, of.sides[1])];
      case "vector": {
        // Any number of members in one way: by recursion on the length.
        const motive = lam([["n", Nat]], ap(c("Vec"), Nat, v("n")));
        const step = lam(
          [
            ["n", Nat],
            ["ih", ap(c("Vec"), Nat, v("n"))],
          ],
          ap(c("Vec.cons"), Nat, v("n"), nat(0), v("ih")),
        );
        const at = (n: Term): Term => ap(c("Nat.rec", 1), motive, ap(c("Vec.nil"), Nat), step, n);
        return [at(of.length[0]), at(of.length[1])];
      }
    }
  }

  #wrap(of: Type, e: Term, side: 0 | 1): Term {
    const type = write(of, side);
    const x = this.#name();

    switch (this.#pick(["no", "no", "beta", "same", "let", "eta", "compose", "twice"])) {
      case "beta":
        return ap(lam([[x, type]], v(x)), e);
      case "same":
        return ap(c("same", levelOf(of)), type, e);
      case "let":
        return letIn(x, type, e, v(x));
      case "compose":
        return ap(
          c("compose", levelOf(of)),
          type,
          lam([[x, type]], v(x)),
          ap(c("same", levelOf(of)), type),
          e,
        );
      case "twice":
        return ap(letIn("f", arrow(type, type), ap(c("same", levelOf(of)), type), v("f")), e);
      case "eta":
        if (of.k === "map") return lam([[x, write(of.from, side)]], ap(e, v(x)));
        if (of.k === "pair") return ap(c("P.mk"), proj("P", 0, e), proj("P", 1, e));
        if (of.k === "product")
          return ap(
            c("Prod.mk", 0, 0),
            write(of.a, side),
            write(of.b, side),
            proj("Prod", 0, e),
            proj("Prod", 1, e),
          );
        return e;
      default:
        return e;
    }
  }

  level(fuel: number): LevelTerm {
    if (fuel <= 0) return this.#pick<LevelTerm>([0, 1, "u", "v"]);
    switch (this.#pick(["leaf", "succ", "max", "imax"])) {
      case "succ":
        return { succ: this.level(fuel - 1) };
      case "max":
        return { max: [this.level(fuel - 1), this.level(fuel - 1)] };
      case "imax":
        return { imax: [this.level(fuel - 1), this.level(fuel - 1)] };
      default:
        return this.level(0);
    }
  }

  /** Any term at all. */
  wild(scope: readonly string[], fuel: number): Term {
    const more = (names: readonly string[] = scope): Term => this.wild(names, fuel - 1);
    const x = this.#name();
    const kinds = ["constant", "variable", "sort"] as const;
    switch (
      this.#pick(fuel <= 0 ? kinds : [...kinds, "call", "call", "call", "lam", "pi", "let", "proj", "number"])
    ) {
      case "variable":
        return scope.length === 0 ? nat(0) : v(this.#pick(scope));
      case "sort":
        return this.#pick([prop, type, sort(this.level(1))]);
      case "call":
        return ap(
          this.#pick([this.#constant(), more()]),
          ...Array.from({ length: 1 + this.#upTo(3) }, () => more()),
        );
      case "lam":
        return lam([[x, more()]], more([...scope, x]));
      case "pi":
        return pi([[x, more()]], more([...scope, x]));
      case "let":
        return letIn(x, more(), more(), more([...scope, x]));
      case "proj":
        return proj(this.#pick(["P", "Prod", "Sigma", "And", "U", "Nat"]), this.#upTo(2), more());
      case "number":
        return nat(this.#upTo(3));
      default:
        return this.#constant();
    }
  }

  #constant(): Term {
    const [name, levels] = this.#pick(CONSTANTS);
    return c(name, ...Array.from({ length: levels }, () => this.#pick<LevelTerm>([0, 1, 1, 2, "u"])));
  }
}

function pairwise(parts: readonly Twins[], make: (...parts: [Term, Term]) => Term): Twins {
  const side = (at: 0 | 1): Term => make(...(parts.map((twins) => twins[at]) as [Term, Term]));
  return [side(0), side(1)];
}
