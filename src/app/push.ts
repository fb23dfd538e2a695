// Images of layouts into a registry.
import type { Variables } from "#base/environment.ts";
import { parseImageReference } from "#package/image-reference.ts";
import { formatPlatform } from "#package/oci.ts";
import { combineSources, combineTrees } from "#ship/image/combine.ts";
import { layoutSource, readLayout } from "#ship/image/layout.ts";
import { pushImage, type PushedManifest } from "#ship/image/push.ts";
import { RegistryClient } from "#ship/image/registry-client.ts";
import { pipeliteError } from "./errors.ts";

export interface PushRequest {
  /** `oci://HOST/NAME[:TAG]` */
  to: string;
  /** Folders with image layouts, of one image for each platform. */
  layouts: readonly string[];
  /** Repositories of the registry that may have the same blobs. */
  mounts: readonly string[];
  env: Variables;
  signal: AbortSignal;
}

export interface PushedImage extends PushedManifest {
  /** `HOST/NAME:TAG` */
  name: string;
  platforms: string[];
}

export const OCI_SCHEME = "oci://";

/** @throws PipeliteError IMAGE_NAME_INVALID, LAYOUT_INVALID, PUSH_..., REGISTRY_... */
export async function pushToRegistry({
  to,
  layouts,
  mounts,
  env,
  signal,
}: PushRequest): Promise<PushedImage> {
  const reference = referenceOf(to);
  const read = await Promise.all(
    layouts.map(async (folder) => ({ source: layoutSource(folder), tree: await readLayout(folder) })),
  );
  const named = layouts.join(", ");
  const tree = combineTrees(
    read.map((each) => each.tree),
    named,
  );
  const tag = reference.tag ?? tree.tag ?? "latest";
  const client = new RegistryClient({ ...reference, mounts, env, signal });
  const pushed = await pushImage(client, combineSources(read, named), tree, tag);
  return {
    ...pushed,
    name: `${reference.registry}/${reference.repository}:${tag}`,
    platforms: tree.images.map(({ platform }) => formatPlatform(platform)),
  };
}

function referenceOf(to: string): { registry: string; repository: string; tag: string | undefined } {
  const word = to.startsWith(OCI_SCHEME) ? to.slice(OCI_SCHEME.length) : "";
  const reference = parseImageReference(word);
  if (reference === undefined || reference.sha256 !== undefined || !word.startsWith(`${reference.registry}/`))
    throw pipeliteError("IMAGE_NAME_INVALID", { word: to });
  const { registry, repository, tag } = reference;
  return { registry, repository, tag };
}
