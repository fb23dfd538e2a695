// The folders in which a stage is built. They are kept for the next one: making and removing them costs the file system as much
// as starting a stage does. Between two stages they are emptied; a folder that does not look as it was made is given up.
import { mkdirSync, readdirSync, renameSync, unlinkSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { removeTree } from "#base/files.ts";
import { InputPlaces } from "./places.ts";
import type { SandboxRequest } from "./request.ts";
import { cleanStoreFolder } from "./store-folder.ts";

export class Scratch {
  /** Holds the other two; for its owner alone. */
  readonly folder: string;
  readonly storeDir: string;
  readonly buildDir: string;
  /** What stands in `storeDir` for inputs to be mounted on. */
  readonly places = new InputPlaces();
  /** Not for another stage. */
  isSpoilt = false;

  /** Makes `folder`, which must not be there. */
  constructor(folder: string) {
    this.folder = folder;
    this.storeDir = join(folder, "store");
    this.buildDir = join(folder, "build");
    mkdirSync(folder, { mode: 0o700 });
    mkdirSync(this.storeDir);
    mkdirSync(this.buildDir);
  }

  /** Removes the little that a stage may leave; what left more is spoilt. All its processes are dead. */
  empty(): void {
    if (this.isSpoilt) return;
    const FEW = 32;
    const left = readdirSync(this.buildDir, { withFileTypes: true, encoding: "buffer" });
    if (
      !this.places.areAllOf(this.storeDir) ||
      left.length > FEW ||
      left.some((entry) => entry.isDirectory())
    ) {
      this.isSpoilt = true;
      return;
    }
    for (const { name } of left) unlinkSync(Buffer.concat([Buffer.from(`${this.buildDir}/`), name]));
  }

  /** Moves it to where somebody wants to look at it; what was to be mounted in it has gone. */
  keepAs(folder: string, inputs: SandboxRequest["inputs"]): void {
    this.isSpoilt = true;
    cleanStoreFolder({ storeDir: this.storeDir, inputs });
    removeTree(folder);
    mkdirSync(dirname(folder), { recursive: true });
    renameSync(this.folder, folder);
  }

  async remove(): Promise<void> {
    try {
      await rm(this.folder, { recursive: true, force: true });
    } catch {
      // Folders that even their owner may not write to.
      removeTree(this.folder);
    }
  }
}

let made = 0;

/** Scratch folders below one folder. */
export class ScratchFolders {
  readonly #parent: string;
  readonly #free: Scratch[] = [];

  constructor(parent: string) {
    this.#parent = parent;
  }

  take(): Scratch {
    const kept = this.#free.pop();
    if (kept !== undefined) return kept;
    made += 1;
    mkdirSync(this.#parent, { recursive: true });
    return new Scratch(join(this.#parent, `${process.pid}-${made}`));
  }

  /** Takes it back; what is not kept has gone afterwards, and its space is free. */
  async give(scratch: Scratch): Promise<void> {
    try {
      scratch.empty();
    } catch {
      scratch.isSpoilt = true;
    }
    if (scratch.isSpoilt) await scratch.remove();
    else this.#free.push(scratch);
  }

  /** Nothing of them is left afterwards. */
  async close(): Promise<void> {
    await Promise.all(this.#free.splice(0).map((scratch) => scratch.remove()));
  }
}
