// An image held against what it says of itself, against the store of a home, and against a run.
import { hex } from "#base/bytes.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { formatCount } from "#base/numbers.ts";
import type { Home } from "#home/home.ts";
import type { ReadRun } from "#home/runs.ts";
import { parseHash } from "#nix/hash.ts";
import { parseStorePath, storePathBase, STORE_DIR, type StorePath } from "#nix/store-path.ts";
import { formatPlatform } from "#package/oci.ts";
import type { Store } from "#store/index.ts";
import { outputsOf } from "#supply/attestations.ts";
import { fails, holds, untested, type Finding } from "#supply/finding.ts";
import { StoreBytes } from "#supply/store-bytes.ts";
import { isTrustedSource, type Trust } from "#supply/trust.ts";
import { besideFinding } from "./beside.ts";
import { inspectImage, type Inspected } from "./inspect.ts";
import type { ImageSource, ImageTree, ReadImage } from "./layout.ts";

export interface Against {
  store: Store;
  /** The run whose outputs it must have; undefined: any of this home. */
  run: ReadRun | undefined;
  home: Home;
  /** Whom to believe of provenance beside it. */
  trust: Trust | undefined;
  temporary: string;
}

/** Every digest of it is compared. @throws PipeliteError IMAGE_WRONG, LAYOUT_INVALID for an image that is none of ours */
export async function imageFindings(
  source: ImageSource,
  tree: ImageTree,
  against: Against,
): Promise<Finding[]> {
  const { home, trust, store, temporary } = against;
  const findings: Finding[] = [];
  const pathsOf = new Map<string, ReadonlyMap<StorePath, string>>();
  const all = new Map<StorePath, string>();
  const roots = new Set<string>();
  const above: [image: ReadImage, inspected: Inspected][] = [];
  for (const image of tree.images) {
    const inspected = await inspectImage(source, image, temporary);
    const platform = formatPlatform(image.platform);
    findings.push(
      holds(`layers for ${platform}`, layersDetail(image)),
      ownFinding(platform, inspected),
      storeFinding(platform, inspected, store),
      runFinding(platform, inspected, against),
    );
    above.push([image, inspected]);
    pathsOf.set(image.descriptor.sha256, inspected.paths);
    for (const root of inspected.says.roots) roots.add(root);
    for (const [path, narHash] of inspected.paths) all.set(path, narHash);
  }
  const bytes = new StoreBytes(store);
  const vouched = new Set<string>();
  const signed = new Set<string>();
  for (const each of tree.referrers) {
    const paths = pathsOf.get(each.referrer.subject.sha256) ?? all;
    findings.push(await besideFinding(source, each, { home, trust, bytes, paths, vouched, signed }));
  }
  for (const [image, inspected] of above)
    findings.push(
      aboveFinding(
        image,
        inspected,
        [image, tree].some((each) => signed.has(digestOf(each))),
      ),
    );
  if (trust !== undefined)
    findings.push(trustFinding(new Map([...all].filter(([path]) => roots.has(path))), vouched, trust));
  return findings;
}

function digestOf(of: ReadImage | ImageTree): string {
  return "root" in of ? of.root.sha256 : of.descriptor.sha256;
}

/**
 * What stands above the store, and how the image is started, is what its maker chose: no hash of a store says so, and whoever
 * changes it changes what the image says of itself as well.
 */
function aboveFinding({ platform }: ReadImage, { files }: Inspected, isSigned: boolean): Finding {
  const what = `start for ${formatPlatform(platform)}`;
  const detail = `how it is started, and ${formatCount(files.size, "file")} above the store`;
  if (isSigned) return holds(what, `${detail}, by the signature`);
  return untested(
    what,
    `${detail}: nobody who counts has signed it (\`pack --attest\`; \`rebuild\` makes it again)`,
  );
}

/**
 * Who asks whom to believe is not content with nobody having said anything.
 * @param roots what the images are made of, with the SHA-256 of its NAR in hex
 */
function trustFinding(
  roots: ReadonlyMap<StorePath, string>,
  vouched: ReadonlySet<string>,
  { sources }: Trust,
): Finding {
  const open = [...roots]
    .filter(
      ([path, narHash]) => !vouched.has(storePathBase(path)) && !isTrustedSource(sources, path, narHash),
    )
    .map(([path]) => path);
  if (open.length === 0) return holds("provenance of all", "by those whom the trust file names");
  return fails("provenance of all", `nobody whom the trust file names vouches for ${open.join(", ")}`);
}

