// The reader of Lean source: it means what Lean means, hides nothing that is left open, and says where it stops.
import assert from "node:assert/strict";
import { test } from "node:test";
import { check, exportSource } from "#lean/index.ts";

function judge(source: string): { status: string; statement: string } {
  const { ndjson } = exportSource([source], { namespace: "Test", exporter: { name: "test", version: "1" } });
  const { status, theorems } = check([ndjson]);
  return { status, statement: theorems.at(-1)?.statement ?? "" };
}

test("operators bind as in Lean", () => {
  for (const [statement, isTrue] of [
    ["1 + 2 * 3 = 7", true],
    ["(1 + 2) * 3 = 9", true],
    ["2 ^ 3 ^ 2 = 512", true],
    ["2 * 3 ^ 2 = 18", true],
    ["10 + 1 = 11", true],
    ["[1, 2] = 1 :: [2]", true],
    ["1 + 2 * 3 = 9", false],
    ["2 ^ 3 ^ 2 = 64", false],
  ] as const) {
    const { status } = judge(`theorem t : ${statement} := by decide +kernel`);
    assert.equal(status, isTrue ? "accepted" : "rejected", statement);
  }
});

test("statements are what is written, connectives and hidden arguments included", () => {
  const proof = "fun a b h => @Or.rec a b (fun _ => b ∨ a) (fun x => Or.inr x) (fun y => Or.inl y) h";
  assert.deepEqual(judge(`theorem swap : ∀ (a b : Prop), a ∨ b → b ∨ a := ${proof}`), {
    status: "accepted",
    statement: "∀ (a b : Prop), a ∨ b → b ∨ a",
  });
  assert.equal(
    judge("theorem t {a b c : Prop} (h : a ∧ b → c) : a ∧ b → c := h").statement,
    "∀ (a b c : Prop), (a ∧ b → c) → a ∧ b → c",
  );
  assert.equal(
    judge("theorem t : ∃ n : Nat, n * 2 = 6 ∧ ¬ n = 2 → True := ⟨3, fun _ => True.intro⟩").statement,
    "∃ n : Nat, n * 2 = 6 ∧ ¬n = 2 → True",
  );
});

test("a proof of something else is rejected by the kernel", () => {
  assert.equal(judge("theorem t (a b : Nat) : a ≤ b := Nat.le.refl").status, "rejected");
});

test("what can't be read or found is refused, with its place", () => {
  for (const [source, message] of [
    ["theorem t : 1 = 1 := nothing", /^Test\.t: there is no nothing$/],
    ["theorem t : ∃ n : Nat, n = n := ⟨_, rfl⟩", /^Test\.t: something is left open in /],
    ["theorem t : True := ⟨1, 2⟩", /^Test\.t: ⟨⟩ is for 'and' and 'exists'$/],
    ["theorem t : True :=\n  True.intro )", /^line 2: '\)' begins no declaration$/],
    ["def d : Nat", /^line 1: the file ends too soon$/],
    ["theorem t : 1 = := 2", /^line 1: ':=' begins no term$/],
  ] as const)
    assert.throws(() => judge(source), { name: "RangeError", message });
});

test("an inductive type is declared with its recursor, which computes", () => {
  const type = "inductive Tree where\n  | leaf : Tree\n  | node : Tree → Nat → Tree → Tree\n";
  const size = "def size (t : Tree) : Nat := @Tree.rec.{1} (fun _ => Nat) 0 (fun _ _ _ l r => l + r + 1) t\n";
  const two = "size (Tree.node (Tree.node Tree.leaf 1 Tree.leaf) 5 Tree.leaf) = 2";
  assert.equal(judge(`${type}${size}theorem t : ${two} := rfl`).status, "accepted");
  assert.equal(judge(`${type}${size}theorem t : ${two.replace("= 2", "= 3")} := rfl`).status, "rejected");
});
