// `pipelite lock` for an image: what its name stands for now comes to the digests of all that it is made of. Layers are not
// fetched for that.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { isLocalImage, type ImageRequest } from "#author/environment-request.ts";
import { hexDigestOf } from "#base/digest.ts";
import { isObject, parseStrictJson } from "#base/strict-json.ts";
import { debianArchitecture } from "#environment/debian/locked.ts";
import { pipeliteError } from "#environment/errors.ts";
import { lockedFile, type Locking } from "#environment/locking.ts";
import { parseImageReference } from "#package/image-reference.ts";
import {
  compressionOf,
  formatPlatform,
  parseImageConfig,
  parseImageDocument,
  runsOn,
  type LayerCompression,
  type Descriptor,
  type ImageIndex,
  type ImageManifest,
  type Platform,
} from "#package/oci.ts";
import {
  copyDigestOf,
  imageFileInvalid,
  openLocalImage,
  type FoundImage,
  type LocalImage,
} from "./local-image.ts";
import { CONFIG_NAME, type LockedImage, type LockedLayer } from "./locked-image.ts";
import { getBlob, getDocument, type ImageRepository } from "./registry.ts";

export async function lockImage(request: ImageRequest, locking: Locking): Promise<LockedImage> {
  locking.say(`reading ${request.from}`);
  const architecture = debianArchitecture(process.arch);
  const wanted = { image: request.from, architecture };
  const found = isLocalImage(request)
    ? await lockLocal(request, wanted, locking)
    : await lockRemote(wanted, locking);
  return { request, architecture, ...found };
}

interface Wanted {
  /** As pipeline.ts names it. */
  image: string;
  architecture: string;
}

type Chosen = Omit<LockedImage, "request" | "architecture">;

async function lockRemote(wanted: Wanted, locking: Locking): Promise<Chosen> {
  const { image, architecture } = wanted;
  const reference = parseImageReference(image);
  if (reference === undefined) throw new Error(`${image} is no name of an image`);
  const { registry, repository, tag, sha256 } = reference;
  const from = { image, registry, repository };
  const read = (name: string) => getDocument(from, name, locking);
  const bytes = await read(sha256 === undefined ? (tag ?? "latest") : `sha256:${sha256}`);
  const { sha256: manifest, document } = await manifestOf(bytes, wanted, ({ sha256: each }) =>
    read(`sha256:${each}`),
  );
  const { config, layers } = document;
  const { platform, env, diffIds } = parseImageConfig(await readConfig(from, config, locking));
  checkPlatform(image, platform, architecture);
  checkLayers(image, layers.length, diffIds.length);
  return {
    digest: hexDigestOf(bytes),
    manifest,
    config: blobOf(config),
    layers: layers.map((layer) => ({ ...blobOf(layer), compression: compressionOf(layer) })),
    env,
  };
}

async function readConfig(
  from: ImageRepository,
  { sha256, size }: Descriptor,
  locking: Locking,
): Promise<Uint8Array> {
  if (size > DOCUMENT_BYTES_MAX)
    throw pipeliteError("REGISTRY_FAILED", {
      image: from.image,
      problem: `its configuration has ${size} bytes`,
    });
  const file = { name: CONFIG_NAME, sha256, size, from: { kind: "registry", ...from } } as const;
  const get = (target: string): Promise<void> => getBlob(file, target, locking);
  return readFileSync(await lockedFile({ name: CONFIG_NAME, sha256, get }, locking));
}

/** The manifest that a document is, or that an index has for this machine. An index may stand in an index. */
async function manifestOf(
  bytes: Uint8Array,
  wanted: Wanted,
  read: (descriptor: Descriptor) => Promise<Uint8Array> | Uint8Array,
  depth = 0,
): Promise<{ sha256: string; document: ImageManifest }> {
  const document = parseImageDocument(bytes);
  if (document.kind === "manifest") return { sha256: hexDigestOf(bytes), document };
  if (depth > 2) throw imageFileInvalid(wanted.image, "its indices name each other without end");
  const next = await read(forMachine(document, wanted));
  return manifestOf(next, wanted, read, depth + 1);
}

/** The first that this machine can run; what says of no platform may be for it. */
function forMachine({ manifests }: ImageIndex, { image, architecture }: Wanted): Descriptor {
  const real = manifests.filter(({ platform }) => platform?.os !== "unknown");
  const found =
    real.find(({ platform }) => platform !== undefined && runsOn(platform, architecture)) ??
    real.find(({ platform }) => platform === undefined);
  if (found !== undefined) return found.descriptor;
  const platforms = real.flatMap(({ platform }) =>
    platform === undefined ? [] : [formatPlatform(platform)],
  );
  throw pipeliteError("IMAGE_PLATFORM_MISSING", {
    image,
    platforms: platforms.join(", ") || "no platform",
    architecture,
  });
}

function checkPlatform(image: string, platform: Platform, architecture: string): void {
  if (runsOn(platform, architecture)) return;
  throw pipeliteError("IMAGE_PLATFORM_MISSING", { image, platforms: formatPlatform(platform), architecture });
}

function checkLayers(image: string, layers: number, hashes: number): void {
  if (layers !== hashes)
    throw imageFileInvalid(image, `it has ${layers} layers and ${hashes} hashes of them`);
}

function blobOf({ sha256, size }: Descriptor): { sha256: string; size: number } {
  return { sha256, size };
}

async function lockLocal(request: ImageRequest, wanted: Wanted, { root }: Locking): Promise<Chosen> {
  const { image } = wanted;
  using local = openLocalImage(resolve(root, request.from), image);
  try {
    const index = local.find("index.json");
    if (index !== undefined) return await lockLayout(local, index, request, wanted);
    const manifest = local.find("manifest.json");
    if (manifest !== undefined) return lockSaved(local, manifest, request, wanted);
  } catch (error) {
    if (error instanceof SyntaxError) throw imageFileInvalid(image, error.message);
    throw error;
  }
  throw imageFileInvalid(image, "it has neither an index.json nor a manifest.json");
}

