import { hex } from "#base/bytes.ts";
import { entryAt } from "#base/files.ts";
import { finish } from "#base/steps.ts";
import type { Home } from "#home/home.ts";
import type { RunRecord } from "#home/run-record.ts";
import { contentAddressedPath } from "#nix/content-address.ts";
import { parseStorePath, type StorePath } from "#nix/store-path.ts";
import { openStore } from "#store/store.ts";
import { hashSteps } from "#store/tree.ts";
import { pipeliteError } from "./errors.ts";

/**
 * sha256 of the NAR of the result tree, in hex, from what is on disk now; undefined where there is no tree. Its name follows from that,
 * so what is signed is the tree that the run made and no other.
 * @throws PipeliteError RESULT_CHANGED, and those of the store
 */
export function treeDigest(
  home: Home,
  { tree, runId }: Pick<RunRecord, "tree" | "runId">,
): string | undefined {
  const physical = tree === undefined ? undefined : home.physical(tree);
  if (tree === undefined || physical === undefined || entryAt(physical) === undefined) return undefined;
  const { narHash } = finish(hashSteps(physical));
  const path = parseStorePath(tree);
  const address = { method: "recursive", hash: { algorithm: "sha256", bytes: narHash } } as const;
  const isNamed = (references: readonly StorePath[]) =>
    contentAddressedPath(path, address, references) === path;
  if (!isNamed([]) && !isNamed(referencesOf(home, path)))
    throw pipeliteError("RESULT_CHANGED", { run: runId, tree });
  return hex(narHash);
}

/** As the store has them: with others the name would not follow either. */
function referencesOf({ folder }: Home, path: StorePath): readonly StorePath[] {
  using store = openStore(folder, { readOnly: true });
  return store.info(path)?.references ?? [];
}
