// What a declaration may refer to besides constants: its own universe parameters.
import { CONST, PROJ, SORT, APP, type Expr } from "#lean/terms/kind.ts";
import { PARAM, type Level } from "#lean/terms/level-kind.ts";
import type { Name } from "#lean/terms/names.ts";
import { reject } from "#lean/fault.ts";
import { nameText, type Kernel } from "#lean/judge/kernel.ts";

export function checkLevelParams(levelParams: readonly Name[]): void {
  if (new Set(levelParams).size === levelParams.length) return;
  reject("duplicate-universe-parameter", "Cannot declare with two universe parameters of one name");
}

/**
 * Rejects loose bound variables and universe parameters that are not declared: one that nothing replaces would be one
 * universe in all instances.
 */
export function checkScope(k: Kernel, e: Expr, levelParams: readonly Name[]): void {
  const { terms, levels } = k;
  if (terms.loose(e) > 0) reject("loose-variable", "A bound variable has no binder");
  if (!terms.hasParam(e)) return;
  const allowed = new Set(levelParams);
  const seenLevels = new Set<Level>();
  const seen = new Set<Expr>();
  const stack = [e];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (!terms.hasParam(at) || seen.has(at)) continue;
    seen.add(at);
    const kind = terms.kind(at);
    if (kind === SORT) checkLevel(k, terms.level(at), allowed, seenLevels);
    else if (kind === CONST)
      for (const level of levels.items(terms.list(at))) checkLevel(k, level, allowed, seenLevels);
    if (kind < APP) continue;
    stack.push(terms.left(at));
    if (kind !== PROJ) stack.push(terms.right(at));
  }
}

function checkLevel(k: Kernel, level: Level, allowed: ReadonlySet<Name>, seen: Set<Level>): void {
  const { levels } = k;
  if (!levels.hasParam(level) || seen.has(level)) return;
  for (const part of levels.partsOf(level)) {
    if (seen.has(part)) continue;
    seen.add(part);
    if (levels.kind(part) !== PARAM || allowed.has(levels.first(part))) continue;
    const name = nameText(k, levels.first(part));
    reject("unknown-universe-parameter", `Cannot find the universe parameter ${name}`);
  }
}
