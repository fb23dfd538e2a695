// Images of shipments: as OCI layouts in folders, and as one file for `docker load`.
import { closeSync, openSync, statSync } from "node:fs";
import { join } from "node:path";
import { byteStringOf, utf8 } from "#base/bytes.ts";
import type { Pack } from "#author/pack.ts";
import type { ImageOptions } from "#author/pack-image.ts";
import { OpenFile } from "#environment/open-file.ts";
import { writeAll } from "#base/file-pieces.ts";
import { inTurns, type Steps } from "#base/steps.ts";
import { createHash } from "node:crypto";
import {
  isoSeconds,
  writeDockerManifest,
  type Annotations,
  type LayerCodec,
  type HealthProbe,
  type ImageStart,
} from "#package/oci-writer.ts";
import type { Architecture } from "#package/packaged.ts";
import { STORE_TIME } from "#package/store-layer.ts";
import { TAR_END, tarHeader, tarPadding, type TarFile } from "#package/tar-writer.ts";
import { pipeliteError } from "#ship/errors.ts";
import type { Shipment, WrittenPackage } from "#ship/shipment.ts";
import { bytesOf } from "#ship/tree.ts";
import type { Store } from "#store/index.ts";
import { compressionLevelOf, nameOfPacking } from "./codec.ts";
import { finishLayout, writeImage, type Attachment, type MadeImage } from "./image.ts";

export interface WriteImages {
  store: Store;
  /** What was packed before is kept there. */
  kept: string;
  codec: LayerCodec | undefined;
  level: number | undefined;
  /** Which names were in one layer, by package; what comes of it is written back. */
  plans: Map<string, string[][]>;
  /** What lies beside an image: made when it is. */
  attachmentsOf: (shipment: Shipment, image: MadeImage) => Promise<readonly Attachment[]>;
  signal: AbortSignal;
}

const LAYERS = 25;
/** Annotation of an image: how its layers are packed. */
export const PACKING_ANNOTATION = "dev.pipelite.packing";

const ARCHITECTURES: Readonly<Record<Architecture, string>> = {
  x86_64: "amd64",
  aarch64: "arm64",
  any: process.arch === "arm64" ? "arm64" : "amd64",
};

/** A layout in a folder of its own: `NAME-VERSION-ARCHITECTURE.oci`. */
export async function writeOciLayout(
  shipment: Shipment,
  folder: string,
  options: WriteImages,
): Promise<WrittenPackage> {
  const { pack, architecture, timeSeconds, paths, needs } = shipment;
  const { store, kept, codec = "gzip", signal, plans } = options;
  const packing = { codec, level: compressionLevelOf(codec, options.level), folder: kept, signal };
  const platform = { os: "linux", architecture: ARCHITECTURES[architecture] };
  const file = `${pack.name}-${tagOf(pack.version)}-${platform.architecture}.oci`.toLowerCase();
  const layout = join(folder, file);
  const labels = labelsOf(pack, timeSeconds);
  const made = await writeImage(store, layout, {
    platform,
    roots: needs,
    start: startOf(pack, labels),
    annotations: { ...labels, [PACKING_ANNOTATION]: nameOfPacking(packing) },
    createdAt: timeSeconds,
    files: filesAbove(shipment),
    most: pack.image?.layers ?? LAYERS,
    before: plans.get(pack.name) ?? [],
    packing,
    trees: new Map(paths.map(({ path, tree }) => [path, tree])),
  });
  plans.set(pack.name, made.plan);
  const attachments = await options.attachmentsOf(shipment, made);
  finishLayout(layout, [{ manifest: made.manifest, platform, attachments }], tagOf(pack.version));
  return {
    format: "oci",
    file,
    name: pack.name,
    version: pack.version,
    architecture: platform.architecture,
    bytes: made.layers.reduce((sum, { size }) => sum + size, made.config.size + made.manifest.size),
    sha256: made.manifest.digest.slice("sha256:".length),
    payload: {
      codec: nameOfPacking(packing),
      level: packing.level,
      sha256: made.config.digest.slice("sha256:".length),
    },
    paths: paths.map(({ path }) => path),
  };
}

/**
 * What `docker load` and `podman load` take: the older form, whose list names configuration and layers. There is nothing of a layout
 * in it: readers that know both forms would take its name for the image's.
 * @param folder where the layout is
 * @param out where the file goes
 */
export function writeDockerArchive(
  layout: WrittenPackage,
  folder: string,
  out: string,
  signal?: AbortSignal,
): Promise<WrittenPackage> {
  return inTurns(archiveSteps(layout, folder, out), signal);
}

function* archiveSteps(layout: WrittenPackage, folder: string, out: string): Steps<WrittenPackage> {
  const source = join(folder, layout.file);
  const file = layout.file.replace(/\.oci$/, ".docker.tar");
  const digest = createHash("sha256");
  const target = openSync(join(out, file), "wx", 0o644);
  let bytes = 0;
  const put = (piece: Uint8Array): void => {
    digest.update(piece);
    bytes += piece.length;
    writeAll(target, piece);
  };
  try {
    const manifest = JSON.parse(readText(join(source, "blobs/sha256", layout.sha256))) as Manifest;
    const placeOf = (named: string): string => `blobs/sha256/${named.slice("sha256:".length)}`;
    const tags = [`${layout.name}:${tagOf(layout.version)}`];
    const layers = manifest.layers.map((each) => placeOf(each.digest));
    const config = placeOf(manifest.config.digest);
    const list = utf8(writeDockerManifest(config, { tags, layers }));
    put(tarHeader({ name: "manifest.json", mode: 0o644, mtime: STORE_TIME, size: list.length }, "pax"));
    put(list);
    put(tarPadding(list.length));
    for (const name of new Set([config, ...layers]))
      for (const piece of memberOf(join(source, name), name)) {
        put(piece);
        yield;
      }
    put(TAR_END);
  } finally {
    closeSync(target);
  }
  return { ...layout, format: "docker", file, bytes, sha256: digest.digest("hex") };
}

