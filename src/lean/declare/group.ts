// A group of inductive types that is being checked, and where its types may stand.
import type { Expr } from "#lean/terms/kind.ts";
import type { Level } from "#lean/terms/level-kind.ts";
import type { Name } from "#lean/terms/names.ts";
import type { Kernel } from "#lean/judge/kernel.ts";
import { mentions } from "./telescope.ts";

/** A group under construction: its own types first, then auxiliary ones for nested occurrences. */
export interface InductiveGroup {
  readonly levelParams: readonly Name[];
  readonly params: readonly Expr[];
  readonly level: Level;
  readonly types: readonly GroupType[];
  /** Names of all `types`. */
  readonly names: ReadonlySet<Name>;
  /** How many of `types` were declared. */
  readonly declaredCount: number;
}

export interface GroupType {
  readonly name: Name;
  /** The constant with the group's own levels. */
  readonly constant: Expr;
  readonly type: Expr;
  readonly indexCount: number;
  readonly constructors: readonly GroupConstructor[];
}

export interface GroupConstructor {
  readonly name: Name;
  readonly constant: Expr;
  /** Its type after the parameters. */
  readonly fields: Expr;
}

/**
 * The type of the group that `e` is, applied to the group's parameters and to indices without types of the group. What is
 * wrongly found to be none gets no induction hypothesis.
 */
export function recursiveTarget(k: Kernel, group: InductiveGroup, e: Expr): GroupType | undefined {
  const head = k.terms.head(e);
  const type = group.types.find(({ constant }) => constant === head);
  if (type === undefined) return undefined;
  const args = k.terms.args(e);
  if (args.length !== group.params.length + type.indexCount) return undefined;
  if (!group.params.every((param, i) => k.isEqual(param, args[i]!))) return undefined;
  const indices = args.slice(group.params.length);
  return indices.some((index) => mentions(k.terms, index, group.names)) ? undefined : type;
}
