// A second kernel, for tests alone: slow, without caches and shortcuts, sharing no code with src/lean. This file: terms as
// plain trees. Bound variables are counted from the innermost binder; whoever goes under a binder puts a fresh `free` in.

export type Level =
  | { readonly k: "zero" }
  | { readonly k: "param"; readonly name: string }
  | { readonly k: "succ"; readonly of: Level }
  | { readonly k: "max" | "imax"; readonly a: Level; readonly b: Level };

export type Term =
  | { readonly k: "bound"; readonly index: number }
  | { readonly k: "free"; readonly id: number; readonly type: Term }
  | { readonly k: "sort"; readonly level: Level }
  | { readonly k: "const"; readonly name: string; readonly levels: readonly Level[] }
  | { readonly k: "app"; readonly f: Term; readonly arg: Term }
  | { readonly k: "lam" | "pi"; readonly type: Term; readonly body: Term }
  | { readonly k: "let"; readonly type: Term; readonly value: Term; readonly body: Term }
  | { readonly k: "proj"; readonly name: string; readonly index: number; readonly of: Term }
  | { readonly k: "nat"; readonly value: bigint }
  | { readonly k: "text"; readonly value: string };

export const ZERO: Level = { k: "zero" };
export const succ = (of: Level): Level => ({ k: "succ", of });
export const sort = (level: Level): Term => ({ k: "sort", level });
export const constant = (name: string, levels: readonly Level[] = []): Term => ({ k: "const", name, levels });
export const apply = (f: Term, args: readonly Term[]): Term =>
  args.reduce<Term>((made, arg) => ({ k: "app", f: made, arg }), f);

/** `f a b c` as `f` and `[a, b, c]`. */
export function spine(e: Term): [head: Term, args: Term[]] {
  const args: Term[] = [];
  let head = e;
  for (; head.k === "app"; head = head.f) args.unshift(head.arg);
  return [head, args];
}

/** Every part of `e` changed, with the number of binders around it. */
function map(e: Term, depth: number, change: (e: Term, depth: number) => Term | undefined): Term {
  const changed = change(e, depth);
  if (changed !== undefined) return changed;
  switch (e.k) {
    case "app":
      return { k: "app", f: map(e.f, depth, change), arg: map(e.arg, depth, change) };
    case "lam":
    case "pi":
      return { k: e.k, type: map(e.type, depth, change), body: map(e.body, depth + 1, change) };
    case "let": {
      const [type, value] = [map(e.type, depth, change), map(e.value, depth, change)];
      return { k: "let", type, value, body: map(e.body, depth + 1, change) };
    }
    case "proj":
      return { ...e, of: map(e.of, depth, change) };
    default:
      return e;
  }
}

/** `value` for the variable that the binder around `body` binds. `value` has no variable without a binder. */
export function open(body: Term, value: Term): Term {
  return map(body, 0, (e, depth) => {
    if (e.k !== "bound") return undefined;
    return e.index === depth ? value : e.index > depth ? { k: "bound", index: e.index - 1 } : e;
  });
}

/** The free variable `id` as bound by a binder that will stand around the result. */
export function close(e: Term, id: number): Term {
  return map(e, 0, (part, depth) => {
    if (part.k === "bound") return part.index >= depth ? { k: "bound", index: part.index + 1 } : part;
    return part.k === "free" && part.id === id ? { k: "bound", index: depth } : undefined;
  });
}

export function putLevels(e: Term, names: readonly string[], levels: readonly Level[]): Term {
  const put = (level: Level): Level => {
    switch (level.k) {
      case "zero":
        return level;
      case "param":
        return levels[names.indexOf(level.name)] ?? level;
      case "succ":
        return succ(put(level.of));
      default:
        return { k: level.k, a: put(level.a), b: put(level.b) };
    }
  };
  return map(e, 0, (part) => {
    if (part.k === "sort") return sort(put(part.level));
    return part.k === "const" ? constant(part.name, part.levels.map(put)) : undefined;
  });
}

