// docs/lean.md: its example of output is what the command prints, and its example of the library runs.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { arithmetic, Nat, start, zero } from "../lean/prelude.ts";
import { ap, c, eq, lam, nat, pi, refl, v } from "#lean/source/terms.ts";
import { createRig } from "./rig.ts";

const page = readFileSync(new URL("../../docs/lean.md", import.meta.url), "utf8");

function proofs(): string {
  const e = arithmetic(start("False", "Eq", "Nat"));
  const binders = [["n", Nat]] as const;
  const statement = pi(binders, eq(1, Nat, ap(c("Nat.add"), v("n"), zero), v("n")));
  e.thm("add_zero", statement, lam(binders, refl(1, Nat, v("n"))));
  e.thm("sum", eq(1, Nat, ap(c("Nat.add"), nat(20), nat(22)), nat(42)), refl(1, Nat, nat(42)));
  return e.text();
}

test("the output shown is what the command prints", async () => {
  using rig = createRig();
  writeFileSync(join(rig.folder, "Proofs.ndjson"), proofs());
  const { stdout } = await rig("lean", "check", "Proofs.ndjson");
  const shown = stdout
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? "" : `    ${line}`));
  assert.ok(page.includes(`\n\n${shown.join("\n")}\n\n`), stdout);
});

test("the examples of the library run", () => {
  const [library = "", source = ""] = [...page.matchAll(/```ts\n([^]*?)```/g)].map(([, code = ""]) => code);
  const folder = mkdtempSync(join(tmpdir(), "pipelite-lean-docs-"));
  try {
    const module = new URL("../../src/lean/index.ts", import.meta.url).href;
    writeFileSync(join(folder, "Proofs.ndjson"), proofs());
    const run = (code: string) => {
      writeFileSync(join(folder, "example.ts"), code.replace("pipelite/lean", module));
      return spawnSync(process.execPath, ["example.ts"], { cwd: folder, encoding: "utf8" });
    };
    const { stdout, stderr } = run(library);
    const lines = ["checked: add_zero : ∀ (n : Nat), n + Nat.zero = n []", "checked: sum : 20 + 22 = 42 []"];
    assert.equal(stdout, [...lines, "accepted \n"].join("\n"), stderr);
    assert.equal(run(source).stdout, "accepted 1\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
