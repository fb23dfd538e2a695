// What is in an object of a store, as the metadata in it says: the databases of dpkg and apk in a root, control files of Debian's
// packages, wheels and where they are installed, installed npm packages, labels of images. A link in an object is followed
// only within it.
import { readdirSync, type Dirent } from "node:fs";
import { basename, join } from "node:path";
import { bytesOfFile, entryAt, wholeFile } from "#base/files.ts";
import { placeInRoot } from "#base/place-in-root.ts";
import { isPipeliteError } from "#base/errors.ts";
import { isObject, parseStrictJson } from "#base/strict-json.ts";
import { npmArchiveName } from "#package/npm.ts";
import { readAr } from "#package/ar.ts";
import { decompress } from "#package/decompress.ts";
import { readTar } from "#package/tar-reader.ts";
import { parseWheelName } from "#package/wheel.ts";
import { readZip } from "#package/zip.ts";
import type { ComponentType, BomPackage } from "#sbom/bom.ts";
import { debianLicence } from "#sbom/licence.ts";
import {
  apkPackages,
  debianPackages,
  distributionOf,
  imageFacts,
  npmFacts,
  wheelFacts,
} from "#sbom/metadata.ts";

export interface Contents {
  type: ComponentType;
  /** The package that the object is. */
  is?: BomPackage;
  /** The packages that are in it; undefined where nothing in it says so. */
  contains?: BomPackage[];
}

/** More than any file of metadata has. */
const METADATA_MAX = 64 * 2 ** 20;
/** Archives are read whole. */
const ARCHIVE_MAX = 2 ** 30;

/** @param path where the object is on disk */
export async function contentsOf(path: string): Promise<Contents> {
  const stats = entryAt(path);
  if (stats?.isDirectory() !== true) {
    const isRead = stats?.isFile() === true && stats.size <= ARCHIVE_MAX;
    return { type: "file", ...(isRead && (await fileFacts(path))) };
  }
  const unpacked = unpackedDebian(path);
  if (unpacked !== undefined) return { type: "library", is: unpacked };
  const [system, python, npm] = [systemPackages(path), pythonPackages(path), npmPackages(path)];
  const found = [system, python, npm].filter((each) => each !== undefined);
  return {
    type: system === undefined ? "library" : "operating-system",
    ...(found.length > 0 && { contains: found.flat() }),
  };
}

/** A package in its archive is what it says; one that can't be read says nothing. */
async function fileFacts(path: string): Promise<{ type: ComponentType; is: BomPackage } | undefined> {
  const name = basename(path).slice(HASH_AND_DASH);
  try {
    if (name.endsWith(".deb")) return asLibrary(await debFacts(path));
    if (parseWheelName(name) !== undefined) return asLibrary(wheelFileFacts(path));
    if (name.endsWith(".tgz")) return asLibrary(await npmArchiveFacts(path, name));
    const image = name === "config.json" ? imageFacts(parseStrictJson(wholeFile(path))) : undefined;
    return image && { type: "file", is: image };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError || isPipeliteError(error))
      return undefined;
    throw error;
  }
}

const HASH_AND_DASH = 33;

function asLibrary(is: BomPackage | undefined): { type: ComponentType; is: BomPackage } | undefined {
  return is && { type: "library", is };
}

async function debFacts(path: string): Promise<BomPackage | undefined> {
  const member = readAr(wholeFile(path)).find(({ name }) => name.startsWith("control.tar"));
  if (member === undefined) return undefined;
  const tar = await decompress(member.content, member.name.slice("control.tar".length));
  for (const { kind, path: name, content } of readTar(tar))
    if (kind === "file" && name === "control")
      return debianPackages(Buffer.from(content).toString("utf8"), undefined)[0];
  return undefined;
}

function wheelFileFacts(path: string): BomPackage | undefined {
  const metadata = readZip(wholeFile(path)).find(({ name }) => /^[^/]+\.dist-info\/METADATA$/.test(name));
  if (metadata === undefined || metadata.size > METADATA_MAX) return undefined;
  return wheelFacts(Buffer.from(metadata.read()).toString("utf8"));
}

/** One that npm packed has the name and version in its own: other archives have a package.json as well. */
async function npmArchiveFacts(path: string, name: string): Promise<BomPackage | undefined> {
  for (const { kind, path: member, content } of readTar(await decompress(wholeFile(path), ".gz"))) {
    if (kind !== "file" || !/^[^/]+\/package\.json$/.test(member)) continue;
    const facts = npmFacts(parseStrictJson(content), "");
    return npmArchiveName(facts.name, facts.version ?? "") === name ? facts : undefined;
  }
  return undefined;
}

