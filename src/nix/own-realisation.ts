// The realisation of a derivation that was resolved: what it gave is found by the derivation alone.
import { hashModulo } from "./derivation-hash.ts";
import type { Derivation } from "./derivation.ts";
import { realisationId, type RealisationId } from "./realisation.ts";

/** Under which id a derivation whose inputs are all store paths is realised. */
export function ownRealisationId(derivation: Derivation): RealisationId {
  const { hash } = hashModulo(derivation, (path) => {
    throw new Error(`${path} should not be an input any more`);
  });
  return realisationId(hash, "out");
}
