// Lock files that were used before. A run locks some paths for each of its stages, and a file made and removed each time is
// what costs a store most: ext4 looks for a free inode, and passes over those freed a moment ago one by one. So a file
// whose lock is given back goes, still locked by us, into a folder of this process, and is linked to where the next lock is
// wanted. Others may have opened it by its old name meanwhile and wait for it: such a file is not used again.
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { isOpenedByUsAlone } from "#base/libc.ts";
import { systemErrorCode } from "#base/errors.ts";
import type { Layout } from "./layout.ts";

/** A lock file that is open, and locked. */
export interface LockFile {
  fd: number;
  /** Its name in the folder of this process. */
  spare?: string;
}

/** Who takes fewer locks needs no folder. */
const FEW = 8;
/** As many as are kept open. */
const SPARE_MAX = 256;

let folders = 0;

export class LockFiles {
  readonly #layout: Layout;
  readonly #spare: Required<LockFile>[] = [];
  #folder: string | undefined;
  #given = 0;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** A locked file under this name, at once; undefined where there is a file of that name, or none is spare. */
  take(name: string): LockFile | undefined {
    const file = this.#spare.pop();
    if (file === undefined) return undefined;
    try {
      linkSync(file.spare, name);
      return file;
    } catch (error) {
      if (systemErrorCode(error) === "EEXIST") this.#spare.push(file);
      else this.#drop(file);
      return undefined;
    }
  }

  /** Gives the lock back: takes the name away, and keeps the file where nobody waits for it. */
  give(name: string, file: LockFile): void {
    this.#given += 1;
    const isWanted = this.#given > FEW && this.#spare.length < SPARE_MAX;
    const spare = isWanted ? this.#moveAway(name, file) : undefined;
    // From here on nobody can open it any more.
    if (spare !== undefined && isOpenedByUsAlone(file.fd)) {
      this.#spare.push({ fd: file.fd, spare });
      return;
    }
    try {
      unlinkSync(spare ?? name);
    } catch {
      // A lock file that stays is garbage in the store directory; the lock itself goes with the descriptor. It must not be called
      // stale: whoever wants it next would find it so for ever.
      closeSync(file.fd);
      return;
    }
    endStale(file.fd);
  }

  /** Nothing of them is left afterwards. */
  close(): void {
    for (const file of this.#spare.splice(0)) this.#drop(file);
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }

  /** @returns where it is now; undefined where it has its name still, or another file has. */
  #moveAway(name: string, { fd, spare }: LockFile): string | undefined {
    try {
      if (spare !== undefined) {
        unlinkSync(name);
        return spare;
      }
      const made = join(this.#makeFolder(), String(this.#given));
      renameSync(name, made);
      if (lstatSync(made).ino === fstatSync(fd).ino) return made;
      // A collection had taken ours, and this is of somebody who came after: as it would have been unlinked.
      unlinkSync(made);
    } catch {
      // See `give`.
    }
    return undefined;
  }

  /** Called by the process, so that what a killed one leaves is found. */
  #makeFolder(): string {
    if (this.#folder !== undefined) return this.#folder;
    folders += 1;
    const folder = join(this.#layout.buildsDir, `${process.pid}-locks-${folders}`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#folder = folder;
    return folder;
  }

  #drop({ fd, spare }: Required<LockFile>): void {
    rmSync(spare, { force: true });
    closeSync(fd);
  }
}

/** Says to those who wait for it that it is a lock of nothing any more: it has a size then, for which a full disk has room. */
function endStale(fd: number): void {
  try {
    ftruncateSync(fd, 1);
  } finally {
    closeSync(fd);
  }
}