/** One that was taken out of its archive by the step of an environment. */
function unpackedDebian(root: string): BomPackage | undefined {
  if (textIn(root, "list.json") === undefined) return undefined;
  const [facts] = debianPackages(textIn(root, "control/control") ?? "", undefined);
  return facts && withCopyright(facts, join(root, "data"));
}

function systemPackages(root: string): BomPackage[] | undefined {
  const distribution = distributionOf(textIn(root, "etc/os-release") ?? "");
  const status = textIn(root, "var/lib/dpkg/status");
  if (status !== undefined)
    return debianPackages(status, distribution).map((each) => withCopyright(each, root));
  const apk = textIn(root, "lib/apk/db/installed") ?? textIn(root, "usr/lib/apk/db/installed");
  return apk === undefined ? undefined : apkPackages(apk, distribution);
}

function withCopyright(facts: BomPackage, root: string): BomPackage {
  const licence = debianLicence(textIn(root, `usr/share/doc/${facts.name}/copyright`) ?? "");
  return licence === undefined ? facts : { ...facts, licence };
}

function pythonPackages(root: string): BomPackage[] | undefined {
  const sites = ["lib", "usr/local/lib"].flatMap((lib) =>
    namesIn(root, lib)
      .filter((name) => /^python3\.\d+$/.test(name))
      .map((name) => `${lib}/${name}/site-packages`),
  );
  const infos = sites.flatMap((site) =>
    namesIn(root, site)
      .filter((name) => name.endsWith(".dist-info"))
      .map((name) => `${site}/${name}`),
  );
  const found = infos.flatMap((info) => wheelFacts(textIn(root, `${info}/METADATA`) ?? "") ?? []);
  return infos.length === 0 ? undefined : found;
}

/** npm packages of stages that can't be bundled, or of a lock: `node_modules`, with folders of more within. */
function npmPackages(root: string): BomPackage[] | undefined {
  const modules = join(root, "node_modules");
  if (entryAt(modules)?.isDirectory() !== true) return undefined;
  const found: BomPackage[] = [];
  const visit = (folder: string): void => {
    for (const entry of foldersIn(folder)) {
      const path = join(folder, entry);
      const isPackage = /(^|\/)node_modules(\/@[^/]+)?$/.test(folder) && !/^[@.]/.test(entry);
      if (isPackage) found.push(npmFacts(manifestOf(path), nameOf(path)));
      visit(path);
    }
  };
  visit(modules);
  return found;
}

function nameOf(folder: string): string {
  return /(?:@[^/]+\/)?[^/]+$/.exec(folder)?.[0] ?? folder;
}

function manifestOf(folder: string): unknown {
  try {
    return JSON.parse(textIn(folder, "package.json") ?? "null");
  } catch {
    return undefined;
  }
}

function foldersIn(folder: string): string[] {
  return entriesIn(folder).flatMap((entry) => (entry.isDirectory() ? entry.name : []));
}

function namesIn(root: string, folder: string): string[] {
  const place = placeInRoot(root, `/${folder}`);
  return place === undefined ? [] : entriesIn(place).map(({ name }) => name);
}

function entriesIn(folder: string): Dirent[] {
  if (entryAt(folder)?.isDirectory() !== true) return [];
  return readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function textIn(root: string, file: string): string | undefined {
  const place = placeInRoot(root, `/${file}`);
  const stats = place === undefined ? undefined : entryAt(place);
  if (place === undefined || stats?.isFile() !== true || stats.size > METADATA_MAX) return undefined;
  return bytesOfFile(place)?.toString("utf8");
}

/** Packages whose code is in a bundle, or of which a program is: kept when it was made. */
export function notedPackages(note: unknown): BomPackage[] | undefined {
  if (!isObject(note) || !Array.isArray(note["npm"])) return undefined;
  const { node } = note;
  const found = (note["npm"] as unknown[])
    .filter(isObject)
    .map(({ folder, manifest }) => npmFacts(manifest, typeof folder === "string" ? folder : ""));
  if (typeof node !== "string" || !/^\d+\.\d+\.\d+$/.test(node)) return found;
  const cpe = `cpe:2.3:a:nodejs:node.js:${node}:*:*:*:*:*:*:*`;
  const [first] = found;
  return [
    first === undefined
      ? { name: "node", version: node, purl: `pkg:generic/node@${node}`, cpe }
      : { ...first, cpe },
  ];
}
