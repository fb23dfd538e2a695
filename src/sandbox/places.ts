// The places in the folder of the output where inputs are mounted. In a kept folder they are turned into those of the next
// stage: a rename costs a tenth of a new file, which ext4 has to find a free inode for.
import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { byteStringOf, toByteString } from "#base/bytes.ts";
import { storePathBase } from "#nix/store-path.ts";
import { call } from "./launcher/system-call.ts";
import type { SystemCall } from "./launcher/system-call.ts";
import * as linux from "./linux.ts";
import { pipeliteError } from "./errors.ts";
import type { StorePath } from "#nix/store-path.ts";

const { AT_FDCWD, OPEN } = linux;

interface Place {
  kind: "folder" | "file" | "link";
  /** Where a link leads, as a byte string: such an input is made again, as it can't be mounted. */
  target?: string;
}

type Inputs = { path: StorePath; physical: string }[];

export interface Turned {
  /** The inputs to mount. */
  mounted: Inputs;
  /** With `storeDir` and `buildDir` as they are to be, too. */
  calls: SystemCall[];
}

interface Folders {
  storeDir: string;
  buildDir: string;
  inputs: Inputs;
}

/** What stands in one store folder, by name. */
export class InputPlaces {
  #places = new Map<string, Place>();

  /**
   * Whether they are all that is in the folder, each as it was made. The stage owns the folder: it can make a link lead elsewhere
   * at any time, and from namespaces of its own part with a mount and put something else in its place.
   */
  areAllOf(storeDir: string): boolean {
    const found = readdirSync(storeDir, { withFileTypes: true, encoding: "buffer" });
    return (
      found.length === this.#places.size &&
      found.every((entry) => {
        const name = toByteString(entry.name);
        const path = Buffer.from(join(toByteString(Buffer.from(storeDir)), name), "latin1");
        switch (this.#places.get(name)?.kind) {
          case "folder":
            return entry.isDirectory() && readdirSync(path).length === 0;
          case "file":
            return entry.isFile() && lstatSync(path).size === 0;
          case "link":
            return (
              entry.isSymbolicLink() &&
              toByteString(readlinkSync(path, "buffer")) === this.#places.get(name)?.target
            );
          case undefined:
            return false;
        }
      })
    );
  }

  /** The calls that make the places for these inputs out of those that are there. */
  turn({ storeDir, buildDir, inputs }: Folders, lowestFd: number): Turned {
    const wanted = new Map<string, Place>();
    const mounted = inputs.filter(({ path, physical }) => {
      const place = placeOf(path, physical);
      wanted.set(storePathBase(path), place);
      return place.kind !== "link";
    });
    const at = (name: string) => byteStringOf(`${storeDir}/${name}`);
    const stale = [...this.#places].filter(([name, place]) => !isSame(wanted.get(name), place));
    const missing = [...wanted].filter(([name, place]) => !isSame(this.#places.get(name), place));
    const calls = [
      call("fchmodat", AT_FDCWD, byteStringOf(storeDir), 0o1775),
      call("fchmodat", AT_FDCWD, byteStringOf(buildDir), 0o700),
    ];
    for (const [name, place] of missing) {
      const index = stale.findIndex(([, { kind }]) => kind === place.kind && kind !== "link");
      const [[old] = []] = index < 0 ? [] : stale.splice(index, 1);
      if (old === undefined) calls.push(...makePlace(at(name), place, lowestFd));
      else calls.push(call("renameat2", AT_FDCWD, at(old), AT_FDCWD, at(name), 0));
    }
    for (const [name, { kind }] of stale) {
      const flags = kind === "folder" ? linux.AT_REMOVE_FOLDER : 0;
      calls.push(call("unlinkat", AT_FDCWD, at(name), flags));
    }
    this.#places = wanted;
    return { mounted, calls };
  }
}

function isSame(one: Place | undefined, other: Place): boolean {
  return one?.kind === other.kind && one.target === other.target;
}

function makePlace(path: string, { kind, target = "" }: Place, lowestFd: number): SystemCall[] {
  if (kind === "folder") return [call("mkdirat", AT_FDCWD, path, 0o755)];
  if (kind === "link") return [call("symlinkat", target, AT_FDCWD, path)];
  const flags = OPEN.writeOnly | OPEN.create | OPEN.exclusive;
  return [call("openat", AT_FDCWD, path, flags, 0o644), call("close", lowestFd)];
}

/** Of store paths, which never change. */
const known = new Map<string, Place>();

function placeOf(path: string, physical: string): Place {
  const before = known.get(physical);
  if (before !== undefined) return before;
  const stat = lstatSync(physical, { throwIfNoEntry: false });
  if (stat === undefined) throw pipeliteError("SANDBOX_INPUT_MISSING", { path, physical });
  const place: Place = stat.isSymbolicLink()
    ? { kind: "link", target: toByteString(readlinkSync(physical, "buffer")) }
    : { kind: stat.isDirectory() ? "folder" : "file" };
  known.set(physical, place);
  return place;
}

/** @throws SANDBOX_INPUT_MISSING for an input that is gone, after something failed */
export function checkInputs(inputs: Inputs): void {
  for (const { path, physical } of inputs) {
    if (lstatSync(physical, { throwIfNoEntry: false }) !== undefined) continue;
    known.delete(physical);
    throw pipeliteError("SANDBOX_INPUT_MISSING", { path, physical });
  }
}
