// Computed recursors are held against the rules of typing like everything else: a mistake in computing one, or in what it
// was computed from, must not become a rule of reduction.
import type { Recursor, RecursorRule } from "#lean/read/constants.ts";
import { LAM, PI, type Expr } from "#lean/terms/kind.ts";
import { Fault, reject } from "#lean/fault.ts";
import { sortLevelOf } from "#lean/judge/infer.ts";
import { nameText, type Kernel } from "#lean/judge/kernel.ts";
import { checkScope } from "./scope.ts";

/**
 * Checks the types of the recursors of a group and that each rule has, for all its arguments, the type of what it replaces.
 * Puts them into the environment: without rules until all rules have been checked, so that none is used for itself.
 */
export function checkRecursors(k: Kernel, recursors: readonly Recursor[]): void {
  for (const recursor of recursors) {
    checkScope(k, recursor.type, recursor.levelParams);
    ask(k, recursor, () => sortLevelOf(k, recursor.type, true));
    k.environment.add({ ...recursor, rules: [] });
  }
  for (const recursor of recursors)
    for (const rule of recursor.rules) ask(k, recursor, () => checkRule(k, recursor, rule));
  for (const recursor of recursors) k.environment.add(recursor);
}

function ask(k: Kernel, recursor: Recursor, question: () => unknown): void {
  try {
    question();
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== "rejected") throw error;
    reject("recursor-ill-typed", `Cannot use ${nameText(k, recursor.name)}: ${error.message}`);
  }
}

/** `fun params motives minors fields => body` against `rec params motives minors indices (constructor params fields)`. */
function checkRule(k: Kernel, recursor: Recursor, { constructor, fieldCount, value }: RecursorRule): void {
  const { terms, rewriter } = k;
  checkScope(k, value, recursor.levelParams);
  k.check(value);
  const outerCount = recursor.paramCount + recursor.motiveCount + recursor.minorCount;
  const variables: Expr[] = [];
  let body = value;
  for (; variables.length < outerCount + fieldCount; body = terms.right(body)) {
    if (terms.kind(body) !== LAM) return reject("recursor-ill-typed", "A rule takes too few arguments");
    variables.push(terms.fvar(variables.length, rewriter.instantiate(terms.left(body), variables)));
  }
  const right = rewriter.instantiate(body, variables);
  const fields = variables.slice(outerCount);
  const major = majorOf(k, recursor, constructor, variables, fields);
  const given = terms.args(k.whnf(k.check(major)));
  const indices = given.slice(given.length - recursor.indexCount);
  const levels = k.levels.list(recursor.levelParams.map((name) => k.levels.param(name)));
  const head = terms.apps(terms.constant(recursor.name, levels), variables, 0, outerCount);
  const left = terms.app(terms.apps(head, indices), major);
  if (!k.isEqual(k.check(right), k.check(left)))
    reject(
      "recursor-ill-typed",
      `The rule of ${nameText(k, constructor)} has another type than what it replaces`,
    );
}

/** The constructor's value that the rule is for, with the parameters of the type that the recursor takes apart. */
function majorOf(
  k: Kernel,
  recursor: Recursor,
  constructor: RecursorRule["constructor"],
  variables: readonly Expr[],
  fields: readonly Expr[],
): Expr {
  // The type of the major premise says which parameters and levels: a nested type has others than the group.
  const { terms } = k;
  let at = recursor.type;
  const count = recursor.paramCount + recursor.motiveCount + recursor.minorCount + recursor.indexCount;
  for (let i = 0; i < count; i++) {
    if (terms.kind(at) !== PI) return reject("recursor-ill-typed", "The recursor takes too few arguments");
    at = terms.right(at);
  }
  const target = terms.left(at);
  const inductive = k.environment.get(terms.name(terms.head(target)));
  if (terms.kind(at) !== PI || inductive?.kind !== "inductive")
    return reject("recursor-ill-typed", "The recursor takes no value apart");
  const given = terms.args(target).slice(0, inductive.paramCount);
  // They stand under all arguments before the major premise, and mention only the parameters among these.
  const values = variables.slice(0, count - recursor.indexCount);
  while (values.length < count) values.push(variables[0]!);
  const params = given.map((param) => k.rewriter.instantiate(param, values));
  const made = terms.constant(constructor, terms.list(terms.head(target)));
  return terms.apps(terms.apps(made, params), fields);
}
