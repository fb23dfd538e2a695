// The claims that follow from the outputs of a run: what each is, and what the checks in a `verdict.json` say. A stage
// may give a check a `formula` and the `evidence` it reads; where it gives none, the claim is what building the stage
// again gives.
import { hexDigestOf } from "#base/digest.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { bytesInside } from "#base/files.ts";
import type { Steps } from "#base/steps.ts";
import { isObject, parseJudgedJson } from "#base/strict-json.ts";
import type { Claim, ClaimValue } from "#home/run-record.ts";
import { rootClaims } from "./root-claims.ts";
import { measure } from "./measure.ts";
import { EvidenceFiles } from "./evidence-files.ts";
import type { EvidencePlaces } from "./formula-context.ts";
import { heldToFormula } from "./held-claim.ts";
import { weigh, type Weighed } from "./weigh.ts";
import { isClaimValue } from "./run-claims.ts";
import type { RunRecord, StageRecord } from "#home/run-record.ts";

/** The file of an output that holds checks. */
export const VERDICT_FILE = "verdict.json";

/** The part of a record that says what there is. */
type Outputs = Pick<RunRecord, "stages" | "materials" | "results">;

/** Where a store path is on disk. */
type Locate = (path: string) => string;

interface Check {
  id?: unknown;
  statement?: unknown;
  value?: unknown;
  unit?: unknown;
  status?: unknown;
  limit?: unknown;
  formula?: unknown;
  accept?: unknown;
  /** One place or several: `<result>/<file>#<pointer>`. */
  evidence?: unknown;
}

/** How a claim is weighed on its evidence. */
type Weigh = (claim: Claim, places: EvidencePlaces) => Steps<Weighed>;

/** At once. */
// oxlint-disable-next-line require-yield -- another way has something to wait for
function* weighHere(claim: Claim, places: EvidencePlaces): Steps<Weighed> {
  return weigh(claim, places, false);
}

/** The claims of all outputs that a record names. */
export function* outputClaimSteps(
  record: Outputs,
  locate: Locate,
  weighClaim: Weigh = weighHere,
): Steps<Claim[]> {
  const found = { locate, files: new EvidenceFiles() };
  const places = placesOf(record);
  const ofChecks: Claim[] = [];
  for (const verdict of verdictsOf(record)) {
    ofChecks.push(...(yield* checkClaims(verdict, { found, places, weighClaim })));
    yield;
  }
  const ofStages: Claim[] = [];
  for (const stage of record.stages) {
    ofStages.push(...stageOutputClaims(stage, locate));
    yield;
  }
  return [
    ...ofStages,
    ...record.stages.flatMap((stage) => rootClaims(stage, locate)),
    ...record.materials.flatMap(({ name, path, narHash, narSize }) => [
      hashClaim(`material/${name}`, name, path, { value: narHash, formula: "narHash($1)" }),
      sizeClaim(`material/${name}`, name, path, narSize),
    ]),
    // Last: of two claims of one id the later one is renamed, and a check must not take the name of a hash.
    ...ofChecks,
  ];
}

/** What a record has under a name or a path. */
interface Places {
  /** Output -> the derivation that gave it, where building it again gives it. */
  drvPaths: ReadonlyMap<string, string>;
  /** Result, stage or material -> store path. */
  paths: ReadonlyMap<string, string>;
}

function placesOf({ stages, materials, results }: Outputs): Places {
  const drvPaths = new Map<string, string>();
  const paths = new Map(Object.entries(results));
  const add = (name: string, path: string): void => void (paths.has(name) || paths.set(name, path));
  for (const stage of stages) {
    const { name, outPath, drvPath } = stage;
    if (outPath === undefined) continue;
    add(name, outPath);
    if (drvPath !== undefined && isBuilt(stage) && !drvPaths.has(outPath)) drvPaths.set(outPath, drvPath);
  }
  for (const { name, path } of materials) add(name, path);
  return { drvPaths, paths };
}

/** Outputs that may hold checks: the results, and every check that is said in pipeline.ts. */
function verdictsOf({ stages, results }: Outputs): Result[] {
  const ofChecks = stages.flatMap(({ kind, name, outPath }) =>
    kind === "check" && outPath !== undefined ? [{ name, path: outPath }] : [],
  );
  const known = new Set(ofChecks.map(({ path }) => path));
  const ofResults = Object.entries(results).map(([name, path]) => ({ name, path }));
  return [...ofResults.filter(({ path }) => !known.has(path)), ...ofChecks];
}

interface Result {
  name: string;
  path: string;
}

/** A verdict that no build made (in a source, a fetch, an answer) was only written down: it is a file like any other. */
function* checkClaims(
  { name, path }: Result,
  { found, places, weighClaim }: { found: EvidencePlaces; places: Places; weighClaim: Weigh },
): Steps<Claim[]> {
  const bytes = bytesInside(found.locate(path), VERDICT_FILE);
  const drvPath = places.drvPaths.get(path);
  if (drvPath === undefined || bytes === undefined) return [];
  const { checks = [], status, problem } = readVerdict(bytes);
  if (problem !== undefined) return [unreadableClaim({ name, path }, bytes, problem)];
  const given: Claim[] = [];
  for (const claim of claimsOfChecks(places, { name, path }, drvPath, checks))
    given.push(claim.status === "passed" ? heldToFormula(claim, yield* weighClaim(claim, found)) : claim);
  if (status !== "failed" || given.some((claim) => claim.status === "failed")) return given;
  return [...given, failedClaim({ name, path }, drvPath)];
}

