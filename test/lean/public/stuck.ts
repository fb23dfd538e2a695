// Public reports about propositions whose sort is stuck, or is Prop only after a computation: what is data there, and what
// may be taken out.
import { inductive, type SourceGroup } from "../inductive.ts";
import { Bool, start } from "../prelude.ts";
import {
  ap,
  arrow,
  c,
  lam,
  pi,
  proj,
  prop,
  refl,
  type,
  v,
  type Binder,
  type Export,
  type Term,
} from "#lean/source/terms.ts";
import { accessible, call, ff, gate, inconsistent, P, proofOfAC, proven, Q, same, tt } from "./accessible.ts";
import { reject, type Answer, type PublicCase } from "./case.ts";

const STUCK = "lean4 pull 14807, arena bugs/proj-of-subst-prop";

/** Whether P, Q, the gate and the owner have a Boolean as a parameter: the conditions are open terms then. */
type Shape = "open" | "closed";

/** `Owner : forall h : P, gate h` with one field, which is a proposition for a variable `h`. */
function owner(shape: Shape, field: Term): Export {
  const e = proven(accessible());
  const x: Binder[] = shape === "open" ? [["x", Bool]] : [];
  const at = shape === "open" ? v("x") : ff;
  const h: Binder = ["h", ap(c("P"), ...x.map(() => at))];
  e.def("P", pi(x, prop), lam(x, P(at))).def("Q", pi(x, prop), lam(x, Q(at)));
  e.opaque("witness", ap(c("Q"), ...x.map(() => ff)), proofOfAC(ff));
  e.def("gate", pi([...x, h], type), lam([...x, h], gate(at, call("b", at), v("h"), prop)));
  const mk = { name: "Owner.mk", fields: [{ name: "bit", type: field }] };
  const group: SourceGroup = {
    params: [...x, h],
    sort: 0,
    motive: null,
    types: [{ name: "Owner", ctors: [mk] }],
  };
  inductive(e, group, (record) => {
    const [of] = record["types"] as Record<string, unknown>[];
    if (of !== undefined) of["type"] = e.expr(pi([...x, h], ap(c("gate"), ...x.map(() => at), v("h"))));
  });
  const whole = ap(c("Owner"), ...x.map(() => at), v("h"));
  e.def("asProp", pi([...x, h], prop), lam([...x, h], whole));
  return e.def("proposition", prop, applied("asProp", shape));
}

/** `name` applied to the owner's parameters. */
const applied = (name: string, shape: Shape): Term =>
  ap(c(name), ...(shape === "open" ? [ff] : []), c("witness"));
const proofWith = (shape: Shape, bit: Term): Term => ap(applied("Owner.mk", shape), bit);

/** As the report has it: a Bool is projected out of a proof. */
function dataByProjection(shape: Shape): Export {
  const e = owner(shape, Bool);
  const of = c("proposition");
  e.def("observe", arrow(of, Bool), lam([["p", of]], proj("Owner", 0, v("p"))));
  e.def("falseProof", of, proofWith(shape, ff)).def("trueProof", of, proofWith(shape, tt));
  return inconsistent(e, of, c("observe"), c("falseProof"), c("trueProof"));
}

/** The same with nothing named: the projection stands in the proof of False. */
function dataByProjectionInPlace(shape: Shape): Export {
  const e = owner(shape, Bool);
  const of = applied("asProp", shape);
  const observe = lam([["p", of]], proj("Owner", 0, v("p")));
  return inconsistent(e, of, observe, proofWith(shape, ff), proofWith(shape, tt));
}

/** Two projections of two proofs, which are equal if the proofs are. */
function comparedProjections(shape: Shape): Export {
  const proofs: Binder[] = [
    ["p", c("proposition")],
    ["q", c("proposition")],
  ];
  const open = (p: string): Term => proj("Owner", 0, v(p));
  const e = owner(shape, Bool);
  return e.thm("t", pi(proofs, same(open("p"), open("q"))), lam(proofs, refl(1, Bool, open("p"))));
}

