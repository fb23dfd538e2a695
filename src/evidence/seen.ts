// What was read of a store, and whether it stayed where and as it was until it was judged. Every change of a tree shows in the
// times of what is in it; a folder that is moved away and back keeps those, but not its own, nor those of the folder it is in.
import { lstatSync, readlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { hex } from "#base/bytes.ts";
import { isPipeliteError, systemErrorCode } from "#base/errors.ts";
import { finish } from "#base/steps.ts";
import { fingerprintOf, scanSteps, type TreeNode } from "#store/scan.ts";

export interface SeenChange {
  /** What was changed. */
  file: string;
  /** Whether something else explains it: a folder above the home that was moved looks like one that got a file. */
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

  /** What was judged must be what was hashed: the first thing that was changed, or moved, in between. */
  changed(): SeenChange | undefined {
    for (const [file, print] of this.#prints)
      if (attempt(file, () => (printOf(scanned(file)) === print ? undefined : file)) !== undefined)
        return { file, isCertain: true };
    // Last, since a move in the middle of this shows here as well.
    const moves = [...this.#ways].flatMap(([folder, before]) => {
      const file = attempt(folder, () => movedOf(before, wayTo(folder)));
      return file === undefined ? [] : [{ file, isCertain: !this.#isAbove(file) }];
    });
    return moves.find(({ isCertain }) => isCertain) ?? moves[0];
  }

  #isAbove(folder: string): boolean {
    return folder !== this.#home && !folder.startsWith(`${this.#home}/`);
  }
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
}

const LINKS_MAX = 40;

/** All that is passed from the root to a folder, links and what they lead to. */
function wayTo(folder: string): PlaceOnWay[] {
  const places: PlaceOnWay[] = [];
  const names = folder.split("/").filter((name) => name !== "");
  let [at, links] = ["/", 0];
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const path = join(at, name);
    const { dev, ino, ctimeNs, ...stat } = lstatSync(path, { bigint: true });
    const aboveChangedAtNs = lstatSync(at, { bigint: true }).ctimeNs;
    places.push({ path, identity: `${dev} ${ino}`, changedAtNs: ctimeNs, aboveChangedAtNs });
    if (!isLink(stat.mode)) {
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

/** A move changes the times of what is moved and of the folder it is in; that both get files meanwhile looks the same. */
function movedOf(before: readonly PlaceOnWay[], now: readonly PlaceOnWay[]): string | undefined {
  const moved = before.find((place, index) => {
    const other = now[index];
    const isSame = other?.path === place.path && other.identity === place.identity;
    const isTouched =
      other?.changedAtNs !== place.changedAtNs && other?.aboveChangedAtNs !== place.aboveChangedAtNs;
    return !isSame || isTouched;
  });
  return moved?.path ?? now[before.length]?.path;
}
