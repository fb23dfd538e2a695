// Images of layouts into a registry.
import { join } from "node:path";
import { entryAt } from "#base/files.ts";
import type { Variables } from "#base/environment.ts";
import { parseImageReference } from "#package/image-reference.ts";
import { formatPlatform } from "#package/oci.ts";
import { combineSources, combineTrees } from "#ship/image/combine.ts";
import { joinLayouts, type JoinedLayout } from "#ship/image/join.ts";
import { layoutSource, readLayout, type ImageSource, type ImageTree } from "#ship/image/layout.ts";
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

/** `oci:FOLDER`, as other tools call a layout. */
export const LAYOUT_SCHEME = "oci:";

export interface JoinImages extends Omit<PushRequest, "mounts" | "env"> {
  /** A folder that is not there yet. */
  to: string;
}

/** Several layouts as one in a folder. @throws PipeliteError LAYOUT_NOT_FOUND, LAYOUT_INVALID, LAYOUT_THERE, LAYOUT_WRITE_FAILED */
export async function pushToFolder({
  to,
  layouts,
  signal,
}: JoinImages): Promise<JoinedLayout & { name: string; digest: string; tag: string; platforms: string[] }> {
  const { tree, source } = await readTogether(layouts);
  const tag = tree.tag ?? "latest";
  const joined = await joinLayouts(source, tree, { folder: to, tag, signal });
  const platforms = tree.images.map(({ platform }) => formatPlatform(platform));
  return {
    ...joined,
    name: `${LAYOUT_SCHEME}${to}:${tag}`,
    digest: `sha256:${tree.root.sha256}`,
    tag,
    platforms,
  };
}

/** What is damaged of a layout is told by who reads it. @throws PipeliteError LAYOUT_NOT_FOUND */
function requireLayout(layout: string): void {
  if (["oci-layout", "index.json"].some((name) => entryAt(join(layout, name)) !== undefined)) return;
  const entry = entryAt(layout);
  const problem =
    entry === undefined
      ? "there is nothing"
      : entry.isDirectory()
        ? "it is a folder without one"
        : "it is a file";
  throw pipeliteError("LAYOUT_NOT_FOUND", { layout, problem });
}

async function readTogether(layouts: readonly string[]): Promise<{ tree: ImageTree; source: ImageSource }> {
  for (const layout of layouts) requireLayout(layout);
  const read = await Promise.all(
    layouts.map(async (folder) => ({ source: layoutSource(folder), tree: await readLayout(folder) })),
  );
  const named = layouts.join(", ");
  const tree = combineTrees(
    read.map((each) => each.tree),
    named,
  );
  return { tree, source: combineSources(read, named) };
}

/** @throws PipeliteError IMAGE_NAME_INVALID, LAYOUT_NOT_FOUND, LAYOUT_INVALID, PUSH_..., REGISTRY_... */
export async function pushToRegistry({
  to,
  layouts,
  mounts,
  env,
  signal,
}: PushRequest): Promise<PushedImage> {
  const reference = referenceOf(to);
  const { tree, source } = await readTogether(layouts);
  const tag = reference.tag ?? tree.tag ?? "latest";
  const client = new RegistryClient({ ...reference, mounts, env, signal });
  const pushed = await pushImage(client, source, tree, tag);
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
