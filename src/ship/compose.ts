// From what pipeline.ts declares, a run and the store to a shipment: which closure, which files, at which time.
import { own } from "#base/own.ts";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { byteStringOf, hex, utf8 } from "#base/bytes.ts";
import { prettyJson } from "#base/canonical-json.ts";
import { dependencyOrder } from "#base/order.ts";
import { VERSION } from "#base/version.ts";
import type { Handle } from "#author/nodes.ts";
import type { Pack } from "#author/pack.ts";
import { namesOf } from "#compile/stage-names.ts";
import type { LoadedPipeline } from "#compile/load.ts";
import type { RunRecord } from "#home/run-record.ts";
import { KEY_CREATED_SECONDS } from "#package/openpgp-signer.ts";
import type { Architecture } from "#package/packaged.ts";
import { parseStorePath, type StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/index.ts";
import { pipeliteError } from "./errors.ts";
import { profileOf, wholeProfile, type Copy } from "./profile.ts";
import type { ShippedPath, Shipment } from "./shipment.ts";
import { StoreTree } from "./store-tree.ts";
import { addedFile, changedFile, withFolders, type Algorithm } from "./tree.ts";

const ARCHITECTURES: Readonly<Record<string, Architecture>> = { x64: "x86_64", arm64: "aarch64" };

/** Of what has no date of its own: the same for all, so that a path shared by two packages is one package. */
export const STORE_PACKAGE_SECONDS: number = KEY_CREATED_SECONDS;

export interface Compose {
  store: Store;
  record: RunRecord;
  loaded: LoadedPipeline;
  /** Seconds since 1970; without it the declared date counts. */
  epoch: number | undefined;
  /** Of each file of the closure. */
  digests: readonly Algorithm[];
  /** Name below /usr/share/doc/NAME -> text. */
  documents: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

/** @throws PipeliteError PACK_NODE_MISSING, PACK_FILE_MISSING, PACK_FILE_KIND, PACK_PATH_GONE, PACK_SET_ID */
export async function composeShipment(
  pack: Pack,
  { store, record, loaded, epoch, documents, digests, signal }: Compose,
): Promise<Shipment> {
  const names: ReadonlyMap<Handle, string> = await namesOf(loaded.definition.results);
  const profile = profileOf({ pack, store, record, names });
  const closure = dependencyOrder(profile.needs, (path) => store.references(path));
  const paths: ShippedPath[] = [];
  for (const path of closure) paths.push(shippedPath(store, path, digests));
  await requireCopied(store, paths, profile.copies, signal);
  const [arch = ""] = record.host.system.split("-");
  const declared = pack.date === undefined ? undefined : Date.parse(`${pack.date}T00:00:00Z`) / 1000;
  const note = utf8(noteOf(pack, record, paths));
  const notes = [addedFile(byteStringOf(`usr/share/doc/${pack.name}/pipelite.json`), note)];
  return {
    pack,
    architecture: own(ARCHITECTURES, arch) ?? "any",
    timeSeconds: epoch ?? declared ?? STORE_PACKAGE_SECONDS,
    paths,
    profile: wholeProfile([...profile.files, ...notes], pack),
    documents: Object.entries(documents).map(([name, text]) =>
      addedFile(byteStringOf(`usr/share/doc/${pack.name}/${name}`), utf8(text)),
    ),
    needs: profile.needs,
  };
}

function shippedPath(store: Store, path: StorePath, digests: readonly Algorithm[]): ShippedPath {
  const info = store.info(path);
  const place = store.physical(path);
  if (info === undefined || !existsSync(join(place)))
    throw pipeliteError("PACK_PATH_GONE", { path, referrer: store.referrers(path)[0] ?? "the package" });
  const narHash = hex(info.narHash);
  const tree = new StoreTree({ path, place: byteStringOf(place), narHash, digests });
  return {
    path,
    references: info.references.filter((each) => each !== path).toSorted(),
    narHash,
    narSize: info.narSize,
    tree,
    files: withFolders(tree.files, () => false),
  };
}

/**
 * What was copied is held to what is registered when the path is read. Copies are of outputs that need not be in the package: those
 * are read for them alone.
 * @throws PipeliteError SHIPPED_FILE_CHANGED
 */
async function requireCopied(
  store: Store,
  shipped: readonly ShippedPath[],
  copies: readonly Copy[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const known = new Map(shipped.map((each) => [each.path, each]));
  const others = new Set<ShippedPath>();
  for (const { place, sha256 } of copies) {
    const name = place.slice(store.home.length + 1);
    const path = parseStorePath(`/${name.split("/", 3).join("/")}`);
    let of = known.get(path);
    if (of === undefined) {
      of = shippedPath(store, path, ["sha256"]);
      known.set(path, of);
      others.add(of);
    }
    const wanted = byteStringOf(name);
    const file = of.files.find((each) => each.path === wanted);
    if (file === undefined || !["", sha256].includes(file.digests.sha256))
      throw changedFile(byteStringOf(place));
    file.digests.sha256 = sha256;
  }
  for (const { tree } of others) await tree.readRest(signal);
}

/** What the package is made of, in the package itself: from here it can be built again, and compared. */
function noteOf(
  pack: Pack,
  { pipeline, params, results, stages }: RunRecord,
  paths: readonly ShippedPath[],
): string {
  const builders = new Map(stages.map(({ outPath, drvPath }) => [outPath, drvPath]));
  return prettyJson({
    schema: 1,
    by: `pipelite ${VERSION}`,
    package: { name: pack.name, version: pack.version },
    pipeline,
    params,
    results,
    paths: paths.map(({ path, narHash, narSize }) => ({
      path,
      narHash: `sha256:${narHash}`,
      narSize,
      ...(builders.get(path) !== undefined && { derivation: builders.get(path) }),
    })),
  });
}
