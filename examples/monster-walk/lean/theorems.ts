// The theorems themselves, as Lean writes them: the facts put into statements, and the proofs that library.lean and
// removals.lean make short. A false figure makes a proof that checkers reject.
import type { Facts } from "../mathematics/facts.ts";
import { highestOf, quietestOf } from "../mathematics/harmonics.ts";
import { planHalves, type Plan } from "./plan.ts";

const COMPUTED = "by decide +kernel";
/** A proof of a comparison of two numbers. */
const COMPARED = `le_of_ble (${COMPUTED})`;

export function writeTheorems(facts: Facts): string {
  return [...aboutOrder(facts), ...aboutWalk(facts), ...aboutSound(facts), ...aboutOthers(facts)].join(
    "\n\n",
  );
}

function theorem(comment: string, name: string, statement: string, proof = COMPUTED): string {
  return `/-- ${comment} -/\ntheorem ${name} : ${statement} :=\n  ${proof}`;
}

function bitsOf(facts: Facts, removed: readonly number[]): string[] {
  return facts.powers.toReversed().map(({ prime }) => String(removed.includes(prime)));
}

/** `n begins with d`, with k digits behind. */
function leadsProof(digitsBehind: number): string {
  return `⟨${digitsBehind}, ${COMPARED}, ${COMPARED}⟩`;
}

function aboutOrder(facts: Facts): string[] {
  const { powers } = facts;
  const [order, removal] = [facts.order.decimal, facts.removals.best];
  const descending = powers.toReversed();
  const factors = powers.map(({ prime, exponent }) => `${prime} ^ ${exponent}`).join(" * (");
  const digits = removal.digits.length;
  const size = powers.length;
  return [
    "/-! The order of the Monster group, the product of fifteen prime powers; the largest prime first -/",
    `def primes : List Nat := [${descending.map(({ prime }) => prime).join(", ")}]`,
    theorem(
      "All primes of the order are prime.",
      "all_prime",
      "∀ p : Nat, Member p primes → IsPrime p",
      `fun p among => prime_of_test (each_sound primeTest primes (${COMPUTED}) p among)`,
    ),
    ...powers.map(({ prime }) =>
      theorem(
        `${prime} is prime.`,
        `prime_${prime}`,
        `IsPrime ${prime}`,
        `all_prime ${prime} (has_sound ${prime} primes (${COMPUTED}))`,
      ),
    ),
    `def exponents : List Nat := [${descending.map(({ exponent }) => exponent).join(", ")}]`,
    "def powers : List Nat := zipPow primes exponents",
    `def order : Nat := ${order}`,
    theorem("The order is this product.", "order_factored", `${factors}${")".repeat(size - 1)} = ${order}`),
    theorem("And the product of the powers.", "powers_product", "product powers = order"),
    theorem("No two of them are the same.", "primes_descend", "descending primes = true"),
    theorem(
      "Every removal leaves the product of the other prime powers.",
      "every_removal_leaves",
      `∀ s : List Bool, length s = ${size} → chosen powers s * chosen powers (others s) = order`,
      "fun s full => chain (chosen_others powers s full) powers_product",
    ),
    `/-- The removal of the powers of ${removal.removed.join(", ")}. -/\n` +
      `def removal : List Bool := [${bitsOf(facts, removal.removed).join(", ")}]`,
    `def nothing : List Bool := [${bitsOf(facts, []).join(", ")}]`,
    theorem(
      `It leaves ${removal.quotient}.`,
      "removal_leaves",
      `chosen powers removal * ${removal.quotient} = order`,
    ),
    theorem(
      `These are ${removal.removed.length} prime powers.`,
      "removal_count",
      `count removal = ${removal.removed.length}`,
    ),
    theorem(
      `The order begins with ${removal.digits}.`,
      "order_leads",
      `Leads ${removal.digits} order`,
      leadsProof(order.length - digits),
    ),
    `/-- The numerals of the order and of q begin with ${removal.digits}. -/\n` +
      `def Keeps (q : Nat) : Prop := Leads ${removal.digits} order ∧ Leads ${removal.digits} q`,
    theorem(
      `It keeps the first ${digits} digits of the order.`,
      "removal_keeps",
      `Keeps ${removal.quotient}`,
      `⟨order_leads, ${leadsProof(removal.quotient.length - digits)}⟩`,
    ),
  ];
}

