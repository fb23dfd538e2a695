// Files of a package: their order, their content and its digests.
import { createHash, hash, type Hash } from "node:crypto";
import { closeSync, lstatSync, openSync, readdirSync, readSync } from "node:fs";
import { compareByteStrings, fromByteString } from "#base/bytes.ts";
import { NO_DIGESTS, type Digests } from "#package/packaged.ts";
import { pipeliteError } from "./errors.ts";
import type { ContentSource, Reader, ShippedFile } from "./shipment.ts";

export function sortedFiles(files: readonly ShippedFile[]): ShippedFile[] {
  return files.toSorted((a, b) => compareByteStrings(a.path, b.path));
}

/** Of what is in memory: an object for each hash costs more than the hash of a small file. */
export function digestsInOneGo(bytes: Uint8Array, algorithms: readonly Algorithm[]): Digests {
  const digests = { ...NO_DIGESTS };
  for (const algorithm of algorithms) digests[algorithm] = hash(algorithm, bytes);
  return digests;
}

export function fromDisk(place: string): Buffer {
  return Buffer.from(place, "latin1");
}

/** What is packed is what was listed, and hashed. */
export function changedFile(place: string): Error {
  return pipeliteError("SHIPPED_FILE_CHANGED", { file: shownName(place) });
}

/** Of a path whose hash is another: a file that is not as a store keeps files, else the one that was changed last. */
export function changedFileIn(place: string): string {
  let [found, last, lastMs] = ["", "", -1];
  const look = (name: string): void => {
    const at = name === "" ? place : `${place}/${name}`;
    const stat = lstatSync(fromDisk(at));
    const called = name === "" ? "." : name;
    const isWritable = !stat.isSymbolicLink() && (stat.mode & 0o222) !== 0;
    if (stat.isDirectory())
      for (const each of readdirSync(fromDisk(at), { encoding: "latin1" }).toSorted())
        look(name === "" ? each : `${name}/${each}`);
    else if (stat.ctimeMs > lastMs) [last, lastMs] = [called, stat.ctimeMs];
    if (found === "" && (isWritable || stat.mtimeMs !== STORE_TIME_MS)) found = called;
  };
  look("");
  return shownName(found === "" ? last : found);
}

const STORE_TIME_MS = 1000;

export function shownName(path: string): string {
  return JSON.stringify(Buffer.from(fromByteString(path)).toString("utf8"));
}

export type Algorithm = keyof Digests;
const ALGORITHMS: readonly Algorithm[] = ["md5", "sha1", "sha256"];

/** Those that are not asked for are empty. */
export function digestsOf(
  pieces: Iterable<Uint8Array>,
  algorithms: readonly Algorithm[] = ALGORITHMS,
): Digests {
  const hashes = algorithms.map((algorithm) => [algorithm, createHash(algorithm)] as const);
  for (const piece of pieces) for (const [, each] of hashes) each.update(piece);
  return {
    ...NO_DIGESTS,
    ...Object.fromEntries(hashes.map(([algorithm, each]) => [algorithm, each.digest("hex")])),
  };
}

export function bytesReader(bytes: Uint8Array): Reader {
  let at = 0;
  return {
    read(target) {
      const part = bytes.subarray(at, at + target.length);
      target.set(part);
      at += part.length;
      return part.length;
    },
    close() {},
  };
}

export function sourceReader({ source }: Pick<ShippedFile, "source">): Reader {
  if (source === undefined) return bytesReader(new Uint8Array());
  if ("bytes" in source) return bytesReader(source.bytes);
  const fd = openSync(fromDisk(source.file), "r");
  return {
    read(target) {
      const read = readSync(fd, target);
      if (read === 0) throw changedFile(source.file);
      return read;
    },
    close: () => closeSync(fd),
  };
}

/** The content of a file that goes into a package. @throws PipeliteError SHIPPED_FILE_CHANGED, SHIPPED_PATH_CHANGED */
export function contentReader(file: ShippedFile): Reader {
  const { source } = file;
  const tree = source !== undefined && "tree" in source ? source.tree : undefined;
  return tree === undefined ? heldReader(file) : tree.readerOf(file);
}

/** The content of a file that was read before; its end must be what was listed. @throws PipeliteError SHIPPED_FILE_CHANGED */
export function heldReader({ source, size, digests }: ShippedFile): Reader {
  const reader = sourceReader({ source });
  if (source === undefined || "bytes" in source) return reader;
  const requireSame = (found: string): void => {
    if (found !== digests.sha256) throw changedFile(source.file);
  };
  let inPieces: Hash | undefined;
  let left = size;
  return {
    read(target) {
      const read = reader.read(target);
      const piece = target.subarray(0, read);
      left -= read;
      // An object for a small file costs more than its hash.
      if (inPieces === undefined && left === 0) requireSame(hash("sha256", piece));
      else {
        inPieces = (inPieces ?? createHash("sha256")).update(piece);
        if (left === 0) requireSame(inPieces.digest("hex"));
      }
      return read;
    },
    close: () => reader.close(),
  };
}

/** A file that a package adds. */
export function addedFile(path: string, bytes: Uint8Array, more: Partial<ShippedFile> = {}): ShippedFile {
  return {
    path,
    kind: "file",
    mode: 0o644,
    target: "",
    size: bytes.length,
    digests: digestsOf([bytes]),
    isConfiguration: false,
    isShared: false,
    source: { bytes },
    ...more,
  };
}

export function addedLink(path: string, target: string): ShippedFile {
  const common = { size: 0, digests: NO_DIGESTS, isConfiguration: false, isShared: false, source: undefined };
  return { path, kind: "link", mode: 0o777, target, ...common };
}

/** These files, and the folders above them that are not among them. @param isShared whether others have such a folder as well */
export function withFolders(
  files: readonly ShippedFile[],
  isShared: (path: string) => boolean,
): ShippedFile[] {
  const all = new Map(files.map((file) => [file.path, file]));
  for (const { path } of files)
    // Above a folder that is there all others are, or will be.
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const folder = path.slice(0, end);
      if (all.has(folder)) break;
      all.set(folder, {
        path: folder,
        kind: "folder",
        mode: 0o755,
        target: "",
        size: 0,
        digests: NO_DIGESTS,
        isConfiguration: false,
        isShared: isShared(folder),
        source: undefined,
      });
    }
  return sortedFiles([...all.values()]);
}

/** The bytes of a small file. @param bytes where they go */
export function bytesOf(
  source: ContentSource,
  size: number,
  bytes: Uint8Array = Buffer.allocUnsafe(size),
): Uint8Array {
  const reader = sourceReader({ source });
  try {
    for (let at = 0; at < size;) at += reader.read(bytes.subarray(at));
  } finally {
    reader.close();
  }
  return bytes;
}
