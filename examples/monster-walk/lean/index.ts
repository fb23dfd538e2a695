// The theorems about the order of the Monster group, its walk and its sound, stated and proved as Lean terms. One source
// gives an export, which any checker of Lean's core language can check, and a Lean file, which Lean itself can check.
//
// Nothing is believed here: a false figure makes a proof that checkers reject.
import { declareArithmetic } from "./arithmetic.ts";
import { declareBits } from "./bits.ts";
import { declareOrder } from "./comparison.ts";
import { declareCore } from "./core-library.ts";
import { declareForEach } from "./each.ts";
import { writeExport } from "./export.ts";
import { declareHalves } from "./halves.ts";
import { Library } from "./library.ts";
import { own } from "./names.ts";
import type { OrderFacts } from "./order.ts";
import { declareMonster, proveRemovals } from "./order.ts";
import { proveNoOther } from "./others.ts";
import { declarePowers, proveLeaving, provePrimes } from "./powers.ts";
import { declarePrimes } from "./primes.ts";
import { declareChosen, declareCount, declareDigits } from "./removals.ts";
import { declareSearch } from "./search.ts";
import type { SoundFacts } from "./sound.ts";
import { proveSound } from "./sound.ts";
import { number } from "./term.ts";
import { LeanWriter } from "./text.ts";
import type { WalkFacts } from "./walk.ts";
import { proveWalk } from "./walk.ts";

export interface LeanFacts extends OrderFacts {
  readonly walk: WalkFacts;
  readonly sound: SoundFacts;
}

export interface Theorem {
  readonly name: string;
  /** As it stands in the Lean file. */
  readonly statement: string;
}

export interface MonsterWalkLean {
  /** Export format 3.1, with everything that is used. */
  readonly ndjson: string;
  /** A Lean 4 file that needs Lean's core only. */
  readonly text: string;
  /** In order, with the lemmas. */
  readonly theorems: readonly Theorem[];
}

export function monsterWalkLean(facts: LeanFacts): MonsterWalkLean {
  const library = declareAll(facts);
  const writer = new LeanWriter(library);
  const theorems: Theorem[] = [];
  const texts: string[] = [];
  for (const declaration of library.declarations) {
    if (declaration.isCore) continue;
    texts.push(writer.declaration(declaration));
    if (declaration.kind === "theorem")
      theorems.push({ name: declaration.name, statement: writer.term(declaration.type) });
  }
  return {
    ndjson: writeExport(library),
    text: [HEADER, "noncomputable section", ...texts, "end"].join("\n\n").concat("\n"),
    theorems,
  };
}

function declareAll(facts: LeanFacts): Library {
  const library = new Library();
  declareCore(library);
  const bits = declareBits(library);
  const order = declareOrder(library, bits);
  const arithmetic = declareArithmetic(library);
  const { isPrime, provePrime } = declarePrimes(library, { bits, order, arithmetic });
  for (const { prime } of facts.powers)
    library.prove(own(`prime_${prime}`), isPrime(number(prime)), provePrime(prime), `${prime} is prime.`);
  const search = declareSearch(library, bits);
  const digits = declareDigits(library);
  const lemmas = { bits, order, arithmetic, digits };
  const chosen = declareChosen(library);
  const halves = declareHalves(library, { arithmetic, search, chosen });
  const monster = declareMonster(library, facts);
  const count = declareCount(library);
  const each = declareForEach(library, lemmas);
  provePrimes(library, { lemmas, monster, each, isPrime }, facts);
  proveLeaving(library, { bits, arithmetic, search, halves, chosen, monster }, facts);
  const candidates = proveRemovals(library, { lemmas, chosen, count, monster }, facts);
  proveWalk(library, { lemmas, chosen, count, monster }, facts.order, facts.walk);
  const powers = declarePowers(library, monster, facts);
  proveSound(library, { lemmas, monster, each, powers, size: halves.size }, facts.sound);
  proveNoOther(library, { lemmas, search, halves, chosen, monster }, candidates);
  return library;
}

const HEADER = `/-
The Monster Walk: theorems about the order of the Monster group, the walk along its digits, and its sound.

This file and MonsterWalk.ndjson were written from one source. The export was checked by Pipelite's own Lean kernel, see
kernel-report.json. Whether Lean itself was run on this file is in lean-report.json; to do so:

    lean MonsterWalk.lean

It needs Lean's core only: no Mathlib, no other file. It has no axioms, nothing is left out, and no compiled code is
trusted: \`decide +kernel\` lets Lean's kernel compute both sides of an equation. It was written for Lean 4.16 or later.

Two things differ between this file and the export, in form and not in meaning. Core's functions (Nat.add, Nat.mul, Nat.pow,
Nat.beq, Nat.ble) are Lean's own here; the export declares them with the recursors they come down to. And where
this file says \`decide +kernel\`, the export says \`Eq.refl\`: both sides compute to the same.
-/`;
