// The way from a declaration to the expression in it that was refused, in words.
import type { Declaration } from "#lean/read/constants.ts";
import { APP, LAM, LET, PI, PROJ, type Expr } from "#lean/terms/kind.ts";
import { formatBinder } from "#lean/terms/names.ts";
import { showExpr, type Kernel } from "#lean/judge/kernel.ts";

/** More steps are not shown: the last ones say most. */
const STEPS_MAX = 8;
const TEXT_MAX = 60;

/** @param trace the expressions in which it lies, from the outermost to the innermost */
export function describeWay(k: Kernel, declaration: Declaration, trace: readonly Expr[]): string {
  const [outermost, ...inner] = trace;
  if (outermost === undefined) return "";
  const steps = [rootOf(declaration, outermost)];
  let at = outermost;
  for (const next of inner) {
    const step = stepTo(k, at, next);
    if (step !== "") steps.push(step);
    at = next;
  }
  const shown = steps.filter((step) => step !== "");
  if (shown.length === 0) return "";
  const last = shown.length > STEPS_MAX ? ["…", ...shown.slice(-STEPS_MAX)] : shown;
  return ` (in ${last.join(", ")})`;
}

function rootOf(declaration: Declaration, outermost: Expr): string {
  if (declaration.kind === "inductive") {
    const isType = declaration.types.some(({ type }) => type === outermost);
    return isType
      ? "the type"
      : declaration.constructors.some(({ type }) => type === outermost)
        ? "a constructor"
        : "";
  }
  if (declaration.type === outermost) return "the statement";
  return "value" in declaration && declaration.value === outermost ? "the value" : "";
}

/** Which part of `from` `to` is: under the binders of one kind that stand together, or an argument. */
function stepTo(k: Kernel, from: Expr, to: Expr): string {
  const { terms } = k;
  const kind = terms.kind(from);
  if (kind === APP) {
    const place = terms.args(from).indexOf(to);
    const f = showExpr(k, terms.head(from));
    return place === -1 ? "" : `argument ${place + 1} of ${f.length > TEXT_MAX ? "a function" : f}`;
  }
  if (kind === PROJ) return "the structure of a projection";
  const names: string[] = [];
  let at = from;
  const isBinder = kind === LAM || kind === PI || kind === LET;
  if (!isBinder) return "";
  while (terms.kind(at) === kind) {
    const name = k.hints.get(at);
    names.push(name === undefined ? "_" : formatBinder(k.names, name));
    if (terms.left(at) === to) return `the type of ${names.at(-1)}`;
    if (kind === LET && terms.letValue(at) === to) return `the value of ${names.at(-1)}`;
    at = kind === LET ? terms.letBody(at) : terms.right(at);
  }
  if (at !== to) return "";
  return `${kind === LAM ? "fun" : kind === PI ? "∀" : "let"} ${names.join(" ")}`;
}
