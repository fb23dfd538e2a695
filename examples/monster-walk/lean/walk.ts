// The groups of the walk: where their digits stand in the order, and which removal gives them.
import { Bits, Nat, add, and, both, computed, eq, exists, le, lt, mul, pow, succ, witness } from "./core.ts";
import { compare, proveLeads } from "./lead.ts";
import type { Call, Library } from "./library.ts";
import { own, take } from "./names.ts";
import type { Monster } from "./order.ts";
import type { Lemmas } from "./removals.ts";
import type { Term } from "./term.ts";
import { PROP, arrow, lam, number } from "./term.ts";

const TEN = number(10);

export interface WalkFacts {
  readonly limit: number;
  readonly groups: readonly {
    readonly index: number;
    readonly position: number;
    readonly digits: string;
    readonly removed: readonly number[];
    readonly quotient: string;
  }[];
  readonly coveredDigits: number;
  readonly stopDigit: string;
}

interface Around {
  readonly lemmas: Lemmas;
  readonly chosen: Call;
  readonly count: Call;
  readonly monster: Monster;
}

export function proveWalk(library: Library, around: Around, order: string, walk: WalkFacts): void {
  const { lemmas, chosen, count, monster } = around;
  const digitsAt = declareDigitsAt(library);
  const claims = (position: Term, length: Term, digits: Term, choice: Term, quotient: Term): Term[] => [
    le(count(choice), number(walk.limit)),
    eq(Nat, mul(chosen(monster.powers, choice), quotient), monster.order),
    lemmas.digits.leads(digits, quotient),
    digitsAt.claim(monster.order, position, length, digits),
  ];
  const group = library.define(
    own("Group"),
    arrow(Nat, Nat, Nat, Bits, Nat, PROP),
    take("position length digits", (position, length, digits) =>
      lam("choice", Bits, (choice) =>
        take("quotient", (quotient) => conjunction(claims(position, length, digits, choice, quotient))),
      ),
    ),
    `At most ${walk.limit} prime powers are chosen; the order without them is the quotient, which begins with the digits; ` +
      "and these stand in the order at the position.",
  );
  for (const { index, position, digits, removed, quotient } of walk.groups) {
    const args = [
      number(position),
      number(digits.length),
      number(BigInt(digits)),
      monster.choice(removed),
      number(BigInt(quotient)),
    ] as const;
    const [, , value, choice, left] = args;
    const [few, leaves, begins, stands] = claims(...args) as [Term, Term, Term, Term];
    const product = mul(chosen(monster.powers, choice), left);
    const proofs = [
      compare(lemmas, count(choice), number(walk.limit)),
      computed(Nat, product, monster.order),
      proveLeads(lemmas, value, left, quotient.length - digits.length),
      digitsAt.prove(lemmas, { whole: monster.order, numeral: order }, position, digits),
    ];
    library.prove(
      own(`group_${index}`),
      group(...args),
      proveAll([few, leaves, begins, stands], proofs),
      `Group ${index}: ${digits}, by removing the powers of ${removed.join(", ")}.`,
    );
  }
  const covered = order.slice(0, walk.coveredDigits);
  const whole = { whole: monster.order, numeral: order };
  library.prove(
    own("groups_join"),
    digitsAt.claim(
      monster.order,
      number(0),
      number(covered.length),
      number(BigInt(walk.groups.map((one) => one.digits).join(""))),
    ),
    digitsAt.prove(lemmas, whole, 0, covered),
    "The groups follow each other without a gap.",
  );
  library.prove(
    own("walk_stops"),
    digitsAt.claim(monster.order, number(covered.length), number(1), number(BigInt(walk.stopDigit))),
    digitsAt.prove(lemmas, whole, covered.length, order.slice(covered.length, covered.length + 1)),
    "No number begins with the digit behind them.",
  );
}

function conjunction(claims: readonly Term[]): Term {
  return claims.reduceRight((rest, claim) => and(claim, rest));
}

function proveAll(claims: readonly Term[], proofs: readonly Term[]): Term {
  const [claim, ...claimsLeft] = claims;
  const [proof, ...proofsLeft] = proofs;
  if (claim === undefined || proof === undefined) throw new RangeError("Nothing to prove");
  if (claimsLeft.length === 0) return proof;
  return both(claim, conjunction(claimsLeft), proof, proveAll(claimsLeft, proofsLeft));
}

interface DigitsAt {
  readonly claim: Call;
  readonly prove: (
    lemmas: Lemmas,
    of: { readonly whole: Term; readonly numeral: string },
    position: number,
    digits: string,
  ) => Term;
}

function declareDigitsAt(library: Library): DigitsAt {
  type Five = readonly [n: Term, position: Term, length: Term, digits: Term];
  const claims = ([n, position, length, digits]: Five, before: Term, behind: Term, rest: Term): Term[] => {
    const all = pow(TEN, add(add(position, length), behind));
    const ahead = add(mul(before, pow(TEN, length)), digits);
    return [
      eq(Nat, n, add(mul(ahead, pow(TEN, behind)), rest)),
      lt(rest, pow(TEN, behind)),
      lt(digits, pow(TEN, length)),
      lt(n, all),
      le(all, mul(n, TEN)),
    ];
  };
  const levels = (five: Five) => {
    const third = (before: Term, behind: Term, rest: Term): Term =>
      conjunction(claims(five, before, behind, rest));
    const second = (before: Term, behind: Term): Term =>
      exists("rest", (rest) => third(before, behind, rest));
    const first = (before: Term): Term => exists("behind", (behind) => second(before, behind));
    return { first, second, third };
  };
  const claim = library.define(
    own("DigitsAt"),
    arrow(Nat, Nat, Nat, Nat, PROP),
    take("n position length digits", (n, position, length, digits) =>
      exists("before", (before) => levels([n, position, length, digits]).first(before)),
    ),
    "n has position + length + behind digits, and those from the position on are these.",
  );
  return {
    claim,
    prove: (lemmas, { whole, numeral }, position, digits) => {
      const end = position + digits.length;
      const five: Five = [whole, number(position), number(digits.length), number(BigInt(digits))];
      const before = number(BigInt(numeral.slice(0, position) || "0"));
      const behind = number(numeral.length - end);
      const rest = number(BigInt(numeral.slice(end) || "0"));
      const all = claims(five, before, behind, rest);
      const { first, second, third } = levels(five);
      const power = pow(TEN, add(add(five[1], five[2]), behind));
      const proofs = [
        computed(Nat, whole, add(mul(add(mul(before, pow(TEN, five[2])), five[3]), pow(TEN, behind)), rest)),
        compare(lemmas, succ(rest), pow(TEN, behind)),
        compare(lemmas, succ(five[3]), pow(TEN, five[2])),
        compare(lemmas, succ(whole), power),
        compare(lemmas, power, mul(whole, TEN)),
      ];
      const inner = witness((n) => third(before, behind, n), rest, proveAll(all, proofs));
      return witness(
        first,
        before,
        witness((n) => second(before, n), behind, inner),
      );
    },
  };
}
