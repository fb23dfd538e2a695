// Everything the proof stage states, in the certificate's language. The numbers come from the facts, the words from the
// numbers; nothing here decides whether a statement holds.
import type { Statement } from "./claim.ts";
import type { Facts, Mathematics } from "./facts.ts";
import { primeFactors, primitiveRoot } from "./primality.ts";
import { stateBases, stateRemovals } from "./removal-statements.ts";
import { stateSound } from "./sound-statements.ts";
import { stateWalks } from "./walk-statements.ts";
import { state } from "./wording.ts";

export function listStatements({ facts, removals }: Mathematics): Statement[] {
  return [
    ...stateOrder(facts),
    ...statePrimes(facts),
    ...stateRemovals(facts, removals),
    ...stateBases(facts),
    ...stateWalks(facts, removals),
    ...stateSound(facts),
  ];
}

function stateOrder({ order, powers }: Facts): Statement[] {
  const value = order.decimal;
  return [
    state(
      "order.value",
      `The order of the Monster group, the product of its ${powers.length} prime powers, is ${value}`,
      {
        kind: "product",
        powers: powers.map(({ prime, exponent }) => ({ prime, exponent })),
        value,
      },
    ),
    state("order.digits", `It has ${order.digits} decimal digits`, {
      kind: "digit-count",
      value,
      base: 10,
      count: order.digits,
    }),
    state("order.trailing-zeros", `It ends in ${order.trailingZeros} zeros`, {
      kind: "trailing-zeros",
      value,
      base: 10,
      count: order.trailingZeros,
    }),
    state("order.bits", `It has ${order.bits} binary digits`, {
      kind: "digit-count",
      value,
      base: 2,
      count: order.bits,
    }),
    state("order.hex", `In base 16 it is ${order.hex}`, {
      kind: "numeral",
      value,
      base: 16,
      digits: Array.from(order.hex, (digit) => Number.parseInt(digit, 16)),
    }),
  ];
}

function statePrimes({ powers }: Facts): Statement[] {
  return powers.map(({ prime }) =>
    state(`prime.${prime}`, `${prime} is prime`, {
      kind: "prime",
      value: prime,
      generator: primitiveRoot(prime),
      factors: primeFactors(prime - 1),
    }),
  );
}
