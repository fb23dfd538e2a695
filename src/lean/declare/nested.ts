// Nested occurrences: a field of type `List (Tree α)` inside Tree is treated as if `List (Tree α)` were one more type of
// the group, with its own constructors. Afterwards, what was computed about the larger group is translated back.
import type { GroupRecord } from "#lean/read/constants.ts";
import { APP, CONST, PI, type Expr } from "#lean/terms/kind.ts";
import type { Level } from "#lean/terms/level-kind.ts";
import type { List } from "#lean/terms/levels.ts";
import type { Name } from "#lean/terms/names.ts";
import { reject } from "#lean/fault.ts";
import { nameText, type Kernel } from "#lean/judge/kernel.ts";
import type { InductiveGroup, GroupConstructor, GroupType } from "./group.ts";
import { closeFunctionType, mentions } from "./telescope.ts";

export interface NestedExpansion {
  readonly group: InductiveGroup;
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
  readonly levels: List;
  readonly declared: ReadonlySet<Name>;
  readonly auxiliaries: Auxiliary[];
  /** Per auxiliary type, its constructors before nested occurrences in them are replaced. */
  readonly pending: GroupConstructor[][];
  readonly restored: Map<Name, Expr>;
  readonly origin: Map<Name, Name>;
  readonly constructorOrigin: Map<Name, Name>;
}

export function expandNested(
  k: Kernel,
  record: GroupRecord,
  params: readonly Expr[],
  level: Level,
): NestedExpansion {
  const { types } = record;
  const levelParams = types[0]?.levelParams ?? [];
  const levels = k.levels.list(levelParams.map((name) => k.levels.param(name)));
  const declared = new Set(types.map(({ name }) => name));
  const work: Work = {
    k,
    params,
    levels,
    declared,
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
    const constructors = work.pending[i]!.map((constructor) => ({
      ...constructor,
      fields: replaceNested(work, constructor.fields),
    }));
    all.push({ ...work.auxiliaries[i]!.type, constructors });
  }
  const names = new Set(all.map(({ name }) => name));
  const group: InductiveGroup = { levelParams, params, level, types: all, names, declaredCount: own.length };
  const { origin, constructorOrigin } = work;
  return { group, restore: (e) => restoreNested(work, e), origin, constructorOrigin };
}

/** The type after its first binders, which must be the group's parameters. */
function instantiateParams(k: Kernel, type: Expr, params: readonly Expr[], name: Name): Expr {
  let at = type;
  for (const [i, param] of params.entries()) {
    const done = params.slice(0, i);
    const domain = k.terms.kind(at) === PI ? k.rewriter.instantiate(k.terms.left(at), done) : undefined;
    if (domain === undefined || !k.isEqual(domain, k.terms.left(param))) {
      reject(
        "inductive-parameters",
        `Cannot declare ${nameText(k, name)}: it does not take the type's parameters`,
      );
    }
    at = k.terms.right(at);
  }
  return k.rewriter.instantiate(at, params);
}

function replaceNested(work: Work, e: Expr): Expr {
  const { terms, replacer, environment } = work.k;
  return replacer.replace(e, (at) => {
    if (terms.kind(at) !== APP) return KEEP;
    const head = terms.head(at);
    if (terms.kind(head) !== CONST || work.declared.has(terms.name(head))) return KEEP;
    const inductive = environment.get(terms.name(head));
    if (inductive?.kind !== "inductive" || work.restored.has(inductive.name)) return KEEP;
    const args = terms.args(at);
    const { paramCount } = inductive;
    if (args.length < paramCount) return KEEP;
    const nested = args.slice(0, paramCount);
    if (!nested.some((arg) => mentions(terms, arg, work.declared))) return KEEP;
    if (nested.some((arg) => terms.loose(arg) > 0)) {
      const label = `Cannot nest ${nameText(work.k, inductive.name)}`;
      reject("nested-invalid", `${label}: its parameters depend on fields of the constructor`);
    }
    const name = auxiliaryFor(work, terms.apps(head, nested));
    const constant = terms.constant(name, work.levels);
    return terms.apps(terms.apps(constant, work.params), args, paramCount);
  });
}

/** The auxiliary type for `nested`, made with all types of the nested type's group when there is none yet. */
function auxiliaryFor(work: Work, nested: Expr): Name {
  const known = work.auxiliaries.find((auxiliary) => auxiliary.nested === nested);
  if (known !== undefined) return known.type.name;
  const { k } = work;
  const head = k.terms.head(nested);
  const inductive = k.environment.get(k.terms.name(head));
  if (inductive?.kind !== "inductive")
    return reject("nested-invalid", "Cannot nest what is no inductive type");
  const args = k.terms.args(nested);
  for (const name of inductive.all) addAuxiliary(work, k.terms.constant(name, k.terms.list(head)), args);
  const made = work.auxiliaries.find((auxiliary) => auxiliary.nested === nested);
  return made?.type.name ?? reject("nested-invalid", "Cannot nest a type that is not of its own group");
}

function addAuxiliary(work: Work, constant: Expr, args: readonly Expr[]): void {
  const { k, params, levels } = work;
  const inductive = k.environment.get(k.terms.name(constant));
  if (inductive?.kind !== "inductive") return;
  const name = k.names.fresh();
  const own = k.terms.constant(name, levels);
  const nested = k.terms.apps(constant, args);
  const rest = specialise(k, k.constantType(constant), args);
  const type = closeFunctionType(k, params, rest);
  const constructors = inductive.constructors.map((original): GroupConstructor => {
    const originalConstant = k.terms.constant(original, k.terms.list(constant));
    const constructor = k.names.fresh();
    work.restored.set(constructor, k.terms.apps(originalConstant, args));
    work.constructorOrigin.set(constructor, original);
    const fields = specialise(k, k.constantType(originalConstant), args);
    return { name: constructor, constant: k.terms.constant(constructor, levels), fields };
  });
  work.restored.set(name, nested);
  work.origin.set(name, inductive.name);
  work.pending.push(constructors);
  const indexCount = inductive.indexCount;
  work.auxiliaries.push({ nested, type: { name, constant: own, type, indexCount, constructors: [] } });
  const levelParams = k.levels.items(levels).map((level) => k.levels.first(level));
  const common = { name, levelParams, type, typePlace: 0, isUnsafe: false, order: k.environment.order };
  const shape = { paramCount: params.length, indexCount, constructors: [], all: [name], nestedCount: 0 };
  // Recursive, so that no eta is used for what is not there.
  k.environment.add({ kind: "inductive", ...common, ...shape, isRecursive: true, isReflexive: false });
}

/** A function type applied to its first arguments. */
function specialise(k: Kernel, type: Expr, args: readonly Expr[]): Expr {
  let at = type;
  for (let i = 0; i < args.length; i++) {
    if (k.terms.kind(at) !== PI)
      return reject("nested-invalid", "Cannot nest a type with fewer parameters than it says");
    at = k.terms.right(at);
  }
  return k.rewriter.instantiate(at, args);
}

function restoreNested({ k, params, restored }: Work, e: Expr): Expr {
  const { terms, replacer } = k;
  if (restored.size === 0) return e;
  return replacer.replace(e, (at) => {
    const kind = terms.kind(at);
    if (kind !== APP && kind !== CONST) return KEEP;
    const head = terms.head(at);
    const original = terms.kind(head) === CONST ? restored.get(terms.name(head)) : undefined;
    if (original === undefined) return KEEP;
    // Auxiliary constants were always applied to the parameters first.
    return terms.apps(original, terms.args(at), params.length);
  });
}

/** Answer of a replacement: look into the parts. */
const KEEP = -1;