const DOCUMENT_BYTES_MAX = 4 * 2 ** 20;

function bytesOf(found: FoundImage | undefined, name: string, image: string): Uint8Array {
  if (found === undefined) throw imageFileInvalid(image, `it has no ${name}`);
  if (found.length > DOCUMENT_BYTES_MAX)
    throw imageFileInvalid(image, `its ${name} has ${found.length} bytes`);
  return found.subarray(0, found.length);
}

/** A folder of the OCI layout, or a tar of one. */
async function lockLayout(
  local: LocalImage,
  file: FoundImage,
  { tag }: ImageRequest,
  wanted: Wanted,
): Promise<Chosen> {
  const { image, architecture } = wanted;
  const read = ({ sha256 }: Descriptor): Uint8Array => {
    const name = `blobs/sha256/${sha256}`;
    const bytes = bytesOf(local.find(name), name, image);
    const got = hexDigestOf(bytes);
    if (got === sha256) return bytes;
    throw pipeliteError("IMAGE_DIGEST_DIFFERS", { image, what: `sha256:${sha256}`, got: `sha256:${got}` });
  };
  const index = parseImageDocument(bytesOf(file, "index.json", image));
  if (index.kind !== "index") throw imageFileInvalid(image, "its index.json is no index");
  const names = index.manifests.map(({ refName }) => refName);
  const named = index.manifests.filter(({ refName }) => tag === undefined || refName === tag);
  const tags = [...new Set(named.map(({ refName }) => refName))];
  if (named.length === 0) throw notThere(image, tag, names);
  if (tags.length > 1) throw ambiguous(image, names);
  const chosen = forMachine({ kind: "index", manifests: named }, wanted);
  const { sha256: manifest, document } = await manifestOf(read(chosen), wanted, read);
  const { platform, env, diffIds } = parseImageConfig(read(document.config));
  checkPlatform(image, platform, architecture);
  checkLayers(image, document.layers.length, diffIds.length);
  for (const { sha256, size } of document.layers) {
    const length = local.find(`blobs/sha256/${sha256}`)?.length ?? size;
    if (length !== size)
      throw imageFileInvalid(image, `its manifest says ${size} bytes of a layer that has ${length}`);
  }
  return {
    digest: chosen.sha256,
    manifest,
    config: blobOf(document.config),
    layers: document.layers.map((layer) => ({ ...blobOf(layer), compression: compressionOf(layer) })),
    env,
  };
}

/** The older form of `docker save`: its members have names of their own, and no digest but that of the configuration. */
function lockSaved(
  local: LocalImage,
  file: FoundImage,
  { tag }: ImageRequest,
  { image, architecture }: Wanted,
): Chosen {
  const images = parseStrictJson(bytesOf(file, "manifest.json", image));
  if (!Array.isArray(images)) throw imageFileInvalid(image, "its manifest.json is no list");
  const all = images.map((each) => savedImage(each, image));
  const named = all.filter(({ tags }) => tag === undefined || tags.some((each) => each.endsWith(`:${tag}`)));
  const [chosen, other] = named;
  const names = all.flatMap(({ tags }) => tags);
  if (chosen === undefined) throw notThere(image, tag, names);
  if (other !== undefined) throw ambiguous(image, names);
  const bytes = bytesOf(local.find(chosen.config), chosen.config, image);
  const { platform, env, diffIds } = parseImageConfig(bytes);
  checkPlatform(image, platform, architecture);
  checkLayers(image, chosen.layers.length, diffIds.length);
  const layers = chosen.layers.map((name): LockedLayer => {
    const found = local.find(name);
    if (found === undefined) throw imageFileInvalid(image, `it has no ${name}`);
    const { length, name: member } = found;
    return { sha256: copyDigestOf(found), size: length, member, compression: compressionIn(found) };
  });
  const sha256 = hexDigestOf(bytes);
  const config = { sha256, size: bytes.length, member: chosen.config };
  return { digest: sha256, manifest: sha256, config, layers, env };
}

interface SavedImage {
  config: string;
  tags: string[];
  layers: string[];
}

function savedImage(value: unknown, image: string): SavedImage {
  const isTexts = (each: unknown): each is string[] =>
    Array.isArray(each) && each.every((one) => typeof one === "string");
  const { Config: config, RepoTags: tags = [], Layers: layers } = isObject(value) ? value : {};
  if (typeof config !== "string" || !isTexts(layers) || !(tags === null || isTexts(tags)))
    throw imageFileInvalid(image, "an image of its manifest.json is malformed");
  return { config, tags: tags ?? [], layers };
}

function compressionIn(found: FoundImage): LayerCompression {
  const magic = Buffer.from(found.subarray(0, Math.min(4, found.length))).toString("hex");
  return magic.startsWith("1f8b") ? ".gz" : magic === "28b52ffd" ? ".zst" : "";
}

function notThere(image: string, tag: string | undefined, names: readonly (string | undefined)[]): Error {
  const what = tag === undefined ? "image in it" : `'${tag}' in it, but ${inWords(names)}`;
  return pipeliteError("IMAGE_UNKNOWN", { image, what });
}

function ambiguous(image: string, names: readonly (string | undefined)[]): Error {
  return pipeliteError("IMAGE_AMBIGUOUS", { image, problem: `it has ${inWords(names)}` });
}

function inWords(names: readonly (string | undefined)[]): string {
  return names.map((name) => (name === undefined ? "one without a tag" : `'${name}'`)).join(", ") || "none";
}
