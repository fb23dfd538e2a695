// Nat and Bool, when they are declared, must be the types that literals stand for.
import type { Inductive } from "#lean/read/constants.ts";
import { SORT, type Expr } from "#lean/terms/kind.ts";
import type { Name } from "#lean/terms/names.ts";
import { reject } from "#lean/fault.ts";
import { nameText, type Kernel } from "#lean/judge/kernel.ts";

/** A literal of another Nat would be a value of a type that its recursor does not know. */
export function checkPrimitiveInductive(k: Kernel, inductive: Inductive): void {
  const { known, terms } = k;
  const { name } = inductive;
  if (name !== known.nat && name !== known.bool) return;
  const self = terms.constant(name, 0);
  const wanted: readonly (readonly [Name, Expr])[] =
    name === known.nat
      ? [
          [known.zero, self],
          [known.succ, terms.pi(self, self)],
        ]
      : [
          [known.false, self],
          [known.true, self],
        ];
  const sort = inductive.type;
  const isType =
    terms.kind(sort) === SORT && terms.level(sort) === k.levels.one && inductive.levelParams.length === 0;
  const right = wanted.every(([constructor, type], i) => {
    return inductive.constructors[i] === constructor && k.environment.get(constructor)?.type === type;
  });
  if (isType && right && inductive.constructors.length === 2) return;
  reject(
    "primitive-mismatch",
    `Cannot declare ${nameText(k, name)}: it is not the type that literals are of`,
  );
}
