// Recursors that are not those of their types.
import { inductive, type SourceGroup } from "../inductive.ts";
import { Bool, GROUPS, Nat, start } from "../prelude.ts";
import {
  ap,
  arrow,
  c,
  lam,
  pi,
  prop,
  sort,
  v,
  type ExportLine,
  type Term,
  sure,
} from "#lean/source/terms.ts";
import type { Tamper } from "../inductive.ts";
import { refuse, type Case } from "./case.ts";
import { acc } from "../accept.ts";

const False = c("False");
const items = (record: ExportLine, key: string): ExportLine[] => record[key] as ExportLine[];
const item = (record: ExportLine, key: string, index = 0): ExportLine => sure(items(record, key)[index]);
const bend =
  (group: SourceGroup, change: Tamper, ...before: Parameters<typeof start>) =>
  () =>
    inductive(start(...before), group, change);

const mismatch = (
  name: string,
  group: SourceGroup,
  change: Tamper,
  ...before: Parameters<typeof start>
): Case => refuse(name, "recursor-mismatch", bend(group, change, ...before));
/** Recursors that make data, for a type that must not. */
const large = (name: string, group: SourceGroup, ...before: Parameters<typeof start>): Case =>
  mismatch(name, { ...group, motive: "m" }, () => undefined, ...before);

const rules = (record: ExportLine, index = 0): ExportLine[] => items(item(record, "recs", index), "rules");

const BOTH: readonly { name: string }[] = [{ name: "I.a" }, { name: "I.b" }];

