// The realisation of a derivation that was resolved: what it gave is found by the derivation alone.
import { hashModulo } from "./derivation-hash.ts";
import type { Derivation } from "./derivation.ts";
import { realisationId, type RealisationId } from "./realisation.ts";

/** Under which id a derivation whose inputs are all store paths is realised. */
export function ownRealisationId(derivation: Derivation): RealisationId {
  let id = ids.get(derivation);
  if (id === undefined) ids.set(derivation, (id = makeId(derivation)));
  return id;
}

/** Asked for before a build, and after it. */
const ids = new WeakMap<Derivation, RealisationId>();

function makeId(derivation: Derivation): RealisationId {
  const { hash } = hashModulo(derivation, (path) => {
    throw new Error(`${path} should not be an input any more`);
  });
  return realisationId(hash, "out");
}
