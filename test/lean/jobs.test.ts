// The command with several threads: the same verdict, words and exit code as with one, also where a thread meets a
// declaration before what it rests on has been refused.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { runHere } from "../cli/rig.ts";
import { binary, bySecond, Nat, start, succ, zero } from "./prelude.ts";
import { PUBLIC } from "./public/index.ts";
import { world } from "./reference/world.ts";
import { ap, arrow, c, eq, lam, nat, refl, sure, v, type Export, type Term } from "#lean/source/terms.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-lean-jobs-"));
after(() => rmSync(folder, { recursive: true }));

/** A definition that is refused, and a theorem that looks into it. */
const over = (value: Term): Export =>
  start("Eq", "Nat")
    .def("f", Nat, value)
    .thm("t", eq(1, Nat, c("f"), zero), refl(1, Nat, zero));

/** A predecessor with a variable that nothing binds, over which there is an operation on numbers. */
function loosePredecessor(): Export {
  const step = lam(
    [
      ["n", Nat],
      ["_", Nat],
    ],
    v("n"),
  );
  const value = ap(c("Nat.rec", 1), lam([["_", Nat]], Nat), zero, step, { k: "loose", index: 0 });
  const e = start("Eq", "Nat").def("Nat.pred", arrow(Nat, Nat), value);
  return e.def("Nat.sub", binary, bySecond(v("a"), ap(c("Nat.pred"), v("ih"))));
}

const EXPORTS: Readonly<Record<string, () => Export | string>> = {
  "what is accepted": world,
  "a variable without a binder": () => over({ k: "loose", index: 0 }),
  "a variable without a binder, under one": () =>
    start("Eq", "Nat")
      .def("f", arrow(Nat, Nat), lam([["x", Nat]], { k: "loose", index: 1 }))
      .thm("t", eq(1, arrow(Nat, Nat), c("f"), c("f")), refl(1, arrow(Nat, Nat), lam([["x", Nat]], v("x")))),
  "an operation over a variable without a binder": loosePredecessor,
  "a value of another type": () => over(c("Nat.succ")),
  "a definition of itself": () => over(succ(c("f"))),
  "a line that is not JSON, after a refused one": () => `${over(c("Nat.succ")).text()}{"in":\n`,
  "a theorem with the name of an earlier one": () =>
    over(nat(0)).thm("t", eq(1, Nat, zero, zero), refl(1, Nat, zero)),
  ...Object.fromEntries(
    ["bugs/rec-missing-ih", "corner-cases/alg-conv-trans-acc: after the two"].map((name) => [
      name,
      sure(PUBLIC.find((one) => one.name === name)).make,
    ]),
  ),
};

for (const [name, make] of Object.entries(EXPORTS)) {
  test(`two threads say what one says: ${name}`, async () => {
    const made = make();
    const file = join(folder, "export.ndjson");
    writeFileSync(file, typeof made === "string" ? made : made.text());
    const said = async (jobs: string) => {
      const { code, stdout, stderr } = await runHere(["lean", "check", file, "--jobs", jobs], {});
      return { code, stdout, stderr };
    };
    const one = await said("1");
    assert.deepEqual(await said("2"), one);
    assert.equal(one.code === 0 || one.code === 3, true, one.stderr);
  });
}
