// An image and what lies beside it, into a registry: first all blobs, then documents by their digests, the name last. What breaks off leaves
// nothing that a name leads to, and the next try sends what is missing.
import { hexDigestOf } from "#base/digest.ts";
import { isObject, parseStrictJson } from "#base/strict-json.ts";
import { nextPage, webProblem } from "#base/web.ts";
import { Limiter } from "#base/limiter.ts";
import { OCI_TYPES, writeImageIndex, type IndexEntry } from "#package/oci-writer.ts";
import { ACCEPTED_TYPES, type Descriptor } from "#package/oci.ts";
import { pipeliteError } from "#ship/errors.ts";
import type { ImageSource, ImageTree, ReadReferrer } from "./layout.ts";
import type { RegistryClient } from "./registry-client.ts";
import { uploadBlob, type Uploaded } from "./upload.ts";

export interface PushedManifest {
  /** `sha256:HEX` of what the name stands for now. */
  digest: string;
  tag: string;
  /** Blobs, by what was done with them. */
  blobs: Record<Uploaded["how"], number>;
  sentBytes: number;
  /** How those beside the image are found; undefined where there are none. */
  referrers: "api" | "tag" | undefined;
}

const UPLOADS_AT_ONCE = 4;
const TAG_TRIES = 5;

/** @throws PipeliteError PUSH_..., REGISTRY_..., LAYOUT_INVALID */
export async function pushImage(
  client: RegistryClient,
  source: ImageSource,
  tree: ImageTree,
  tag: string,
): Promise<PushedManifest> {
  const blobs = new Map<string, Descriptor>();
  for (const { manifest } of tree.images)
    for (const each of [...manifest.layers, manifest.config]) blobs.set(each.sha256, each);
  for (const { referrer } of tree.referrers)
    for (const each of [...referrer.layers, referrer.config]) blobs.set(each.sha256, each);
  const limiter = new Limiter(UPLOADS_AT_ONCE);
  const done = await Promise.allSettled(
    [...blobs.values()].map((each) => limiter.run(() => uploadBlob(client, source, each))),
  );
  const counts = { there: 0, mounted: 0, sent: 0 };
  let sentBytes = 0;
  for (const each of done) {
    if (each.status === "rejected") throw each.reason;
    counts[each.value.how] += 1;
    sentBytes += each.value.sentBytes;
  }
  const documents = [...tree.images, ...tree.referrers];
  for (const { descriptor, bytes } of documents) {
    await putDocument(client, `sha256:${descriptor.sha256}`, { descriptor, bytes });
    sentBytes += bytes.length;
  }
  const root = tree.index ?? tree.images[0]?.bytes ?? new Uint8Array();
  const referrers = await announce(client, tree.referrers);
  await putDocument(client, tag, { descriptor: tree.root, bytes: root });
  const got = (await client.document(tag, ACCEPTED_TYPES))?.bytes;
  const digest = `sha256:${tree.root.sha256}`;
  if (got === undefined || `sha256:${hexDigestOf(got)}` !== digest)
    throw client.lies(`tag ${tag}`, got === undefined ? "nothing" : `sha256:${hexDigestOf(got)}`);
  return { digest, tag, blobs: counts, sentBytes: sentBytes + root.length, referrers };
}

async function putDocument(
  client: RegistryClient,
  name: string,
  { descriptor, bytes }: { descriptor: Descriptor; bytes: Uint8Array },
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const what = `manifest ${name}`;
  const response = await client.send({
    method: "PUT",
    at: `manifests/${name}`,
    what,
    headers: { ...headers, "content-type": descriptor.mediaType },
    body: bytes,
    wanted: [201, 412],
  });
  await response.body?.cancel();
  const digest = response.headers.get("docker-content-digest");
  if (response.status === 201 && digest !== null && digest !== `sha256:${descriptor.sha256}`)
    throw client.lies(what, digest);
  return response;
}

