// Expressions as Lean would print them, in the general form without notations but for the commonest operators.
import { APP, BVAR, CONST, FVAR, LAM, LET, NAT, PAIR, PI, PROJ, SORT, STR, type Expr } from "./terms/kind.ts";
import { formatLevel } from "./terms/level-order.ts";
import { formatBinder, formatName, type Name, type Names } from "./terms/names.ts";
import type { Terms } from "./terms/terms.ts";

export type BinderStyle = "default" | "implicit" | "strictImplicit" | "instImplicit";

/** What expressions are made of. */
export interface PrintTables {
  readonly terms: Terms;
  readonly names: Names;
  /** Names of bound variables, where they are known. */
  readonly hints?: { get(e: Expr): Name | undefined; isShared(name: Name): boolean };
}

/** An expression as the export spells it: with names of bound variables. */
export interface SpelledExpr {
  readonly expr: Expr;
  /** Of LAM, PI and LET. */
  readonly binder?: string;
  readonly style?: BinderStyle;
  /** The parts, in the order of Expr. */
  readonly parts: readonly SpelledExpr[];
}

/** Longer texts are cut: a report is for people. */
const LENGTH_MAX = 4000;
const DEPTH_MAX = 60;

const INFIX: ReadonlyMap<string, [symbol: string, arity: number, strength: number]> = new Map(
  Object.entries({
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
  }),
);

/** How the arguments of a constant are written in its declared type. */
export type StylesOf = (name: Name) => readonly BinderStyle[];

interface State extends PrintTables {
  readonly variables: string[];
  readonly stylesOf: StylesOf;
  /** Names of constants in the expression: no variable may pass for one. */
  readonly constants: ReadonlySet<string>;
  /** Names of free variables: no bound one may pass for one of them. */
  readonly free: ReadonlySet<string>;
  room: number;
  depth: number;
}

const NO_STYLES: StylesOf = () => [];

/**
 * @param source names of binders, when the expression is printed as exported
 * @param stylesOf where it is known, arguments that Lean finds by itself are left out
 */
export function formatExpr(
  { terms, names, hints }: PrintTables,
  expr: Expr,
  source?: SpelledExpr,
  stylesOf: StylesOf = NO_STYLES,
): string {
  const tables = { terms, names, ...(hints === undefined ? {} : { hints }) };
  const { constants, variables } = leavesOf(tables, expr);
  const free = new Set(variables.map((variable) => nameFree(tables, variable, constants)));
  const state = { ...tables, free, variables: [], stylesOf, constants, room: LENGTH_MAX, depth: 0 };
  const text = format(expr, source, state, 0);
  return text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}…` : text;
}

/** More than that is not shown in any case. */
const CONSTANT_SEARCH_MAX = 100_000;

/** Names of constants, and free variables. */
function leavesOf({ terms, names }: PrintTables, expr: Expr): { constants: Set<string>; variables: Expr[] } {
  const constants = new Set<string>();
  const variables: Expr[] = [];
  const seen = new Set<Expr>([expr]);
  for (const e of seen) {
    const kind = terms.kind(e);
    if (kind === CONST) constants.add(formatName(names, terms.name(e)));
    if (kind === FVAR) variables.push(e);
    if (kind < APP || seen.size >= CONSTANT_SEARCH_MAX) continue;
    seen.add(terms.left(e));
    if (kind !== PROJ) seen.add(terms.right(e));
  }
  return { constants, variables };
}

/** `strength`: what the place binds with; weaker text gets parentheses. */
function format(e: Expr, source: SpelledExpr | undefined, state: State, strength: number): string {
  if (state.room <= 0 || state.depth > DEPTH_MAX) return "…";
  state.depth++;
  const [text, own] = formatOpen(e, source, state);
  state.depth--;
  state.room -= text.length < 24 ? text.length : 8;
  return own < strength ? `(${text})` : text;
}

const ATOM = 1024;
const CALL = 1000;

function formatOpen(
  e: Expr,
  source: SpelledExpr | undefined,
  state: State,
): [text: string, strength: number] {
  const { terms } = state;
  switch (terms.kind(e)) {
    case BVAR:
      return [state.variables.at(-1 - terms.index(e)) ?? `#${terms.index(e)}`, ATOM];
    case FVAR:
      return [nameFree(state, e, state.constants), ATOM];
    case SORT:
      return formatSort(e, state);
    case CONST:
      return [formatConstant(e, state), ATOM];
    case NAT:
      return [String(terms.number(e)), ATOM];
    case STR:
      return [JSON.stringify(terms.text(e)), ATOM];
    case PROJ:
      return [`${format(terms.left(e), source?.parts[0], state, ATOM)}.${terms.field(e)[1] + 1}`, ATOM];
    case APP:
      return formatApplication(e, source, state);
    case LET:
      return formatLet(e, source, state);
    default:
      return terms.kind(e) === PI ? formatFunctionType(e, source, state) : formatLambda(e, source, state);
  }
}

