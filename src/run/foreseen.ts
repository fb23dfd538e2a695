// What a plan will most likely ask the databases for, asked at once: what they know of the derivations of the last run of the
// same pipeline. Only what they have is known beforehand; about all else each is asked by itself. It is of the moment at which
// it was asked, and so for one plan, after which outputs are held and looked at again.
import type { BuildRow, Builds } from "#home/builds.ts";
import type { Home } from "#home/home.ts";
import { isStorePath, type StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";

type Output = Pick<BuildRow, "outPath" | "sandbox">;

export interface Foreseen {
  /** What the last build of a derivation gave; undefined where that was not asked. */
  output(drvPath: StorePath): Output | undefined;
  /** False also where that was not asked. */
  isValid(path: StorePath): boolean;
}

interface Asked {
  home: Home;
  builds: Builds;
  store: Store;
  prepared: { graph: { file: string } };
}

const KIND = "plans";

/** Leaves word for the next plan. @param drvPaths of the stages of a run that has ended */
export function rememberDerivations({ home, prepared }: Asked, drvPaths: readonly string[]): void {
  home.notes.remember(KIND, prepared.graph.file, drvPaths);
}

/** @returns undefined where no run has left anything */
export function foresee({ home, builds, store, prepared }: Asked): Foreseen | undefined {
  const noted = home.notes.recall(KIND, prepared.graph.file);
  if (!Array.isArray(noted)) return undefined;
  const paths = noted.filter((each): each is StorePath => typeof each === "string" && isStorePath(each));
  const rows = builds.outputs(paths);
  const valid = store.validAmong([...rows.values()].map(({ outPath }) => outPath));
  return { output: (drvPath) => rows.get(drvPath), isValid: (path) => valid.has(path) };
}
