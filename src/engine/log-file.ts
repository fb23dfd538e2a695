import { join } from "node:path";
import { storePathBase } from "#nix/store-path.ts";
import type { StorePath } from "#nix/store-path.ts";

/** Nix's own place for build logs, so that `nix log` reads them too. */
export function logFile(home: string, drvPath: StorePath): string {
  const base = storePathBase(drvPath);
  return join(home, "nix/var/log/nix/drvs", base.slice(0, 2), base.slice(2));
}
