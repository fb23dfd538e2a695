// Terms of src/lean/source/terms.ts with one part exchanged for another.
import type { Term } from "#lean/source/terms.ts";

interface Place {
  readonly part: Term;
  readonly scope: readonly string[];
}

/** Every part of `e`, with the names in reach, in the order in which `replaceAt` counts. */
export function placesOf(e: Term, scope: readonly string[] = []): Place[] {
  return [
    { part: e, scope },
    ...childrenOf(e, scope).flatMap(({ part, scope: names }) => placesOf(part, names)),
  ];
}

function childrenOf(e: Term, scope: readonly string[]): Place[] {
  switch (e.k) {
    case "app":
      return [
        { part: e.fn, scope },
        { part: e.arg, scope },
      ];
    case "lam":
    case "forallE":
      return [
        { part: e.type, scope },
        { part: e.body, scope: [...scope, e.name] },
      ];
    case "let":
      return [
        { part: e.type, scope },
        { part: e.value, scope },
        { part: e.body, scope: [...scope, e.name] },
      ];
    case "proj":
      return [{ part: e.of, scope }];
    default:
      return [];
  }
}

/** `e` with its part number `at` replaced. */
export function replaceAt(e: Term, at: number, by: Term): Term {
  let left = at;
  const walk = (part: Term): Term => {
    if (left-- === 0) return by;
    switch (part.k) {
      case "app":
        return { ...part, fn: walk(part.fn), arg: walk(part.arg) };
      case "lam":
      case "forallE":
        return { ...part, type: walk(part.type), body: walk(part.body) };
      case "let":
        return { ...part, type: walk(part.type), value: walk(part.value), body: walk(part.body) };
      case "proj":
        return { ...part, of: walk(part.of) };
      default:
        return part;
    }
  };
  return walk(e);
}
