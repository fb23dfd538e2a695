// Quotients: four constants with fixed types, that reduce as `Quot.lift f h (Quot.mk r a) = f a`.
import type { Quotient } from "#lean/read/constants.ts";
import type { Expr } from "#lean/terms/kind.ts";
import type { Level } from "#lean/terms/level-kind.ts";
import type { Name } from "#lean/terms/names.ts";
import { reject } from "#lean/fault.ts";
import { nameText, type Kernel } from "#lean/judge/kernel.ts";
import { isEquality } from "./standard.ts";

/** Rejects a part of the quotient that is not the one of its name: its reduction rule would fit no other type. */
export function checkQuotient(k: Kernel, record: Quotient): void {
  const { name, levelParams, type, role } = record;
  const { known } = k;
  const names = { type: known.quot, ctor: known.quotMk, lift: known.quotLift, ind: known.quotInd };
  const wrong = (what: string): never =>
    reject("quotient-mismatch", `Cannot declare ${nameText(k, name)}: ${what}`);
  if (name !== names[role]) wrong("it is not the name of this part of the quotient");
  if (levelParams.length !== (role === "lift" ? 2 : 1)) wrong("it has another number of universe parameters");
  const [u, v] = levelParams.map((param) => k.levels.param(param));
  if (role === "lift" && !isEquality(k)) wrong("Eq is not the equality of Lean");
  if (role !== "type" && !isPart(k, known.quot)) wrong("Quot is not declared as a quotient");
  if (role === "ind" && !isPart(k, known.quotMk)) wrong("Quot.mk is not declared as part of the quotient");
  if (type !== typeOf(k, role, u!, v ?? u!)) wrong("it has another type than the quotient's");
}

function typeOf(k: Kernel, role: Quotient["role"], u: Level, v: Level): Expr {
  const { terms, levels, known } = k;
  const b = (index: number): Expr => terms.bvar(index);
  const sort = terms.universe(u);
  const prop = terms.universe(levels.zero);
  const relation = terms.pi(b(0), terms.pi(b(1), prop));
  const quot = (alpha: number, r: number): Expr =>
    terms.apps(terms.constant(known.quot, levels.list([u])), [b(alpha), b(r)]);
  const open = (body: Expr): Expr => terms.pi(sort, terms.pi(relation, body));
  if (role === "type") return open(sort);
  if (role === "ctor") return open(terms.pi(b(1), quot(2, 1)));
  const mk = terms.constant(known.quotMk, levels.list([u]));
  if (role === "ind") {
    // α r (β : Quot r → Prop) (mk : ∀ a, β (Quot.mk r a)) (q : Quot r) : β q
    const beta = terms.pi(quot(1, 0), prop);
    const each = terms.pi(b(2), terms.app(b(1), terms.apps(mk, [b(3), b(2), b(0)])));
    return open(terms.pi(beta, terms.pi(each, terms.pi(quot(3, 2), terms.app(b(2), b(0))))));
  }
  // α r (β : Sort v) (f : α → β) (h : ∀ a b, r a b → f a = f b) (q : Quot r) : β
  const same = terms.apps(terms.constant(known.eq, levels.list([v])), [
    b(4),
    terms.app(b(3), b(2)),
    terms.app(b(3), b(1)),
  ]);
  const sound = terms.pi(b(3), terms.pi(b(4), terms.pi(terms.apps(b(4), [b(1), b(0)]), same)));
  const rest = terms.pi(terms.pi(b(2), b(1)), terms.pi(sound, terms.pi(quot(4, 3), b(3))));
  return open(terms.pi(terms.universe(v), rest));
}

/** Whether `name` is declared, as a part of the quotient: a definition of that name would say anything. */
export function isPart(k: Kernel, name: Name): boolean {
  return k.environment.get(name)?.kind === "quotient";
}
