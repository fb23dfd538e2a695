// Expressions as Lean would print them, in the general form without notations but for the commonest operators.
import {
  APP,
  BVAR,
  CONST,
  FVAR,
  LAM,
  LET,
  NAT,
  PI,
  PROJ,
  SORT,
  STR,
  argsOf,
  headOf,
  partsOf,
  type Expr,
} from "./expr.ts";
import { formatLevel } from "./level.ts";
import { formatName, type Name } from "./name.ts";

export type BinderStyle = "default" | "implicit" | "strictImplicit" | "instImplicit";

/** An expression as the export spells it: with names of bound variables. */
export interface Source {
  readonly expr: Expr;
  /** Of LAM, PI and LET. */
  readonly binder?: string;
  readonly style?: BinderStyle;
  /** The parts, in the order of Expr. */
  readonly parts: readonly Source[];
}

/** Longer texts are cut: a report is for people. */
const LENGTH_MAX = 4000;
const DEPTH_MAX = 60;

const INFIX: Readonly<Record<string, [symbol: string, arity: number, strength: number]>> = {
  Eq: ["=", 3, 50],
  Ne: ["≠", 3, 50],
  HEq: ["≍", 4, 50],
  And: ["∧", 2, 35],
  Or: ["∨", 2, 30],
  Iff: ["↔", 2, 20],
  "LE.le": ["≤", 4, 50],
  "LT.lt": ["<", 4, 50],
  "GE.ge": ["≥", 4, 50],
  "GT.gt": [">", 4, 50],
  "HAdd.hAdd": ["+", 6, 65],
  "HSub.hSub": ["-", 6, 65],
  "HMul.hMul": ["*", 6, 70],
  "HDiv.hDiv": ["/", 6, 70],
  "HMod.hMod": ["%", 6, 70],
  "HPow.hPow": ["^", 6, 75],
  "Nat.add": ["+", 2, 65],
  "Nat.sub": ["-", 2, 65],
  "Nat.mul": ["*", 2, 70],
  "Nat.div": ["/", 2, 70],
  "Nat.mod": ["%", 2, 70],
  "Nat.pow": ["^", 2, 75],
  "Nat.le": ["≤", 2, 50],
  "Nat.lt": ["<", 2, 50],
  Prod: ["×", 2, 35],
};

/** How the arguments of a constant are written in its declared type. */
export type StylesOf = (name: Name) => readonly BinderStyle[];

interface State {
  readonly variables: string[];
  readonly stylesOf: StylesOf;
  /** Names of constants in the expression: no variable may pass for one. */
  readonly constants: ReadonlySet<string>;
  room: number;
  depth: number;
}

const NO_STYLES: StylesOf = () => [];

/**
 * @param source names of binders, when the expression is printed as exported
 * @param stylesOf where it is known, arguments that Lean finds by itself are left out
 */
export function formatExpr(expr: Expr, source?: Source, stylesOf: StylesOf = NO_STYLES): string {
  const state = { variables: [], stylesOf, constants: constantsOf(expr), room: LENGTH_MAX, depth: 0 };
  const text = format(expr, source, state, 0);
  return text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}…` : text;
}

/** More than that is not shown in any case. */
const CONSTANT_SEARCH_MAX = 100_000;

function constantsOf(expr: Expr): Set<string> {
  const found = new Set<string>();
  const seen = new Set<Expr>([expr]);
  for (const e of seen) {
    if (e.kind === CONST) found.add(formatName(e.name));
    if (seen.size < CONSTANT_SEARCH_MAX) for (const [part] of partsOf(e)) seen.add(part);
  }
  return found;
}

/** `strength`: what the place binds with; weaker text gets parentheses. */
function format(e: Expr, source: Source | undefined, state: State, strength: number): string {
  if (state.room <= 0 || state.depth > DEPTH_MAX) return "…";
  state.depth++;
  const [text, own] = formatOpen(e, source, state);
  state.depth--;
  state.room -= text.length < 24 ? text.length : 8;
  return own < strength ? `(${text})` : text;
}

const ATOM = 1024;
const CALL = 1000;

function formatOpen(e: Expr, source: Source | undefined, state: State): [text: string, strength: number] {
  switch (e.kind) {
    case BVAR:
      return [state.variables.at(-1 - e.index) ?? `#${e.index}`, ATOM];
    case FVAR:
      return [`x${e.index + 1}`, ATOM];
    case SORT:
      return formatSort(e);
    case CONST:
      return [formatConstant(e, state), ATOM];
    case NAT:
      return [String(e.literal), ATOM];
    case STR:
      return [JSON.stringify(e.literal), ATOM];
    case PROJ:
      return [`${format(e.left, source?.parts[0], state, ATOM)}.${e.index + 1}`, ATOM];
    case APP:
      return formatApplication(e, source, state);
    case LET:
      return formatLet(e, source, state);
    default:
      return e.kind === PI ? formatFunctionType(e, source, state) : formatLambda(e, source, state);
  }
}

