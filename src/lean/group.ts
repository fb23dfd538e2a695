// A group of inductive types that is being checked, and where its types may stand.
import { argsOf, headOf, type Expr } from "./expr.ts";
import type { Kernel } from "./kernel.ts";
import type { Level } from "./level.ts";
import type { Name } from "./name.ts";
import { mentions } from "./telescope.ts";
import { sure } from "./fault.ts";

/** A group under construction: its own types first, then auxiliary ones for nested occurrences. */
export interface Group {
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

/** The type of the group that `e` is, applied to the group's parameters and to indices without types of the group. */
export function recursiveTarget(k: Kernel, group: Group, e: Expr): GroupType | undefined {
  const head = headOf(e);
  const type = group.types.find(({ constant }) => constant === head);
  const args = argsOf(e);
  if (type === undefined || args.length !== group.params.length + type.indexCount) return undefined;
  if (!group.params.every((param, i) => k.isEqual(param, sure(args[i])))) return undefined;
  if (args.slice(group.params.length).some((index) => mentions(index, group.names))) return undefined;
  return type;
}
