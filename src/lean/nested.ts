// Nested occurrences: a field of type `List (Tree α)` inside Tree is treated as if `List (Tree α)` were one more type of
// the group, with its own constructors. Afterwards, what was computed about the larger group is translated back.
import { APP, CONST, PI, argsOf, headOf, type Expr } from "./expr.ts";
import { reject, sure } from "./fault.ts";
import type { Group, GroupConstructor, GroupType } from "./group.ts";
import { constantType } from "./infer.ts";
import type { Kernel } from "./kernel.ts";
import type { Level } from "./level.ts";
import { formatName, type Name } from "./name.ts";
import type { InductiveRecord } from "./records.ts";
import { closeFunctionType, mentions } from "./telescope.ts";

export interface Expansion {
  readonly group: Group;
  /** Translates auxiliary types and constructors back; for expressions whose parameters are the group's variables. */
  readonly restore: (e: Expr) => Expr;
  /** The declared type that an auxiliary one is an instance of. */
  readonly origin: ReadonlyMap<Name, Name>;
  /** The same for constructors. */
  readonly constructorOrigin: ReadonlyMap<Name, Name>;
}

interface Auxiliary {
  readonly type: GroupType;
  /** What it stands for: the nested type and its arguments for its parameters. */
  readonly nested: Expr;
}

interface Work {
  readonly k: Kernel;
  readonly params: readonly Expr[];
  readonly levels: readonly Level[];
  readonly declared: ReadonlySet<Name>;
  readonly root: Name;
  readonly auxiliaries: Auxiliary[];
  /** Per auxiliary type, its constructors before nested occurrences in them are replaced. */
  readonly pending: GroupConstructor[][];
  readonly restored: Map<Name, Expr>;
  readonly origin: Map<Name, Name>;
  readonly constructorOrigin: Map<Name, Name>;
}

export function expandNested(
  k: Kernel,
  record: InductiveRecord,
  params: readonly Expr[],
  level: Level,
): Expansion {
  const { types } = record;
  const levelParams = types[0]?.levelParams ?? [];
  const levels = levelParams.map((name) => k.levels.param(name));
  const declared = new Set(types.map(({ name }) => name));
  const root = k.names.child(k.nestedRoot, types[0]?.name.id ?? 0);
  const work: Work = {
    k,
    params,
    levels,
    declared,
    root,
    auxiliaries: [],
    pending: [],
    restored: new Map(),
    origin: new Map(),
    constructorOrigin: new Map(),
  };
  const own = types.map(({ name, type, indexCount }, i): GroupType => {
    const mine = record.constructors.filter((constructor) => constructor.inductive === types[i]?.name);
    const constructors = mine.map((constructor): GroupConstructor => {
      const fields = replaceNested(work, instantiateParams(k, constructor.type, params, constructor.name));
      return { name: constructor.name, constant: k.terms.constant(constructor.name, levels), fields };
    });
    return { name, constant: k.terms.constant(name, levels), type, indexCount, constructors };
  });
  const all = [...own];
  // Each auxiliary type may bring in further ones.
  for (let i = 0; i < work.auxiliaries.length; i++) {
    const constructors = sure(work.pending[i]).map((constructor) => ({
      ...constructor,
      fields: replaceNested(work, constructor.fields),
    }));
    all.push({ ...sure(work.auxiliaries[i]).type, constructors });
  }
  const names = new Set(all.map(({ name }) => name));
  const group: Group = { levelParams, params, level, types: all, names, declaredCount: own.length };
  const { origin, constructorOrigin } = work;
  return { group, restore: (e) => restoreNested(work, e), origin, constructorOrigin };
}

/** The type after its first binders, which must be the group's parameters. */
function instantiateParams(k: Kernel, type: Expr, params: readonly Expr[], name: Name): Expr {
  let at = type;
  for (const [i, param] of params.entries()) {
    const done = params.slice(0, i);
    if (at.kind !== PI || !k.isEqual(k.rewriter.instantiate(at.left, done), param.left)) {
      reject(
        "inductive-parameters",
        `Cannot declare ${formatName(name)}: it does not take the type's parameters`,
      );
    }
    at = at.right;
  }
  return k.rewriter.instantiate(at, params);
}

