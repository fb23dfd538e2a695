// What was read of a store, and whether it stayed where and as it was until it was judged. Every change of a tree shows in the
// times of what is in it; a folder that is moved away and back keeps those, but not its own, nor those of the folder it is in.
import { closeSync, constants, lstatSync, openSync, readlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { hex } from "#base/bytes.ts";
import { writeBack } from "#base/libc.ts";
import { isPipeliteError, systemErrorCode } from "#base/errors.ts";
import { finish, type Steps } from "#base/steps.ts";
import { diskPath } from "#store/disk.ts";
import { fingerprintOf, scanSteps, type TreeNode } from "#store/scan.ts";

export interface SeenChange {
  /** What was changed. */
  file: string;
  /** Whether nothing else explains it: a folder above the home that was moved looks like one whose mode was changed. */
  isCertain: boolean;
}

export class SeenFiles {
  readonly #home: string;
  /** Where something is on disk -> what changes with every change of it. */
  readonly #prints = new Map<string, string>();
  /** Folder -> the way to it. */
  readonly #ways = new Map<string, PlaceOnWay[]>();

  /** @param home folder of the home that all of it is in */
  constructor(home: string) {
    this.#home = home;
  }

  /** Lists a tree that is read next. */
  note(file: string): { tree: TreeNode; print: string } {
    this.#ways.getOrInsertComputed(dirname(file), wayTo);
    const tree = scanned(file);
    const print = printOf(tree);
    this.#prints.set(file, print);
    return { tree, print };
  }

  /** Lists a tree that is hashed next, so that every change of it from now on shows in its times. */
  *noteAsItStays(file: string): Steps<{ tree: TreeNode; print: string }> {
    const noted = this.note(file);
    const ageMs = Date.now() - Number(fingerprintOf(noted.tree).changedAtNs / 1_000_000n);
    // A change within the same tick of the clock as the last one has the same time.
    if (Math.abs(ageMs) <= CLOCK_TICK_MS)
      yield new Promise((resolve) => setTimeout(resolve, 2 * CLOCK_TICK_MS));
    yield* writtenBackSteps(noted.tree);
    return noted;
  }

  /** What was judged must be what was hashed: the first thing that was changed, or moved, in between. */
  changed(): SeenChange | undefined {
    for (const [file, print] of this.#prints)
      if (attempt(file, () => (printOf(scanned(file)) === print ? undefined : file)) !== undefined)
        return { file, isCertain: true };
    // Last, since a move in the middle of this shows here as well.
    const moves = [...this.#ways].flatMap(([folder, before]) => {
      const file = attempt(folder, () => this.#movedOf(before, wayTo(folder)));
      return file === undefined ? [] : [{ file, isCertain: !this.#isAbove(file) }];
    });
    return moves.find(({ isCertain }) => isCertain) ?? moves[0];
  }

  /**
   * A move changes the time of what is moved and of the folder it is in. Both also change where both get files: nobody does that
   * below the home, and above it a folder that was only moved has the time of its last file still.
   */
  #movedOf(before: readonly PlaceOnWay[], now: readonly PlaceOnWay[]): string | undefined {
    const moved = before.find((place, index) => {
      const other = now[index];
      if (other?.path !== place.path || other.identity !== place.identity) return true;
      const isTouched =
        other.changedAtNs !== place.changedAtNs && other.aboveChangedAtNs !== place.aboveChangedAtNs;
      return isTouched && (this.#isBelow(place.path) || other.filledAtNs === place.filledAtNs);
    });
    return moved?.path ?? now[before.length]?.path;
  }

  #isBelow(folder: string): boolean {
    return folder.startsWith(`${this.#home}/`);
  }

  #isAbove(folder: string): boolean {
    return folder !== this.#home && !this.#isBelow(folder);
  }
}

/** File times come from a clock that ticks every few milliseconds. */
const CLOCK_TICK_MS = 20;
const FILES_PER_STEP = 32;

/** A process that has a file mapped, and has written to it, may write again without a trace until that is written back. */
function* writtenBackSteps(tree: TreeNode): Steps<void> {
  const open = [tree];
  for (let count = 1, node = open.pop(); node !== undefined; count += 1, node = open.pop()) {
    open.push(...(node.children ?? []));
    if (node.kind === "file") writeBackFile(diskPath(node.path));
    if (count % FILES_PER_STEP === 0) yield;
  }
}

/** One that can't be opened can't be hashed either, which says so. */
function writeBackFile(path: string | Buffer): void {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch {
    return;
  }
  writeBack(fd);
  closeSync(fd);
}

function scanned(file: string): TreeNode {
  return finish(scanSteps(file, { signatures: true, folders: true }));
}

function printOf(tree: TreeNode): string {
  return hex(fingerprintOf(tree).fingerprint);
}

/** What can't be looked at any more has changed. */
function attempt(file: string, action: () => string | undefined): string | undefined {
  try {
    return action();
  } catch (error) {
    if (isPipeliteError(error) || systemErrorCode(error) !== undefined) return file;
    throw error;
  }
}

/** A folder or a link on a way. */
interface PlaceOnWay {
  path: string;
  identity: string;
  /** When it, and the folder that it is in, were changed last, in ns. */
  changedAtNs: bigint;
  aboveChangedAtNs: bigint;
  /** When it got, or lost, a file last, in ns. */
  filledAtNs: bigint;
}

const LINKS_MAX = 40;

/** All that is passed from the root to a folder, links and what they lead to. */
function wayTo(folder: string): PlaceOnWay[] {
  const places: PlaceOnWay[] = [];
  const names = folder.split("/").filter((name) => name !== "");
  let [at, links] = ["/", 0];
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const path = join(at, name);
    const { dev, ino, ctimeNs, mtimeNs, mode } = lstatSync(path, { bigint: true });
    const aboveChangedAtNs = lstatSync(at, { bigint: true }).ctimeNs;
    places.push({
      path,
      identity: `${dev} ${ino}`,
      changedAtNs: ctimeNs,
      aboveChangedAtNs,
      filledAtNs: mtimeNs,
    });
    if (!isLink(mode)) {
      at = path;
      continue;
    }
    if ((links += 1) > LINKS_MAX) throw Object.assign(new Error("too many links"), { code: "ELOOP" });
    const target = readlinkSync(path);
    if (target.startsWith("/")) at = "/";
    names.unshift(...target.split("/").filter((each) => each !== ""));
  }
  return places;
}

function isLink(mode: bigint): boolean {
  return (mode & 0o170000n) === 0o120000n;
}
