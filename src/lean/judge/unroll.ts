// Unrolling of well-founded recursion, once: only for showing that an operation on numbers is the one of its name (see
// primitive.ts), never in the check of a declaration.
import { CONST, type Expr } from "#lean/terms/kind.ts";
import type { Kernel } from "./kernel.ts";

/**
 * A proof `h : Acc r x` is `Acc.intro x (fun y hy => Acc.inv h hy)`: two proofs of one proposition.
 * @param recursor the Acc.rec that takes the proof apart, when it makes data
 */
export function unrollAcc(k: Kernel, recursor: Expr, inductive: number, proof: Expr): Expr | undefined {
  if (!k.isUnrolling) return undefined;
  const { terms, levels, names } = k;
  const acc = names.of("Acc");
  const [motiveLevel, u] = levels.items(terms.list(recursor));
  if (inductive !== acc || motiveLevel === 0 || u === undefined) return undefined;
  const type = k.whnf(k.infer(proof));
  const [alpha, relation, x] = terms.args(type);
  const head = terms.head(type);
  if (terms.kind(head) !== CONST || terms.name(head) !== acc) return undefined;
  if (alpha === undefined || relation === undefined || x === undefined) return undefined;
  const list = terms.list(head);
  // `∀ y, r y x → Acc r y`, where x is the variable `at` binders up
  const below = (at: Expr): Expr => {
    const related = terms.apps(relation, [terms.bvar(0), at]);
    return terms.pi(alpha, terms.pi(related, terms.apps(head, [alpha, relation, terms.bvar(1)])));
  };
  const accOf = (e: Expr): Expr => terms.apps(head, [alpha, relation, e]);
  const motive = terms.lam(alpha, terms.lam(accOf(terms.bvar(0)), below(terms.bvar(2))));
  const hypothesis = terms.pi(
    alpha,
    terms.pi(
      terms.apps(relation, [terms.bvar(0), terms.bvar(2)]),
      terms.apps(motive, [terms.bvar(1), terms.apps(terms.bvar(2), [terms.bvar(1), terms.bvar(0)])]),
    ),
  );
  const minor = terms.lam(alpha, terms.lam(below(terms.bvar(1)), terms.lam(hypothesis, terms.bvar(1))));
  const take = terms.constant(names.child(acc, "rec"), levels.list([0, u]));
  const inverse = terms.apps(take, [alpha, relation, motive, minor, x, proof]);
  return terms.apps(terms.constant(names.child(acc, "intro"), list), [alpha, relation, x, inverse]);
}
