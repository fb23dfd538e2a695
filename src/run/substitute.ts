// Taking what a cache has, instead of building it.
import type { Substituter } from "#cache/substituter.ts";
import { derivationPath, type Derivation } from "#nix/derivation.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type { RunListener } from "#home/events.ts";
import { ownRealisationId } from "#nix/own-realisation.ts";
import type { RunOptions } from "./options.ts";

/** The caches of a run. What opens them is loaded here: most runs have none. */
export async function openCaches(
  store: Store,
  { caches, signal }: Pick<RunOptions, "caches" | "signal">,
  tell: RunListener,
): Promise<Substituter | undefined> {
  if (caches === undefined || caches.caches.length === 0) return undefined;
  const { openSubstituter } = await import("#cache/open.ts");
  return openSubstituter(store, caches, signal, {
    onRefused: (url, error) => tell({ type: "cache-refused", url, problem: error.message }),
  });
}

function realisationOf(substituter: Substituter, derivation: Derivation, signal: AbortSignal) {
  return substituter.realisation(ownRealisationId(derivation), signal, derivationPath(derivation));
}

/** The output that a derivation would be given by a cache, and which one; takes nothing. */
export async function findElsewhere(
  substituter: Substituter,
  derivation: Derivation,
  signal: AbortSignal,
): Promise<{ path: StorePath; from: string } | undefined> {
  const output = derivation.outputs.get("out");
  const known = output !== undefined && "path" in output ? output.path : undefined;
  const path = known ?? (await realisationOf(substituter, derivation, signal))?.realisation.outPath;
  const from = path && (await substituter.offer(path, signal));
  return path === undefined || from === undefined ? undefined : { path, from };
}

/**
 * Takes the output of a derivation whose inputs are all store paths, with all it needs.
 * @returns where it is and which cache said so; undefined where no cache has it, or no trusted key says what the derivation gave
 */
export async function substituteOutput(
  store: Store,
  substituter: Substituter,
  derivation: Derivation,
  signal: AbortSignal,
): Promise<{ path: StorePath; from: string } | undefined> {
  const output = derivation.outputs.get("out");
  if (output !== undefined && "path" in output) {
    const from = (await substituter.take(output.path, signal))?.from;
    return from === undefined ? undefined : { path: output.path, from };
  }
  const found = await realisationOf(substituter, derivation, signal);
  if (found === undefined) return undefined;
  const { realisation, from } = found;
  if ((await substituter.take(realisation.outPath, signal)) === undefined) return undefined;
  // Of a derivation that needs no other one to be realised; what its output refers to came along.
  await store.adoptRealisations([{ ...realisation, dependencies: new Map() }]);
  return { path: realisation.outPath, from };
}