interface Manifest {
  config: { digest: string };
  layers: { digest: string }[];
}

const PIECE = 1024 * 1024;

function* memberOf(file: string, name: string): Generator<Uint8Array> {
  const { size } = statSync(file);
  yield tarHeader({ name, mode: 0o644, mtime: STORE_TIME, size }, "pax");
  const open = new OpenFile(file);
  try {
    for (let at = 0; at < size; at += PIECE) yield open.subarray(at, Math.min(at + PIECE, size));
  } finally {
    open.close();
  }
  yield tarPadding(size);
}

function readText(file: string): string {
  const open = new OpenFile(file);
  try {
    return Buffer.from(open.subarray(0, open.length)).toString();
  } finally {
    open.close();
  }
}

/** What a tag can't say of a version is written otherwise: `1.0~rc1+git` as `1.0-rc1_git`. */
export function tagOf(version: string): string {
  return version
    .replaceAll("~", "-")
    .replaceAll(/[^\w.-]/g, "_")
    .slice(0, 128);
}

function labelsOf(pack: Pack, timeSeconds: number): Annotations {
  const prefix = "org.opencontainers.image";
  const [summary = ""] = pack.description.split("\n", 1);
  return {
    [`${prefix}.title`]: pack.name,
    [`${prefix}.version`]: pack.version,
    [`${prefix}.description`]: summary,
    [`${prefix}.licenses`]: pack.licence,
    [`${prefix}.authors`]: pack.maintainer,
    [`${prefix}.created`]: isoSeconds(timeSeconds),
    ...(pack.homepage !== undefined && { [`${prefix}.url`]: pack.homepage }),
    ...pack.image?.labels,
  };
}

/** What every program finds, whatever the image says. */
const VARIABLES = { PATH: "/usr/bin:/bin" };

function startOf(pack: Pack, labels: Annotations): ImageStart {
  const { env, user, folder, ports, volumes, health }: ImageOptions = pack.image ?? {};
  const command = commandOf(pack);
  return {
    ...(command && { entrypoint: wordsOf(command) }),
    env: { ...VARIABLES, ...env },
    labels,
    ...(user !== undefined && { user }),
    ...(folder !== undefined && { folder }),
    ...(ports && { ports: ports.map(String) }),
    ...(volumes && { volumes }),
    ...(health && { health: healthOf(health) }),
  };
}

function healthOf(health: NonNullable<ImageOptions["health"]>): HealthProbe {
  const { command, everySeconds, timeoutSeconds, startSeconds, retries } = health;
  return {
    command: wordsOf(command),
    ...(everySeconds !== undefined && { intervalMs: everySeconds * 1000 }),
    ...(timeoutSeconds !== undefined && { timeoutMs: timeoutSeconds * 1000 }),
    ...(startSeconds !== undefined && { startMs: startSeconds * 1000 }),
    ...(retries !== undefined && { retries }),
  };
}

function wordsOf([program, ...words]: readonly [string, ...string[]]): string[] {
  return [`/usr/bin/${program}`, ...words];
}

/** Undefined for what has data and no program: it is mounted, not started. @throws PipeliteError PACK_IMAGE_COMMAND */
function commandOf({
  name,
  place,
  image,
  programs = {},
  services = {},
}: Pack): readonly [string, ...string[]] | undefined {
  if (image?.command !== undefined) return image.command;
  const [service, otherService] = Object.values(services);
  if (service !== undefined && otherService === undefined) return service.command;
  const [program, otherProgram] = Object.keys(programs);
  if (program !== undefined && otherProgram === undefined) return [program];
  if (program === undefined && service === undefined) return undefined;
  throw pipeliteError("PACK_IMAGE_COMMAND", { place, name });
}

/** The profile, and the few files without which programs don't know who they are and where to write. */
function filesAbove({ profile, pack }: Shipment): TarFile[] {
  const own = profile.map(({ path, kind, mode, target, source, size }): TarFile => ({
    name: path,
    kind,
    mode,
    mtime: STORE_TIME,
    ...(kind === "link" && { target }),
    ...(kind === "file" && source !== undefined && { content: bytesOf(source, size) }),
  }));
  const known = new Set(own.map(({ name }) => name));
  const user = pack.image?.user?.split(":", 1)[0] ?? "root";
  const hasOwn = !/^(root|nobody|\d+)$/.test(user);
  const passwd = [
    "root:x:0:0:root:/root:/bin/sh",
    "nobody:x:65534:65534:nobody:/:/bin/false",
    ...(hasOwn ? [`${user}:x:1000:1000:${user}:/tmp:/bin/false`] : []),
  ];
  const group = ["root:x:0:", "nogroup:x:65534:", ...(hasOwn ? [`${user}:x:1000:`] : [])];
  const text = (name: string, lines: readonly string[]): TarFile => ({
    name,
    mode: 0o644,
    mtime: STORE_TIME,
    content: utf8(`${lines.join("\n")}\n`),
  });
  const usual: TarFile[] = [
    { name: "etc", kind: "folder", mode: 0o755, mtime: STORE_TIME },
    text("etc/group", group),
    text("etc/passwd", passwd),
    { name: "root", kind: "folder", mode: 0o700, mtime: STORE_TIME },
    { name: "tmp", kind: "folder", mode: 0o1777, mtime: STORE_TIME },
  ];
  const all = [...own, ...usual.filter(({ name }) => !known.has(byteStringOf(name)))];
  return all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
