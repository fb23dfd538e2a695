// The rules for lyrics of this walk: what the request to a model asks for is what the answer is checked
// against.
import type { WalkStep } from "./score.ts";
import type { SongRules } from "./verify-song.ts";
import { REQUIRED_WORDS } from "./verify-song.ts";

export interface Facts {
  powers: readonly { prime: number }[];
  walk: { groups: readonly WalkStep[] };
}

export function songRules({ powers, walk }: Facts): SongRules {
  return {
    primes: powers.map(({ prime }) => prime),
    requiredWords: REQUIRED_WORDS,
    requiredDigits: walk.groups.map(({ digits }) => digits),
  };
}
