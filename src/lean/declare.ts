// One declaration of the export after the other: checked, then put into the environment.
import type { Constant, Valued } from "./environment.ts";
import { reject } from "./fault.ts";
import { addInductive } from "./inductive.ts";
import { levelOf } from "./infer.ts";
import type { Kernel } from "./kernel.ts";
import { formatName, type Name } from "./name.ts";
import { checkPrimitiveDefinition, checkPrimitiveInductive } from "./primitive.ts";
import { formatExpr } from "./print.ts";
import { addQuotient } from "./quotient.ts";
import type { AxiomRecord, Declaration, InductiveRecord, ValuedRecord } from "./records.ts";
import { checkLevelParams, checkScope } from "./scope.ts";

/** Names that the declaration brings in, the one to speak of first. */
export function namesOf(declaration: Declaration): Name[] {
  return headersOf(declaration).map(({ name }) => name);
}

/** Names and types that the declaration brings in. */
export function headersOf(declaration: Declaration): readonly { name: Name; typeIndex: number }[] {
  if (declaration.kind !== "inductive") return [declaration];
  const { types, constructors, recursors } = declaration;
  return [...types, ...constructors, ...recursors];
}

/** Whether it is outside of the logic: it is left out, and what uses it is rejected. */
export function isExcluded(declaration: Declaration): boolean {
  if (declaration.kind === "quotient") return false;
  if (declaration.kind !== "inductive") return declaration.isUnsafe;
  const { types, constructors, recursors } = declaration;
  return [...types, ...constructors, ...recursors].some(({ isUnsafe }) => isUnsafe);
}

/**
 * Checks a declaration and adds its constants. May be run again from its start (see goals.ts): what it adds is the same.
 * @throws Fault when it breaks a rule
 */
export function declare(k: Kernel, declaration: Declaration, line: number): Constant[] {
  switch (declaration.kind) {
    case "axiom":
      return [addAxiom(k, declaration, line)];
    case "quotient":
      checkLevelParams(declaration.levelParams);
      checkScope(declaration.type, declaration.levelParams);
      levelOf(k, declaration.type, true);
      return [addQuotient(k, declaration, line)];
    case "inductive":
      return addGroup(k, declaration, line);
    default:
      return [addValued(k, declaration, line)];
  }
}

/** Rejects names that are taken; to be asked once, before `declare`. */
export function checkNames(k: Kernel, declaration: Declaration): void {
  const names = namesOf(declaration);
  const taken = names.find(
    (name, i) => k.environment.has(name) || k.excluded.has(name) || names.indexOf(name) !== i,
  );
  if (taken !== undefined) reject("duplicate-declaration", `Cannot declare ${formatName(taken)} again`);
}

function checkHeader(
  k: Kernel,
  { levelParams, type }: AxiomRecord | ValuedRecord,
): ReturnType<typeof levelOf> {
  checkLevelParams(levelParams);
  checkScope(type, levelParams);
  return levelOf(k, type, true);
}

function addAxiom(k: Kernel, record: AxiomRecord, line: number): Constant {
  checkHeader(k, record);
  const { name, levelParams, type } = record;
  const constant: Constant = { kind: "axiom", name, levelParams, type, line };
  k.environment.set(name, constant);
  return constant;
}

function addValued(k: Kernel, record: ValuedRecord, line: number): Constant {
  const { kind, name, levelParams, type, value, hint } = record;
  const level = checkHeader(k, record);
  if (kind === "theorem" && !k.levels.isZero(level)) {
    reject("theorem-not-a-proposition", `Cannot prove ${formatExpr(type)}: it is not a proposition`);
  }
  checkScope(value, levelParams);
  const given = k.check(value);
  if (!k.isEqual(given, type)) {
    const types = `its value has type ${formatExpr(given)}, wanted ${formatExpr(type)}`;
    reject("type-mismatch", `Cannot declare ${formatName(name)}: ${types}`);
  }
  const constant: Valued = { kind, name, levelParams, type, value, hint, line };
  k.environment.set(name, constant);
  if (kind === "definition") checkPrimitiveDefinition(k, constant);
  return constant;
}

function addGroup(k: Kernel, record: InductiveRecord, line: number): Constant[] {
  for (const { levelParams } of record.types) checkLevelParams(levelParams);
  const constants = addInductive(k, record, line);
  for (const constant of constants) if (constant.kind === "inductive") checkPrimitiveInductive(k, constant);
  return constants;
}