export function paramsOf(level: Level): Set<string> {
  if (level.k === "zero") return new Set();
  if (level.k === "param") return new Set([level.name]);
  return level.k === "succ" ? paramsOf(level.of) : paramsOf(level.a).union(paramsOf(level.b));
}

const successors = (level: Level): number =>
  level.k === "succ"
    ? 1 + successors(level.of)
    : level.k === "max" || level.k === "imax"
      ? Math.max(successors(level.a), successors(level.b))
      : 0;

function valueOf(level: Level, values: ReadonlyMap<string, number>): number {
  switch (level.k) {
    case "zero":
      return 0;
    case "param":
      return values.get(level.name) ?? Number.NaN;
    case "succ":
      return valueOf(level.of, values) + 1;
    default: {
      const [a, b] = [valueOf(level.a, values), valueOf(level.b, values)];
      return level.k === "imax" && b === 0 ? 0 : Math.max(a, b);
    }
  }
}

/** Whether `holds` is true of the two values under every assignment: two more than the successors show every difference. */
export function always(a: Level, b: Level, holds: (a: number, b: number) => boolean): boolean {
  const top = Math.max(successors(a), successors(b)) + 2;
  const names = [...paramsOf(a).union(paramsOf(b))];
  const values = new Map<string, number>();
  const tryFrom = (at: number): boolean => {
    const name = names[at];
    if (name === undefined) return holds(valueOf(a, values), valueOf(b, values));
    for (let value = 0; value <= top; value++) {
      values.set(name, value);
      if (!tryFrom(at + 1)) return false;
    }
    return true;
  };
  return tryFrom(0);
}

export const areSameLevels = (a: Level, b: Level): boolean => always(a, b, (x, y) => x === y);

/** The same, up to the spelling of levels. */
export function isSame(a: Term, b: Term): boolean {
  if (a === b) return true;
  switch (a.k) {
    case "bound":
      return b.k === "bound" && a.index === b.index;
    case "free":
      return b.k === "free" && a.id === b.id;
    case "sort":
      return b.k === "sort" && areSameLevels(a.level, b.level);
    case "const":
      return b.k === "const" && a.name === b.name && areAllSame(a.levels, b.levels);
    case "app":
      return b.k === "app" && isSame(a.f, b.f) && isSame(a.arg, b.arg);
    case "lam":
    case "pi":
      return b.k === a.k && isSame(a.type, b.type) && isSame(a.body, b.body);
    case "let":
      return b.k === "let" && isSame(a.type, b.type) && isSame(a.value, b.value) && isSame(a.body, b.body);
    case "proj":
      return b.k === "proj" && a.name === b.name && a.index === b.index && isSame(a.of, b.of);
    case "nat":
    case "text":
      return b.k === a.k && a.value === b.value;
  }
}

export const areAllSame = (a: readonly Level[], b: readonly Level[]): boolean =>
  a.length === b.length && a.every((level, i) => b[i] !== undefined && areSameLevels(level, b[i]));

/** For messages. */
export function show(e: Term): string {
  switch (e.k) {
    case "bound":
      return `#${e.index}`;
    case "free":
      return `x${e.id}`;
    case "sort":
      return `Sort(${JSON.stringify(e.level)})`;
    case "const":
      return e.name;
    case "app": {
      const [head, args] = spine(e);
      return `(${[head, ...args].map(show).join(" ")})`;
    }
    case "lam":
      return `(fun ${show(e.type)} => ${show(e.body)})`;
    case "pi":
      return `(${show(e.type)} -> ${show(e.body)})`;
    case "let":
      return `(let ${show(e.type)} := ${show(e.value)}; ${show(e.body)})`;
    case "proj":
      return `${show(e.of)}.${e.index}`;
    default:
      return JSON.stringify(String(e.value));
  }
}
