// The theorems about the order of the Monster group, its walk and its sound. They and their proofs are Lean source: a library
// that any facts share, and the theorems, written from the facts. From the one source come the Lean file, which Lean itself
// can check, and an export, which any checker of Lean's core language can check.
//
// Nothing is believed here: a false figure makes a proof that checkers reject.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { exportSource, type Elaborated } from "pipelite/lean";
import type { Facts } from "../mathematics/facts.ts";
import { writeTheorems } from "./theorems.ts";

export interface MonsterWalkLean {
  /** Export format 3.1, with everything that is used. */
  readonly ndjson: string;
  /** A Lean 4 file that needs Lean's core only. */
  readonly text: string;
  /** In order, with the lemmas. */
  readonly theorems: readonly Elaborated[];
}

const NAMESPACE = "MonsterWalk";
/** In the order in which each may use the ones before it. */
const EXPORTER = { name: "pipelite monster-walk", version: "2" };
const LIBRARY = ["numbers.lean", "lists.lean", "removals.lean"];

/**
 * @param library a folder with the files of lean/library
 * Throws RangeError when a declaration can't be read or has something left open.
 */
export function monsterWalkLean(
  facts: Facts,
  library = join(import.meta.dirname, "library"),
): MonsterWalkLean {
  const parts = [
    ...LIBRARY.map((name) => readFileSync(join(library, name), "utf8")),
    `${writeTheorems(facts)}\n`,
  ];
  return {
    ...exportSource(parts, { namespace: NAMESPACE, exporter: EXPORTER }),
    text: [
      HEADER,
      `noncomputable section\n\nnamespace ${NAMESPACE}\n`,
      ...parts,
      `end ${NAMESPACE}\n\nend\n`,
    ].join("\n"),
  };
}

const HEADER = `/-
The Monster Walk: theorems about the order of the Monster group, the walk along its digits, and its sound.

This file and MonsterWalk.ndjson were made from one source. The export was checked by Pipelite's own Lean kernel, see
kernel-report.json. Whether Lean itself was run on this file is in lean-report.json; to do so:

    lean MonsterWalk.lean

It needs Lean's core only: no Mathlib, no other file. It has no axioms, nothing is left out, and no compiled code is
trusted: \`decide +kernel\` lets Lean's kernel compute both sides of an equation. It was written for Lean 4.16 or later.

Two things differ between this file and the export, in form and not in meaning. Core's functions (Nat.add, Nat.mul, Nat.pow,
Nat.beq, Nat.ble, and, or, not) are Lean's own here; the export declares them with the recursors they come down to. And
where this file says \`decide +kernel\`, the export says \`Eq.refl\`: both sides compute to the same.
-/
`;
