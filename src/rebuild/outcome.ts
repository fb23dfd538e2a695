// What rebuilding one output came to. The status is computed from the builds and never kept. Pure.
import type { Difference } from "./compare.ts";
import type { Guess } from "./guess.ts";
import type { Stabiliser } from "./stabilise.ts";
import type { StillName, Untested, VariationName } from "./variations.ts";

/** `equivalent`: not the same bytes, and the same when what an archive says of its making is left out. */
export type RebuildStatus = "reproduced" | "equivalent" | "differs" | "failed" | "untested";

export type EngineName = "embedded" | "nix";

/** One build that was compared with the output. */
export interface Attempt {
  engine: EngineName;
  /** What isolated it. */
  sandbox: string;
  /** What it was shown otherwise; none: as always. */
  varied: readonly VariationName[];
  /** `sha256:<hex>` of the NAR of what it made; absent where it failed. */
  narHash?: string;
  /** The same but for these. */
  equivalentBy?: readonly Stabiliser[];
  failure?: string;
}

/**
 * Why an output differs, as measured: a smallest set of variations; another engine; `itself`: two builds with nothing varied
 * between them differ; `recorded`: two such builds are the same, and not what was recorded.
 */
export interface Cause {
  by: readonly (VariationName | "engine" | "itself" | "recorded")[];
  /** Of `itself`: a smallest set of what must be held still for two builds to give the same; none: nothing that was tried. */
  heldStill?: readonly StillName[];
  /** What the first difference looks like. */
  guesses: readonly Guess[];
  /** The first file that differs, and how many do. */
  difference?: Difference;
  files?: number;
  failure?: string;
  /** Of diffoscope, where it is installed. */
  diffoscope?: string;
}

export interface RebuiltOutput {
  stage: string;
  drvPath: string;
  outPath: string;
  narHash: string;
  attempts: Attempt[];
  untested: Untested[];
  causes: Cause[];
}

export function rebuildStatusOf({
  narHash,
  attempts,
}: Pick<RebuiltOutput, "narHash" | "attempts">): RebuildStatus {
  if (attempts.length === 0) return "untested";
  const others = attempts.filter((each) => each.narHash !== narHash);
  if (others.length === 0) return "reproduced";
  const made = others.filter((each) => each.narHash !== undefined);
  if (made.some((each) => each.equivalentBy === undefined)) return "differs";
  return made.length < others.length ? "failed" : "equivalent";
}
