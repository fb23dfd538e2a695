// How often, where and by what an output was reproduced: counted from the statements of the home that verify, each time it is
// asked. A statement that was changed, is not in the journal, or is signed by a key that does not count, counts for nothing.
import { isPipeliteError } from "#base/errors.ts";
import { formatCount } from "#base/numbers.ts";
import type { Home } from "#home/home.ts";
import { TransparencyLog } from "#home/log.ts";
import type { RunRecord } from "#home/run-record.ts";
import { parseBundle, type Bundle } from "#sigstore/bundle.ts";
import { toBase64 } from "#sigstore/envelope.ts";
import type { PublicKey } from "#sigstore/key.ts";
import { verifyBundle } from "#sigstore/sign.ts";
import { parseStatement } from "#sigstore/statement.ts";
import { builderPublicKey } from "#supply/attest.ts";
import { parseStorePath, type StorePath } from "#nix/store-path.ts";
import { verifyLogged } from "#tlog/inclusion.ts";
import { rebuildStatusOf, type RebuildStatus } from "./outcome.ts";
import { isAbout, readStatement, UNKNOWN_MACHINE, type StatedRebuild } from "./statement.ts";

/** A statement as it is kept; `problem`: why it counts for nothing. */
export interface KeptRebuild {
  file: string;
  keyId?: string;
  /** By the key of this home. */
  isOwn: boolean;
  stated?: StatedRebuild;
  problem?: string;
  /** What it would say if it counted; nothing vouches for it. Absent where that can't be told, or another statement says it. */
  claimed?: StatedRebuild;
  /** It names the log of this home as the one that has it. */
  isLogged?: boolean;
}

/** A statement about an output of a run that counts for nothing, though it would if it were signed as it should be. */
export interface UncountedRebuild {
  stage: string;
  file: string;
  keyId: string;
  problem: string;
  /** It is in the log of this home, and tells of other bytes: a key that was replaced must not make that unsaid. */
  isDenial: boolean;
}

export interface Reproduction {
  /** As all builds of all statements together give it. */
  status: RebuildStatus;
  /** Builds that gave the same bytes. */
  same: number;
  /** All builds. */
  builds: number;
  /** Of builds that gave the same bytes: engines, machines by their own word, keys that signed, and what was varied. */
  engines: string[];
  machines: number;
  keys: string[];
  varied: string[];
  /** When the last was done. */
  last?: string;
  statements: number;
}

/** In one line. */
export function reproductionText({
  status,
  same,
  builds,
  engines,
  keys,
  machines,
  varied,
}: Reproduction): string {
  if (status === "untested") return status;
  const by = engines.length === 0 ? "" : ` by ${engines.join(" and ")}`;
  const where = `${formatCount(machines, "machine")}, ${formatCount(keys.length, "home")}`;
  const others = varied.length === 0 ? "" : `; the same under ${formatCount(varied.length, "variation")}`;
  return `${status}: the same bytes from ${same} of ${formatCount(builds, "build")}${by}, ${where}${others}`;
}

/** Every statement about a rebuild that the journal has. @param keys that count beside the key of this home */
export function keptRebuilds(home: Home, keys: readonly PublicKey[]): KeptRebuild[] {
  const files = new Set(home.journal.entries.flatMap(({ kind, file }) => (kind === "rebuild" ? [file] : [])));
  const own = builderPublicKey(home);
  const counted = own === undefined ? keys : [own, ...keys];
  const seen = new Set<string>();
  const log = new TransparencyLog(home).verifier;
  return [...files].map((file) => {
    const { text, problem } = home.sealed.read(file);
    if (text === undefined || problem !== undefined)
      return { file, isOwn: false, problem: problem ?? "the file is gone" };
    let bundle: Bundle | undefined;
    try {
      bundle = parseBundle(text);
      const { keyId } = bundle;
      const isOwn = keyId === own?.keyId;
      const stated = readStatement(verifyBundle(bundle, counted));
      if (isOwn) {
        if (log === undefined) throw new RangeError("the log that has it has no key any more");
        verifyLogged(bundle, own.key, log);
      }
      const words = `${keyId} ${toBase64(bundle.payload)}`;
      if (seen.has(words)) return { file, keyId, isOwn, problem: "it was counted before" };
      seen.add(words);
      return { file, keyId, isOwn, stated };
    } catch (error) {
      if (!isPipeliteError(error) && !(error instanceof RangeError) && !(error instanceof TypeError))
        throw error;
      const claimed = bundle === undefined ? undefined : claimedBy(bundle);
      const isStranger = isPipeliteError(error, "BUNDLE_KEY_UNKNOWN");
      return {
        file,
        isOwn: false,
        ...(bundle !== undefined && { keyId: bundle.keyId }),
        ...(claimed !== undefined && { claimed }),
        isLogged: log !== undefined && log.id.equals(bundle?.log?.logId ?? new Uint8Array()),
        problem: isStranger ? strangerText(own) : error.message,
      };
    }
  });
}

function strangerText(own: PublicKey | undefined): string {
  const now = own === undefined ? "has no key" : `has the key ${own.keyId}`;
  return `this home ${now}, and the one that signed it is none that counts`;
}

