// What a plan will most likely ask the databases for, asked at once: what they know of the derivations of the last run of the
// same pipeline. Only what they have is known beforehand; about all else each is asked by itself. It is of the moment at which
// it was asked, and so for one plan, after which outputs are held and looked at again.
import { statSignature } from "#base/files.ts";
import { isObject } from "#base/strict-json.ts";
import { VERSION } from "#base/version.ts";
import { SYSTEM } from "#environment/step.ts";
import type { BuildRow, Builds } from "#home/builds.ts";
import type { Home } from "#home/home.ts";
import { isStorePath, type StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";

type Output = Pick<BuildRow, "outPath" | "sandbox">;

export interface Foreseen {
  /** The derivation of this mark. */
  derivation(mark: string): StorePath | undefined;
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

type Marked = { drvPath: StorePath; mark: string | undefined };

/** What is left for the next plan. A mark is of the code that made it, and of its kind of machine. */
interface Note {
  by: string;
  stages: readonly (readonly [drvPath: string, mark: string | null])[];
}

const KIND = "derivations";

/** In a package, all that a derivation is made by is in this very file; another build of the same version is another file. */
function madeBy(): string {
  return `${VERSION} ${SYSTEM} ${statSignature(import.meta.filename)}`;
}

/** Leaves word for the next plan. */
export function rememberDerivations({ home, prepared, marked }: Asked & { marked: readonly Marked[] }): void {
  const stages = marked.map(({ drvPath, mark }) => [drvPath, mark ?? null] as const);
  home.notes.remember(KIND, prepared.graph.file, { by: madeBy(), stages } satisfies Note);
}

/** @returns undefined where no run has left anything */
export function foresee({ home, builds, store, prepared }: Asked): Foreseen | undefined {
  const noted = home.notes.recall(KIND, prepared.graph.file);
  if (!isNote(noted)) return undefined;
  const stages = noted.stages.flatMap(([drvPath, mark]) => (isStorePath(drvPath) ? [{ drvPath, mark }] : []));
  const rows = builds.outputs(stages.map(({ drvPath }) => drvPath));
  const valid = store.validAmong([...rows.values()].map(({ outPath }) => outPath));
  const byMark = new Map(noted.by === madeBy() ? stages.map(({ drvPath, mark }) => [mark, drvPath]) : []);
  return {
    derivation: (mark) => byMark.get(mark),
    output: (drvPath) => rows.get(drvPath),
    isValid: (path) => valid.has(path),
  };
}

/** Notes of the user's own home: what was cut short, or is of another form, counts as none. */
function isNote(value: unknown): value is Note {
  if (!isObject(value) || typeof value["by"] !== "string" || !Array.isArray(value["stages"])) return false;
  return value["stages"].every((each) => Array.isArray(each) && typeof each[0] === "string");
}