function digitsProof(order: string, position: number, length: number): string {
  const end = position + length;
  const [before, rest] = [order.slice(0, position), order.slice(end)].map((part) => BigInt(part || "0"));
  const compared = Array.from({ length: 4 }, () => COMPARED).join(", ");
  return `⟨${before}, ${order.length - end}, ${rest}, ${COMPUTED}, ${compared}⟩`;
}

function aboutWalk(facts: Facts): string[] {
  const { walk } = facts;
  const order = facts.order.decimal;
  const covered = walk.coveredDigits;
  return [
    `/-- At most ${walk.limit} prime powers are chosen; the order without them is the quotient, which begins with the\n` +
      "digits; and these stand in the order at the position. -/\n" +
      "def Group (position length digits : Nat) (choice : List Bool) (quotient : Nat) : Prop :=\n" +
      `  count choice ≤ ${walk.limit} ∧ chosen powers choice * quotient = order ∧ Leads digits quotient ∧\n` +
      "    DigitsAt order position length digits",
    ...walk.groups.map(({ index, position, digits, removed, quotient }) =>
      theorem(
        `Group ${index}: ${digits}, by removing the powers of ${removed.join(", ")}.`,
        `group_${index}`,
        `Group ${position} ${digits.length} ${BigInt(digits)} [${bitsOf(facts, removed).join(", ")}] ${quotient}`,
        `⟨${COMPARED}, ${COMPUTED}, ${leadsProof(quotient.length - digits.length)},\n    ${digitsProof(order, position, digits.length)}⟩`,
      ),
    ),
    theorem(
      "The groups follow each other without a gap.",
      "groups_join",
      `DigitsAt order 0 ${covered} ${BigInt(walk.groups.map(({ digits }) => digits).join(""))}`,
      digitsProof(order, 0, covered),
    ),
    theorem(
      "No number begins with the digit behind them.",
      "walk_stops",
      `DigitsAt order ${covered} 1 ${BigInt(walk.stopDigit)}`,
      digitsProof(order, covered, 1),
    ),
  ];
}

function aboutSound({ powers, sound }: Facts): string[] {
  const { sampleRateHz, chord } = sound;
  const { harmonics, fundamentalHz, seconds, samples } = chord;
  const [highest, quietest] = [highestOf(harmonics), quietestOf(harmonics)];
  const place = powers.toReversed().findIndex(({ prime }) => prime === quietest.prime);
  const isPower = `${"Or.inr (".repeat(place)}Or.inl ⟨rfl, rfl⟩${")".repeat(place)}`;
  const top = `frequency ${highest.prime}`;
  return [
    "/-! A harmonic for each prime power, of amplitude 1 / (exponent + 1) -/",
    `/-- In hertz, of the harmonic of a prime. -/\ndef frequency (p : Nat) : Nat := ${fundamentalHz} * p`,
    theorem(
      `There are ${harmonics.length} harmonics.`,
      "harmonic_count",
      `length primes = ${harmonics.length}`,
    ),
    theorem(
      `The one of ${highest.prime} has ${highest.frequencyHz} Hz.`,
      "highest_frequency",
      `${top} = ${highest.frequencyHz}`,
    ),
    theorem(
      "It is one of them.",
      "highest_member",
      `Member ${highest.prime} primes`,
      `has_sound ${highest.prime} primes (${COMPUTED})`,
    ),
    theorem(
      "All others are lower.",
      "highest",
      `∀ p : Nat, Member p primes → p = ${highest.prime} ∨ frequency p + 1 ≤ ${top}`,
      `fun p among => either\n    (or_cases (each_sound (fun p => Nat.beq p ${highest.prime} || Nat.ble (frequency p + 1) (${top})) primes (${COMPUTED}) p among))\n` +
        "    (fun same => Or.inl (eq_of_beq same)) (fun less => Or.inr (le_of_ble less))",
    ),
    theorem(
      "All are below half the sampling rate.",
      "below_half_the_sampling_rate",
      `∀ p : Nat, Member p primes → 2 * frequency p + 1 ≤ ${sampleRateHz}`,
      `fun p among => le_of_ble (each_sound (fun p => Nat.ble (2 * frequency p + 1) ${sampleRateHz}) primes (${COMPUTED}) p among)`,
    ),
    "/-- p ^ e is one of the powers. -/\ndef IsPower (p e : Nat) : Prop := PairIn p e primes exponents",
    "/-- a / b < c / d, of positive b and d. -/\ndef FractionLess (a b c d : Nat) : Prop := a * d + 1 ≤ c * b",
    theorem(
      `${quietest.prime} ^ ${quietest.exponent} is one of them.`,
      "quietest_power",
      `IsPower ${quietest.prime} ${quietest.exponent}`,
      isPower,
    ),
    theorem(
      `Its amplitude 1 / (${quietest.exponent} + 1) is less than 1 / (e + 1) of every other p ^ e.`,
      "quietest",
      `∀ (p e : Nat), IsPower p e → p = ${quietest.prime} ∨ FractionLess 1 (${quietest.exponent} + 1) 1 (e + 1)`,
      `fun p e power => either\n    (or_cases (eachPair_sound (fun p e => Nat.beq p ${quietest.prime} || Nat.ble (1 * (e + 1) + 1) (1 * (${quietest.exponent} + 1)))\n      primes exponents (${COMPUTED}) p e power))\n` +
        "    (fun same => Or.inl (eq_of_beq same)) (fun less => Or.inr (le_of_ble less))",
    ),
    theorem(
      `${seconds} s at ${sampleRateHz} Hz are ${samples} samples.`,
      "sample_count",
      `${sampleRateHz} * ${seconds} = ${samples}`,
    ),
  ];
}

