// The recursor that Lean's kernel derives from an inductive type: one motive, one minor premise a constructor. For types
// that are neither mutual nor nested, with fields that are values of the type itself or do not mention it.
import type { InductiveShape } from "./library.ts";
import type { Binder, Level, Term, Variable } from "./term.ts";
import { call, close, constant, open, sort, spread, substitute } from "./term.ts";

export interface Recursor {
  readonly name: string;
  readonly levelParams: readonly string[];
  readonly type: Term;
  readonly rules: readonly {
    readonly constructor: string;
    readonly fieldCount: number;
    readonly value: Term;
  }[];
  readonly isK: boolean;
}

type Bound = Omit<Binder, "kind" | "body">;

interface Field extends Bound {
  /** The indices of a field that is a value of the type itself. */
  readonly indices: readonly Term[] | undefined;
}

interface Minor {
  readonly bound: Bound;
  readonly constructor: string;
  readonly fields: readonly Field[];
}

export function makeRecursor(shape: InductiveShape): Recursor {
  const { name, levelParams, paramCount, isLarge } = shape;
  const motiveLevel = levelParams.includes("u") ? "u_1" : "u";
  const levels = levelParams.map((base): Level => ({ base, plus: 0 }));
  const { binders, body } = open("pi", shape.type);
  const params = binders.slice(0, paramCount).map((bound) => ({ ...bound, implicit: true }));
  const indices = binders.slice(paramCount).map((bound) => ({ ...bound, implicit: true }));
  const self = call(constant(name, ...levels), ...variables(params));
  const major = bound("t", call(self, ...variables(indices)));
  const result: Term = sort(isLarge ? { base: motiveLevel, plus: 0 } : { plus: 0 });
  const shown = indices.map((index) => ({ ...index, implicit: false }));
  const motive = bound("motive", close("pi", [...shown, major], result), true);
  const minors = shape.constructors.map((constructor) =>
    makeMinor(constructor, { name, levels, params, motive: motive.variable }),
  );
  const type = close(
    "pi",
    [...params, motive, ...minors.map((minor) => minor.bound), ...indices, major],
    call(motive.variable, ...variables(indices), major.variable),
  );
  const recLevels: Level[] = [...(isLarge ? [{ base: motiveLevel, plus: 0 }] : []), ...levels];
  const head = constant(`${name}.rec`, ...recLevels);
  const context = [...params, motive, ...minors.map((minor) => minor.bound)];
  const rules = minors.map(({ bound: minor, constructor, fields }) => ({
    constructor,
    fieldCount: fields.length,
    value: close(
      "lam",
      [...context, ...fields],
      call(
        call(minor.variable, ...variables(fields)),
        ...fields.flatMap(({ variable, indices: at }) =>
          at === undefined ? [] : [call(head, ...variables(context), ...at, variable)],
        ),
      ),
    ),
  }));
  const isProposition = body.kind === "sort" && body.level.base === undefined && body.level.plus === 0;
  return {
    name: `${name}.rec`,
    levelParams: [...(isLarge ? [motiveLevel] : []), ...levelParams],
    type,
    rules,
    isK: isProposition && minors.length === 1 && minors[0]?.fields.length === 0,
  };
}

interface Around {
  readonly name: string;
  readonly levels: readonly Level[];
  readonly params: readonly Bound[];
  readonly motive: Variable;
}

function makeMinor(
  constructor: { readonly name: string; readonly type: Term },
  { name, levels, params, motive }: Around,
): Minor {
  const own = open("pi", constructor.type, params.length);
  const values = new Map<Variable, Term>();
  own.binders.forEach(({ variable }, i) => values.set(variable, params[i]?.variable ?? variable));
  const { binders, body } = open("pi", substitute(own.body, values));
  const fields = binders.map(({ variable, type, implicit }): Field => {
    const { head, args } = spread(type);
    const isSelf = head.kind === "constant" && head.name === name;
    return { variable, type, implicit, indices: isSelf ? args.slice(params.length) : undefined };
  });
  const hypotheses = fields.flatMap(({ variable, indices }) =>
    indices === undefined ? [] : [bound(`${variable.name}_ih`, call(motive, ...indices, variable))],
  );
  const indices = spread(body).args.slice(params.length);
  const made = call(constant(constructor.name, ...levels), ...variables(params), ...variables(fields));
  const type = close("pi", [...fields, ...hypotheses], call(motive, ...indices, made));
  return {
    bound: bound(constructor.name.split(".").at(-1) ?? "", type),
    constructor: constructor.name,
    fields,
  };
}

function bound(name: string, type: Term, implicit = false): Bound {
  return { variable: { kind: "variable", name }, type, implicit };
}

function variables(binders: readonly Bound[]): Variable[] {
  return binders.map(({ variable }) => variable);
}
