import { hex } from "#base/bytes.ts";
import { entryAt } from "#base/files.ts";
import { finish } from "#base/steps.ts";
import type { Home } from "#home/home.ts";
import type { RunRecord } from "#home/run-record.ts";
import { hashSteps } from "#store/tree.ts";

/** sha256 of the NAR of the result tree, in hex, from what is on disk now; undefined where there is no tree. */
export function treeDigest(home: Home, { tree }: Pick<RunRecord, "tree">): string | undefined {
  const physical = tree === undefined ? undefined : home.physical(tree);
  return physical === undefined || entryAt(physical) === undefined
    ? undefined
    : hex(finish(hashSteps(physical)).narHash);
}
