// Which store paths a bill of materials of a run is of: what its results need to be used (runtime), or all that they were built
// from as well (build).
import type { RunRecord } from "#home/run-record.ts";
import { parseStorePath, type StorePath } from "#nix/store-path.ts";
import type { ClosureKind } from "#sbom/bom.ts";

/** The paths that the closure begins with; sorted. */
export function rootsOf({ results, stages, materials }: RunRecord, kind: ClosureKind): StorePath[] {
  const made = Object.values(results);
  const built = stages.flatMap(({ drvPath, graphDrvPath, outPath }) => [drvPath, graphDrvPath, outPath]);
  const all = kind === "runtime" ? made : [...made, ...built, ...materials.map(({ path }) => path)];
  const paths = all.flatMap((path) => (path === undefined ? [] : parseStorePath(path)));
  return [...new Set(paths)].toSorted();
}

/** What an archive of a run keeps: all that it was built from, and its result, which signatures and releases are over; sorted. */
export function archivedRootsOf(record: RunRecord): StorePath[] {
  const { tree } = record;
  return [...rootsOf(record, "build"), ...(tree === undefined ? [] : [parseStorePath(tree)])].toSorted();
}
