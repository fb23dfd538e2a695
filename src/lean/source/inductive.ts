// Inductive types for exports, with recursors written out by the plain recipe: parameters, motives, minor premises,
// indices, major premise. Nested types are described by hand: which further types get a motive.
import {
  ap,
  c,
  lam,
  pi,
  sort,
  v,
  type Binder,
  type Export,
  type ExportLine,
  type LevelTerm,
  type Term,
  sure,
} from "./terms.ts";

export interface ConstructorField {
  readonly name: string;
  /** Of a field that is not recursive. */
  readonly type?: Term;
  /** Of a recursive one: it takes `args` and ends in the target with `indices`. */
  readonly target?: number;
  readonly args?: readonly Binder[];
  readonly indices?: readonly Term[];
}

export interface Ctor {
  readonly name: string;
  readonly fields?: readonly ConstructorField[];
  /** Indices of its result. */
  readonly indices?: readonly Term[];
  /** Replaces the type that follows from the fields. */
  readonly type?: Term;
}

export interface Type {
  readonly name: string;
  readonly indices?: readonly Binder[];
  readonly ctors?: readonly Ctor[];
}

export interface Extra {
  /** Of a nested type: it applied to its arguments, and its constructors so applied. */
  readonly former: Term;
  readonly ctors: readonly (Ctor & { readonly term: Term })[];
}

export interface SourceGroup {
  readonly levels?: readonly string[];
  readonly params?: readonly Binder[];
  readonly sort: LevelTerm;
  readonly types: readonly Type[];
  readonly nested?: readonly Extra[];
  /** Universe parameter of the motive; null when only propositions can be made. Default `u`. */
  readonly motive?: string | null;
  readonly k?: boolean;
}

interface Target {
  readonly former: Term;
  readonly indices: readonly Binder[];
  readonly ctors: readonly (Ctor & { readonly term: Term })[];
  readonly recursor: string;
}

/** Writes the group. */
export function inductive(e: Export, group: SourceGroup): Export {
  return e.raw({ inductive: inductiveRecord(e, group) });
}

const fieldsOf = (ctor: Ctor): readonly ConstructorField[] => ctor.fields ?? [];

/** What is written of a group. */
export function inductiveRecord(e: Export, group: SourceGroup): ExportLine {
  const { levels = [], params = [], types, nested = [], motive = "u", k = false } = group;
  const us = levels as readonly LevelTerm[];
  const vars = params.map(([name]) => v(name));
  const targets: Target[] = [
    ...types.map((one): Target => {
      const ctors = (one.ctors ?? []).map((ctor) => ({ ...ctor, term: ap(c(ctor.name, ...us), ...vars) }));
      const former = ap(c(one.name, ...us), ...vars);
      return { former, indices: one.indices ?? [], ctors, recursor: `${one.name}.rec` };
    }),
    ...nested.map((one, i): Target => ({
      ...one,
      indices: [],
      recursor: `${types[0]?.name ?? ""}.rec_${i + 1}`,
    })),
  ];
  const all = types.map(({ name }) => e.name(name));
  const isRecursive = types.some(({ ctors = [] }) =>
    ctors.some((ctor) => fieldsOf(ctor).some((f) => f.target !== undefined)),
  );
  const isReflexive = targets.some(({ ctors }) =>
    ctors.some((ctor) => fieldsOf(ctor).some((f) => (f.args ?? []).length > 0)),
  );
  const flags = { numParams: params.length, isUnsafe: false };
  const typeRecords = types.map((one) => ({
    ...e.header(one.name, levels, pi([...params, ...(one.indices ?? [])], sort(group.sort))),
    ...flags,
    numIndices: (one.indices ?? []).length,
    all,
    ctors: (one.ctors ?? []).map(({ name }) => e.name(name)),
    numNested: nested.length,
    isRec: isRecursive,
    isReflexive,
  }));
  const ctorRecords = types.flatMap((one, i) =>
    (one.ctors ?? []).map((ctor, cidx) => {
      const result = ap(sure(targets[i]).former, ...(ctor.indices ?? []));
      const of =
        ctor.type ??
        pi([...params, ...fieldsOf(ctor).map((f): Binder => [f.name, fieldType(targets, f)])], result);
      const counts = { cidx, numFields: fieldsOf(ctor).length, induct: e.name(one.name) };
      return { ...e.header(ctor.name, levels, of), ...flags, ...counts };
    }),
  );
  const recursorLevels = motive === null ? levels : [motive, ...levels];
  const recs = targets.map((target, i) => ({
    ...e.header(target.recursor, recursorLevels, recursorType(group, targets, i)),
    ...flags,
    all,
    numIndices: target.indices.length,
    numMotives: targets.length,
    k,
    numMinors: targets.flatMap(({ ctors }) => ctors).length,
    rules: target.ctors.map((ctor) => ({
      ctor: e.name(ctor.name),
      nfields: fieldsOf(ctor).length,
      rhs: e.expr(ruleValue(group, targets, ctor, recursorLevels)),
    })),
  }));
  return { types: typeRecords, ctors: ctorRecords, recs };
}

