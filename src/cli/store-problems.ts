// What is wrong with a store, one line a problem.
import type { StoreProblem } from "#store/index.ts";
import { formatList } from "#view/format.ts";

export function describeProblem(problem: StoreProblem): string {
  switch (problem.kind) {
    case "missing":
      return `${problem.path}: registered, but gone`;
    case "modified":
      return `${problem.path}: changed: its hash is ${problem.actual}, wanted is ${problem.wanted}${files(problem)}`;
    case "not-canonical":
      return `${problem.path}: not in the store's form${files(problem)}`;
    case "unreadable":
      return `${problem.path}: cannot be read: ${problem.reason}`;
    case "address-wrong":
      return `${problem.path}: does not follow from its content address ${problem.contentAddress}`;
    case "database":
      return `database: ${problem.reason}`;
    default:
      return problem satisfies never;
  }
}

function files({ files: touched }: { files: readonly string[] }): string {
  return touched.length === 0 ? "" : ` (${formatList(touched, { limit: 5 })})`;
}
