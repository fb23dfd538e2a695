// What a cache answers to GET, HEAD and POST: from the path of a request to text or a NAR. Specification: Nix manual, "Binary
// cache protocol"; `POST /missing` and `GET /<hash>.closure.narinfo` are ours.
import { hex } from "#base/bytes.ts";
import { shownJson } from "#base/shown-json.ts";
import { isStorePath, STORE_DIR, storePathHash, type StorePath } from "#nix/store-path.ts";
import { narInfoFingerprint, writeNarInfo } from "#nix/narinfo.ts";
import { encodeNix32 } from "#nix/nix32.ts";
import { realisationFingerprint, writeRealisation } from "#nix/realisation.ts";
import { signFingerprint, type SecretKey } from "#nix/signature.ts";
import type { PathInfo } from "#store/query.ts";
import type { Store } from "#store/store.ts";
import { cacheInfoText } from "./cache-info.ts";
import { suffixOf, type NarCompression } from "./compression.ts";
import type { AsyncChunks } from "./files.ts";
import { typeOf } from "./http.ts";
import { listingOf } from "./listing.ts";

export interface Served {
  store: Store;
  /** How NARs go out. */
  compression: NarCompression;
  /** Signs narinfos and realisations as they go out. */
  key?: SecretKey | undefined;
  /** The log of the last build of a derivation. */
  logOf?: (drvPath: StorePath) => Uint8Array | undefined;
}

export interface CacheResponse {
  status: number;
  type?: string;
  /** Changes when the answer does. */
  etag?: string;
  /** A byte string. */
  text?: string;
  nar?: { open: () => AsyncChunks; sizeBytes: number; compression: NarCompression };
}

const NOT_FOUND: CacheResponse = { status: 404, text: "not found\n" };
const HASH = "([0-9a-df-np-sv-z]{32})";

/** @param question the body of a POST */
export function answer(path: string, question: string | undefined, served: Served): CacheResponse {
  const { store } = served;
  if (path === "missing") {
    if (question === undefined) return { status: 405, text: "POST a list of hashes, one a line\n" };
    return { status: 200, text: missingOf(store, question) };
  }
  if (question !== undefined) return { status: 405, text: "no such method\n" };
  if (path === "nix-cache-info")
    return { status: 200, type: typeOf(path), text: cacheInfoText({ isServed: true }) };
  if (path === "health") return health(store);
  for (const [pattern, found] of ROUTES) {
    const match = new RegExp(`^${pattern}$`).exec(path);
    if (match !== null) return found(served, match.slice(1)) ?? NOT_FOUND;
  }
  return NOT_FOUND;
}

type Route = (served: Served, parts: readonly (string | undefined)[]) => CacheResponse | undefined;

const ROUTES: readonly (readonly [pattern: string, route: Route])[] = [
  [`${HASH}\\.narinfo`, narInfo],
  [`${HASH}\\.closure\\.narinfo`, closure],
  [`${HASH}\\.ls`, listing],
  [`nar/${HASH}-([0-9a-z]{52})\\.nar(\\.zst)?`, nar],
  ["log/(.+)", log],
  ["realisations/(sha256:[0-9a-f]{64}![\\w+.?=-]+)\\.doi", realisation],
];

function narInfo(served: Served, [hash = ""]: readonly (string | undefined)[]): CacheResponse | undefined {
  const info = infoOfHash(served.store, hash);
  return (
    info && { status: 200, type: typeOf(".narinfo"), text: narInfoText(served, info), etag: etagOf(info) }
  );
}

function infoOfHash(store: Store, hash: string): PathInfo | undefined {
  const path = store.pathOfHash(hash);
  return path === undefined || !store.isPresent(path) ? undefined : store.info(path);
}

function etagOf({ narHash }: PathInfo): string {
  return hex(narHash).slice(0, 40);
}

function narInfoText({ compression, key }: Served, info: PathInfo): string {
  const { path, narHash, narSize, references, deriver, contentAddress } = info;
  const signature = key && signFingerprint(key, narInfoFingerprint(info));
  const signatures =
    signature === undefined ? info.signatures : [...new Set([...info.signatures, signature])];
  return writeNarInfo({
    path,
    url: `nar/${storePathHash(path)}-${encodeNix32(narHash)}.nar${suffixOf(compression)}`,
    compression,
    narHash,
    narSize,
    references,
    ...(deriver !== undefined && { deriver }),
    signatures,
    ...(contentAddress !== undefined && { contentAddress }),
  });
}

/** The narinfos of all that a path needs, each after those it refers to, an empty line between. */
function closure(served: Served, [hash = ""]: readonly (string | undefined)[]): CacheResponse | undefined {
  const { store } = served;
  const root = infoOfHash(store, hash);
  if (root === undefined) return undefined;
  const infos = store.sortedClosure([root.path]).map((path) => store.info(path));
  const texts = infos.flatMap((info) => (info === undefined ? [] : [narInfoText(served, info)]));
  return { status: 200, type: typeOf(".narinfo"), text: texts.join("\n"), etag: etagOf(root) };
}

function listing({ store }: Served, [hash = ""]: readonly (string | undefined)[]): CacheResponse | undefined {
  const info = infoOfHash(store, hash);
  if (info === undefined) return undefined;
  const text = Buffer.from(JSON.stringify(listingOf(store.physical(info.path)))).toString("latin1");
  return { status: 200, type: "application/json", text, etag: etagOf(info) };
}

function nar(
  { store }: Served,
  [hash = "", narHash, suffix]: readonly (string | undefined)[],
): CacheResponse | undefined {
  const info = infoOfHash(store, hash);
  if (info === undefined || encodeNix32(info.narHash) !== narHash) return undefined;
  const compression = suffix === undefined ? "none" : "zstd";
  const { path, narSize: sizeBytes } = info;
  const open = (): AsyncChunks => store.narOf(path);
  return {
    status: 200,
    type: typeOf(".nar"),
    etag: `${etagOf(info)}-${compression}`,
    nar: { open, sizeBytes, compression },
  };
}

function log({ logOf }: Served, [base = ""]: readonly (string | undefined)[]): CacheResponse | undefined {
  const path = `${STORE_DIR}/${base}`;
  if (!isStorePath(path)) return undefined;
  const bytes = logOf?.(path);
  return bytes && { status: 200, type: typeOf("log/"), text: Buffer.from(bytes).toString("latin1") };
}

function realisation(
  { store, key }: Served,
  [id = ""]: readonly (string | undefined)[],
): CacheResponse | undefined {
  const found = store.realisation(id);
  if (found === undefined) return undefined;
  const signature = key && signFingerprint(key, realisationFingerprint(found));
  const signatures =
    signature === undefined ? found.signatures : [...new Set([...found.signatures, signature])];
  return { status: 200, type: typeOf(".doi"), text: writeRealisation({ ...found, signatures }) };
}

/** Of these hash parts, one a line, those that are not here. */
function missingOf(store: Store, question: string): string {
  let missing = "";
  for (const [hash] of question.matchAll(new RegExp(`^${HASH}$`, "gm")))
    if (store.pathOfHash(hash) === undefined) missing += `${hash}\n`;
  return missing;
}

function health(store: Store): CacheResponse {
  try {
    const paths = store.countPaths();
    return { status: 200, type: "application/json", text: `${JSON.stringify({ status: "ok", paths })}\n` };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { status: 503, type: "application/json", text: `${shownJson({ status: "failed", problem })}\n` };
  }
}