function layersDetail({ manifest, descriptor }: ReadImage): string {
  const bytes = manifest.layers.reduce((sum, { size }) => sum + size, 0);
  return `${formatCount(manifest.layers.length, "layer")}, ${bytes} bytes, of sha256:${descriptor.sha256}`;
}

/** Whether it has the paths that it names, with their bytes, and no other. */
function ownFinding(platform: string, { says, paths, files, start }: Inspected): Finding {
  const what = `content for ${platform}`;
  const named = new Map(says.paths.map(({ path, narHash }) => [path, narHash]));
  for (const { path, narHash, references } of says.paths) {
    const got = paths.get(path as StorePath);
    if (got === undefined) return fails(what, `${path} is named and not in it`);
    if (`sha256:${got}` !== narHash) return fails(what, `${path} has other bytes than it says`);
    const missing = references.find((each) => !named.has(each));
    if (missing !== undefined) return fails(what, `${path} needs ${missing}, which is not in it`);
  }
  const other = [...paths.keys()].find((path) => !named.has(path));
  if (other !== undefined) return fails(what, `${other} is in it and not named`);
  const lost = says.roots.find((root) => !named.has(root));
  if (lost !== undefined) return fails(what, `${lost} is what it is made of, and not in it`);
  const known = new Map(says.files.map((file) => [file.path, file]));
  for (const path of new Set([...known.keys(), ...files.keys()]))
    if (canonicalJson(known.get(path) ?? null) !== canonicalJson(files.get(path) ?? null))
      return fails(what, `/${path} is not as it says`);
  if (says.start !== start) return fails(what, "it is started otherwise than it says");
  return holds(
    what,
    `${formatCount(paths.size, "path")}, ${formatCount(files.size, "file")}, as it names them`,
  );
}

/** Whether the store here has the same bytes under the same paths. */
function storeFinding(platform: string, { paths }: Inspected, store: Store): Finding {
  const what = `store for ${platform}`;
  let absent = 0;
  for (const [path, got] of paths) {
    const info = store.info(path);
    if (info === undefined) absent += 1;
    else if (hex(info.narHash) !== got) return fails(what, `${path} has other bytes here`);
  }
  if (absent === paths.size) return untested(what, "none of its paths is here");
  if (absent > 0) return untested(what, `${absent} of ${paths.size} paths are not here`);
  return holds(what, `${formatCount(paths.size, "path")}, with the bytes that are registered here`);
}

/** Whether what it is made of came out of a run, or went into it, as its record has it. */
function runFinding(platform: string, { says, paths }: Inspected, { home, run, store }: Against): Finding {
  const what = `run for ${platform}`;
  if (run?.problem !== undefined) return fails(what, run.problem);
  for (const each of run === undefined ? runsOf(home) : [run]) {
    const known = hashesOf(each, store);
    if (!says.roots.every((root) => known.has(root))) continue;
    const { runId } = each.record;
    const other = says.roots.find((root) => known.get(root) !== paths.get(root as StorePath));
    if (other !== undefined) return fails(what, `${other} has other bytes in the record of run ${runId}`);
    return holds(what, `${formatCount(says.roots.length, "path")} of run ${runId}, by its record`);
  }
  return run === undefined
    ? untested(what, "no run of this home has all that it is made of")
    : fails(what, `it is not made of what run ${run.record.runId} has`);
}

/** The newest run that has what an image is made of, by the paths. */
export function runOfRoots(home: Home, roots: readonly string[], store: Store): ReadRun | undefined {
  for (const run of runsOf(home)) {
    const known = hashesOf(run, store);
    if (roots.every((root) => known.has(root))) return run;
  }
  return undefined;
}

/** The newest first, without those whose record is not as it was written. */
function* runsOf(home: Home): Generator<ReadRun> {
  for (const id of home.runs.ids()) yield* home.runs.intact([id]);
}

/** Paths of a run -> SHA-256 of the NAR in hex. Of its result tree the record has the path alone, which follows from its bytes. */
function hashesOf(run: ReadRun, store: Store): Map<string, string> {
  const { materials, tree } = run.record;
  const info = tree === undefined ? undefined : store.info(parseStorePath(tree));
  return new Map([
    ...(info === undefined ? [] : [[info.path as string, hex(info.narHash)] as const]),
    ...materials.map(({ path, narHash }) => [path, hex(parseHash(narHash).bytes)] as const),
    ...outputsOf(run).map(({ base, narHash }) => [`${STORE_DIR}/${base}`, narHash] as const),
  ]);
}
