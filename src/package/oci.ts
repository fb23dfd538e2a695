// Documents of container images: index, manifest, configuration, in the words of OCI (image-spec 1.1) and of Docker (schema
// 2), which differ in their media types only. What names a digest is compared with the bytes by whoever reads them.
import { own } from "#base/own.ts";
import { isObject, parseStrictJson } from "#base/strict-json.ts";
import { pipeliteError } from "./image-errors.ts";

/** What a document says of a blob. */
export interface Descriptor {
  mediaType: string;
  /** Hex. */
  sha256: string;
  size: number;
}

export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
}

export interface ImageIndex {
  kind: "index";
  manifests: { descriptor: Descriptor; platform: Platform | undefined; refName: string | undefined }[];
}

export interface ImageManifest {
  kind: "manifest";
  config: Descriptor;
  layers: Descriptor[];
}

export interface ImageConfig {
  platform: Platform;
  /** SHA-256 in hex of each layer, unpacked. */
  diffIds: string[];
  /** `NAME=VALUE`s. */
  env: string[];
}

/** A document beside an image, and which one that is. */
export interface Referrer {
  kind: "referrer";
  /** What it is about: a manifest or an index. */
  subject: Descriptor;
  /** What kind of document it is. */
  artifactType: string;
  config: Descriptor;
  layers: Descriptor[];
  annotations: Readonly<Record<string, string>>;
}

const INDEX_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
const MANIFEST_TYPES = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
/** What to ask a registry for. */
export const ACCEPTED_TYPES = [...INDEX_TYPES, ...MANIFEST_TYPES].join(", ");

export type LayerCompression = "" | ".gz" | ".zst";

const LAYER_TYPES: Readonly<Record<string, LayerCompression>> = {
  "application/vnd.oci.image.layer.v1.tar": "",
  "application/vnd.oci.image.layer.v1.tar+gzip": ".gz",
  "application/vnd.oci.image.layer.v1.tar+zstd": ".zst",
  "application/vnd.docker.image.rootfs.diff.tar": "",
  "application/vnd.docker.image.rootfs.diff.tar.gzip": ".gz",
  "application/vnd.docker.image.rootfs.diff.tar.zstd": ".zst",
};

/** Layers that a sane image has at most; container engines stop at 127. */
const LAYERS_MAX = 1000;
const SIZE_MAX = 2 ** 46;

/**
 * An index or a manifest. Its `mediaType`, where it has one, must be what it looks like, and it must look like one thing only
 * (CVE-2021-41190). @throws PipeliteError IMAGE_DOCUMENT_INVALID
 */
export function parseImageDocument(bytes: Uint8Array): ImageIndex | ImageManifest {
  const value = objectIn(bytes, "manifest");
  const isIndex = "manifests" in value;
  if (isIndex && ("layers" in value || "config" in value)) throw wrong("manifest", "it is also an index");
  if (value["schemaVersion"] !== 2) throw wrong("manifest", "it is not of schema 2");
  const types = isIndex ? INDEX_TYPES : MANIFEST_TYPES;
  const mediaType = value["mediaType"] ?? types[0];
  if (typeof mediaType !== "string" || !types.includes(mediaType))
    throw wrong("manifest", `its type is ${JSON.stringify(mediaType)}`);
  if (isIndex) {
    const manifests = listIn(value["manifests"], "manifests").map((each) => {
      if (!isObject(each)) throw wrong("index", "a manifest of it is no object");
      const annotations = isObject(each["annotations"]) ? each["annotations"] : {};
      const refName = annotations["org.opencontainers.image.ref.name"];
      return {
        descriptor: descriptorOf(each, "index"),
        platform: each["platform"] === undefined ? undefined : platformOf(each["platform"]),
        refName: typeof refName === "string" ? refName : undefined,
      };
    });
    return { kind: "index", manifests };
  }
  const layers = listIn(value["layers"], "layers").map((each) => {
    const layer = descriptorOf(each, "manifest");
    compressionOf(layer);
    return layer;
  });
  if (layers.length > LAYERS_MAX) throw wrong("manifest", `it has ${layers.length} layers`);
  return { kind: "manifest", config: descriptorOf(value["config"], "manifest"), layers };
}

/**
 * A manifest that names what it is about. @returns undefined for a document that names nothing
 * @throws PipeliteError IMAGE_DOCUMENT_INVALID
 */
