// What a declaration may refer to besides constants: its own universe parameters.
import { CONST, SORT, partsOf, type Expr } from "./expr.ts";
import { reject } from "./fault.ts";
import type { Level } from "./level.ts";
import { formatName, type Name } from "./name.ts";

export function checkLevelParams(levelParams: readonly Name[]): void {
  if (new Set(levelParams).size === levelParams.length) return;
  reject("duplicate-universe-parameter", "Cannot declare with two universe parameters of one name");
}

/** Rejects loose bound variables and universe parameters that are not declared. */
export function checkScope(e: Expr, levelParams: readonly Name[]): void {
  if (e.loose > 0) reject("loose-variable", "A bound variable has no binder");
  if (!e.hasParam) return;
  const allowed = new Set(levelParams);
  const seenLevels = new Set<Level>();
  const seen = new Set<Expr>();
  const stack = [e];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (!at.hasParam || seen.has(at)) continue;
    seen.add(at);
    if (at.kind === SORT || at.kind === CONST)
      for (const level of at.levels) checkLevel(level, allowed, seenLevels);
    for (const [part] of partsOf(at)) stack.push(part);
  }
}

function checkLevel(level: Level, allowed: ReadonlySet<Name>, seen: Set<Level>): void {
  if (!level.hasParam || seen.has(level)) return;
  seen.add(level);
  if (level.name !== undefined && !allowed.has(level.name)) {
    reject("unknown-universe-parameter", `Cannot find the universe parameter ${formatName(level.name)}`);
  }
  if (level.a !== undefined) checkLevel(level.a, allowed, seen);
  if (level.b !== undefined) checkLevel(level.b, allowed, seen);
}
