// The store in an archive: a binary cache of Nix whose files say of each other what they are, with nothing missing.
import { hex, toByteString } from "#base/bytes.ts";
import { isPipeliteError } from "#base/errors.ts";
import { dependencyOrder } from "#base/order.ts";
import { messageOf } from "#base/strict-json.ts";
import { parseNarInfo, writeNarInfo, type NarInfo } from "#nix/narinfo.ts";
import {
  parseRealisation,
  writeRealisation,
  type Realisation,
  type RealisationId,
} from "#nix/realisation.ts";
import { storePathBase, storePathHash, type StorePath } from "#nix/store-path.ts";
import type { ArchiveReader } from "./read.ts";

export interface StorePart {
  /** Each path after those that it refers to. */
  paths: readonly NarInfo[];
  /** Each after those that it depends on. */
  realisations: readonly Realisation[];
}

/** @throws PipeliteError RUN_ARCHIVE_INVALID */
export function readStorePart(reader: ArchiveReader): StorePart {
  const names = reader.below("store");
  const infos = new Map(
    names.filter((name) => name.endsWith(".narinfo")).map((name) => pathOf(reader, name)),
  );
  const urls = new Set([...infos.values()].map(({ url }) => `store/${url}`));
  const unnamed = names.find((name) => name.startsWith("store/nar/") && !urls.has(name));
  if (unnamed !== undefined) reader.fail(`no narinfo is about ${unnamed}`);
  for (const { path, references } of infos.values()) {
    const missing = references.find((each) => !infos.has(each));
    if (missing !== undefined) reader.fail(`${path} refers to ${missing}, which is missing`);
  }
  const realisations = names
    .filter((name) => name.endsWith(".doi"))
    .map((name) => realisationAt(reader, name, infos));
  return { paths: ordered(reader, infos), realisations: inTheirOrder(reader, realisations) };
}

/** Each after those that it depends on. */
function inTheirOrder(reader: ArchiveReader, realisations: readonly Realisation[]): Realisation[] {
  const byId = new Map(realisations.map((each) => [each.id, each]));
  const done = new Set<RealisationId>();
  const dependenciesOf = ({ id, dependencies }: Realisation): Realisation[] =>
    [...dependencies.keys()].map(
      (each) => byId.get(each) ?? reader.fail(`${id} depends on ${each}, which is missing`),
    );
  return dependencyOrder(realisations, dependenciesOf).map((each) => {
    const open = [...each.dependencies.keys()].find((dependency) => !done.has(dependency));
    if (open !== undefined) reader.fail(`${each.id} depends on itself through ${open}`);
    done.add(each.id);
    return each;
  });
}

function pathOf(reader: ArchiveReader, name: string): [StorePath, NarInfo] {
  const text = toByteString(reader.bytes(name));
  const info = reading(reader, name, () => parseNarInfo(text));
  const { path, url, compression, fileHash, fileSize, narHash, narSize } = info;
  const wrong = (problem: string): never => reader.fail(`${name}: ${problem}`);
  if (writeNarInfo(info) !== text) wrong("it is not as it is written");
  if (name !== `store/${storePathHash(path)}.narinfo`) wrong(`it is about ${path}`);
  if (url !== `nar/${storePathBase(path)}.nar` || compression !== "none") wrong(`its NAR is ${url}`);
  const nar = `store/${url}`;
  if (reader.sumOf(nar) !== hex(narHash)) wrong("its NarHash is not the SHA-256 of its NAR");
  if (reader.sizeOf(nar) !== narSize) wrong("its NarSize is not that of its NAR");
  if (fileSize !== narSize || fileHash === undefined || hex(fileHash.bytes) !== hex(narHash))
    wrong("its file is not its NAR");
  return [path, info];
}

function realisationAt(
  reader: ArchiveReader,
  name: string,
  infos: ReadonlyMap<StorePath, NarInfo>,
): Realisation {
  const text = Buffer.from(reader.bytes(name)).toString("utf8");
  const realisation = reading(reader, name, () => parseRealisation(text));
  const { id, outPath } = realisation;
  if (name !== `store/realisations/${id}.doi` || writeRealisation(realisation) !== text)
    reader.fail(`${name}: it is not as it is written`);
  if (!infos.has(outPath)) reader.fail(`${name}: ${outPath} is missing`);
  return realisation;
}

function ordered(reader: ArchiveReader, infos: ReadonlyMap<StorePath, NarInfo>): NarInfo[] {
  const others = ({ path, references }: NarInfo): NarInfo[] =>
    references.flatMap((each) => (each === path ? [] : (infos.get(each) ?? [])));
  const order = dependencyOrder(infos.values(), others);
  const place = new Map(order.map((info, index) => [info, index]));
  const circle = order.find((info) =>
    others(info).some((each) => (place.get(each) ?? 0) > (place.get(info) ?? 0)),
  );
  if (circle !== undefined) reader.fail(`${circle.path} refers to itself through others`);
  return order;
}

function reading<T>(reader: ArchiveReader, name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return reader.fail(`${name}: ${messageOf(error)}`, error);
  }
}
