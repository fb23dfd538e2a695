// Packages of a run: composed, written beside where they go, and moved there when all of them are whole.
import { mkdtempSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { isPipeliteError, systemErrorCode } from "#base/errors.ts";
import { isPlainDirectory, makeFolder, removeTree, writeFileAtomically } from "#base/files.ts";
import { messageOf } from "#base/strict-json.ts";
import { isFullDisk } from "#base/web.ts";
import type { Pack } from "#author/pack.ts";
import { checkGzip } from "#package/gzip.ts";
import { composeShipment, type Compose } from "./compose.ts";
import { pipeliteError } from "./errors.ts";
import { FORMAT_WRITERS, type ShipmentFormat, type FormatOptions } from "./formats.ts";
import { bytesOf, type Algorithm } from "./tree.ts";
import type { Shipment, WrittenPackage } from "./shipment.ts";

/** What a format has of each file besides SHA-256. */
const DIGESTS: Readonly<Partial<Record<ShipmentFormat, Algorithm>>> = { deb: "md5", apk: "sha1" };

/** Forms in which nothing stands but the files and their hashes. */
export const PLACELESS: readonly ShipmentFormat[] = ["docker", "nix"];

export interface Ship extends Omit<Compose, "digests">, Omit<FormatOptions, "folder"> {
  packs: readonly Pack[];
  formats: readonly ShipmentFormat[];
  /** Where the packages go. */
  out: string;
}

export interface ShippedPackages {
  packages: WrittenPackage[];
  /** Names of the files with what is in the packages: path -> digest; and of bills of materials that have no other place. */
  manifests: string[];
}

/** @throws PipeliteError PACK_WRITE_FAILED where the disk is full, and all that writers of formats throw */
export async function ship({
  packs,
  formats,
  out,
  isSingle,
  codec,
  key,
  store,
  pathKey,
  images,
  ...compose
}: Ship): Promise<ShippedPackages> {
  // Beside what comes before the first packing.
  const checked = checkGzip();
  checked.catch(() => undefined);
  const digests = [...new Set<Algorithm>(["sha256", ...formats.flatMap((each) => DIGESTS[each] ?? [])])];
  makeFolder(out);
  const folder = mkdtempSync(join(out, ".pack-"));
  const options = { folder, isSingle, codec, key, store, pathKey, images };
  let format: string = formats[0] ?? "";
  try {
    const shipments: Shipment[] = [];
    const { signal } = images;
    for (const pack of packs)
      shipments.push(await composeShipment(pack, { store, digests, signal, ...compose }));
    await checked;
    const packages: WrittenPackage[] = [];
    for (format of formats)
      packages.push(...(await FORMAT_WRITERS[format as ShipmentFormat](shipments, options)));
    for (const { tree } of shipments.flatMap(({ paths }) => paths)) await tree.readRest(signal);
    const beside = shipments.flatMap((shipment) => besideOf(shipment, formats));
    for (const [name, content] of beside) writeFileAtomically(join(folder, name), content);
    const manifests = beside.map(([name]) => name);
    for (const name of [...packages.map(({ file }) => file), ...manifests])
      putInPlace(join(folder, name), join(out, name));
    return { packages, manifests };
  } catch (error) {
    // What writes a cache of Nix says it of a store or a cache.
    const cause = isPipeliteError(error) && isFullDisk(error.cause) ? error.cause : error;
    const code = systemErrorCode(cause);
    if (code !== "ENOSPC" && code !== "EDQUOT" && code !== "EACCES" && code !== "EROFS") throw error;
    const name = packs.map((pack) => pack.name).join(", ");
    throw pipeliteError("PACK_WRITE_FAILED", { name, format, folder: out, problem: messageOf(cause) }, error);
  } finally {
    removeTree(folder);
  }
}

/** What lies beside packages: the list of files, and for a form that has no place for it the bill of materials. */
function besideOf(shipment: Shipment, formats: readonly ShipmentFormat[]): [name: string, content: string][] {
  const { name } = shipment.pack;
  const bills = shipment.documents.map(({ path, source, size }): [string, string] => [
    `${name}.${basename(path)}`,
    source === undefined ? "" : Buffer.from(bytesOf(source, size)).toString(),
  ]);
  const isWithout = formats.some((each) => PLACELESS.includes(each));
  return [[`${name}.files.json`, manifestOf(shipment)], ...(isWithout ? bills : [])];
}

/** A folder of before steps aside first: no rename takes its place. */
function putInPlace(made: string, target: string): void {
  if (isPlainDirectory(made) && isPlainDirectory(target)) renameSync(target, `${made}.before`);
  renameSync(made, target);
}

/**
 * Files and links of a shipment, whatever the format: each package of any format has these, and what the format adds. It is what
 * `prettyJson` makes of them, written as it comes: there may be many thousands.
 */
export function manifestOf({ paths, profile }: Shipment): string {
  const files = new Map(
    [...paths.flatMap((path) => path.files), ...profile].map((file) => [file.path, file]),
  );
  const members = [...files.values()]
    .filter(({ kind }) => kind !== "folder")
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, kind, mode, size, target, digests }) => {
      const octal = mode.toString(8).padStart(4, "0");
      const about =
        kind === "link"
          ? `"link": ${JSON.stringify(target)}`
          : `"mode": "${octal}",\n    "sha256": "${digests.sha256}",\n    "size": ${size}`;
      return `  ${JSON.stringify(path)}: {\n    ${about}\n  }`;
    });
  return members.length === 0 ? "{}\n" : `{\n${members.join(",\n")}\n}\n`;
}