export function parseReferrer(bytes: Uint8Array): Referrer | undefined {
  const value = objectIn(bytes, "manifest");
  if (value["subject"] === undefined) return undefined;
  if (value["mediaType"] !== MANIFEST_TYPES[0] || "manifests" in value)
    throw wrong("referrer", "it is no manifest of OCI");
  const config = descriptorOf(value["config"], "referrer");
  const artifactType = value["artifactType"] ?? config.mediaType;
  if (typeof artifactType !== "string") throw wrong("referrer", "its kind is no text");
  const layers = listIn(value["layers"], "layers").map((each) => descriptorOf(each, "referrer"));
  if (layers.length > LAYERS_MAX) throw wrong("referrer", `it has ${layers.length} layers`);
  return {
    kind: "referrer",
    subject: descriptorOf(value["subject"], "referrer"),
    artifactType,
    config,
    layers,
    annotations: textsIn(value["annotations"]),
  };
}

/** How a layer is packed. @throws PipeliteError IMAGE_DOCUMENT_INVALID for one that is to be had elsewhere, or is none */
export function compressionOf({ mediaType }: Descriptor): LayerCompression {
  const compression = own(LAYER_TYPES, mediaType);
  if (compression === undefined)
    throw wrong("manifest", `its layers of the type '${mediaType}' are not known or are to be had elsewhere`);
  return compression;
}

/** @throws PipeliteError IMAGE_DOCUMENT_INVALID */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const value = objectIn(bytes, "configuration");
  const { rootfs, config } = value;
  if (!isObject(rootfs) || rootfs["type"] !== "layers") throw wrong("configuration", "it has no layers");
  const diffIds = listIn(rootfs["diff_ids"], "diff_ids").map((digest) => sha256Of(digest, "configuration"));
  const env = isObject(config) && config["Env"] ? listIn(config["Env"], "Env").map(String) : [];
  return { platform: platformOf(value), diffIds, env };
}

/** `linux/amd64`, for messages. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join("/");
}

/** Whether a machine of this architecture runs it: amd64, or arm64 of its first kind. */
export function runsOn(platform: Platform, architecture: string): boolean {
  const { os, variant = "" } = platform;
  const isVariant = architecture === "arm64" ? ["", "v8"].includes(variant) : ["", "v1"].includes(variant);
  return os === "linux" && platform.architecture === architecture && isVariant;
}

function descriptorOf(value: unknown, document: string): Descriptor {
  if (!isObject(value)) throw wrong(document, "what it names is no object");
  const { mediaType, digest, size } = value;
  if (typeof mediaType !== "string") throw wrong(document, "what it names has no type");
  if (!Number.isSafeInteger(size) || (size as number) < 0 || (size as number) > SIZE_MAX)
    throw wrong(document, "what it names has no size");
  return { mediaType, sha256: sha256Of(digest, document), size: size as number };
}

/** A digest becomes part of addresses and of paths, so it is nothing else. */
function sha256Of(digest: unknown, document: string): string {
  const [, hex] = (typeof digest === "string" && /^sha256:([0-9a-f]{64})$/.exec(digest)) || [];
  if (hex === undefined) throw wrong(document, "it names something by what is not a SHA-256");
  return hex;
}

function platformOf(value: unknown): Platform {
  if (!isObject(value)) throw wrong("index", "a platform of it is no object");
  const { os, architecture, variant } = value;
  if (typeof os !== "string" || typeof architecture !== "string")
    throw wrong("configuration", "it says for no platform");
  return { os, architecture, ...(typeof variant === "string" && variant !== "" && { variant }) };
}

/** Annotations of a document; values that are no text are none. */
function textsIn(value: unknown): Record<string, string> {
  const entries = isObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(entries.filter((each): each is [string, string] => typeof each[1] === "string"));
}

function listIn(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) throw wrong("document", `its ${name} are no list`);
  return value;
}

function objectIn(bytes: Uint8Array, document: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseStrictJson(bytes);
  } catch (error) {
    throw wrong(document, error instanceof Error ? error.message : String(error));
  }
  if (!isObject(value)) throw wrong(document, "it is no object");
  return value;
}

function wrong(document: string, problem: string): Error {
  return pipeliteError("IMAGE_DOCUMENT_INVALID", { document, problem });
}