function claimedBy(bundle: Bundle): StatedRebuild | undefined {
  try {
    return readStatement(parseStatement(bundle.payload));
  } catch {
    return undefined;
  }
}

/** Of statements about the outputs of a run those that count for nothing, and why: a key that was replaced takes its own along. */
export function uncountedRebuilds(
  kept: readonly KeptRebuild[],
  { stages }: Pick<RunRecord, "stages">,
): UncountedRebuild[] {
  return stages.flatMap(({ name: stage, drvPath, narHash }) => {
    if (drvPath === undefined || narHash === undefined) return [];
    return kept.flatMap(({ file, keyId = "", claimed, problem = "", isLogged = false }) => {
      if (claimed === undefined || !isAbout(claimed, parseStorePath(drvPath), narHash)) return [];
      const isOther = claimed.builds.some((each) => each.narHash !== undefined && each.narHash !== narHash);
      return [{ stage, file, keyId, problem, isDenial: isLogged && isOther }];
    });
  });
}

/** In one line, of those of one stage; empty where there are none. */
export function uncountedText(uncounted: readonly UncountedRebuild[]): string {
  const byKey = Map.groupBy(uncounted, ({ keyId, problem }) => `signed by ${keyId}: ${problem}`);
  return [...byKey]
    .map(([why, all]) => {
      const files = all.map(({ file, isDenial }) => (isDenial ? `${file} (other bytes)` : file)).join(", ");
      return `${files} ${all.length === 1 ? "counts" : "count"} for nothing, ${why}`;
    })
    .join("; ");
}

/** @param narHash `sha256:<hex>` of what the derivation gave */
export function reproductionOf(
  { drvPath, narHash }: { drvPath: StorePath; narHash: string },
  kept: readonly KeptRebuild[],
): Reproduction {
  const about = kept.filter(({ stated }) => stated !== undefined && isAbout(stated, drvPath, narHash));
  const attempts = about.flatMap(({ stated }) => stated?.builds ?? []);
  const isSame = (each: { narHash?: string }): boolean => each.narHash === narHash;
  const confirming = about.filter(({ stated }) => stated?.builds.some(isSame));
  const unique = (values: readonly (string | undefined)[]): string[] => [
    ...new Set(values.filter((each) => each !== undefined)),
  ];
  const last = unique(about.map(({ stated }) => stated?.rebuiltOn))
    .toSorted()
    .at(-1);
  return {
    status: rebuildStatusOf({ narHash, attempts }),
    same: attempts.filter(isSame).length,
    builds: attempts.length,
    engines: unique(attempts.filter(isSame).map(({ engine }) => engine)),
    machines: machinesIn(unique(confirming.map(({ stated }) => stated?.machine))),
    keys: unique(confirming.map(({ keyId }) => keyId)),
    varied: unique(attempts.filter(isSame).flatMap(({ varied }) => varied)),
    ...(last !== undefined && { last }),
    statements: about.length,
  };
}

/** One that has no id may be any of those that have one. */
function machinesIn(ids: readonly string[]): number {
  const known = ids.filter((id) => id !== UNKNOWN_MACHINE).length;
  return known === 0 ? ids.length : known;
}

/**
 * Statements that the journal has, and that are gone or other ones: files of those that may be about an output of this run. Nobody
 * knows any more whether they told of other bytes.
 */
export function lostRebuilds(home: Home, { stages }: Pick<RunRecord, "stages">): string[] {
  const built = new Set(stages.flatMap(({ drvPath }) => drvPath ?? []));
  const mayBuild = (runId: string): boolean => {
    const [run] = home.runs.intact([runId]);
    return run?.record.stages.some(({ drvPath = "" }) => built.has(drvPath)) ?? true;
  };
  const lost = home.journal.entries.filter(
    ({ kind, file, subject }) =>
      kind === "rebuild" && home.sealed.read(file).problem !== undefined && mayBuild(subject),
  );
  return [...new Set(lost.map(({ file }) => file))];
}

export interface ReproducedStage extends Reproduction {
  stage: string;
  /** In one line. */
  text: string;
  /** Statements about it that count for nothing. */
  uncounted?: UncountedRebuild[];
}

/** What the statements of a home come to for the outputs of a run; a stage that none is about is left out. */
export function reproductions(home: Home, record: Pick<RunRecord, "stages">): ReproducedStage[] {
  if (!home.journal.entries.some(({ kind }) => kind === "rebuild")) return [];
  const kept = keptRebuilds(home, home.keyring.keys);
  const uncounted = Map.groupBy(uncountedRebuilds(kept, record), ({ stage }) => stage);
  return record.stages.flatMap(({ name: stage, drvPath, narHash }) => {
    if (drvPath === undefined || narHash === undefined) return [];
    const found = reproductionOf({ drvPath: parseStorePath(drvPath), narHash }, kept);
    const others = uncounted.get(stage) ?? [];
    if (found.statements === 0 && others.length === 0) return [];
    const text = [reproductionText(found), uncountedText(others)].filter((each) => each !== "").join("; ");
    return [{ stage, text, ...found, ...(others.length > 0 && { uncounted: others }) }];
  });
}