/** A removal whose quotient is known to begin with the lead, and how it is cut in two. */
interface Known {
  readonly name: string;
  readonly excluded: string;
  readonly front: string;
  readonly back: string;
}

/** That no other removal keeps the digits, by a search that is split in two halves. */
function aboutOthers(facts: Facts): string[] {
  const { powers } = facts;
  const [order, removal] = [facts.order.decimal, facts.removals.best];
  const values = powers.toReversed().map(({ prime, exponent }) => BigInt(prime) ** BigInt(exponent));
  const plan = planHalves(values, BigInt(order), BigInt(removal.digits));
  const half = plan.front.length;
  const known = [
    { name: "nothing", excluded: "notNothing", bits: bitsOf(facts, []) },
    { name: "removal", excluded: "notRemoval", bits: bitsOf(facts, removal.removed) },
  ].map(({ bits, ...one }): Known => {
    return { ...one, front: bits.slice(0, half).join(", "), back: bits.slice(half).join(", ") };
  });
  return [
    ...defineHalves(plan, BigInt(order), known),
    ...searchHalves(plan, removal.digits, known),
    behindKnown(removal.digits),
    noOther(powers.length, removal.digits, known),
  ];
}

function defineHalves(plan: Plan, order: bigint, known: readonly Known[]): string[] {
  const { front, back, frontMost, backMost, products, zeros } = plan;
  const counts = "[32, 16, 8, 4, 2, 1]";
  return [
    `/-! No other removal keeps the digits. The powers are cut in two halves. The products of the back half, with zeros, are
the numbers of a search tree. For each product of the front half one walk through it shows that they are apart; only behind
the front halves of the known removals is every back half tried. -/`,
    `def near : Nat := ${order * 10n ** BigInt(zeros)}`,
    `def far : Nat := ${order * 10n ** BigInt(zeros + 1)}`,
    theorem(
      "Both are the order with zeros.",
      "limits",
      "Limits order near far",
      `⟨${zeros}, ${COMPUTED}, ${COMPUTED}⟩`,
    ),
    `def front : List Nat := [${front.join(", ")}]`,
    `def back : List Nat := [${back.join(", ")}]`,
    theorem("The halves are all.", "halves", "powers = append front back"),
    `def scaleFront (n : Nat) : Nat := scale ${counts} ${frontMost} n`,
    `def scaleBack (n : Nat) : Nat := scale ${counts} ${backMost} n`,
    `def products : Tree :=\n  ${treeOf(products)}`,
    ...known.flatMap(({ name, front, back }) => [
      `def ${name}Front : List Bool := [${front}]`,
      `def ${name}Back : List Bool := [${back}]`,
    ]),
  ];
}

