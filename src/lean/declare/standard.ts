// The axioms of standard Lean, each with the statement it has there. An axiom is allowed for what it says: an export may
// declare `propext : False`, or state it about an Iff of its own.
import type { Axiom } from "#lean/read/constants.ts";
import type { Expr } from "#lean/terms/kind.ts";
import type { Name } from "#lean/terms/names.ts";
import { nameText, type Kernel } from "#lean/judge/kernel.ts";

export const STANDARD_AXIOMS: readonly string[] = ["propext", "Classical.choice", "Quot.sound"];

/** Whether it is one of them, stated about the constants that Lean's core states it about. */
export function isStandardAxiom(k: Kernel, { name, levelParams, type }: Axiom): boolean {
  const text = nameText(k, name);
  const statement = Object.hasOwn(STATEMENTS, text) ? STATEMENTS[text] : undefined;
  const param = levelParams[0];
  if (statement === undefined || levelParams.length > 1) return false;
  return type === statement(k, param === undefined ? [] : [k.levels.param(param)]);
}

type Levels = readonly number[];

/** Closed terms are compared by being one object, so a statement is right or it is not. */
const STATEMENTS: Readonly<Record<string, (k: Kernel, levels: Levels) => Expr | undefined>> = {
  propext(k, levels) {
    if (levels.length > 0 || !isEquality(k) || !isEquivalence(k)) return undefined;
    const { terms, known } = k;
    const prop = terms.universe(k.levels.zero);
    const same = terms.apps(terms.constant(known.eq, k.levels.list([k.levels.one])), [
      prop,
      terms.bvar(2),
      terms.bvar(1),
    ]);
    const given = terms.apps(terms.constant(known.iff, 0), [terms.bvar(1), terms.bvar(0)]);
    return terms.pi(prop, terms.pi(prop, terms.pi(given, same)));
  },
  "Classical.choice": (k, levels) => {
    const [u] = levels;
    if (u === undefined || !isNonempty(k)) return undefined;
    const { terms, known } = k;
    const given = terms.app(terms.constant(known.nonempty, k.levels.list(levels)), terms.bvar(0));
    return terms.pi(terms.universe(u), terms.pi(given, terms.bvar(1)));
  },
  "Quot.sound": (k, levels) => {
    const [u] = levels;
    const { terms, known } = k;
    const isQuotient = [known.quot, known.quotMk].every(
      (name) => k.environment.get(name)?.kind === "quotient",
    );
    if (u === undefined || !isEquality(k) || !isQuotient) return undefined;
    const b = (index: number): Expr => terms.bvar(index);
    const relation = terms.pi(b(0), terms.pi(b(1), terms.universe(k.levels.zero)));
    // α r a b h, so that α is 4 and r is 3 at the end
    const make = (of: number): Expr =>
      terms.apps(terms.constant(known.quotMk, k.levels.list(levels)), [b(4), b(3), b(of)]);
    const quot = terms.apps(terms.constant(known.quot, k.levels.list(levels)), [b(4), b(3)]);
    const same = terms.apps(terms.constant(known.eq, k.levels.list(levels)), [quot, make(2), make(1)]);
    const given = terms.pi(terms.apps(b(2), [b(1), b(0)]), same);
    return terms.pi(terms.universe(u), terms.pi(relation, terms.pi(b(1), terms.pi(b(2), given))));
  },
};

/** `Eq.{u} {α : Sort u} : α → α → Prop` with the one constructor `refl (a : α) : Eq a a`. */
export function isEquality(k: Kernel): boolean {
  const { terms, known } = k;
  return isInductive(k, known.eq, { constructor: known.refl, paramCount: 2, levelCount: 1 }, ([u]) => {
    const [b0, b1] = [terms.bvar(0), terms.bvar(1)];
    const sort = u === undefined ? b0 : terms.universe(u);
    const prop = terms.universe(k.levels.zero);
    const made = terms.apps(terms.constant(known.eq, k.levels.list(u === undefined ? [] : [u])), [
      b1,
      b0,
      b0,
    ]);
    return [terms.pi(sort, terms.pi(b0, terms.pi(b1, prop))), terms.pi(sort, terms.pi(b0, made))];
  });
}

/** `Iff : Prop → Prop → Prop` with the one constructor `intro (mp : a → b) (mpr : b → a)`. */
function isEquivalence(k: Kernel): boolean {
  const { terms, known } = k;
  return isInductive(k, known.iff, { constructor: known.iffIntro, paramCount: 2, levelCount: 0 }, () => {
    const b = (index: number): Expr => terms.bvar(index);
    const prop = terms.universe(k.levels.zero);
    const made = terms.apps(terms.constant(known.iff, 0), [b(3), b(2)]);
    const fields = terms.pi(terms.pi(b(1), b(1)), terms.pi(terms.pi(b(1), b(3)), made));
    return [terms.pi(prop, terms.pi(prop, prop)), terms.pi(prop, terms.pi(prop, fields))];
  });
}

/** `Nonempty.{u} (α : Sort u) : Prop` with the one constructor `intro (val : α)`. */
function isNonempty(k: Kernel): boolean {
  const { terms, known } = k;
  return isInductive(
    k,
    known.nonempty,
    { constructor: known.nonemptyIntro, paramCount: 1, levelCount: 1 },
    (levels) => {
      const [u] = levels;
      const sort = terms.universe(u ?? k.levels.zero);
      const made = terms.app(terms.constant(known.nonempty, k.levels.list(levels)), terms.bvar(1));
      return [terms.pi(sort, terms.universe(k.levels.zero)), terms.pi(sort, terms.pi(terms.bvar(0), made))];
    },
  );
}

interface Shape {
  readonly constructor: Name;
  readonly paramCount: number;
  readonly levelCount: number;
}

/** @param types of the type and of its one constructor, with the declared universe parameters */
function isInductive(
  k: Kernel,
  name: Name,
  { constructor, paramCount, levelCount }: Shape,
  types: (levels: Levels) => readonly [Expr, Expr],
): boolean {
  const inductive = k.environment.get(name);
  const made = k.environment.get(constructor);
  if (inductive?.kind !== "inductive" || made?.kind !== "constructor" || made.inductive !== name)
    return false;
  if (inductive.constructors.length !== 1 || inductive.paramCount !== paramCount) return false;
  if (inductive.levelParams.length !== levelCount) return false;
  const [type, constructorType] = types(inductive.levelParams.map((param) => k.levels.param(param)));
  return inductive.type === type && made.type === constructorType;
}
