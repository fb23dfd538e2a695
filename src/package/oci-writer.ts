// Documents of images, written (OCI image-spec 1.1): configuration, manifest, index, and the file that `docker load` wants. All
// are canonical JSON (RFC 8785), so that what is said alike is the same bytes.
import { canonicalJson } from "#base/canonical-json.ts";
import { hexDigestOf } from "#base/digest.ts";
import type { Platform } from "./oci.ts";

export const OCI_TYPES = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: {
    none: "application/vnd.oci.image.layer.v1.tar",
    gzip: "application/vnd.oci.image.layer.v1.tar+gzip",
    zstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  },
  empty: "application/vnd.oci.empty.v1+json",
} as const;

export type LayerCodec = keyof typeof OCI_TYPES.layer;

export type Annotations = Readonly<Record<string, string>>;

/** A blob as documents name it. */
export interface Blob {
  mediaType: string;
  /** `sha256:HEX` */
  digest: string;
  /** In bytes. */
  size: number;
  annotations?: Annotations;
}

/** A document that is a blob itself. */
export interface Document extends Blob {
  bytes: Uint8Array;
}

/** What is started, and how; as the image-spec has it, in our words. */
export interface ImageStart {
  entrypoint?: readonly string[];
  command?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** `uid`, `uid:gid` or names that the image knows. */
  user?: string;
  folder?: string;
  /** `8080` or `53/udp`. */
  ports?: readonly string[];
  volumes?: readonly string[];
  stopSignal?: string;
  labels?: Annotations;
  health?: HealthProbe;
}

/** Docker's own extension of the configuration: engines that don't know it pass it over. */
export interface HealthProbe {
  /** A program with its arguments; it ends with 0 when all is well. */
  command: readonly string[];
  intervalMs?: number;
  timeoutMs?: number;
  startMs?: number;
  retries?: number;
}

export interface ImageLayer extends Blob {
  /** `sha256:HEX` of it unpacked. */
  diffId: string;
  /** What is in it, for people. */
  comment: string;
}

const NS_PER_MS = 1_000_000;

/** @param createdAt seconds since the epoch */
export function writeImageConfig(
  platform: Platform,
  { layers, createdAt, start }: { layers: readonly ImageLayer[]; createdAt: number; start: ImageStart },
): Document {
  const created = isoSeconds(createdAt);
  return jsonDocument(OCI_TYPES.config, {
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant !== undefined && { variant: platform.variant }),
    created,
    config: startObject(start),
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ comment }) => ({ created, created_by: "pipelite", comment })),
  });
}

/** The part of a configuration that says how it is started, as canonical JSON: to be compared. */
export function startText(start: ImageStart): string {
  return canonicalJson(startObject(start));
}

function startObject(start: ImageStart): object {
  const { entrypoint, command, env, user, folder, ports, volumes, stopSignal, labels, health } = start;
  const setOf = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, {}]));
  return {
    ...(entrypoint && { Entrypoint: entrypoint }),
    ...(command && { Cmd: command }),
    ...(env && {
      Env: Object.entries(env)
        .map(([name, value]) => `${name}=${value}`)
        .toSorted(),
    }),
    ...(user !== undefined && { User: user }),
    ...(folder !== undefined && { WorkingDir: folder }),
    ...(ports && { ExposedPorts: setOf(ports.map((port) => (port.includes("/") ? port : `${port}/tcp`))) }),
    ...(volumes && { Volumes: setOf(volumes) }),
    ...(stopSignal !== undefined && { StopSignal: stopSignal }),
    ...(labels && { Labels: labels }),
    ...(health && { Healthcheck: healthOf(health) }),
  };
}

function healthOf({ command, intervalMs, timeoutMs, startMs, retries }: HealthProbe): object {
  const ns = (ms: number) => Math.round(ms) * NS_PER_MS;
  return {
    Test: ["CMD", ...command],
    ...(intervalMs !== undefined && { Interval: ns(intervalMs) }),
    ...(timeoutMs !== undefined && { Timeout: ns(timeoutMs) }),
    ...(startMs !== undefined && { StartPeriod: ns(startMs) }),
    ...(retries !== undefined && { Retries: retries }),
  };
}

export function writeImageManifest(
  config: Blob,
  layers: readonly Blob[],
  annotations: Annotations,
): Document {
  return jsonDocument(OCI_TYPES.manifest, {
    schemaVersion: 2,
    mediaType: OCI_TYPES.manifest,
    config: blobOf(config),
    layers: layers.map(blobOf),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  });
}

/** What `{}` is, which stands where a manifest has no configuration. */
export const EMPTY_DOCUMENT: Document = jsonDocument(OCI_TYPES.empty, {});

/** A document about an image, beside it: what registries call a referrer. */
export function writeReferrer(
  subject: Blob,
  { artifactType, content, annotations }: { artifactType: string; content: Blob; annotations: Annotations },
): Document {
  return jsonDocument(OCI_TYPES.manifest, {
    schemaVersion: 2,
    mediaType: OCI_TYPES.manifest,
    artifactType,
    config: blobOf(EMPTY_DOCUMENT),
    layers: [blobOf(content)],
    subject: blobOf(subject),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  });
}

/** What an index has. */
export interface IndexEntry extends Blob {
  platform?: Platform;
  artifactType?: string;
}

export function writeImageIndex(entries: readonly IndexEntry[], annotations: Annotations = {}): Document {
  return jsonDocument(OCI_TYPES.index, {
    schemaVersion: 2,
    mediaType: OCI_TYPES.index,
    manifests: entries.map((entry) => ({
      ...blobOf(entry),
      ...(entry.platform && { platform: entry.platform }),
      ...(entry.artifactType !== undefined && { artifactType: entry.artifactType }),
    })),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  });
}

/** `manifest.json` of the older form of `docker save`. @param layers names of members of the archive */
export function writeDockerManifest(
  config: string,
  { tags, layers }: { tags: readonly string[]; layers: readonly string[] },
): string {
  return canonicalJson([{ Config: config, RepoTags: tags, Layers: layers }]);
}

/** The file `oci-layout` of a layout. */
export const LAYOUT_FILE = '{"imageLayoutVersion":"1.0.0"}';

/** RFC 3339. @param seconds since the epoch */
export function isoSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

export function jsonDocument(mediaType: string, value: object): Document {
  return bytesDocument(mediaType, Buffer.from(canonicalJson(value)));
}

export function bytesDocument(mediaType: string, bytes: Uint8Array): Document {
  return { mediaType, digest: `sha256:${hexDigestOf(bytes)}`, size: bytes.length, bytes };
}

/** What of a blob stands in a document that names it. */
function blobOf({ mediaType, digest, size, annotations }: Blob): Blob {
  return { mediaType, digest, size, ...(annotations && { annotations }) };
}