function formatSort(e: Expr): [string, number] {
  const [own] = e.levels;
  const level = own === undefined ? "" : formatLevel(own);
  if (level === "0") return ["Prop", ATOM];
  if (level === "1") return ["Type", ATOM];
  const below = /^(?:\d+|(.*)\+1)$/.exec(level);
  if (below === null) return [`Sort ${level.includes(" ") ? `(${level})` : level}`, CALL];
  const lower = below[1] ?? String(Number(level) - 1);
  return [`Type ${/[ +]/.test(lower) ? (lower.startsWith("(") ? lower : `(${lower})`) : lower}`, CALL];
}

function formatApplication(e: Expr, source: Source | undefined, state: State): [string, number] {
  const head = headOf(e);
  const args = argsOf(e);
  const sources: (Source | undefined)[] = [];
  let at = source;
  for (let i = args.length - 1; i >= 0; i--) {
    sources[i] = at?.parts[1];
    at = at?.parts[0];
  }
  const argument = (i: number, strength: number): string => format(args[i] ?? e, sources[i], state, strength);
  const name = head.kind === CONST ? formatName(head.name) : "";
  const infix = INFIX[name];
  const count = args.length;
  if (infix !== undefined && infix[1] === count) {
    const [symbol, , own] = infix;
    return [`${argument(count - 2, own + 1)} ${symbol} ${argument(count - 1, own + 1)}`, own];
  }
  if (name === "OfNat.ofNat" && count === 3) return [argument(1, ATOM), ATOM];
  if (name === "Not" && count === 1) return [`¬${argument(0, 41)}`, 40];
  if (name === "Exists" && args[1]?.kind === LAM) return formatExists(args[1], sources[1], state);
  if (name === "List.cons") {
    const list = formatList(e, source, state);
    if (list !== undefined) return [list, ATOM];
  }
  const styles = head.kind === CONST ? state.stylesOf(head.name) : [];
  const isWhole = isExplicit(styles[count]);
  const shown = args.flatMap((_, i) => (isWhole && !isExplicit(styles[i]) ? [] : [argument(i, CALL + 1)]));
  const mark = isWhole ? "" : "@";
  const called = head.kind === CONST ? name : format(head, at, state, ATOM);
  return [[mark + called, ...shown].join(" "), shown.length === 0 ? ATOM : CALL];
}

/** `[a, b]`, when the list is known to its end. */
function formatList(e: Expr, source: Source | undefined, state: State): string | undefined {
  const items: [Expr, Source | undefined][] = [];
  let [at, spelled] = [e, source];
  while (isCall(at, "List.cons", 3)) {
    items.push([at.left.right, spelled?.parts[0]?.parts[1]]);
    [at, spelled] = [at.right, spelled?.parts[1]];
  }
  if (!isCall(at, "List.nil", 1)) return undefined;
  return `[${items.map(([item, itemSource]) => format(item, itemSource, state, 0)).join(", ")}]`;
}

function isCall(e: Expr, name: string, count: number): boolean {
  const head = headOf(e);
  return head.kind === CONST && argsOf(e).length === count && formatName(head.name) === name;
}

function isExplicit(style: BinderStyle | undefined): boolean {
  return style === undefined || style === "default";
}

/** A constant alone: with `@` where Lean would look for an argument to put behind it. */
function formatConstant({ name }: Expr, { stylesOf }: State): string {
  return `${isExplicit(stylesOf(name)[0]) ? "" : "@"}${formatName(name)}`;
}

