// The bill of materials of a run, gathered: the closure and its graph from the store, packages from the metadata in each object,
// the pipeline from the record. Two homes with the same run give the same one: times, run ids and folders are no part of it.
import { canonicalJson } from "#base/canonical-json.ts";
import { hexDigestOf } from "#base/digest.ts";
import { hex } from "#base/bytes.ts";
import { VERSION } from "#base/version.ts";
import type { Home } from "#home/home.ts";
import type { RunRecord, StageRecord } from "#home/run-record.ts";
import { parseHash } from "#nix/hash.ts";
import { parseStorePath, storePathBase, storePathName, type StorePath } from "#nix/store-path.ts";
import { hashOf } from "#sbom/bom.ts";
import type { Bom, BomObject, BomPath, BomStage, ClosureKind, BomPackage, Party } from "#sbom/bom.ts";
import { parseObjectName } from "#sbom/metadata.ts";
import { purlOf } from "#sbom/purl.ts";
import { uuidFrom } from "#sbom/uuid.ts";
import { openStore, type Store } from "#store/store.ts";
import { rootsOf } from "./closure.ts";
import { contentsOf, notedPackages, type Contents } from "./contents.ts";
import { pipeliteError } from "./errors.ts";

export interface SbomOptions {
  closure: ClosureKind;
  /** ISO 8601, whole seconds, UTC. */
  time: string;
  isTimeKnown: boolean;
  supplier?: Party;
}

/** @throws PipeliteError RECORD_CHANGED, SBOM_PATH_GONE, SBOM_NO_RESULTS */
export async function bomOf(home: Home, runId: string, options: SbomOptions): Promise<Bom> {
  const { record } = home.runs.requireUnchanged(runId);
  const { closure, supplier } = options;
  if (Object.keys(record.results).length === 0) throw pipeliteError("SBOM_NO_RESULTS", { run: runId });
  using store = openStore(home.folder, { readOnly: true });
  const roots = rootsOf(record, closure);
  const paths = closureOf(store, roots);
  const other = closure === "runtime" ? "build" : "runtime";
  const otherId = isWhole(store, rootsOf(record, other))
    ? idOf(store, record, { ...options, closure: other })
    : undefined;
  const labels = imagesOf(store, record);
  const objects: BomObject[] = [];
  for (const path of paths) objects.push(await objectOf(home, store, path, labels));
  return {
    pipeline: record.pipeline,
    closure,
    id: idOf(store, record, options),
    ...(otherId !== undefined && { otherId }),
    version: hexDigestOf(canonicalJson(record.results)).slice(0, 32),
    time: options.time,
    isTimeKnown: options.isTimeKnown,
    tool: VERSION,
    ...(supplier && { supplier }),
    roots,
    objects: named(objects, supplier, new Set(madeIn(record))),
    params: record.params,
    stages: record.stages.map(stageOf),
    materials: Object.fromEntries(
      record.materials.map(({ name, path, narHash }) => [name, pathOf(path, narHash)]),
    ),
  };
}

function closureOf(store: Store, roots: readonly StorePath[]): StorePath[] {
  const gone = roots.find((path) => store.info(path) === undefined);
  if (gone !== undefined) throw pipeliteError("SBOM_PATH_GONE", { path: gone });
  return store.closure(roots).toSorted();
}

function isWhole(store: Store, roots: readonly StorePath[]): boolean {
  return roots.every((path) => store.info(path) !== undefined);
}

/** All that a document follows from, and the other one's can be told from without making it. */
function idOf(store: Store, record: RunRecord, { closure, ...options }: SbomOptions): string {
  const paths = store.closure(rootsOf(record, closure));
  const { pipeline, results, params } = record;
  return uuidFrom(
    canonicalJson({
      closure,
      ...options,
      supplier: options.supplier ?? null,
      tool: VERSION,
      pipeline,
      results,
      params,
      stages: record.stages.map(stageOf),
      objects: paths.map((path) => [path, hex(store.info(path)?.narHash ?? new Uint8Array())]),
    }),
  );
}

function stageOf({ name, kind, inputs, drvPath, outPath, narHash }: StageRecord): BomStage {
  return {
    name,
    kind,
    inputs,
    ...(drvPath !== undefined && { derivation: storePathBase(parseStorePath(drvPath)) }),
    ...(outPath !== undefined && narHash !== undefined && { output: pathOf(outPath, narHash) }),
  };
}

function pathOf(path: string, narHash: string): BomPath {
  return { path, narHash: hex(parseHash(narHash).bytes) };
}

/** What the pipeline itself made. */
function madeIn({ stages }: RunRecord): string[] {
  return stages.flatMap(({ kind, outPath }) =>
    outPath === undefined || ["environment", "fetch"].includes(kind) ? [] : outPath,
  );
}

/** Roots that were made of an image -> its configuration, which has the labels. */
function imagesOf(store: Store, { stages }: RunRecord): Map<string, StorePath> {
  const found = new Map<string, StorePath>();
  for (const { kind, drvPath, outPath } of stages) {
    if (kind !== "environment" || drvPath === undefined || outPath === undefined) continue;
    const drv = parseStorePath(drvPath);
    if (store.info(drv) === undefined) continue;
    const config = store.references(drv).find((path) => storePathName(path) === "config.json");
    if (config !== undefined) found.set(outPath, config);
  }
  return found;
}

async function objectOf(
  home: Home,
  store: Store,
  path: StorePath,
  images: ReadonlyMap<string, StorePath>,
): Promise<BomObject> {
  const info = store.info(path);
  if (info === undefined) throw pipeliteError("SBOM_PATH_GONE", { path });
  const found = await contentsOf(store.physical(path));
  const config = images.get(path);
  const image = config === undefined ? undefined : (await contentsOf(store.physical(config))).is;
  const noted = notedPackages(home.notes.recall("contents", path));
  const contains = noted ?? found.contains;
  return {
    ...nameOf(path, image ?? found.is),
    path,
    type: noted?.some(({ cpe }) => cpe !== undefined) === true ? "application" : found.type,
    narHash: hex(info.narHash),
    narSize: info.narSize,
    references: info.references.filter((each) => each !== path).toSorted(),
    ...(contains && { contains: sorted(contains) }),
  };
}

/** An object that is no known package is called as its path is; its version is then what changes with its bytes. */
function nameOf(path: StorePath, is: Contents["is"]): BomPackage {
  const parsed = parseObjectName(storePathName(path));
  const { name, version = hashOf(path) } = is ?? parsed;
  const purl = purlOf({ type: "nix", name, version, qualifiers: { outputhash: hashOf(path) } });
  return { purl, ...is, name, version };
}

/** By name and version; what is there twice is there once. */
function sorted(contains: readonly BomPackage[]): BomPackage[] {
  const keys = contains.map(
    (facts) => [`${facts.name} ${facts.version ?? ""} ${canonicalJson(facts)}`, facts] as const,
  );
  return [...new Map(keys)].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, facts]) => facts);
}

/** A package that is in a root as well is the same as in its archive: the root says of which distribution, and its licence. */
function named(objects: BomObject[], supplier: Party | undefined, made: ReadonlySet<string>): BomObject[] {
  const key = ({ name, version, architecture }: BomPackage) => `${name} ${version} ${architecture}`;
  const inRoots = new Map<string, BomPackage>();
  for (const { contains = [] } of objects)
    for (const each of contains) if (each.architecture !== undefined) inRoots.set(key(each), each);
  return objects.map((object) => ({
    ...object,
    ...(object.architecture !== undefined && inRoots.get(key(object))),
    ...(supplier && made.has(object.path) && { supplier }),
  }));
}
