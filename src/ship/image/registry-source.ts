// An image in a registry, to be looked at: documents and blobs come by their digests, and are held against them.
import { createReadStream } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Variables } from "#base/environment.ts";
import { hexDigestOf } from "#base/digest.ts";
import { isPipeliteError } from "#base/errors.ts";
import { getBlob, getDocument, getReferrers, type ImageRepository } from "#environment/image/registry.ts";
import { mirrorsOf } from "#environment/mirrors.ts";
import type { ImageReference } from "#package/image-reference.ts";
import { OCI_TYPES } from "#package/oci-writer.ts";
import { parseImageDocument, parseReferrer, type Descriptor } from "#package/oci.ts";
import { pipeliteError } from "#ship/errors.ts";
import { readTree, type ImageSource, type ImageTree, type ReadReferrer } from "./layout.ts";

interface Asking {
  env: Variables;
  signal: AbortSignal;
}

function repositoryOf({ registry, repository }: ImageReference): ImageRepository {
  return { image: `${registry}/${repository}`, registry, repository };
}

/** @param folder for blobs while they are read */
export function registrySource(
  reference: ImageReference,
  { folder, env, signal }: Asking & { folder: string },
): ImageSource {
  const from = repositoryOf(reference);
  const asking = { mirrors: mirrorsOf(env), env, signal };
  const get = async ({ sha256, size }: Descriptor): Promise<string> => {
    const file = join(folder, sha256);
    await getBlob({ name: sha256, sha256, size, from: { kind: "registry", ...from } }, file, asking);
    return file;
  };
  return {
    name: from.image,
    async document(descriptor) {
      const { mediaType, sha256 } = descriptor;
      const isManifest = mediaType === OCI_TYPES.manifest || mediaType === OCI_TYPES.index;
      return isManifest ? getDocument(from, `sha256:${sha256}`, asking) : readFile(await get(descriptor));
    },
    async *blob(descriptor) {
      const file = await get(descriptor);
      try {
        for await (const chunk of createReadStream(file)) yield chunk as Uint8Array;
      } finally {
        await rm(file, { force: true });
      }
    },
  };
}

/** What a name stands for, and what lies beside it: by the registry's own list, and by the tag that stands for one. */
export async function readRegistry(
  source: ImageSource,
  reference: ImageReference,
  { env, signal }: Asking,
): Promise<ImageTree> {
  const asking = { mirrors: mirrorsOf(env), env, signal };
  const from = repositoryOf(reference);
  const name = reference.sha256 === undefined ? (reference.tag ?? "latest") : `sha256:${reference.sha256}`;
  const bytes = await getDocument(from, name, asking);
  const isIndex = parseImageDocument(bytes).kind === "index";
  const mediaType = isIndex ? OCI_TYPES.index : OCI_TYPES.manifest;
  const tree = await readTree(source, { mediaType, sha256: hexDigestOf(bytes), size: bytes.length });
  const referrers: ReadReferrer[] = [];
  for (const { sha256 } of [tree.root, ...tree.images.map((image) => image.descriptor)]) {
    for (const descriptor of await referrersOf(from, sha256, asking)) {
      const document = await source.document(descriptor);
      const referrer = parseReferrer(document);
      const isKnown = referrers.some((each) => each.descriptor.sha256 === descriptor.sha256);
      if (referrer?.subject.sha256 === sha256 && !isKnown)
        referrers.push({ descriptor, bytes: document, referrer });
    }
  }
  return { ...tree, tag: reference.tag, referrers };
}

/** Beside an image there may be so many things. */
const REFERRERS_MAX = 1000;

async function referrersOf(
  from: ImageRepository,
  sha256: string,
  asking: Parameters<typeof getDocument>[2],
): Promise<Descriptor[]> {
  const lists = [...(await getReferrers(from, sha256, asking)), await tagged(from, sha256, asking)];
  const found = new Map<string, Descriptor>();
  for (const bytes of lists) {
    const list = bytes === undefined ? undefined : parseImageDocument(bytes);
    for (const { descriptor } of list?.kind === "index" ? list.manifests : [])
      found.set(descriptor.sha256, descriptor);
  }
  if (found.size > REFERRERS_MAX)
    throw pipeliteError("LAYOUT_INVALID", {
      layout: from.image,
      problem: `${found.size} things lie beside it, and no more than ${REFERRERS_MAX} are looked at`,
    });
  return [...found.values()];
}

/** What a push leaves where a registry keeps no list. */
async function tagged(
  from: ImageRepository,
  sha256: string,
  asking: Parameters<typeof getDocument>[2],
): Promise<Uint8Array | undefined> {
  try {
    return await getDocument(from, `sha256-${sha256}`, asking);
  } catch (error) {
    if (isPipeliteError(error, "IMAGE_UNKNOWN")) return undefined;
    throw error;
  }
}
