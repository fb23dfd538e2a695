import type { Statement } from "./claim.ts";
import type { Facts } from "./facts.ts";
import type { Removal } from "./removals.ts";
import { sharedPrefix } from "./removals.ts";
import type { Walk } from "./walk.ts";
import { walkDigits } from "./walk.ts";
import { count, set, state } from "./wording.ts";

export function stateWalks(facts: Facts, removals: readonly Removal[]): Statement[] {
  const { walk, unlimitedWalk, chance, order } = facts;
  const primes = facts.powers.map((power) => power.prime);
  const statements = [
    stateWalk("walk", walk),
    stateWalk("walk.unlimited", unlimitedWalk),
    ...Array.from({ length: primes.length - 1 }, (_, index) => index + 1)
      .filter((limit) => limit !== walk.limit)
      .map((limit) =>
        stateWalk(`walk.limit-${limit}`, walkDigits(order.decimal, removals, { limit, primes })),
      ),
  ];
  const runs = walk.groups.map((group) => group.digits);
  return [
    ...statements,
    ...walk.groups.flatMap((group) => stateGroup(group, facts, removals)),
    state(
      "walk.chance",
      `${chance.matches} removals begin one of the ${runs.length} groups; by chance ${chance.expectedMatches} would`,
      {
        kind: "chance",
        runs,
        matches: chance.matches,
        expectedHundredths: Number(chance.expectedMatches.replace(".", "")),
      },
    ),
  ];
}

function stateWalk(id: string, { limit, groups, coveredDigits, stopDigit }: Walk): Statement {
  const digits = groups.map((group) => group.digits).join(" ");
  return state(
    id,
    `With up to ${count(limit, "factor")} the walk has ${count(groups.length, "group")}${digits && `: ${digits}`}`,
    {
      kind: "walk",
      limit,
      groups: groups.map(({ position, digits, removed }) => ({ position, digits, removed })),
      covered: coveredDigits,
      stop: stopDigit,
    },
  );
}

function stateGroup(group: Walk["groups"][number], facts: Facts, removals: readonly Removal[]): Statement[] {
  const { index, position, digits, removed, quotient, matchCount, sameSizeCount } = group;
  const rest = facts.order.decimal.slice(position);
  const longest = removals.reduce((most, removal) => Math.max(most, sharedPrefix(removal.numeral, rest)), 0);
  const extension =
    longest > digits.length
      ? `More than ${facts.walk.limit} factors would give ${longest} digits at position ${position}`
      : `No removal of any size gives more than ${longest} digits at position ${position}`;
  return [
    state(
      `group.${index}.quotient`,
      `Group ${index}, ${digits}: without ${set(removed, facts.powers)} the order is ${quotient}`,
      {
        kind: "quotient",
        removed,
        value: quotient,
      },
    ),
    state(`group.${index}.matches`, `Removals whose quotient begins with ${digits}: ${matchCount}`, {
      kind: "matches",
      digits,
      count: matchCount,
    }),
    state(
      `group.${index}.same-size`,
      `Those among them with ${count(removed.length, "factor")}: ${sameSizeCount}`,
      {
        kind: "matches",
        digits,
        size: removed.length,
        count: sameSizeCount,
        example: removed,
      },
    ),
    state(`group.${index}.extension`, extension, {
      kind: "longest-run",
      position,
      limit: facts.powers.length,
      count: longest,
    }),
  ];
}
