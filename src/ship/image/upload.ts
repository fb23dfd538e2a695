// A blob into a registry: not where it is there, taken over from another repository where that has it, and else in pieces, of which
// a broken connection costs one.
import type { Descriptor } from "#package/oci.ts";
import { isPipeliteError } from "#base/errors.ts";
import { BadAnswer } from "#base/web.ts";
import { pipeliteError } from "#ship/errors.ts";
import type { ImageSource } from "./layout.ts";
import type { RegistryClient } from "./registry-client.ts";

/** What was done with a blob, and how many bytes of it were sent. */
export interface Uploaded {
  how: "there" | "mounted" | "sent";
  sentBytes: number;
}

const PIECE_BYTES = 8 * 1024 * 1024;
const BYTES_TYPE = "application/octet-stream";
/** How often an upload that the registry has forgotten is begun again. */
const BEGINNINGS_MAX = 3;

/** @throws PipeliteError PUSH_..., REGISTRY_... */
export async function uploadBlob(
  client: RegistryClient,
  source: ImageSource,
  descriptor: Descriptor,
): Promise<Uploaded> {
  const what = `blob sha256:${descriptor.sha256}`;
  if (await isThere(client, descriptor)) return { how: "there", sentBytes: 0 };
  const mounted = await mount(client, descriptor);
  if (mounted === "mounted") return { how: "mounted", sentBytes: 0 };
  let upload = mounted;
  for (let beginning = 1; ; beginning += 1) {
    try {
      upload ??= await begin(client, what);
      return { how: "sent", sentBytes: await send(client, source, descriptor, upload) };
    } catch (error) {
      if (!(error instanceof UploadLost) || beginning >= BEGINNINGS_MAX) {
        if (!(error instanceof UploadLost)) throw error;
        const place = `${client.host}/${client.repository}`;
        throw pipeliteError("PUSH_FAILED", { what, place, problem: "it forgets what has been sent" }, error);
      }
      upload = undefined;
    }
  }
}

/** Takes a blob over from a repository that has it. @returns where it goes on where the registry would rather have it sent */
async function mount(client: RegistryClient, descriptor: Descriptor): Promise<"mounted" | URL | undefined> {
  const digest = `sha256:${descriptor.sha256}`;
  const what = `blob ${digest}`;
  for (const from of client.mounts) {
    const there = client.addressIn(from, `blobs/${digest}`);
    // Of a repository that may not be read nothing is taken.
    const found = await client
      .send({ method: "HEAD", at: there, what, wanted: [200, 404] })
      .catch((error: unknown) => {
        if (isPipeliteError(error, "REGISTRY_REFUSES")) return undefined;
        throw error;
      });
    if (found?.status !== 200) continue;
    const at = `blobs/uploads/?${new URLSearchParams({ mount: digest, from }).toString()}`;
    const response = await client.send({ method: "POST", at, what, wanted: [201, 202] });
    await response.body?.cancel();
    if (response.status === 202) return locationOf(client, response, what);
    if (await isThere(client, descriptor)) return "mounted";
  }
  return undefined;
}

/** Whether a registry has a blob, of the right size. @throws PipeliteError REGISTRY_LIES for one of another */
async function isThere(client: RegistryClient, { sha256, size }: Descriptor): Promise<boolean> {
  const what = `blob sha256:${sha256}`;
  const at = `blobs/sha256:${sha256}`;
  const response = await client.send({ method: "HEAD", at, what, wanted: [200, 404] });
  if (response.status === 404) return false;
  const { headers } = response;
  const digest = headers.get("docker-content-digest");
  if (digest !== null && digest !== `sha256:${sha256}`) throw client.lies(what, digest);
  const length = headers.get("content-length");
  if (length !== null && Number(length) !== size) throw client.lies(what, `${length} bytes`);
  return true;
}

async function begin(client: RegistryClient, what: string): Promise<URL> {
  const response = await client.send({ method: "POST", at: "blobs/uploads/", what, wanted: [202] });
  await response.body?.cancel();
  return locationOf(client, response, what);
}

class UploadLost extends Error {}

/** @returns how many bytes were sent, those sent twice counted twice */
async function send(
  client: RegistryClient,
  source: ImageSource,
  descriptor: Descriptor,
  begun: URL,
): Promise<number> {
  const what = `blob sha256:${descriptor.sha256}`;
  let upload = begun;
  let [sent, at] = [0, 0];
  // What fits into one piece goes with the last request.
  let last: Uint8Array | undefined;
  for await (const piece of piecesOf(source.blob(descriptor))) {
    if (descriptor.size <= PIECE_BYTES) {
      last = piece;
      continue;
    }
    const end = at + piece.length;
    for (let attempt = 1; at < end; attempt += 1) {
      const rest = piece.subarray(piece.length - (end - at));
      const headers = { "content-type": BYTES_TYPE, "content-range": `${at}-${end - 1}` };
      try {
        sent += rest.length;
        const request = {
          method: "PATCH",
          at: upload,
          what,
          headers,
          body: rest,
          wanted: [202, 204, 404, 416],
        } as const;
        const response = await client.sendOnce(request);
        await response.body?.cancel();
        if (response.status === 404) throw new UploadLost();
        if (response.status === 416) throw new BadAnswer(503);
        upload = locationOf(client, response, what);
        at = end;
      } catch (error) {
        if (error instanceof UploadLost) throw error;
        await client.passing(error, attempt, what);
        const reached = await reachedBy(client, upload, what);
        if (reached.at < end - piece.length || reached.at > end) throw new UploadLost();
        ({ at, upload } = reached);
      }
    }
  }
  upload.searchParams.set("digest", `sha256:${descriptor.sha256}`);
  sent += last?.length ?? 0;
  const response = await client.send({
    method: "PUT",
    at: upload,
    what,
    headers: { "content-type": BYTES_TYPE },
    ...(last !== undefined && { body: last }),
    wanted: [201, 204, 404],
  });
  await response.body?.cancel();
  if (response.status === 404) throw new UploadLost();
  const digest = response.headers.get("docker-content-digest");
  if (digest !== null && digest !== `sha256:${descriptor.sha256}`) throw client.lies(what, digest);
  return sent;
}

/** How far an upload has come. @throws UploadLost where the registry knows nothing of it */
async function reachedBy(
  client: RegistryClient,
  upload: URL,
  what: string,
): Promise<{ at: number; upload: URL }> {
  const response = await client.send({ method: "GET", at: upload, what, wanted: [200, 202, 204, 404] });
  await response.body?.cancel();
  if (response.status === 404) throw new UploadLost();
  const [, last] = /^(?:bytes=)?0-(\d+)$/.exec(response.headers.get("range") ?? "") ?? [];
  const isMoved = response.headers.get("location") !== null;
  return {
    at: last === undefined ? 0 : Number(last) + 1,
    upload: isMoved ? locationOf(client, response, what) : upload,
  };
}

/** Where an upload goes on. */
function locationOf(client: RegistryClient, response: Response, what: string): URL {
  const location = response.headers.get("location");
  const base = response.url;
  if (location === null || !URL.canParse(location, base)) {
    const place = `${client.host}/${client.repository}`;
    throw pipeliteError("PUSH_FAILED", { what, place, problem: "it does not say where an upload goes on" });
  }
  return new URL(location, base);
}

async function* piecesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    held.push(chunk);
    size += chunk.length;
    if (size < PIECE_BYTES) continue;
    yield Buffer.concat(held, size);
    [held, size] = [[], 0];
  }
  if (size > 0) yield Buffer.concat(held, size);
}
