// Names of our own, and binders of several numbers at once.
import { Nat } from "./core.ts";
import type { Term } from "./term.ts";
import { lam, pi } from "./term.ts";

const NAMESPACE = "MonsterWalk";

export function own(name: string): string {
  return `${NAMESPACE}.${name}`;
}

/** `fun (a b ... : Nat) => body a b ...`, or the type of such. */
function numbers(bind: typeof lam, names: string, body: (...variables: Term[]) => Term): Term {
  const [first, ...rest] = names.split(" ");
  if (first === undefined || first === "") return body();
  return bind(first, Nat, (x) => numbers(bind, rest.join(" "), (...more) => body(x, ...more)));
}

export function forAll(names: string, body: (...variables: Term[]) => Term): Term {
  return numbers(pi, names, body);
}

export function take(names: string, body: (...variables: Term[]) => Term): Term {
  return numbers(lam, names, body);
}
