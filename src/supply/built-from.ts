// What a statement says an output was built from, against the store: the bytes of the output, the derivation that gave it, and
// each path that the build could read.
import { isPipeliteError } from "#base/errors.ts";
import { isObject, memberAt } from "#base/strict-json.ts";
import type { Derivation } from "#nix/derivation.ts";
import { ownRealisationId } from "#nix/own-realisation.ts";
import {
  isDerivationPath,
  outputPathName,
  parseStorePathBase,
  storePathBase,
  storePathName,
  type StorePath,
} from "#nix/store-path.ts";
import type { Statement } from "#sigstore/statement.ts";
import { fails, holds, untested, type Finding } from "./finding.ts";
import type { StoreBytes } from "./store-bytes.ts";
import type { Trust } from "./trust.ts";

/** Each of its subjects against the bytes that the store has. */
export function subjectFindings({ subject }: Statement, bytes: StoreBytes): Finding[] {
  const several =
    subject.length === 1
      ? []
      : [fails("subject", `a derivation has one output, and it names ${subject.length}`)];
  const each = subject.map(({ name, digest }) => {
    const what = `subject ${name}`;
    const path = pathOf(name);
    if (path === undefined) return fails(what, "it names no store path");
    const unknown = Object.keys(digest).find((algorithm) => !DIGESTS.includes(algorithm));
    if (unknown !== undefined) return fails(what, `its digest ${unknown} is of a kind that is not known`);
    if (!bytes.store.isPresent(path)) return untested(what, "it is not in this store");
    const found = bytes.narHash(path);
    return isNarDigest(digest, found)
      ? holds(what, `sha256:${found}`)
      : fails(what, `its bytes have the hash ${found}`);
  });
  return [...several, ...each];
}

/** The derivation and all that its build could read: that it is all of it, that it gave the subject, and what is here of it. */
export function dependencyFindings(
  { subject, predicate }: Statement,
  { dependencies: mode }: Trust,
  bytes: StoreBytes,
): Finding[] {
  const what = "dependencies";
  const all = dependenciesOf(predicate);
  if (typeof all === "string") return [fails(what, all)];
  const name = memberAt(predicate, "buildDefinition", "externalParameters", "derivation");
  const drv = typeof name === "string" ? pathOf(name) : undefined;
  if (drv === undefined || !isDerivationPath(drv) || !all.has(drv))
    return [fails("derivation", `${String(name)} is not the derivation among its dependencies`)];
  const wantedName = outputPathName(storePathName(drv).slice(0, -".drv".length), "out");
  const output = pathOf(subject[0]?.name ?? "");
  if (output === undefined || storePathName(output) !== wantedName)
    return [fails("derivation", `it gives ${wantedName}, not ${subject[0]?.name ?? "nothing"}`)];
  const here = [...all].filter(([path]) => bytes.store.isPresent(path));
  const other = here.find(([path, digest]) =>
    path === drv ? digest["sha256"] !== bytes.fileHash(path) : !isNarDigest(digest, bytes.narHash(path)),
  );
  if (other !== undefined) return [fails(what, `${other[0]} has other bytes here`)];
  const detail = `${here.length} of ${all.size} are here, with these bytes`;
  return [
    derivationFinding({ drv, output, all, mode }, bytes.store),
    here.length === all.size || mode === "named"
      ? holds(what, detail)
      : untested(what, `${detail}; the trust file does not take the builder's word for the others`),
  ];
}

interface Claimed {
  drv: StorePath;
  output: StorePath;
  all: ReadonlyMap<StorePath, unknown>;
  mode: Trust["dependencies"];
}

/** What the store itself knows of the derivation: what it could read, and what it gave. */
function derivationFinding({ drv, output, all, mode }: Claimed, store: StoreBytes["store"]): Finding {
  const what = "derivation";
  const byWord = (why: string): Finding =>
    mode === "named" ? holds(what, `${why}: the builder's word counts`) : untested(what, why);
  if (!store.isPresent(drv)) return byWord("it is not in this store");
  const closure = new Set(store.closure([drv]));
  const unnamed = [...closure].find((path) => !all.has(path));
  if (unnamed !== undefined) return fails(what, `its build could read ${unnamed}, which is not named`);
  const more = [...all.keys()].find((path) => !closure.has(path));
  if (more !== undefined) return fails(what, `its build could not read ${more}, which is named`);
  let derivation: Derivation;
  try {
    derivation = store.readDerivation(drv);
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return fails(what, error.message);
  }
  const { inputDrvs, inputSrcs, outputs } = derivation;
  if (inputDrvs.size > 0 || [...inputSrcs].some((path) => !all.has(path)))
    return fails(what, "its build could read what is not named");
  const out = outputs.get("out");
  const given = out?.kind === "fixed" ? out.path : store.realisation(ownRealisationId(derivation))?.outPath;
  if (given === undefined) return byWord("nothing here says what it gave");
  return given === output ? holds(what, drv) : fails(what, `it gave ${given} here`);
}

/**
 * What was read under a name must be one of what is trusted, in every statement; one of them must have read it.
 * @param given those that are looked at themselves
 */
export function sourceFindings(
  statements: readonly Statement[],
  { sources }: Trust,
  given: readonly [StorePath, Digest][] = [],
): Finding[] {
  const read = statements.flatMap(({ predicate }) => {
    const all = dependenciesOf(predicate);
    return typeof all === "string" ? [] : [...all];
  });
  read.push(...given);
  return Object.entries(sources).map(([name, trusted]) => {
    const what = `source ${name}`;
    const found = read
      .filter(([path]) => storePathName(path) === name)
      .map(([, { sha256 }]) => (typeof sha256 === "string" ? `sha256:${sha256}` : "none"));
    const other = found.find((hash) => !trusted.includes(hash));
    if (found.length === 0) return untested(what, "nothing that was looked at was built from it");
    return other === undefined ? holds(what, found[0] ?? "") : fails(what, `${other} is not trusted`);
  });
}

type Digest = Readonly<Record<string, unknown>>;
const DIGESTS = ["sha256", "narHash"];

/** Path -> digest, or why the list is none. */
function dependenciesOf(predicate: Statement["predicate"]): Map<StorePath, Digest> | string {
  const listed = memberAt(predicate, "buildDefinition", "resolvedDependencies");
  if (!Array.isArray(listed)) return "it names none";
  const all = new Map<StorePath, Digest>();
  for (const each of listed) {
    const [name, uri, digest] = [memberAt(each, "name"), memberAt(each, "uri"), memberAt(each, "digest")];
    const path = typeof name === "string" ? pathOf(name) : undefined;
    if (path === undefined || uri !== path) return `${String(name)} is no store path`;
    if (all.has(path)) return `${path} stands twice`;
    if (!isObject(digest)) return `${path} has no digest`;
    all.set(path, digest);
  }
  return all;
}

function isNarDigest(digest: Digest, found: string): boolean {
  return digest["sha256"] === found && (digest["narHash"] ?? found) === found;
}

function pathOf(name: string): StorePath | undefined {
  try {
    const path = parseStorePathBase(name);
    return storePathBase(path) === name ? path : undefined;
  } catch (error) {
    if (isPipeliteError(error)) return undefined;
    throw error;
  }
}