/** Makes what lies beside an image to be found, also where a registry has no list of it (distribution-spec 1.1, referrers tag schema). */
async function announce(
  client: RegistryClient,
  referrers: readonly ReadReferrer[],
): Promise<PushedManifest["referrers"]> {
  const subjects = new Set(referrers.map(({ referrer }) => referrer.subject.sha256));
  let how: PushedManifest["referrers"];
  for (const subject of subjects) {
    const own = referrers.filter(({ referrer }) => referrer.subject.sha256 === subject);
    how = (await isListed(client, subject, own)) ? "api" : "tag";
    if (how === "tag") await addToTag(client, subject, own);
  }
  return how;
}

/** A list in more pages is none that anybody looks through. */
const PAGES_MAX = 100;

/** Whether the registry's own list has all of them. */
async function isListed(
  client: RegistryClient,
  subject: string,
  own: readonly ReadReferrer[],
): Promise<boolean> {
  const what = `referrers of sha256:${subject}`;
  const headers = { accept: OCI_TYPES.index };
  const listed = new Set<string>();
  const isWhole = () => own.every(({ descriptor }) => listed.has(`sha256:${descriptor.sha256}`));
  let at: URL | undefined = client.addressIn(client.repository, `referrers/sha256:${subject}`);
  for (let count = 0; count < PAGES_MAX && at !== undefined && !isWhole(); count += 1) {
    const response: Response = await client.send({
      method: "GET",
      at,
      what,
      headers,
      wanted: [200, 400, 404, 405],
    });
    const bytes = await client.bytes(response);
    if (response.status !== 200) return false;
    for (const { digest } of entriesIn(bytes, what, client)) listed.add(digest);
    try {
      at = nextPage(response.headers, at);
    } catch (error) {
      const place = `${client.host}/${client.repository}`;
      throw pipeliteError("PUSH_FAILED", { what, place, problem: webProblem(error) }, error);
    }
  }
  return isWhole();
}

/** Somebody else may write the same tag: it is read again afterwards, and where there are ETags only what was read is replaced. */
async function addToTag(
  client: RegistryClient,
  subject: string,
  own: readonly ReadReferrer[],
): Promise<void> {
  const tag = `sha256-${subject}`;
  const what = `tag ${tag}`;
  const added = own.map(({ descriptor, referrer }): IndexEntry => ({
    mediaType: descriptor.mediaType,
    digest: `sha256:${descriptor.sha256}`,
    size: descriptor.size,
    artifactType: referrer.artifactType,
    ...(Object.keys(referrer.annotations).length > 0 && { annotations: referrer.annotations }),
  }));
  for (let attempt = 1; attempt <= TAG_TRIES; attempt += 1) {
    const there = await client.document(tag, OCI_TYPES.index);
    const entries = there === undefined ? [] : entriesIn(there.bytes, what, client);
    const known = new Set(entries.map(({ digest }) => digest));
    const missing = added.filter(({ digest }) => !known.has(digest));
    if (missing.length === 0) return;
    const index = writeImageIndex([...entries, ...missing]);
    const descriptor = { mediaType: index.mediaType, sha256: index.digest.slice(7), size: index.size };
    const etag = there?.etag === undefined ? {} : { "if-match": there.etag };
    await putDocument(client, tag, { descriptor, bytes: index.bytes }, etag);
  }
  const place = `${client.host}/${client.repository}`;
  throw pipeliteError("PUSH_FAILED", { what, place, problem: "others write the same tag again and again" });
}

function entriesIn(bytes: Uint8Array, what: string, client: RegistryClient): IndexEntry[] {
  const place = `${client.host}/${client.repository}`;
  const wrong = () => pipeliteError("PUSH_FAILED", { what, place, problem: "its list of referrers is none" });
  let value: unknown;
  try {
    value = parseStrictJson(bytes);
  } catch {
    throw wrong();
  }
  const manifests = isObject(value) ? (value["manifests"] ?? []) : undefined;
  if (!Array.isArray(manifests)) throw wrong();
  return manifests.map((each: unknown) => {
    const isEntry =
      isObject(each) &&
      typeof each["digest"] === "string" &&
      typeof each["mediaType"] === "string" &&
      Number.isSafeInteger(each["size"]);
    if (!isEntry) throw wrong();
    return each as unknown as IndexEntry;
  });
}
