// Quotients: four constants with fixed types, that reduce as `Quot.lift f h (Quot.mk r a) = f a`.
import type { Quotient } from "./environment.ts";
import { PI, type Expr } from "./expr.ts";
import { reject } from "./fault.ts";
import type { Kernel } from "./kernel.ts";
import type { Level } from "./level.ts";
import { formatName } from "./name.ts";
import type { QuotientRecord } from "./records.ts";

export function addQuotient(k: Kernel, record: QuotientRecord, line: number): Quotient {
  const { name, levelParams, type, role } = record;
  const { known } = k;
  const names = { type: known.quot, ctor: known.quotMk, lift: known.quotLift, ind: known.quotInd };
  const wrong = (what: string): never =>
    reject("quotient-mismatch", `Cannot declare ${formatName(name)}: ${what}`);
  if (name !== names[role]) wrong("it is not the name of this part of the quotient");
  if (levelParams.length !== (role === "lift" ? 2 : 1)) wrong("it has another number of universe parameters");
  const [u, v] = levelParams.map((param) => k.levels.param(param));
  if (role === "lift") checkEq(k);
  if (role !== "type" && !k.environment.has(known.quot)) wrong("Quot is not declared");
  if (role === "ind" && !k.environment.has(known.quotMk)) wrong("Quot.mk is not declared");
  if (type !== typeOf(k, role, u!, v ?? u!)) wrong("it has another type than the quotient's");
  const constant: Quotient = { kind: "quotient", name, levelParams, type, role, line };
  k.environment.set(name, constant);
  return constant;
}

function typeOf(k: Kernel, role: QuotientRecord["role"], u: Level, v: Level): Expr {
  const { terms, levels, known } = k;
  const b = (index: number): Expr => terms.bvar(index);
  const sort = terms.universe(u);
  const prop = terms.universe(levels.zero);
  const relation = terms.pi(b(0), terms.pi(b(1), prop));
  const quot = (alpha: number, r: number): Expr =>
    terms.apps(terms.constant(known.quot, [u]), [b(alpha), b(r)]);
  const open = (body: Expr): Expr => terms.pi(sort, terms.pi(relation, body));
  if (role === "type") return open(sort);
  if (role === "ctor") return open(terms.pi(b(1), quot(2, 1)));
  const mk = terms.constant(known.quotMk, [u]);
  if (role === "ind") {
    // α r (β : Quot r → Prop) (mk : ∀ a, β (Quot.mk r a)) (q : Quot r) : β q
    const beta = terms.pi(quot(1, 0), prop);
    const each = terms.pi(b(2), terms.app(b(1), terms.apps(mk, [b(3), b(2), b(0)])));
    return open(terms.pi(beta, terms.pi(each, terms.pi(quot(3, 2), terms.app(b(2), b(0))))));
  }
  // α r (β : Sort v) (f : α → β) (h : ∀ a b, r a b → f a = f b) (q : Quot r) : β
  const same = terms.apps(terms.constant(known.eq, [v]), [
    b(4),
    terms.app(b(3), b(2)),
    terms.app(b(3), b(1)),
  ]);
  const sound = terms.pi(b(3), terms.pi(b(4), terms.pi(terms.apps(b(4), [b(1), b(0)]), same)));
  const rest = terms.pi(terms.pi(b(2), b(1)), terms.pi(sound, terms.pi(quot(4, 3), b(3))));
  return open(terms.pi(terms.universe(v), rest));
}

/** `Eq.{u} {α : Sort u} : α → α → Prop` with the one constructor `refl (a : α) : Eq a a`. */
function checkEq(k: Kernel): void {
  const { terms, levels, known } = k;
  const eq = k.environment.get(known.eq);
  const refl = k.environment.get(known.refl);
  const wrong = (): never =>
    reject("quotient-mismatch", "Cannot declare Quot.lift: Eq is not the equality of Lean");
  if (eq?.kind !== "inductive" || eq.constructors.length !== 1 || refl?.kind !== "constructor")
    return wrong();
  const [param, ...more] = eq.levelParams;
  if (param === undefined || more.length > 0 || refl.inductive !== known.eq) return wrong();
  const u = levels.param(param);
  const [b0, b1] = [terms.bvar(0), terms.bvar(1)];
  const type = terms.pi(terms.universe(u), terms.pi(b0, terms.pi(b1, terms.universe(levels.zero))));
  const made = terms.apps(terms.constant(known.eq, [u]), [b1, b0, b0]);
  const reflType = terms.pi(terms.universe(u), terms.pi(b0, made));
  if (eq.paramCount !== 2 || eq.type.kind !== PI || eq.type !== type || refl.type !== reflType) wrong();
}