/** What is computed: of every choice of each half. */
function searchHalves({ products }: Plan, lead: string, known: readonly Known[]): string[] {
  const [least, greatest] = [products[0], products.at(-1)];
  const isKnown = known.map(({ name }) => `same s ${name}Front`).join(" || ");
  const gaps = ["near", "far"].map(
    (limit) => `gap ${lead} ${limit} (scaleFront (chosen front known)) (scaleBack n)`,
  );
  return [
    theorem("The tree is in order.", "products_ordered", `ordered products ${least} ${greatest} = true`),
    theorem(
      "All products of the back half are in it.",
      "all_listed",
      "everyChoice back (fun n _ => find (scaleBack n) products) = true",
    ),
    `/-- The product is apart from all of the tree, or the choice is a known one. -/
def settled (n : Nat) (s : List Bool) : Bool :=
  clear ${lead} near far ${least} ${greatest} products (scaleFront n) || (${isKnown})`,
    theorem(
      "So it is for every product of the front half.",
      "all_settled",
      "everyChoice front settled = true",
    ),
    `/-- Behind a known front half, a back half is apart or known. -/
def settledBehind (known knownBack : List Bool) (n : Nat) (s : List Bool) : Bool :=
  (${gaps.join(" || ")}) || same s knownBack`,
    ...known.map(({ name }) =>
      theorem(
        `Behind the front half of \`${name}\`.`,
        `settled_behind_${name}`,
        `everyChoice back (settledBehind ${name}Front ${name}Back) = true`,
      ),
    ),
  ];
}

function behindKnown(lead: string): string {
  return `theorem behind_known {s knownFront knownBack : List Bool} {q : Nat}
    (searched : everyChoice back (settledBehind knownFront knownBack) = true)
    (isFront : same (firstBits front s) knownFront = true) (full : length s = length (append front back))
    (whole : chosen (append front back) s * q = order) (other : ¬ s = append knownFront knownBack) : ¬ Leads ${lead} q :=
  either (or_cases (everyChoice_sound back (settledBehind knownFront knownBack) searched (rest front s)))
    (fun apart => refuted (${COMPARED}) whole
      (carry (fun n => Apart order ${lead} (scaleFront n) (scaleBack (chosen back (rest front s))))
        (chain (under (fun bits => chosen front bits) (mirror (eq_of_same (firstBits front s) knownFront isFront)))
          (chosen_first front s))
        (gaps_sound limits apart)))
    (fun isBack => impossible (other (chain (mirror (bits_join front back s full))
      (chain (under (fun a => append a (firstBits back (rest front s))) (eq_of_same (firstBits front s) knownFront isFront))
        (under (fun b => append knownFront b) (eq_of_same (firstBits back (rest front s)) knownBack isBack))))))`;
}

function noOther(size: number, lead: string, known: readonly Known[]): string {
  const whole = "(carry (fun values => chosen values s * q = order) halves whole)";
  const behind = known.map(
    ({ name, excluded }) => `      (fun isFront => behind_known settled_behind_${name} isFront full
        ${whole} ${excluded} (rightOf keeps))`,
  );
  return theorem(
    `No other removal leaves a quotient that begins with ${lead}.`,
    "no_other_removal_keeps",
    `∀ s : List Bool, length s = ${size} → ¬ s = nothing → ¬ s = removal →
    ∀ q : Nat, chosen powers s * q = order → ¬ Keeps q`,
    `fun s full notNothing notRemoval q whole keeps => either (or_cases (everyChoice_sound front settled all_settled s))
    (fun isClear => refuted (${COMPARED}) ${whole}
      (clear_sound limits products_ordered isClear
        (everyChoice_sound back (fun n _ => find (scaleBack n) products) all_listed (rest front s))) (rightOf keeps))
    (fun known => either (or_cases known)
${behind.join("\n")})`,
  );
}

/** A balanced search tree of ascending numbers. */
function treeOf(numbers: readonly bigint[]): string {
  const middle = numbers.length >> 1;
  const root = numbers[middle];
  if (root === undefined) return "Tree.leaf";
  const [left, right] = [treeOf(numbers.slice(0, middle)), treeOf(numbers.slice(middle + 1))];
  return `Tree.node ${[left, root, right].map((part) => (part === "Tree.leaf" || typeof part === "bigint" ? part : `(${part})`)).join(" ")}`;
}