/** The hidden field is a type. */
function typeByProjection(shape: Shape): Export {
  const e = owner(shape, type);
  return e.def(
    "hidden",
    arrow(c("proposition"), type),
    lam([["p", c("proposition")]], proj("Owner", 0, v("p"))),
  );
}
/** The structure's sort is Prop only once the level is computed. */
function propByImax(level: "imax" | "name"): Export {
  const e = start("False", "True", "Eq", "Bool");
  const group: SourceGroup = {
    sort: { imax: [1, 0] },
    motive: null,
    types: [{ name: "I", ctors: [{ name: "I.mk", fields: [{ name: "b", type: Bool }] }] }],
  };
  inductive(e, group).def("AsProp", prop, c("I"));
  const of = level === "imax" ? c("I") : c("AsProp");
  e.def("observe", arrow(of, Bool), lam([["x", of]], proj("I", 0, v("x"))));
  return inconsistent(e, c("AsProp"), c("observe"), ap(c("I.mk"), ff), ap(c("I.mk"), tt));
}

/** A projection with the name of a structure that its operand is not of. */
function projectionOfAnother(where: "value" | "comparison"): Export {
  const e = start("False", "True", "Eq", "Bool");
  const box = (name: string): SourceGroup => ({
    sort: 1,
    types: [{ name, ctors: [{ name: `${name}.mk`, fields: [{ name: "b", type: Bool }] }] }],
  });
  inductive(inductive(e, box("S")), box("C"));
  if (where === "value") return e.def("d", Bool, proj("C", 0, ap(c("S.mk"), tt)));
  const x: Binder = ["x", c("S")];
  return e.thm(
    "t",
    pi([x], same(proj("S", 0, v("x")), proj("C", 0, v("x")))),
    lam([x], refl(1, Bool, proj("S", 0, v("x")))),
  );
}

export const STUCK_SORTS: readonly PublicCase[] = [
  ...(["open", "closed"] as const).flatMap((shape) => {
    const more = shape === "open" ? "" : ", closed";
    const stuck = (
      name: string,
      report: string,
      nanoda: Answer,
      make: (shape: Shape) => Export,
    ): PublicCase =>
      reject(["not-a-type", "projection-from-proposition"], {
        name: `${name}${more}`,
        report,
        nanoda,
        make: () => make(shape),
      });
    return [
      stuck("bugs/proj-of-subst-prop: as reported", STUCK, "accept", dataByProjection),
      stuck("bugs/proj-of-subst-prop: in place", STUCK, "accept", dataByProjectionInPlace),
      stuck("bugs/proj-of-subst-prop: compared", STUCK, "accept", comparedProjections),
      stuck("bugs/rec-of-subst-prop: the hidden type", "lean4 pull 14847", "accept", typeByProjection),
    ];
  }),
  reject(["projection-from-proposition"], {
    name: "bugs/proj-of-imax-prop",
    report: "lean4 pull 14613, arena bugs/proj-of-imax-prop",
    nanoda: "reject",
    make: () => propByImax("imax"),
  }),
  reject(["projection-from-proposition"], {
    name: "bugs/proj-of-imax-prop: through a name",
    report: "lean4 pull 14613, arena bugs/proj-of-imax-prop",
    nanoda: "reject",
    make: () => propByImax("name"),
  }),
  reject(["bad-projection"], {
    name: "projections of two structures: one is of the other",
    report: "lean4 pull 14631, lean4 issue 14576",
    nanoda: "accept",
    make: () => projectionOfAnother("value"),
  }),
  reject(["bad-projection"], {
    name: "projections of two structures: compared",
    report: "lean4 pull 14631, lean4 issue 14576",
    nanoda: "accept",
    make: () => projectionOfAnother("comparison"),
  }),
];
