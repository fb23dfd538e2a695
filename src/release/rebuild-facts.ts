// What a release asks of rebuilds.
import type { Home } from "#home/home.ts";
import type { ReadRun } from "#home/runs.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { keptRebuilds, reproductionOf, uncountedRebuilds } from "#rebuild/reproductions.ts";
import { parsePublicKey } from "#sigstore/index.ts";
import type { ReleaseFacts } from "./demands.ts";
import type { Policy } from "./policy.ts";

/** Of a record that has changed. */
export const NO_REBUILDS = { reproductions: new Map(), uncountedRebuilds: [] };

/** Of every output that a build made: what those statements come to whose keys the policy counts, and which count for nothing. */
export function rebuildFacts(
  home: Home,
  { record }: ReadRun,
  { reproduced }: Policy,
): Pick<ReleaseFacts, "reproductions" | "uncountedRebuilds"> {
  if (reproduced === undefined) return NO_REBUILDS;
  const kept = keptRebuilds(
    home,
    reproduced.keys.map((key) => parsePublicKey(key)),
  );
  const found = new Map(
    record.stages.flatMap(({ name, kind, drvPath, narHash }) =>
      kind === "fetch" || kind === "answer" || drvPath === undefined || narHash === undefined
        ? []
        : [[name, reproductionOf({ drvPath: parseStorePath(drvPath), narHash }, kept)] as const],
    ),
  );
  return { reproductions: found, uncountedRebuilds: uncountedRebuilds(kept, record) };
}
