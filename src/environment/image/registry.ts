// A registry of images (OCI distribution-spec 1.1, and Docker's tokens): documents and blobs by their digests, and what a tag
// stands for. Mirrors of it are asked first; whatever comes is held against its hash.
import { hexDigestOf } from "#base/digest.ts";
import type { Variables } from "#base/environment.ts";
import { isPipeliteError } from "#base/errors.ts";
import { BadAnswer, downloadBytes, nextPage, Refused } from "#base/web.ts";
import { OCI_TYPES } from "#package/oci-writer.ts";
import { ACCEPTED_TYPES } from "#package/oci.ts";
import { downloadTo, reasonOf } from "#environment/download.ts";
import { pipeliteError } from "#environment/errors.ts";
import type { Mirrors } from "#environment/mirrors.ts";
import type { InRegistry, LockedFile } from "#environment/step.ts";
import { credentialsOf } from "./credentials.ts";
import { addressOf, authorise, registryAddressOf, type RegistryAddress } from "./registry-access.ts";

/** An image as pipeline.ts names it, and where that is. */
export type ImageRepository = Omit<InRegistry, "kind">;

export interface Asking {
  mirrors: Mirrors;
  env: Variables;
  signal: AbortSignal;
}

/** As much as registries take of a manifest. */
const DOCUMENT_BYTES_MAX = 4 * 2 ** 20;

/** Writes a blob of an image to `target`. @throws PipeliteError IMAGE_..., REGISTRY_... */
export async function getBlob(
  { sha256, size, from }: LockedFile & { from: InRegistry },
  target: string,
  asking: Asking,
): Promise<void> {
  const what = `sha256:${sha256}`;
  await ask(from, asking, what, async (base, headers) => {
    const url = `${base}/v2/${from.repository}/blobs/${what}`;
    const got = await downloadTo(url, { file: target, most: size, headers, signal: asking.signal });
    if (got !== sha256) throw new Differs(got);
  });
}

/** A manifest or an index. @param name a tag, or `sha256:HEX` */
export async function getDocument(from: ImageRepository, name: string, asking: Asking): Promise<Uint8Array> {
  return ask(from, asking, name, async (base, headers) => {
    const url = `${base}/v2/${from.repository}/manifests/${name}`;
    const accept = { accept: ACCEPTED_TYPES };
    const request = { headers: { ...accept, ...headers }, most: DOCUMENT_BYTES_MAX, signal: asking.signal };
    const bytes = await downloadBytes(url, request);
    const got = hexDigestOf(bytes);
    if (name.startsWith("sha256:") && name !== `sha256:${got}`) throw new Differs(got);
    return bytes;
  });
}

/** What a registry says of those that have no list of what lies beside an image. */
const NO_LIST = [400, 404, 405];

/** A list in more pages is none that anybody looks through. */
const PAGES_MAX = 100;

/** The registry's own list of what lies beside an image, an index for each of its pages; none where it keeps no list. */
export async function getReferrers(
  from: ImageRepository,
  sha256: string,
  asking: Asking,
): Promise<Uint8Array[]> {
  const what = `referrers of sha256:${sha256}`;
  return ask(from, asking, what, async (base, headers) => {
    const pages: Uint8Array[] = [];
    let at: URL | undefined = new URL(`${base}/v2/${from.repository}/referrers/sha256:${sha256}`);
    while (at !== undefined) {
      if (pages.length === PAGES_MAX) throw new Refused(`its list has more than ${PAGES_MAX} pages`);
      const page: URL = at;
      let answered = new Headers();
      try {
        pages.push(
          await downloadBytes(page.href, {
            headers: { accept: OCI_TYPES.index, ...headers },
            most: DOCUMENT_BYTES_MAX,
            signal: asking.signal,
            told: (got) => (answered = got),
          }),
        );
      } catch (error) {
        // Of a list that has begun every page is wanted.
        if (pages.length === 0 && error instanceof BadAnswer && NO_LIST.includes(error.status)) return [];
        throw error;
      }
      at = nextPage(answered, page);
    }
    return pages;
  });
}

class Differs extends Error {
  readonly got: string;

  constructor(got: string) {
    super("its hash differs");
    this.got = got;
  }
}

/** Asks one place after the other, as whoever it wants to know; the last one's problem is told. */
async function ask<T>(
  from: ImageRepository,
  asking: Asking,
  what: string,
  get: (base: string, headers: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  let last: unknown;
  for (const address of [...asking.mirrors.of(from.registry), addressOf(from.registry)]) {
    const place = registryAddressOf(address);
    try {
      return await askAs(from, place, asking, get);
    } catch (error) {
      if (asking.signal.aborted || isPipeliteError(error)) throw error;
      last = error;
    }
  }
  throw told(from, what, last);
}

/** How a place wants to be asked for a repository, as it was found out in one run. */
const known = new WeakMap<Mirrors, Map<string, string>>();

async function askAs<T>(
  from: ImageRepository,
  { base, user }: RegistryAddress,
  asking: Asking,
  get: (base: string, headers: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  const ways = known.get(asking.mirrors) ?? new Map<string, string>();
  known.set(asking.mirrors, ways);
  const key = `${base} ${from.repository}`;
  const way = ways.get(key);
  try {
    return await get(base, way === undefined ? {} : { authorization: way });
  } catch (error) {
    if (!(error instanceof BadAnswer) || error.status !== 401) throw error;
    const isOwn = base === addressOf(from.registry);
    const credentials =
      user ?? (isOwn ? credentialsOf(asking.env, from.registry, from.repository) : undefined);
    const header = error.headers.get("www-authenticate") ?? "";
    const scope = `repository:${from.repository}:pull`;
    const authorization = await authorise(header, { scope, base, credentials, signal: asking.signal });
    if (authorization === undefined) throw error;
    ways.set(key, authorization);
    return get(base, { authorization });
  }
}

function told({ image }: ImageRepository, what: string, error: unknown): Error {
  if (error instanceof Differs)
    return pipeliteError("IMAGE_DIGEST_DIFFERS", { image, what, got: `sha256:${error.got}` });
  if (error instanceof BadAnswer) {
    const { status } = error;
    if (status === 401 || status === 403) return pipeliteError("REGISTRY_LOGIN_NEEDED", { image, status });
    if (status === 404) return pipeliteError("IMAGE_UNKNOWN", { image, what });
    if (status === 429) return pipeliteError("REGISTRY_BUSY", { image });
  }
  return pipeliteError("REGISTRY_FAILED", { image, problem: reasonOf(error) });
}
