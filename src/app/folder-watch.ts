// Tells that something happened in a set of folders. Folders are watched, not files: an editor that writes a new file and
// renames it, a new file, and one that comes back are all told alike.
import { readdirSync, watch, type FSWatcher } from "node:fs";
import { dirname, join } from "node:path";
import { isDirectory } from "#base/files.ts";

/** A save is often several events: they count as one when this long nothing more comes. */
const QUIET_MS = 40;
/** Who writes without end is not waited for longer than this. */
const LATEST_MS = 200;
/** Of the folders below a pipeline, at most so many are watched: the kernel has a limit. */
const FOLDERS_MAX = 2000;

export class FolderWatch implements Disposable {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #onChange: () => void;
  #quiet: NodeJS.Timeout | undefined;
  #firstMs: number | undefined;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Watches these folders as well; those that are not there, or can't be watched, are passed over. */
  add(folders: Iterable<string>): void {
    for (const folder of folders) {
      if (this.#watchers.has(folder) || !isDirectory(folder)) continue;
      try {
        const watcher = watch(folder, () => this.#happened());
        // A folder that goes away ends its watcher; one of that name that comes again is watched again.
        watcher.on("error", () => this.#forget(folder));
        this.#watchers.set(folder, watcher);
      } catch {
        // No watch left for it: what is in it is looked at when something else happens.
      }
    }
  }

  /** Forgets the folders that are gone, so that `add` can watch what has come in their place. */
  dropGone(): void {
    for (const folder of this.#watchers.keys()) if (!isDirectory(folder)) this.#forget(folder);
  }

  #forget(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }

  #happened(): void {
    const nowMs = performance.now();
    this.#firstMs ??= nowMs;
    clearTimeout(this.#quiet);
    const waitMs = Math.max(0, Math.min(QUIET_MS, this.#firstMs + LATEST_MS - nowMs));
    this.#quiet = setTimeout(() => {
      this.#firstMs = undefined;
      this.#onChange();
    }, waitMs);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#quiet);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }
}

/** A folder and those below it, hidden ones, packages and links left out. */
export function foldersBelow(root: string): string[] {
  const found = [root];
  for (let at = 0; at < found.length && found.length < FOLDERS_MAX; at += 1) {
    const folder = found[at] ?? root;
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules")
        found.push(join(folder, entry.name));
    }
  }
  return found;
}

/** The folders that these files are in, and those that they are. */
export function foldersOf(paths: Iterable<string>): Set<string> {
  const folders = new Set<string>();
  for (const path of paths) folders.add(isDirectory(path) ? path : dirname(path));
  return folders;
}
