// Images of containers, made by hand: in the layout of OCI, and as `docker save` writes them.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { hexDigestOf } from "#base/digest.ts";
import { writeTar, type TarMember } from "./tar.ts";

export interface MadeLayer {
  members: readonly TarMember[];
  compression?: "" | ".gz" | ".zst";
}

export interface ImageOptions {
  layers: readonly MadeLayer[];
  architecture?: string;
  variant?: string;
  env?: readonly string[];
  /** Edits what is about to be written. */
  config?: object;
  manifest?: object;
}

export interface MadeImage {
  /** SHA-256 -> bytes. */
  blobs: Map<string, Buffer>;
  config: string;
  manifest: string;
  layers: { sha256: string; tar: Buffer }[];
}

const OCI = "application/vnd.oci.image";
const SUFFIX = { "": "", ".gz": "+gzip", ".zst": "+zstd" } as const;
const PACK = { "": (bytes: Buffer) => bytes, ".gz": gzipSync, ".zst": zstdCompressSync } as const;
export const THIS_MACHINE = process.arch === "arm64" ? "arm64" : "amd64";

export function makeImage(options: ImageOptions): MadeImage {
  const { architecture = THIS_MACHINE, variant, env = ["PATH=/bin"] } = options;
  const blobs = new Map<string, Buffer>();
  const put = (content: Uint8Array | string) => {
    const bytes = Buffer.from(content);
    const sha256 = hexDigestOf(bytes);
    blobs.set(sha256, bytes);
    return { digest: `sha256:${sha256}`, size: bytes.length };
  };
  const tars = options.layers.map(({ members }) => writeTar(members));
  const layers = options.layers.map(({ compression = ".gz" }, index) => ({
    mediaType: `${OCI}.layer.v1.tar${SUFFIX[compression]}`,
    ...put(PACK[compression](tars[index] ?? Buffer.alloc(0))),
  }));
  const config = put(
    JSON.stringify({
      os: "linux",
      architecture,
      ...(variant !== undefined && { variant }),
      config: { Env: env },
      rootfs: { type: "layers", diff_ids: tars.map((tar) => `sha256:${hexDigestOf(tar)}`) },
      ...options.config,
    }),
  );
  const manifest = put(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: `${OCI}.manifest.v1+json`,
      config: { mediaType: `${OCI}.config.v1+json`, ...config },
      layers,
      ...options.manifest,
    }),
  );
  return {
    blobs,
    config: config.digest.slice(7),
    manifest: manifest.digest.slice(7),
    layers: layers.map(({ digest }, index) => ({
      sha256: digest.slice(7),
      tar: tars[index] ?? Buffer.alloc(0),
    })),
  };
}

/** An index of images, as text. */
export function indexOf(images: readonly { image: MadeImage; platform?: object; tag?: string }[]): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: `${OCI}.index.v1+json`,
    manifests: images.map(({ image, platform, tag }) => ({
      mediaType: `${OCI}.manifest.v1+json`,
      digest: `sha256:${image.manifest}`,
      size: image.blobs.get(image.manifest)?.length,
      ...(platform && { platform }),
      ...(tag !== undefined && { annotations: { "org.opencontainers.image.ref.name": tag } }),
    })),
  });
}

/** An OCI image layout, in a folder. */
export function writeLayout(folder: string, images: Parameters<typeof indexOf>[0]): void {
  mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
  for (const { image } of images)
    for (const [sha256, bytes] of image.blobs) writeFileSync(join(folder, "blobs/sha256", sha256), bytes);
  writeFileSync(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(folder, "index.json"), indexOf(images));
}

/** What `docker save` wrote until version 25. */
export function writeSaved(file: string, images: readonly { image: MadeImage; tags: string[] }[]): void {
  const members: TarMember[] = [];
  const entries = images.map(({ image, tags }) => {
    const config = `${image.config}.json`;
    members.push({ name: config, content: image.blobs.get(image.config) ?? "" });
    const layers = image.layers.map(({ tar }, index) => {
      const name = `${image.config.slice(0, 8)}${index}/layer.tar`;
      const same = image.layers.findIndex((each) => each.tar.equals(tar));
      if (same < index)
        members.push({ name, type: "2", target: `../${image.config.slice(0, 8)}${same}/layer.tar` });
      else members.push({ name, content: tar });
      return name;
    });
    return { Config: config, RepoTags: tags, Layers: layers };
  });
  members.push({ name: "manifest.json", content: JSON.stringify(entries) });
  writeFileSync(file, writeTar(members));
}
