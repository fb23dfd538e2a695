// The rules for one declaration of the export.
import { constantsOf, type Constant, type Declaration, type Valued } from "#lean/read/constants.ts";
import type { Level } from "#lean/terms/level-kind.ts";
import { reject } from "#lean/fault.ts";
import { sortLevelOf } from "#lean/judge/infer.ts";
import { nameText, showExpr, type Kernel } from "#lean/judge/kernel.ts";
import { checkInductive } from "./inductive.ts";
import { checkPrimitiveInductive } from "./primitive.ts";
import { checkQuotient } from "./quotient.ts";
import { checkLevelParams, checkScope } from "./scope.ts";

/** Whether it is outside of the logic: it is left out, and what uses it is rejected. */
export function isExcluded(declaration: Declaration): boolean {
  return constantsOf(declaration).some(({ isUnsafe }) => isUnsafe);
}

/**
 * Checks a declaration. May be run again from its start (see engine.ts).
 * @throws Fault when it breaks a rule
 */
export function declare(k: Kernel, declaration: Declaration): void {
  switch (declaration.kind) {
    case "axiom":
      checkHeader(k, declaration);
      return;
    case "quotient":
      checkHeader(k, declaration);
      checkQuotient(k, declaration);
      return;
    case "inductive":
      for (const { levelParams } of declaration.types) checkLevelParams(levelParams);
      checkInductive(k, declaration);
      for (const type of declaration.types) checkPrimitiveInductive(k, type);
      return;
    default:
      checkValued(k, declaration);
  }
}

/** Rejects names that are taken: a name must not change its meaning. */
export function checkFreshNames(k: Kernel, declaration: Declaration): void {
  const names = constantsOf(declaration).map(({ name }) => name);
  const taken = names.find((name, i) => k.environment.isTaken(name) || names.indexOf(name) !== i);
  if (taken !== undefined) reject("duplicate-declaration", `Cannot declare ${nameText(k, taken)} again`);
}

function checkHeader(k: Kernel, { levelParams, type }: Constant): Level {
  checkLevelParams(levelParams);
  checkScope(k, type, levelParams);
  return sortLevelOf(k, type, true);
}

function checkValued(k: Kernel, record: Valued): void {
  const { kind, name, levelParams, type, value } = record;
  const level = checkHeader(k, record);
  if (kind === "theorem" && !k.levels.isZero(level)) {
    reject("theorem-not-a-proposition", `Cannot prove ${showExpr(k, type)}: it is not a proposition`);
  }
  checkScope(k, value, levelParams);
  const given = k.check(value);
  if (!k.isEqual(given, type)) {
    const types = `its value has type ${showExpr(k, given)}, wanted ${showExpr(k, type)}`;
    reject("type-mismatch", `Cannot declare ${nameText(k, name)}: ${types}`);
  }
}