function formatExists(lambda: Expr, source: Source | undefined, state: State): [string, number] {
  const name = nameVariable(lambda, source, state);
  const domain = format(lambda.left, source?.parts[0], state, 0);
  return [`∃ ${name} : ${domain}, ${under(name, lambda.right, source?.parts[1], state)}`, 0];
}

const BRACKETS: Readonly<Record<BinderStyle, [string, string]>> = {
  default: ["(", ")"],
  implicit: ["{", "}"],
  strictImplicit: ["⦃", "⦄"],
  instImplicit: ["[", "]"],
};

function formatFunctionType(e: Expr, source: Source | undefined, state: State): [string, number] {
  if (!isArrow(e, source)) return [`∀ ${formatBinders(PI, e, source, state, ", ")}`, 0];
  const domain = format(e.left, source?.parts[0], state, 26);
  return [`${domain} → ${under("_", e.right, source?.parts[1], state, e.right.kind === PI ? 0 : 25)}`, 25];
}

function isArrow(e: Expr, source: Source | undefined): boolean {
  return e.kind === PI && isExplicit(source?.style) && !occurs(e.right);
}

function formatLambda(e: Expr, source: Source | undefined, state: State): [string, number] {
  return [`fun ${formatBinders(LAM, e, source, state, " => ")}`, 0];
}

/** Binders that follow each other, those of one type together, then the body. */
function formatBinders(
  kind: typeof PI | typeof LAM,
  e: Expr,
  source: Source | undefined,
  state: State,
  separator: string,
): string {
  const groups: { names: string; domain: string; style: BinderStyle }[] = [];
  const before = state.variables.length;
  let [at, spelled] = [e, source];
  for (; at.kind === kind && !isArrow(at, spelled) && state.room > 0;) {
    const style = spelled?.style ?? "default";
    const domain = format(at.left, spelled?.parts[0], state, 0);
    const isUsed = occurs(at.right);
    const name = nameVariable(at, spelled, state);
    const last = groups.at(-1);
    const isSame = last?.style === style && last.domain === domain && !domain.includes("…");
    if (isSame && style !== "instImplicit") last.names += ` ${name}`;
    else groups.push({ names: style === "instImplicit" && !isUsed ? "" : name, domain, style });
    state.variables.push(name);
    [at, spelled] = [at.right, spelled?.parts[1]];
  }
  const binders = groups.map(({ names, domain, style }) => {
    const [open, close] = BRACKETS[style];
    return `${open}${names === "" ? domain : `${names} : ${domain}`}${close}`;
  });
  const body = format(at, spelled, state, 0);
  state.variables.length = before;
  return `${binders.join(" ")}${separator}${body}`;
}

/** Whether the variable of the binder around `body` is in it. */
function occurs(body: Expr): boolean {
  const seen = new Map<Expr, number>();
  const stack: [Expr, number][] = [[body, 0]];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const [e, index] = next;
    if (e.loose <= index || seen.get(e) === index) continue;
    if (e.kind === BVAR && e.index === index) return true;
    seen.set(e, index);
    for (const [part, binders] of partsOf(e)) stack.push([part, index + binders]);
  }
  return false;
}

function formatLet(e: Expr, source: Source | undefined, state: State): [string, number] {
  const name = nameVariable(e, source, state);
  const type = format(e.left, source?.parts[0], state, 0);
  const value = format(e.right, source?.parts[1], state, 0);
  return [`let ${name} : ${type} := ${value}; ${under(name, e.body, source?.parts[2], state)}`, 0];
}

function under(name: string, body: Expr, source: Source | undefined, state: State, strength = 0): string {
  state.variables.push(name);
  const text = format(body, source, state, strength);
  state.variables.pop();
  return text;
}

/** The exported name, or a made-up one, different from those that are already in use around it. */
function nameVariable(e: Expr, source: Source | undefined, state: State): string {
  const isUsed = occurs(e.kind === LET ? e.body : e.right);
  if (!isUsed) return "_";
  const wanted = source?.binder === undefined || source.binder === "_" ? "x" : source.binder;
  const isTaken = (name: string): boolean => state.variables.includes(name) || state.constants.has(name);
  if (!isTaken(wanted)) return wanted;
  for (let i = 1; ; i++) if (!isTaken(`${wanted}_${i}`)) return `${wanted}_${i}`;
}
