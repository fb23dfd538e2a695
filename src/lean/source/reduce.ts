// Computing with terms: substitution, and heads unfolded as far as the elaborator needs to see their form. The kernel that
// checks the result shares none of this.
import { ap, c, nat, v, type Term } from "./terms.ts";

/** What is known of a constant. */
export interface KnownConstant {
  readonly type: Term;
  readonly levels: readonly string[];
  /** Of a definition that may be unfolded. */
  readonly value?: Term;
}

export type KnownConstants = ReadonlyMap<string, KnownConstant>;

/** Replaces free variables by name. Names of binders are unique, so nothing is captured. */
export function substitute(term: Term, values: ReadonlyMap<string, Term>): Term {
  switch (term.k) {
    case "var":
      return values.get(term.name) ?? term;
    case "app":
      return apply(substitute(term.fn, values), substitute(term.arg, values));
    case "lam":
    case "forallE": {
      const inner = values.has(term.name)
        ? new Map([...values].filter(([name]) => name !== term.name))
        : values;
      return { ...term, type: substitute(term.type, values), body: substitute(term.body, inner) };
    }
    default:
      return term;
  }
}

/** The call, computed at once where the function is written out. */
export function apply(fn: Term, arg: Term): Term {
  return fn.k === "lam" ? substitute(fn.body, new Map([[fn.name, arg]])) : ap(fn, arg);
}

export function spread(term: Term): { head: Term; args: Term[] } {
  const args: Term[] = [];
  let head = term;
  for (; head.k === "app"; head = head.fn) args.push(head.arg);
  return { head, args: args.toReversed() };
}

/** Unfolds one step at the head; undefined when there is none. */
export function step(term: Term, known: KnownConstants): Term | undefined {
  const { head, args } = spread(term);
  if (head.k !== "const") return undefined;
  const value = known.get(head.name)?.value;
  if (value !== undefined) return args.reduce(apply, value);
  return head.name.endsWith(".rec") ? stepRecursor(head, args, known) : undefined;
}

/** By the names that inductive.ts gives: motives, a `minor` for each constructor, an `ih` for each recursive field. */
function stepRecursor(
  head: Term & { k: "const" },
  args: readonly Term[],
  known: KnownConstants,
): Term | undefined {
  const binders = bindersOf(known.get(head.name)?.type);
  const motive = binders.findIndex(({ name }) => name.startsWith("motive_"));
  const minors = binders.filter(({ name }) => name.startsWith("minor "));
  const at = motive + 1 + minors.length;
  const major = args[at];
  if (motive < 0 || at !== binders.length - 1 || major === undefined) return undefined;
  const { head: made, args: parts } = spread(constructorOf(unfold(major, known)));
  const index = made.k === "const" ? minors.findIndex(({ name }) => name === `minor ${made.name}`) : -1;
  const minor = args[motive + 1 + index];
  if (index < 0 || minor === undefined) return undefined;
  const names = bindersOf(minors[index]?.type).map(({ name }) => name);
  const fields = parts.slice(motive);
  const given = names.map((name, i): Term => {
    const field = fields[name.endsWith(" ih") ? names.indexOf(name.slice(0, -3)) : i] ?? made;
    return name.endsWith(" ih") ? ap(head, ...args.slice(0, at), field) : field;
  });
  return [...given, ...args.slice(at + 1)].reduce(apply, minor);
}

function bindersOf(type: Term | undefined): { name: string; type: Term }[] {
  const binders: { name: string; type: Term }[] = [];
  for (let at = type; at?.k === "forallE"; at = at.body) binders.push({ name: at.name, type: at.type });
  return binders;
}

/** A numeral as it is made: 3 is the successor of 2. */
export function constructorOf(term: Term): Term {
  if (term.k !== "nat") return term;
  const value = BigInt(term.value);
  return value === 0n ? c("Nat.zero") : ap(c("Nat.succ"), nat(value - 1n));
}

/** The head as far as it unfolds. */
function unfold(term: Term, known: KnownConstants): Term {
  let at = term;
  for (let next = step(at, known); next !== undefined; next = step(at, known)) at = next;
  return at;
}

/** Readable, unique names for the binders of a term that is done. */
export function rename(term: Term, around: ReadonlyMap<string, string> = new Map()): Term {
  switch (term.k) {
    case "var":
      return v(around.get(term.name) ?? term.name);
    case "app":
      return ap(rename(term.fn, around), rename(term.arg, around));
    case "lam":
    case "forallE": {
      const [base = "_"] = term.name.split("#");
      const taken = new Set(around.values());
      let chosen = base;
      for (let i = 1; taken.has(chosen); i++) chosen = `${base}${i}`;
      const body = rename(term.body, new Map([...around, [term.name, chosen]]));
      return { ...term, name: chosen, type: rename(term.type, around), body };
    }
    default:
      return term;
  }
}