function formatSort(e: Expr, { terms, names }: State): [string, number] {
  const level = formatLevel(terms.levels, names, terms.level(e));
  if (level === "0") return ["Prop", ATOM];
  if (level === "1") return ["Type", ATOM];
  const below = /^(?:\d+|(.*)\+1)$/.exec(level);
  if (below === null) return [`Sort ${level.includes(" ") ? `(${level})` : level}`, CALL];
  const lower = below[1] ?? String(Number(level) - 1);
  return [`Type ${/[ +]/.test(lower) ? (lower.startsWith("(") ? lower : `(${lower})`) : lower}`, CALL];
}

function formatApplication(e: Expr, source: SpelledExpr | undefined, state: State): [string, number] {
  const { terms, names } = state;
  const head = terms.head(e);
  const args = terms.args(e);
  const isNamed = terms.kind(head) === CONST;
  const sources: (SpelledExpr | undefined)[] = [];
  let at = source;
  for (let i = args.length - 1; i >= 0; i--) {
    sources[i] = at?.parts[1];
    at = at?.parts[0];
  }
  const argument = (i: number, strength: number): string => format(args[i] ?? e, sources[i], state, strength);
  const name = isNamed ? formatName(names, terms.name(head)) : "";
  const infix = INFIX.get(name);
  const count = args.length;
  if (infix !== undefined && infix[1] === count) {
    const [symbol, , own] = infix;
    return [`${argument(count - 2, own + 1)} ${symbol} ${argument(count - 1, own + 1)}`, own];
  }
  if (name === "OfNat.ofNat" && count === 3) return [argument(1, ATOM), ATOM];
  if (name === "Not" && count === 1) return [`¬${argument(0, 41)}`, 40];
  if (name === "Exists" && args[1] !== undefined && terms.kind(args[1]) === LAM)
    return formatExists(args[1], sources[1], state);
  if (name === "List.cons") {
    const list = formatList(e, source, state);
    if (list !== undefined) return [list, ATOM];
  }
  const styles = isNamed ? state.stylesOf(terms.name(head)) : [];
  const isWhole = isExplicit(styles[count]);
  const shown = args.flatMap((_, i) => (isWhole && !isExplicit(styles[i]) ? [] : [argument(i, CALL + 1)]));
  const mark = isWhole ? "" : "@";
  const called = isNamed ? name : format(head, at, state, ATOM);
  return [[mark + called, ...shown].join(" "), shown.length === 0 ? ATOM : CALL];
}

/** `[a, b]`, when the list is known to its end. */
function formatList(e: Expr, source: SpelledExpr | undefined, state: State): string | undefined {
  const { terms } = state;
  const items: [Expr, SpelledExpr | undefined][] = [];
  let [at, spelled] = [e, source];
  while (isCall(state, at, "List.cons", 3)) {
    items.push([terms.right(terms.left(at)), spelled?.parts[0]?.parts[1]]);
    [at, spelled] = [terms.right(at), spelled?.parts[1]];
  }
  if (!isCall(state, at, "List.nil", 1)) return undefined;
  return `[${items.map(([item, itemSource]) => format(item, itemSource, state, 0)).join(", ")}]`;
}

function isCall({ terms, names }: State, e: Expr, name: string, count: number): boolean {
  const head = terms.head(e);
  if (terms.kind(head) !== CONST || terms.args(e).length !== count) return false;
  return formatName(names, terms.name(head)) === name;
}

function isExplicit(style: BinderStyle | undefined): boolean {
  return style === undefined || style === "default";
}

/** A constant alone: with `@` where Lean would look for an argument to put behind it. */
function formatConstant(e: Expr, { terms, names, stylesOf }: State): string {
  const name = terms.name(e);
  return `${isExplicit(stylesOf(name)[0]) ? "" : "@"}${formatName(names, name)}`;
}

function formatExists(lambda: Expr, source: SpelledExpr | undefined, state: State): [string, number] {
  const name = nameVariable(lambda, source, state);
  const domain = format(state.terms.left(lambda), source?.parts[0], state, 0);
  return [`∃ ${name} : ${domain}, ${under(name, state.terms.right(lambda), source?.parts[1], state)}`, 0];
}

const BRACKETS: Readonly<Record<BinderStyle, [string, string]>> = {
  default: ["(", ")"],
  implicit: ["{", "}"],
  strictImplicit: ["⦃", "⦄"],
  instImplicit: ["[", "]"],
};

