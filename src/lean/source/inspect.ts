// What terms are made of: looked at, and shown in messages.
import { spread } from "./reduce.ts";
import { ap, c, sort, type LevelTerm, type Term } from "./terms.ts";

/** `fun x => f x` is f. */
export function shortened(fun: Term): Term {
  if (fun.k !== "lam" || fun.body.k !== "app" || fun.body.arg.k !== "var") return fun;
  const { fn, arg } = fun.body;
  return arg.name === fun.name && !mentions(fn, fun.name) ? fn : fun;
}

function mentions(term: Term, name: string): boolean {
  switch (term.k) {
    case "var":
      return term.name === name;
    case "app":
      return mentions(term.fn, name) || mentions(term.arg, name);
    case "lam":
    case "forallE":
      return mentions(term.type, name) || mentions(term.body, name);
    default:
      return false;
  }
}

/** What is still to be found: a variable whose name no file can write. */
export function isMeta(term: Term): term is Term & { k: "var" } {
  return term.k === "var" && term.name.startsWith("?");
}

/** Whether something in it is still to be found. Terms never change, so each is looked through once. */
export function hasMeta(term: Term): boolean {
  if (term.k !== "app" && term.k !== "lam" && term.k !== "forallE") return isMeta(term);
  const known = OPEN.get(term);
  if (known !== undefined) return known;
  const isOpen =
    term.k === "app" ? hasMeta(term.fn) || hasMeta(term.arg) : hasMeta(term.type) || hasMeta(term.body);
  OPEN.set(term, isOpen);
  return isOpen;
}

const OPEN = new WeakMap<Term, boolean>();

/** With universe levels in the place of their parameters. */
export function withLevels(term: Term, levels: ReadonlyMap<string, LevelTerm>): Term {
  if (levels.size === 0) return term;
  const level = (at: LevelTerm): LevelTerm => {
    if (typeof at === "string") return levels.get(at) ?? at;
    if (typeof at === "number") return at;
    if ("succ" in at) {
      const inner = level(at.succ);
      return typeof inner === "number" ? inner + 1 : { succ: inner };
    }
    return at;
  };
  const walk = (at: Term): Term => {
    if (at.k === "sort") return sort(level(at.level));
    if (at.k === "const") return c(at.name, ...at.levels.map(level));
    if (at.k === "app") return ap(walk(at.fn), walk(at.arg));
    if (at.k === "lam" || at.k === "forallE") return { ...at, type: walk(at.type), body: walk(at.body) };
    return at;
  };
  return walk(term);
}

/** For messages. */
export function showTerm(term: Term): string {
  const { head, args } = spread(term);
  const of = args
    .map((arg) => (spread(arg).args.length > 0 ? `(${showTerm(arg)})` : showTerm(arg)))
    .join(" ");
  const first =
    head.k === "var" || head.k === "const"
      ? head.name
      : head.k === "nat"
        ? head.value
        : head.k === "lam" || head.k === "forallE"
          ? `(${head.k === "lam" ? "fun" : "∀"} ${head.name} : ${showTerm(head.type)}, ${showTerm(head.body)})`
          : head.k;
  return of === "" ? first : `${first} ${of}`;
}
