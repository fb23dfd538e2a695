// The order of universe levels is decided, not approximated: every parameter on which an imax depends is split into "is 0"
// and "is at least 1"; then no imax is left, both sides are maxima of `parameter + constant`, and those are compared atom
// by atom.
import { largest } from "#base/extremes.ts";
import { giveUp } from "#lean/fault.ts";
import { IMAX, MAX, PARAM, SUCC, ZERO, type Level, type LevelTable } from "./level-kind.ts";
import { formatName, type Name, type Names } from "./names.ts";

/** More split parameters than real developments have; each doubles the work. */
const SPLIT_MAX = 10;

/** A maximum of a constant and of `parameter + offset`, of parameters that are at least 1 where they are split. */
interface Maximum {
  readonly constant: number;
  readonly atoms: ReadonlyMap<Name, number>;
}

const NOTHING: Maximum = { constant: 0, atoms: new Map() };

/** Whether a ≤ b under every assignment. A wrong "yes" permits a universe in itself. */
export function decideOrder(levels: LevelTable, a: Level, b: Level): boolean {
  const quick = compareOffsets(levels, a, b);
  if (quick !== undefined) return quick;
  const parts = levels.partsOf(a, b);
  const split = [...findSplit(levels, parts)];
  if (split.length > SPLIT_MAX) giveUp("Cannot compare universe levels: too many parameters under imax");
  for (let bits = 0; bits < 2 ** split.length; bits++) {
    const isPositive = new Map(split.map((name, index) => [name, ((bits >> index) & 1) === 1]));
    const values = new Map<Level, Maximum>();
    for (const part of parts) values.set(part, maximumOf(levels, part, values, isPositive));
    if (!isCovered(values.get(a) ?? NOTHING, values.get(b) ?? NOTHING)) return false;
  }
  return true;
}

/** `x + m ≤ x + n`, of one x: by the numbers. */
function compareOffsets(levels: LevelTable, a: Level, b: Level): boolean | undefined {
  let [left, right, m, n] = [a, b, 0, 0];
  for (; levels.kind(left) === SUCC; m++) left = levels.first(left);
  for (; levels.kind(right) === SUCC; n++) right = levels.first(right);
  return left === right ? m <= n : undefined;
}

/** Parameters on which it depends whether the second operand of an imax is 0. */
function findSplit(levels: LevelTable, parts: readonly Level[]): Set<Name> {
  const under = new Set<Level>();
  const split = new Set<Name>();
  for (const part of parts.toReversed()) {
    const kind = levels.kind(part);
    const isUnder = under.has(part);
    if (kind === PARAM && isUnder) split.add(levels.first(part));
    if (isUnder && (kind === SUCC || kind === MAX || kind === IMAX)) under.add(levels.first(part));
    if (kind === IMAX || (isUnder && kind === MAX)) under.add(levels.second(part));
  }
  return split;
}

function maximumOf(
  levels: LevelTable,
  level: Level,
  values: ReadonlyMap<Level, Maximum>,
  isPositive: ReadonlyMap<Name, boolean>,
): Maximum {
  const kind = levels.kind(level);
  if (kind === ZERO) return NOTHING;
  if (kind === PARAM) {
    const name = levels.first(level);
    const positive = isPositive.get(name);
    if (positive === false) return NOTHING;
    const offset = positive === true ? 1 : 0;
    return { constant: offset, atoms: new Map([[name, offset]]) };
  }
  const first = values.get(levels.first(level)) ?? NOTHING;
  if (kind === SUCC) {
    const atoms = new Map([...first.atoms].map(([atom, offset]) => [atom, offset + 1]));
    return { constant: first.constant + 1, atoms };
  }
  const second = values.get(levels.second(level)) ?? NOTHING;
  if (kind === IMAX && second.constant === 0 && second.atoms.size === 0) return second;
  const atoms = new Map(first.atoms);
  for (const [atom, offset] of second.atoms) atoms.set(atom, Math.max(offset, atoms.get(atom) ?? 0));
  return { constant: Math.max(first.constant, second.constant), atoms };
}

function isCovered(small: Maximum, large: Maximum): boolean {
  if (small.constant > largest(large.atoms.values(), large.constant)) return false;
  return [...small.atoms].every(([atom, offset]) => offset <= (large.atoms.get(atom) ?? -1));
}

/** Parts of a level that are shown: shared parts make it a graph, which may be large without end when unfolded. */
const SHOWN_MAX = 200;

/** As Lean writes it: `u`, `u+1`, `max u v`; what is too large is cut. */
export function formatLevel(levels: LevelTable, names: Names, level: Level): string {
  return format(levels, names, level, { room: SHOWN_MAX });
}

function format(levels: LevelTable, names: Names, level: Level, left: { room: number }): string {
  if (left.room-- <= 0) return "…";
  let offset = 0;
  let base = level;
  for (; levels.kind(base) === SUCC; base = levels.first(base)) offset++;
  const kind = levels.kind(base);
  if (kind === ZERO) return String(offset);
  if (kind === PARAM) return withOffset(formatName(names, levels.first(base)), offset);
  const operand = (part: Level): string => {
    const text = format(levels, names, part, left);
    return text.includes(" ") ? `(${text})` : text;
  };
  const text = `${kind === MAX ? "max" : "imax"} ${operand(levels.first(base))} ${operand(levels.second(base))}`;
  return withOffset(offset > 0 ? `(${text})` : text, offset);
}

function withOffset(text: string, offset: number): string {
  return offset === 0 ? text : `${text}+${offset}`;
}
