// Computed recursors are held against the rules of typing like everything else: a mistake in computing one, or in what it
// was computed from, must not become a rule of reduction.
import { LAM, PI, argsOf, headOf, type Expr } from "./expr.ts";
import type { Recursor, Rule } from "./environment.ts";
import { Fault, reject, sure } from "./fault.ts";
import { levelOf } from "./infer.ts";
import type { Kernel } from "./kernel.ts";
import { formatName } from "./name.ts";
import { checkScope } from "./scope.ts";

/**
 * Checks the types of the recursors of a group and that each rule has, for all its arguments, the type of what it replaces.
 * Puts them into the environment: without rules until all rules have been checked, so that none is used for itself.
 */
export function checkRecursors(k: Kernel, recursors: readonly Recursor[]): void {
  for (const recursor of recursors) {
    checkScope(recursor.type, recursor.levelParams);
    ask(recursor, () => levelOf(k, recursor.type, true));
    k.environment.set(recursor.name, { ...recursor, rules: new Map() });
  }
  for (const recursor of recursors)
    for (const rule of recursor.rules.values()) ask(recursor, () => checkRule(k, recursor, rule));
  for (const recursor of recursors) k.environment.set(recursor.name, recursor);
}

function ask(recursor: Recursor, question: () => unknown): void {
  try {
    question();
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== "rejected") throw error;
    reject("recursor-ill-typed", `Cannot use ${formatName(recursor.name)}: ${error.message}`);
  }
}

/** `fun params motives minors fields => body` against `rec params motives minors indices (constructor params fields)`. */
function checkRule(k: Kernel, recursor: Recursor, { constructor, fieldCount, value }: Rule): void {
  const { terms, rewriter } = k;
  checkScope(value, recursor.levelParams);
  k.check(value);
  const outerCount = recursor.paramCount + recursor.motiveCount + recursor.minorCount;
  const variables: Expr[] = [];
  let body = value;
  for (; variables.length < outerCount + fieldCount; body = body.right) {
    if (body.kind !== LAM) return reject("recursor-ill-typed", "A rule takes too few arguments");
    variables.push(terms.fvar(variables.length, rewriter.instantiate(body.left, variables)));
  }
  const right = rewriter.instantiate(body, variables);
  const fields = variables.slice(outerCount);
  const major = majorOf(k, recursor, constructor, variables, fields);
  const given = argsOf(k.whnf(k.check(major)));
  const indices = given.slice(given.length - recursor.indexCount);
  const levels = recursor.levelParams.map((name) => k.levels.param(name));
  const head = terms.apps(terms.constant(recursor.name, levels), variables, 0, outerCount);
  const left = terms.app(terms.apps(head, indices), major);
  if (!k.isEqual(k.check(right), k.check(left)))
    reject(
      "recursor-ill-typed",
      `The rule of ${formatName(constructor)} has another type than what it replaces`,
    );
}

/** The constructor's value that the rule is for, with the parameters of the type that the recursor takes apart. */
function majorOf(
  k: Kernel,
  recursor: Recursor,
  constructor: Rule["constructor"],
  variables: readonly Expr[],
  fields: readonly Expr[],
): Expr {
  // The type of the major premise says which parameters and levels: a nested type has others than the group.
  let at = recursor.type;
  const count = recursor.paramCount + recursor.motiveCount + recursor.minorCount + recursor.indexCount;
  for (let i = 0; i < count; i++) {
    if (at.kind !== PI) return reject("recursor-ill-typed", "The recursor takes too few arguments");
    at = at.right;
  }
  const inductive = k.environment.get(recursor.inductive);
  if (at.kind !== PI || inductive?.kind !== "inductive")
    return reject("recursor-ill-typed", "The recursor takes no value apart");
  const given = argsOf(at.left).slice(0, inductive.paramCount);
  // They stand under all arguments before the major premise, and mention only the parameters among these.
  const values = variables.slice(0, count - recursor.indexCount);
  while (values.length < count) values.push(sure(variables[0]));
  const params = given.map((param) => k.rewriter.instantiate(param, values));
  const { levels } = headOf(at.left);
  return k.terms.apps(k.terms.apps(k.terms.constant(constructor, levels), params), fields);
}