export const RECURSORS: readonly Case[] = [
  large("data from a proposition with two constructors", { sort: 0, types: [{ name: "I", ctors: BOTH }] }),
  large("data from Or", GROUPS.Or),
  large(
    "data from a proposition with a Boolean in it",
    { sort: 0, types: [{ name: "I", ctors: [{ name: "I.mk", fields: [{ name: "b", type: Bool }] }] }] },
    "Bool",
  ),
  large("data from a type in Sort w with two constructors", {
    levels: ["w"],
    sort: "w",
    types: [{ name: "I", ctors: BOTH }],
  }),
  large("data from Sort (imax 1 0)", { sort: { imax: [1, 0] }, types: [{ name: "I", ctors: BOTH }] }),
  large("data from Sort (imax w 0)", {
    levels: ["w"],
    sort: { imax: ["w", 0] },
    types: [{ name: "I", ctors: BOTH }],
  }),
  large("data from a group of propositions", {
    sort: 0,
    types: [
      { name: "I", ctors: [{ name: "I.mk", fields: [{ name: "j", target: 1 }] }] },
      { name: "J", ctors: [{ name: "J.mk", fields: [{ name: "i", target: 0 }] }] },
    ],
  }),
  large(
    "data from a field that an index gives only in part",
    {
      sort: 0,
      types: [
        {
          name: "I",
          indices: [["n", Nat]],
          ctors: [{ name: "I.mk", fields: [{ name: "n", type: Nat }], indices: [ap(c("Nat.succ"), v("n"))] }],
        },
      ],
    },
    "Nat",
  ),
  mismatch("Nat with the k flag", GROUPS.Nat, (record) => (item(record, "recs")["k"] = true)),
  mismatch("False with the k flag", GROUPS.False, (record) => (item(record, "recs")["k"] = true)),
  mismatch("And with the k flag", GROUPS.And, (record) => (item(record, "recs")["k"] = true)),
  mismatch("Eq without the k flag", GROUPS.Eq, (record) => (item(record, "recs")["k"] = false)),
  mismatch(
    "rules exchanged",
    GROUPS.Bool,
    (record) => (item(record, "recs")["rules"] = rules(record).toReversed()),
  ),
  mismatch("values of rules exchanged", GROUPS.Bool, (record) => {
    const [first, second] = rules(record);
    [sure(first)["rhs"], sure(second)["rhs"]] = [sure(second)["rhs"], sure(first)["rhs"]];
  }),
  mismatch("a rule left out", GROUPS.Nat, (record) => rules(record).pop()),
  mismatch("a rule twice", GROUPS.Nat, (record) => rules(record).push(sure(rules(record)[1]))),
  mismatch(
    "a rule that takes another number of fields",
    GROUPS.Nat,
    (record) => (sure(rules(record)[1])["nfields"] = 0),
  ),
  mismatch(
    "a rule for another constructor",
    GROUPS.Nat,
    (record) => (sure(rules(record)[1])["ctor"] = sure(rules(record)[0])["ctor"]),
  ),
  refuse("a rule without the induction hypothesis", "recursor-mismatch", () => {
    const e = start();
    const wrong = lam([["n", Nat]], v("n"));
    return inductive(e, GROUPS.Nat, (record) => (sure(rules(record)[1])["rhs"] = e.expr(wrong)));
  }),
  refuse("a recursor that proves all", "recursor-mismatch", () => {
    const e = start("False");
    const wrong = e.expr(pi([["p", prop]], v("p")));
    return inductive(e, GROUPS.True, (record) => (item(record, "recs")["type"] = wrong));
  }),
  refuse("a minor premise without its hypothesis", "recursor-mismatch", () => {
    const e = start();
    const motive = ["motive", arrow(Nat, sort("u"))] as const;
    const at = (n: Term): Term => ap(v("motive"), n);
    const step = pi([["n", Nat]], at(ap(c("Nat.succ"), v("n"))));
    const type = pi([motive, ["z", at(c("Nat.zero"))], ["s", step], ["t", Nat]], at(v("t")));
    return inductive(e, GROUPS.Nat, (record) => (item(record, "recs")["type"] = e.expr(type)));
  }),
  refuse("a recursor without a minor premise", "recursor-mismatch", () => {
    const e = start();
    const type = pi(
      [
        ["motive", arrow(Bool, sort("u"))],
        ["f", ap(v("motive"), c("Bool.false"))],
        ["t", Bool],
      ],
      ap(v("motive"), v("t")),
    );
    return inductive(e, GROUPS.Bool, (record) => (item(record, "recs")["type"] = e.expr(type)));
  }),
  mismatch(
    "a recursor with another number of motives",
    GROUPS.Nat,
    (record) => (item(record, "recs")["numMotives"] = 2),
  ),
  mismatch(
    "a recursor with another number of minor premises",
    GROUPS.Nat,
    (record) => (item(record, "recs")["numMinors"] = 1),
  ),
  mismatch(
    "a recursor with another number of indices",
    GROUPS.Eq,
    (record) => (item(record, "recs")["numIndices"] = 0),
  ),
  mismatch(
    "a recursor with another number of parameters",
    GROUPS.Eq,
    (record) => (item(record, "recs")["numParams"] = 1),
  ),
  mismatch(
    "a recursor without its universe parameter",
    GROUPS.Nat,
    (record) => (item(record, "recs")["levelParams"] = []),
  ),
  mismatch("a recursor with one universe parameter twice", GROUPS.Eq, (record) => {
    const params = item(record, "recs")["levelParams"] as number[];
    item(record, "recs")["levelParams"] = [params[1], params[1]];
  }),
  mismatch(
    "a recursor with its universe parameters exchanged",
    GROUPS.Eq,
    (record) =>
      (item(record, "recs")["levelParams"] = (item(record, "recs")["levelParams"] as number[]).toReversed()),
  ),
  mismatch("a recursor that uses a universe parameter it does not declare", GROUPS.Eq, (record) => {
    const params = item(record, "recs")["levelParams"] as number[];
    item(record, "recs")["levelParams"] = [params[0], 1];
  }),
  mismatch("a recursor of another group", GROUPS.Nat, (record) => (item(record, "recs")["all"] = [0])),
  mismatch(
    "recursors of a group exchanged",
    { sort: 1, types: [{ name: "I", ctors: [{ name: "I.mk" }] }, { name: "J" }] },
    (record) => {
      const [first, second] = items(record, "recs");
      [sure(first)["name"], sure(second)["name"]] = [sure(second)["name"], sure(first)["name"]];
    },
  ),
  refuse(
    "no recursor",
    "recursor-missing",
    bend(GROUPS.Nat, (record) => (record["recs"] = [])),
  ),
  refuse(
    "one recursor of a group left out",
    "recursor-missing",
    bend({ sort: 1, types: [{ name: "I" }, { name: "J" }] }, (record) => items(record, "recs").pop()),
  ),
  refuse("a recursor of another name", "recursor-unexpected", () => {
    const e = start();
    const other = e.name("False.elim");
    return inductive(e, GROUPS.False, (record) => (item(record, "recs")["name"] = other));
  }),
  refuse("one more recursor, that is a proof of False", "recursor-unexpected", () => {
    const e = start();
    const rogue = e.name("rogue");
    return inductive(e, GROUPS.False, (record) => {
      const more = {
        levelParams: [],
        name: rogue,
        type: e.expr(False),
        numMotives: 0,
        numMinors: 0,
        rules: [],
      };
      items(record, "recs").unshift({ ...item(record, "recs"), ...more });
    });
  }),
  refuse(
    "a recursor twice",
    "duplicate-declaration",
    bend(GROUPS.Nat, (record) => items(record, "recs").push(item(record, "recs"))),
  ),
  refuse("Acc whose rule skips the proof", "recursor-mismatch", () => {
    const e = start();
    return inductive(
      e,
      acc,
      (record) => (sure(rules(record)[0])["rhs"] = e.expr(lam([["α", sort("w")]], v("α")))),
    );
  }),
  refuse("a recursor for data used on a proposition's own", "universe-count", () =>
    start("Or").def("bad", prop, c("Or.rec", 1)),
  ),
];
