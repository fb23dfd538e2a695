// Quotients that are not quotients.
import { inductive } from "../inductive.ts";
import { Nat, quotient, start } from "../prelude.ts";
import {
  ap,
  arrow,
  c,
  eq,
  lam,
  nat,
  pi,
  prop,
  refl,
  sort,
  v,
  type Export,
  type Term,
  sure,
} from "#lean/source/terms.ts";
import { refuse, type Case } from "./case.ts";

const relation = arrow(v("α"), v("α"), prop);
const open = (body: Term): Term =>
  pi(
    [
      ["α", sort("u")],
      ["r", relation],
    ],
    body,
  );
const quot = ap(c("Quot", "u"), v("α"), v("r"));

/** The quotient with one of its records changed. */
const bent =
  (name: string, change: (record: Record<string, unknown>, e: Export) => void): (() => Export) =>
  () => {
    const e = quotient(start("False", "True", "Eq", "Nat"));
    const index = e.name(name);
    const record = e.records.find(
      ({ quot: one }) => one !== undefined && JSON.stringify(one).includes(`"name":${index},`),
    );
    const at = e.records.indexOf(sure(record));
    const rest = e.records.splice(at);
    const copy = structuredClone(sure(rest[0]));
    change(copy["quot"] as Record<string, unknown>, e);
    e.records.push(copy, ...rest.slice(1));
    return e;
  };
const otherType = (name: string, of: Term) => bent(name, (record, e) => (record["type"] = e.expr(of)));

export const QUOTIENTS: readonly Case[] = [
  refuse(
    "Quot.lift without the proof that the function respects the relation",
    "quotient-mismatch",
    otherType(
      "Quot.lift",
      open(
        pi(
          [
            ["β", sort("v")],
            ["f", arrow(v("α"), v("β"))],
            ["h", c("True")],
            ["q", quot],
          ],
          v("β"),
        ),
      ),
    ),
  ),
  refuse(
    "Quot.mk into the type itself",
    "quotient-mismatch",
    otherType("Quot.mk", open(pi([["a", v("α")]], v("α")))),
  ),
  refuse("Quot in another universe", "quotient-mismatch", otherType("Quot", open(sort({ succ: "u" })))),
  refuse(
    "Quot.ind that proves all",
    "quotient-mismatch",
    otherType("Quot.ind", open(pi([["β", prop]], v("β")))),
  ),
  refuse(
    "Quot.mk in the role of Quot.lift",
    "quotient-mismatch",
    bent("Quot.mk", (record) => (record["kind"] = "lift")),
  ),
  refuse(
    "Quot.mk with two universe parameters",
    "quotient-mismatch",
    bent("Quot.mk", (record, e) => (record["levelParams"] = [e.name("u"), e.name("u_1")])),
  ),
  refuse(
    "a quotient of another name",
    "quotient-mismatch",
    bent("Quot", (record, e) => (record["name"] = e.name("Kwot"))),
  ),
  refuse("Quot.mk before Quot", "unknown-constant", () => {
    const e = quotient(start("Eq"));
    const at = e.records.findIndex((record) => "quot" in record);
    e.records.splice(at, 1);
    return e;
  }),
  refuse("a quotient without equality", "unknown-constant", () => quotient(start())),
  refuse("a quotient over an equality that holds for all", "quotient-mismatch", () => {
    const loose = {
      levels: ["u_1"],
      params: [["α", sort("u_1")]] as const,
      sort: 0,
      types: [
        {
          name: "Eq",
          indices: [
            ["a", v("α")],
            ["b", v("α")],
          ] as const,
          ctors: [
            {
              name: "Eq.refl",
              fields: [
                { name: "a", type: v("α") },
                { name: "b", type: v("α") },
              ],
              indices: [v("a"), v("b")],
            },
          ],
        },
      ],
    };
    return quotient(inductive(start(), loose));
  }),
  refuse("values of a quotient taken as equal without Quot.sound", "type-mismatch", () => {
    const e = quotient(start("True", "Eq", "Nat"));
    const all = lam(
      [
        ["a", Nat],
        ["b", Nat],
      ],
      c("True"),
    );
    const q = ap(c("Quot", 1), Nat, all);
    const mk = (n: number): Term => ap(c("Quot.mk", 1), Nat, all, nat(n));
    return e.thm("bad", eq(1, q, mk(0), mk(1)), refl(1, q, mk(0)));
  }),
];
