// The one door to what a home holds. Whoever needs a record, a line of the journal, a sealed file, the table of builds, a
// key or a log asks the handle; what it has read is read again only when it has changed.
import { statSync, type Stats } from "node:fs";
import { join } from "node:path";
import { isPipeliteError } from "#base/errors.ts";
import { bytesOfFile, entryAt } from "#base/files.ts";
import { parseStorePath, storePathBase } from "#nix/store-path.ts";
import { readableLog, refuseLinks } from "#store/layout.ts";
import { breakStatement, type BrokenLine } from "./break-statement.ts";
import { pipeliteError } from "./errors.ts";
import { Journal } from "./journal.ts";
import { Keyring } from "./keyring.ts";
import { layoutOf } from "#store/layout.ts";
import { homeLayout, type HomeLayout } from "./layout.ts";
import { Notes } from "./notes.ts";
import { Runs } from "./runs.ts";
import { SealedFiles, type NewSealed } from "./sealed.ts";

export class Home {
  readonly layout: HomeLayout;
  readonly journal: Journal;
  readonly runs: Runs;
  readonly sealed: SealedFiles;
  readonly keyring: Keyring;
  readonly notes: Notes;

  constructor(layout: HomeLayout) {
    this.layout = layout;
    this.journal = new Journal(layout.journal, layout.checkpoint, ({ file }, line) =>
      this.#isSigned(file, line),
    );
    this.runs = new Runs(layout, this.journal);
    this.sealed = new SealedFiles(layout, this.journal);
    this.keyring = new Keyring(layout.keys);
    this.notes = new Notes(layout);
  }

  /** Whether somebody whose key is kept here has signed a statement about a broken line. */
  #isSigned(file: string, line: BrokenLine): boolean {
    const { text, problem } = this.sealed.read(file);
    if (text === undefined || problem !== undefined) return false;
    try {
      breakStatement(text, this.keyring.keys, line);
      return true;
    } catch (error) {
      if (!isPipeliteError(error) && !(error instanceof RangeError)) throw error;
      return false;
    }
  }

  /** The absolute path of the home. */
  get folder(): string {
    return this.layout.folder;
  }

  /** Where a store path, or a file of it, is on disk. */
  physical(storePath: string, file = ""): string {
    return join(this.folder, storePath, file);
  }

  /** The file with the log of the last build of a derivation; undefined where there is none. */
  logOf(drvPath: string | undefined): string | undefined {
    const file = drvPath === undefined ? undefined : readableLog(this.folder, parseStorePath(drvPath));
    return file !== undefined && entryAt(file)?.isFile() === true ? file : undefined;
  }

  /** What is in it. */
  readLog(drvPath: string | undefined): Buffer | undefined {
    const file = this.logOf(drvPath);
    return file === undefined ? undefined : bytesOfFile(file);
  }

  /** Where the folders of a build that failed are kept, which `run --debug` asks for: `build`, and `store` with its output. */
  failedFolder(drvPath: string): string {
    return join(this.layout.failed, storePathBase(parseStorePath(drvPath)).replace(/\.drv$/, ""));
  }

  /** The absolute path of a file that the journal names. */
  pathOf(file: string): string {
    return join(this.layout.own, file);
  }

  /** Writes a file that replaces the one before it, with a line of its own in the journal. */
  keep(file: NewSealed): void {
    this.sealed.replace(file);
  }

  /** The bytes of a file that the journal names; undefined where there is none. */
  readFile(file: string): Uint8Array | undefined {
    return this.sealed.bytesOf(file);
  }
}

/**
 * A handle to the home in a folder, which need not exist yet. Nothing is kept open.
 * @throws HOME_DAMAGED when something lies in the place of a folder, or of the lock; HOME_LINKED when that is a link
 */
export function openHome(folder: string): Home {
  const layout = homeLayout(folder);
  const { own, log, attestations, runs, events, audits, keys, notes, sourceMaps } = layout;
  const { sealLock, builds, history, origin } = layout;
  const sealed = ["signatures", "deviations", "releases", "breaks", "rebuilds", "retention"].map((name) =>
    join(own, name),
  );
  const roots = layoutOf(folder).ownRootsDir;
  refuseLinks(folder, [...Object.values(layout).filter((path) => path !== layout.folder), ...sealed, roots]);
  for (const path of [roots, log, attestations, runs, events, audits, keys, notes, sourceMaps, ...sealed])
    requireKind(path, "folder");
  for (const path of [sealLock, builds, history, origin]) requireKind(path, "file");
  return new Home(layout);
}

function requireKind(path: string, wanted: "folder" | "file"): void {
  let stat: Stats | undefined;
  try {
    stat = statSync(path, { throwIfNoEntry: false });
  } catch {
    // What is wrong above it is said by whoever has to go through there.
  }
  const isRight = wanted === "folder" ? stat?.isDirectory() : stat?.isFile();
  if (stat !== undefined && isRight !== true) throw pipeliteError("HOME_DAMAGED", { path, wanted });
}