function replaceNested(work: Work, e: Expr): Expr {
  return work.k.rewriter.replace(e, (at) => {
    if (at.kind !== APP) return undefined;
    const head = headOf(at);
    if (head.kind !== CONST || work.declared.has(head.name)) return undefined;
    const inductive = work.k.environment.get(head.name);
    if (inductive?.kind !== "inductive" || isAuxiliary(work, head.name)) return undefined;
    const args = argsOf(at);
    const { paramCount } = inductive;
    if (args.length < paramCount) return undefined;
    const nested = args.slice(0, paramCount);
    if (!nested.some((arg) => mentions(arg, work.declared))) return undefined;
    if (nested.some(({ loose }) => loose > 0)) {
      const label = `Cannot nest ${formatName(head.name)}`;
      reject("nested-invalid", `${label}: its parameters depend on fields of the constructor`);
    }
    const name = auxiliaryFor(work, work.k.terms.apps(head, nested));
    const constant = work.k.terms.constant(name, work.levels);
    return work.k.terms.apps(work.k.terms.apps(constant, work.params), args, paramCount);
  });
}

function isAuxiliary(work: Work, name: Name): boolean {
  return work.restored.has(name);
}

/** The auxiliary type for `nested`, made with all types of the nested type's group when there is none yet. */
function auxiliaryFor(work: Work, nested: Expr): Name {
  const known = work.auxiliaries.find((auxiliary) => auxiliary.nested === nested);
  if (known !== undefined) return known.type.name;
  const { k } = work;
  const head = headOf(nested);
  const inductive = k.environment.get(head.name);
  if (inductive?.kind !== "inductive")
    return reject("nested-invalid", "Cannot nest what is no inductive type");
  const args = argsOf(nested);
  for (const name of inductive.group) addAuxiliary(work, k.terms.constant(name, head.levels), args);
  const made = work.auxiliaries.find((auxiliary) => auxiliary.nested === nested);
  return made?.type.name ?? reject("nested-invalid", "Cannot nest a type that is not of its own group");
}

function addAuxiliary(work: Work, constant: Expr, args: readonly Expr[]): void {
  const { k, params, levels } = work;
  const inductive = k.environment.get(constant.name);
  if (inductive?.kind !== "inductive") return;
  const name = k.names.child(work.root, work.auxiliaries.length);
  const own = k.terms.constant(name, levels);
  const nested = k.terms.apps(constant, args);
  const rest = specialise(k, constantType(k, constant), args);
  const type = closeFunctionType(k, params, rest);
  const constructors = inductive.constructors.map((original): GroupConstructor => {
    const originalConstant = k.terms.constant(original, constant.levels);
    const constructor = k.names.child(name, original.id);
    work.restored.set(constructor, k.terms.apps(originalConstant, args));
    work.constructorOrigin.set(constructor, original);
    const fields = specialise(k, constantType(k, originalConstant), args);
    return { name: constructor, constant: k.terms.constant(constructor, levels), fields };
  });
  work.restored.set(name, nested);
  work.origin.set(name, inductive.name);
  work.pending.push(constructors);
  const indexCount = inductive.indexCount;
  work.auxiliaries.push({ nested, type: { name, constant: own, type, indexCount, constructors: [] } });
  const levelParams = levels.flatMap((level) => level.name ?? []);
  const shape = { name, levelParams, type, line: 0, paramCount: params.length, indexCount };
  k.environment.set(name, {
    kind: "inductive",
    level: k.levels.substitute(inductive.level, inductive.levelParams, constant.levels),
    ...shape,
    constructors: [],
    isRecursive: true,
    group: [name],
  });
}

/** A function type applied to its first arguments. */
function specialise(k: Kernel, type: Expr, args: readonly Expr[]): Expr {
  let at = type;
  for (let i = 0; i < args.length; i++) {
    if (at.kind !== PI)
      return reject("nested-invalid", "Cannot nest a type with fewer parameters than it says");
    at = at.right;
  }
  return k.rewriter.instantiate(at, args);
}

function restoreNested({ k, params, restored }: Work, e: Expr): Expr {
  if (restored.size === 0) return e;
  return k.rewriter.replace(e, (at) => {
    if (at.kind !== APP && at.kind !== CONST) return undefined;
    const head = headOf(at);
    const original = head.kind === CONST ? restored.get(head.name) : undefined;
    if (original === undefined) return undefined;
    // Auxiliary constants were always applied to the parameters first.
    return k.terms.apps(original, argsOf(at), params.length);
  });
}