function formatFunctionType(e: Expr, source: SpelledExpr | undefined, state: State): [string, number] {
  const { terms } = state;
  if (!isArrow(terms, e, source)) return [`∀ ${formatBinders(PI, e, source, state, ", ")}`, 0];
  const domain = format(terms.left(e), source?.parts[0], state, 26);
  const body = terms.right(e);
  return [`${domain} → ${under("_", body, source?.parts[1], state, terms.kind(body) === PI ? 0 : 25)}`, 25];
}

function isArrow(terms: Terms, e: Expr, source: SpelledExpr | undefined): boolean {
  return terms.kind(e) === PI && isExplicit(source?.style) && !occurs(terms, terms.right(e));
}

function formatLambda(e: Expr, source: SpelledExpr | undefined, state: State): [string, number] {
  return [`fun ${formatBinders(LAM, e, source, state, " => ")}`, 0];
}

/** Binders that follow each other, those of one type together, then the body. */
function formatBinders(
  kind: typeof PI | typeof LAM,
  e: Expr,
  source: SpelledExpr | undefined,
  state: State,
  separator: string,
): string {
  const { terms } = state;
  const groups: { names: string; domain: string; style: BinderStyle }[] = [];
  const before = state.variables.length;
  let [at, spelled] = [e, source];
  for (; terms.kind(at) === kind && !isArrow(terms, at, spelled) && state.room > 0;) {
    const style = spelled?.style ?? "default";
    const domain = format(terms.left(at), spelled?.parts[0], state, 0);
    const isUsed = occurs(terms, terms.right(at));
    const name = nameVariable(at, spelled, state);
    const last = groups.at(-1);
    const isSame = last?.style === style && last.domain === domain && !domain.includes("…");
    if (isSame && style !== "instImplicit") last.names += ` ${name}`;
    else groups.push({ names: style === "instImplicit" && !isUsed ? "" : name, domain, style });
    state.variables.push(name);
    [at, spelled] = [terms.right(at), spelled?.parts[1]];
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
function occurs(terms: Terms, body: Expr): boolean {
  const seen = new Map<Expr, number>();
  const stack: [Expr, number][] = [[body, 0]];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const [e, index] = next;
    if (terms.loose(e) <= index || seen.get(e) === index) continue;
    const kind = terms.kind(e);
    if (kind === BVAR && terms.index(e) === index) return true;
    if (kind < APP) continue;
    seen.set(e, index);
    const isBinder = kind === LAM || kind === PI || kind === PAIR;
    if (kind !== PROJ) stack.push([terms.right(e), isBinder ? index + 1 : index]);
    stack.push([terms.left(e), index]);
  }
  return false;
}

function formatLet(e: Expr, source: SpelledExpr | undefined, state: State): [string, number] {
  const { terms } = state;
  const name = nameVariable(e, source, state);
  const type = format(terms.left(e), source?.parts[0], state, 0);
  const value = format(terms.letValue(e), source?.parts[1], state, 0);
  return [`let ${name} : ${type} := ${value}; ${under(name, terms.letBody(e), source?.parts[2], state)}`, 0];
}

function under(
  name: string,
  body: Expr,
  source: SpelledExpr | undefined,
  state: State,
  strength = 0,
): string {
  state.variables.push(name);
  const text = format(body, source, state, strength);
  state.variables.pop();
  return text;
}

/** As its binder was called, with its level where another has that name; variables without a name by level alone. */
function nameFree({ terms, names, hints }: PrintTables, e: Expr, constants: ReadonlySet<string>): string {
  const level = terms.depth(e) + 1;
  const name = hints?.get(e);
  if (name === undefined) return `x${level}`;
  const text = formatBinder(names, name);
  return constants.has(text) || hints?.isShared(name) === true ? `${text}_${level}` : text;
}

/** The exported name, or a made-up one, different from those that are already in use around it. */
function nameVariable(e: Expr, source: SpelledExpr | undefined, state: State): string {
  const { terms } = state;
  const isUsed = occurs(terms, terms.kind(e) === LET ? terms.letBody(e) : terms.right(e));
  if (!isUsed) return "_";
  const hint = state.hints?.get(e);
  const exported = source?.binder ?? (hint === undefined ? undefined : formatBinder(state.names, hint));
  const wanted = exported === undefined || exported === "_" ? "x" : exported;
  const isTaken = (name: string): boolean =>
    state.variables.includes(name) || state.constants.has(name) || state.free.has(name);
  if (!isTaken(wanted)) return wanted;
  for (let i = 1; ; i++) if (!isTaken(`${wanted}_${i}`)) return `${wanted}_${i}`;
}
