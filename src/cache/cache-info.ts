// `nix-cache-info`: what a cache says of itself.
import { STORE_DIR } from "#nix/store-path.ts";

/** Before cache.nixos.org, which has 40. */
const PRIORITY = 30;

/** @param isServed by our own server, which tells whole closures; Nix passes over the line that says so */
export function cacheInfoText({ isServed = false }: { isServed?: boolean } = {}): string {
  const lines = [`StoreDir: ${STORE_DIR}`, "WantMassQuery: 1", `Priority: ${PRIORITY}`];
  if (isServed) lines.push("WantClosureQuery: 1");
  return `${lines.join("\n")}\n`;
}
