// A tree is copied while it is read: read-only and without times, as the store keeps it, and on its way to the disk.
import { dirname } from "node:path";
import { closeCopy, createCopy, finishFolder, linkCopy, makeStoreFolder } from "./canonicalise.ts";
import { diskPath } from "./disk.ts";
import { WriteAhead } from "./durable.ts";
import { LargeCopy } from "./large-copy.ts";
import type { TreeCopy } from "./tree.ts";

/** @param target a byte string; must not exist */
export function copyTo(target: string): TreeCopy {
  const ahead = new WriteAhead(diskPath(dirname(target)));
  return {
    target,
    startFolder: makeStoreFolder,
    endFolder: finishFolder,
    link: linkCopy,
    startFile: createCopy,
    endFile: closeCopy,
    wrote: (bytes) => ahead.wrote(bytes),
    large: (fd) => new LargeCopy(fd, ahead),
    end: () => ahead.end(),
  };
}