function fieldType(targets: readonly Target[], field: ConstructorField): Term {
  if (field.target === undefined) return sure(field.type);
  return pi(field.args ?? [], ap(sure(targets[field.target]).former, ...(field.indices ?? [])));
}

const motiveName = (i: number): string => `motive_${i + 1}`;
const minorName = (ctor: Ctor): string => `minor ${ctor.name}`;

function outer({ params = [], motive = "u" }: SourceGroup, targets: readonly Target[]): Binder[] {
  const result = sort(motive ?? 0);
  const motives = targets.map(({ former, indices }, i): Binder => {
    return [motiveName(i), pi([...indices, ["t", ap(former, ...indices.map(([name]) => v(name)))]], result)];
  });
  const minors = targets.flatMap(({ ctors }, i) =>
    ctors.map((ctor): Binder => [minorName(ctor), minorType(targets, i, ctor)]),
  );
  return [...params, ...motives, ...minors];
}

function minorType(targets: readonly Target[], i: number, ctor: Target["ctors"][number]): Term {
  const fields = fieldsOf(ctor);
  const binders = fields.map((f): Binder => [f.name, fieldType(targets, f)]);
  const hypotheses = fields.flatMap(({ name, target, args = [], indices = [] }): Binder[] => {
    if (target === undefined) return [];
    const applied = ap(v(name), ...args.map(([arg]) => v(arg)));
    return [[`${name} ih`, pi(args, ap(v(motiveName(target)), ...indices, applied))]];
  });
  const made = ap(ctor.term, ...fields.map(({ name }) => v(name)));
  return pi([...binders, ...hypotheses], ap(v(motiveName(i)), ...(ctor.indices ?? []), made));
}

function recursorType(group: SourceGroup, targets: readonly Target[], i: number): Term {
  const { former, indices } = sure(targets[i]);
  const vars = indices.map(([name]) => v(name));
  const major: Binder = ["t", ap(former, ...vars)];
  return pi([...outer(group, targets), ...indices, major], ap(v(motiveName(i)), ...vars, v("t")));
}

function ruleValue(
  group: SourceGroup,
  targets: readonly Target[],
  ctor: Target["ctors"][number],
  levels: readonly string[],
): Term {
  const binders = outer(group, targets);
  const fields = fieldsOf(ctor);
  const calls = fields.flatMap(({ name, target, args = [], indices = [] }): Term[] => {
    if (target === undefined) return [];
    const recursor = ap(
      c(sure(targets[target]).recursor, ...levels),
      ...binders.map(([binder]) => v(binder)),
    );
    return [lam(args, ap(recursor, ...indices, ap(v(name), ...args.map(([arg]) => v(arg)))))];
  });
  const body = ap(v(minorName(ctor)), ...fields.map(({ name }) => v(name)), ...calls);
  return lam([...binders, ...fields.map((f): Binder => [f.name, fieldType(targets, f)])], body);
}
