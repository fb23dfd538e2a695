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
  type Expr,
} from "./expr.ts";
import { formatLevel } from "./level.ts";
import { formatName } from "./name.ts";

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

interface State {
  readonly variables: string[];
  room: number;
  depth: number;
}

/** @param source names of binders, when the expression is printed as exported */
export function formatExpr(expr: Expr, source?: Source): string {
  const text = format(expr, source, { variables: [], room: LENGTH_MAX, depth: 0 }, 0);
  return text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}…` : text;
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
      return [formatName(e.name), ATOM];
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
  const level = formatLevel(e.levels[0]!);
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
  const argument = (i: number, strength: number): string => format(args[i]!, sources[i], state, strength);
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
  const explicit = hasImplicit(head) ? "@" : "";
  const parts = [explicit + format(head, at, state, ATOM), ...args.map((_, i) => argument(i, CALL + 1))];
  return [parts.join(" "), CALL];
}

function hasImplicit(_head: Expr): boolean {
  return false;
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
  const style = source?.style ?? "default";
  if (e.right.loose === 0 && style === "default") {
    const domain = format(e.left, source?.parts[0], state, 26);
    return [`${domain} → ${under("_", e.right, source?.parts[1], state, 25)}`, 25];
  }
  const name = nameVariable(e, source, state);
  const [open, close] = BRACKETS[style];
  const domain = format(e.left, source?.parts[0], state, 0);
  const binder = style === "instImplicit" && e.right.loose === 0 ? domain : `${name} : ${domain}`;
  return [`∀ ${open}${binder}${close}, ${under(name, e.right, source?.parts[1], state)}`, 0];
}

function formatLambda(e: Expr, source: Source | undefined, state: State): [string, number] {
  const name = nameVariable(e, source, state);
  const domain = format(e.left, source?.parts[0], state, 0);
  return [`fun (${name} : ${domain}) => ${under(name, e.right, source?.parts[1], state)}`, 0];
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
  const wanted = source?.binder ?? "x";
  const body = e.kind === LET ? e.body : e.right;
  if (body.loose === 0) return source?.binder ?? "_";
  if (!state.variables.includes(wanted)) return wanted;
  for (let i = 1; ; i++) if (!state.variables.includes(`${wanted}_${i}`)) return `${wanted}_${i}`;
}