interface Verdict {
  status?: unknown;
  checks?: Check[];
  /** Why it is none. */
  problem?: string;
}

function readVerdict(bytes: Uint8Array): Verdict {
  try {
    const value = parseJudgedJson(bytes);
    if (!isObject(value)) return { problem: "it is not an object" };
    const { status, checks = [] } = value;
    if (!Array.isArray(checks)) return { problem: "its checks are no list" };
    if (!checks.every(isObject)) return { problem: "a check is not an object" };
    return { status, checks };
  } catch (error) {
    return { problem: error instanceof RangeError ? error.message : "it is not JSON" };
  }
}

/** What was to be checked is not known, so nothing has passed. */
function unreadableClaim({ name, path }: Result, bytes: Uint8Array, problem: string): Claim {
  const value = hexDigestOf(bytes);
  const statement = `The verdict of ${name} can't be read: ${problem}`;
  const evidence = [`${path}/${VERDICT_FILE}`];
  return {
    id: `${name}/verdict`,
    kind: "check",
    statement,
    value,
    formula: "sha256($1)",
    evidence,
    status: "failed",
  };
}

/** The stage says so, though no check of its does. */
function failedClaim({ name, path }: Result, drvPath: string): Claim {
  return {
    id: `${name}/verdict`,
    kind: "check",
    statement: `The verdict of ${name} as a whole`,
    value: "failed",
    formula: `realise(${JSON.stringify(drvPath)}, ${JSON.stringify(`${VERDICT_FILE}#/status`)})`,
    evidence: [`${path}/${VERDICT_FILE}#/status`],
    status: "failed",
  };
}

function claimsOfChecks(
  { paths }: Places,
  { name, path }: Result,
  drvPath: string,
  checks: readonly Check[],
): Claim[] {
  return checks.map((check, index) => {
    const { value = null, limit } = check;
    const own = `/checks/${index}`;
    const places = [check.evidence].flat().filter((place) => typeof place === "string");
    const evidence = [
      ...places.map((place) => resolvePlace(paths, place)),
      `${path}/${VERDICT_FILE}#${own}/value`,
    ];
    const read = `optional(realise(${JSON.stringify(drvPath)}, ${JSON.stringify(`${VERDICT_FILE}#${own}/value`)}))`;
    return {
      id: `${name}/${textOr(check.id, String(index))}`,
      kind: "check",
      statement: textOr(check.statement, ""),
      value: asClaimValue(value),
      ...(typeof check.unit === "string" && { unit: check.unit }),
      formula: textOr(check.formula, isClaimValue(value) ? read : `json(${read})`),
      evidence,
      status: textOr(check.status, "untested"),
      ...(limit !== undefined && { limit: asClaimValue(limit) }),
      ...(typeof check.accept === "string" && { accept: check.accept }),
    };
  });
}

/** `audio/x.json#/y` -> `<store path of audio>/x.json#/y`; what names no result, stage or material stays as it is. */
function resolvePlace(paths: Places["paths"], place: string): string {
  const [name = ""] = place.split(/[/#]/);
  const path = paths.get(name);
  return path === undefined ? place : `${path}${place.slice(name.length)}`;
}

function stageOutputClaims(stage: StageRecord, locate: Locate): Claim[] {
  const { name, outPath, narHash, narSize, drvPath } = stage;
  if (outPath === undefined || narHash === undefined || narSize === undefined) return [];
  const isAgain = isBuilt(stage) && drvPath !== undefined;
  const formula = isAgain ? `narHash(realise(${JSON.stringify(drvPath)}))` : "narHash($1)";
  const { files, bytes } = measure(locate(outPath));
  const of = `the output of ${name}`;
  return [
    hashClaim(name, of, outPath, { value: narHash, formula }),
    sizeClaim(name, of, outPath, narSize),
    outputFigure(`${name}/files`, `Files in ${of}`, outPath, {
      value: files,
      unit: "files",
      formula: "files($1)",
    }),
    outputFigure(`${name}/bytes`, `Bytes in the files of ${of}`, outPath, {
      value: bytes,
      unit: "B",
      formula: "bytes($1)",
    }),
  ];
}

/** What a fetch or an answer gives can't be had again by building: its own hash is the evidence. */
function isBuilt({ kind }: StageRecord): boolean {
  return kind !== "fetch" && kind !== "answer";
}

function hashClaim(
  id: string,
  of: string,
  path: string,
  { value, formula }: { value: string; formula: string },
): Claim {
  return outputFigure(`${id}/nar-hash`, `Hash of the archive of ${of}`, path, { value, formula });
}

function sizeClaim(id: string, of: string, path: string, value: number): Claim {
  return outputFigure(`${id}/nar-size`, `Size of the archive of ${of}`, path, {
    value,
    unit: "B",
    formula: "narSize($1)",
  });
}

function outputFigure(
  id: string,
  statement: string,
  path: string,
  { value, unit, formula }: { value: ClaimValue; unit?: string; formula: string },
): Claim {
  // In the order of names, in which it is written: there are many of them.
  return {
    evidence: [path],
    formula,
    id,
    kind: "figure",
    statement,
    status: "recorded",
    ...(unit !== undefined && { unit }),
    value,
  };
}

function asClaimValue(value: unknown): ClaimValue {
  return isClaimValue(value) ? value : canonicalJson(value);
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}
