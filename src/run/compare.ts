// What a stage made that was built again, beside what it had made before.
import type { StageRecord } from "#home/run-record.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { firstChangedFile } from "./reasons.ts";

/** The output of before, and the first file in which that of now differs. */
export function compareOutputs(
  store: Store,
  former: StorePath,
  built: StorePath,
): NonNullable<StageRecord["former"]> {
  if (former === built || !store.isPresent(former)) return { outPath: former };
  const file = firstChangedFile(store.physical(former), store.physical(built));
  return { outPath: former, ...(file !== undefined && { firstDifference: file }) };
}
