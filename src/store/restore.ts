// Writes a tree to disk as its NAR is parsed, in the form the store keeps.
import { toByteString } from "#base/bytes.ts";
import type { NarHandler } from "#nix/nar.ts";
import { closeCopy, createCopy, finishFolder, linkCopy, makeStoreFolder } from "./canonicalise.ts";
import { type Sink } from "./tree.ts";
import { writeAll } from "#base/file-pieces.ts";

export interface Restore extends NarHandler {
  /** Closes what is open, where the NAR ends too early. */
  abandon(): void;
}

/** @param target path as a byte string; must not exist */
export function restoreTo(target: string, content?: Sink): Restore {
  const folders: string[] = [];
  let path = target;
  let fd: number | undefined;
  const leave = (): void => {
    path = folders.at(-1) ?? target;
  };
  return {
    startFile(executable) {
      fd = createCopy(path, executable);
    },
    content(chunk) {
      content?.(chunk);
      if (fd !== undefined) writeAll(fd, chunk);
    },
    endFile() {
      if (fd !== undefined) closeCopy(fd);
      fd = undefined;
    },
    symlink: (link) => linkCopy(path, link),
    startDirectory() {
      makeStoreFolder(path);
      folders.push(path);
    },
    entry(name) {
      path = `${folders.at(-1) ?? target}/${toByteString(name)}`;
    },
    endEntry: leave,
    endDirectory() {
      const folder = folders.pop();
      if (folder !== undefined) finishFolder(folder);
    },
    abandon() {
      if (fd !== undefined) closeCopy(fd);
      fd = undefined;
    },
  };
}
