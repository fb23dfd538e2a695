// A tree of the store as part of a layer of an image, and back: what a NAR tells is written as entries of a tar, all that a store
// path has and nothing else (modes 0555 and 0444, time 1, owners 0), and such entries are told as a NAR again.
import { fromByteString, toByteString } from "#base/bytes.ts";
import type { NarHandler } from "#nix/nar-format.ts";
import { tarHeader, tarPadding } from "./tar-writer.ts";
import type { ByteSource, TarEntry } from "./tar-reader.ts";

/** Of every file in a store, in seconds since the epoch. */
export const STORE_TIME = 1;
const [FOLDER_MODE, FILE_MODE, LINK_MODE] = [0o555, 0o444, 0o777];

/**
 * Takes a NAR, gives the tar. The end of an archive is not written: there may be more in a layer.
 * @param root where the tree is in the image, without a first slash
 * @param sink gets bytes that are valid only during the call
 */
export class TreeToTar implements NarHandler {
  readonly #sink: (bytes: Uint8Array) => void;
  readonly #path: string[];
  #fileSize = 0;

  constructor(root: string, sink: (bytes: Uint8Array) => void) {
    this.#path = [root];
    this.#sink = sink;
  }

  startFile(executable: boolean, sizeBytes: number): void {
    const mode = executable ? FOLDER_MODE : FILE_MODE;
    this.#head({ kind: "file", mode, size: sizeBytes });
    this.#fileSize = sizeBytes;
  }

  content(chunk: Uint8Array): void {
    this.#sink(chunk);
  }

  endFile(): void {
    this.#sink(tarPadding(this.#fileSize));
  }

  symlink(target: Uint8Array): void {
    this.#head({ kind: "link", mode: LINK_MODE, target: toByteString(target) });
  }

  startDirectory(): void {
    this.#head({ kind: "folder", mode: FOLDER_MODE });
  }

  entry(name: Uint8Array): void {
    this.#path.push(toByteString(name));
  }

  endEntry(): void {
    this.#path.pop();
  }

  endDirectory(): void {
    // What is in it has been written.
  }

  #head(head: { kind: "file" | "folder" | "link"; mode: number; size?: number; target?: string }): void {
    this.#sink(tarHeader({ ...head, name: this.#path.join("/"), mtime: STORE_TIME }, "pax"));
  }
}

/** Bytes of a file are told in pieces. */
const PIECE = 2 ** 20;

/**
 * Tells the tree that `TreeToTar` has written.
 * @param bytes the tar
 * @param entries those of the tree, as they stand in it, the root first
 * @throws Error that says what no store path has
 */
export function tellTree(
  bytes: ByteSource,
  { entries, root }: { entries: readonly TarEntry[]; root: string },
  handler: NarHandler,
): void {
  let at = 0;
  const tell = (path: string): void => {
    const entry = entries[at];
    if (entry === undefined || entry.path !== path) throw new Error(`'${path}' is not where it should be`);
    at += 1;
    checkForm(entry);
    if (entry.kind === "link") return handler.symlink(fromByteString(entry.target));
    if (entry.kind === "file") return tellFile(bytes, entry, handler);
    handler.startDirectory();
    for (let child = entries[at]; child?.path.startsWith(`${path}/`) === true; child = entries[at]) {
      const name = child.path.slice(path.length + 1);
      if (name.includes("/")) throw new Error(`'${child.path}' is not where it should be`);
      handler.entry(fromByteString(name));
      tell(child.path);
      handler.endEntry();
    }
    handler.endDirectory();
  };
  tell(root);
  const more = entries[at];
  if (more !== undefined) throw new Error(`'${more.path}' is not where it should be`);
}

function tellFile(bytes: ByteSource, { mode, offset, size }: TarEntry, handler: NarHandler): void {
  handler.startFile((mode & 0o111) !== 0, size);
  const end = offset + size;
  for (let at = offset; at < end; at += PIECE) handler.content(bytes.subarray(at, Math.min(at + PIECE, end)));
  handler.endFile();
}

function checkForm({ path, kind, mode, uid, gid, mtime, attributes }: TarEntry): void {
  const modes = { folder: [FOLDER_MODE], file: [FILE_MODE, FOLDER_MODE], link: [LINK_MODE] };
  if (kind !== "folder" && kind !== "file" && kind !== "link") throw new Error(`'${path}' is a ${kind}`);
  if (!modes[kind].includes(mode)) throw new Error(`'${path}' has the mode ${mode.toString(8)}`);
  if (uid !== 0 || gid !== 0) throw new Error(`'${path}' belongs to ${uid}:${gid}`);
  if (mtime !== STORE_TIME) throw new Error(`'${path}' has the time ${mtime}`);
  if (attributes > 0) throw new Error(`'${path}' has attributes`);
}
