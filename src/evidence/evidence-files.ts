// Reads what claims point at: a place in the record of the run, or a file of a store path and a JSON pointer (RFC 6901)
// into it, in which `*` stands for every member.
import { hexDigestOfFile, piecesOfFile } from "#base/file-pieces.ts";
import { lstatSync } from "node:fs";
import { entryAt, partsBelow, placeInside, wholeFile } from "#base/files.ts";
import { parseJudgedJson } from "#base/strict-json.ts";
import { finish } from "#base/steps.ts";
import { hex } from "#base/bytes.ts";
import { isPipeliteError, type PipeliteError } from "#base/errors.ts";
import { isStorePath } from "#nix/store-path.ts";
import { unlistedTree } from "#store/scan.ts";
import { dumpSteps, type TreeHash } from "#store/tree.ts";
import { RECORD_FILE } from "./claims.ts";
import type { FileFunction, NamedPath, Value } from "#formula/formula.ts";
import { measure } from "./measure.ts";
import { pipeliteError } from "#formula/errors.ts";

/** An entry of a claim's evidence, taken apart. */
export type Reference =
  | { kind: "record"; pointer: string }
  | { kind: "store"; path: string; file: string; pointer: string | undefined };

/** @returns undefined for a text that points at nothing of a run */
export function parseReference(text: string): Reference | undefined {
  const [place, pointer] = cut(text, "#");
  if (place === RECORD_FILE) return pointer === undefined ? undefined : { kind: "record", pointer };
  const match = /^(\/nix\/store\/[^/]+)(?:\/(.+))?$/s.exec(place);
  const [, path = "", file = ""] = match ?? [];
  if (!isStorePath(path) || partsBelow(file) === undefined) return undefined;
  return { kind: "store", path, file, pointer };
}

function cut(text: string, sign: string): [string, string?] {
  const at = text.indexOf(sign);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/**
 * Where a file below a base is. Evidence is where it is said to be: neither `..` nor a link on the way may lead out of what
 * was hashed.
 * @throws EVIDENCE_MISSING
 */
export function placeBelow(base: NamedPath, file: string): NamedPath {
  const shown = file === "" ? base.shown : `${base.shown}/${file}`;
  const path = placeInside(base.path, file);
  if (path !== undefined) return { path, shown };
  const isInside = partsBelow(file) !== undefined;
  throw missing(
    shown,
    isInside ? "it is reached through a symbolic link" : "it is not a path inside what was hashed",
  );
}

/** Reads each JSON file once. */
export class EvidenceFiles {
  readonly #json = new Map<string, Value>();
  readonly #measured = new Map<string, Value>();

  /** The value at `<file>#<pointer>` below a place. @throws EVIDENCE_MISSING */
  read(base: NamedPath, reference: string): Value {
    const [file, pointer] = cut(reference, "#");
    const place = placeBelow(base, file);
    if (pointer === undefined) throw missing(place.shown, "it has no pointer");
    return lookUp(this.#jsonOf(place), pointer, place.shown);
  }

  measure(name: FileFunction, { path, shown }: NamedPath): Value {
    const key = `${name} ${path}`;
    const known = this.#measured.get(key);
    if (known !== undefined) return known;
    const stat = entryAt(path);
    if (stat === undefined) throw missing(shown, "there is nothing");
    const isTree = name === "narHash" || name === "narSize" || name === "files" || name === "bytes";
    if (!isTree && !stat.isFile()) throw missing(shown, "it is not a file");
    const value = measured(name, path);
    this.#measured.set(key, value);
    return value;
  }

  #jsonOf({ path, shown }: NamedPath): Value {
    const known = this.#json.get(path);
    if (known !== undefined) return known;
    if (entryAt(path)?.isFile() !== true) throw missing(shown, "it is not a file");
    try {
      const value = parseJudgedJson(wholeFile(path)) as Value;
      this.#json.set(path, value);
      return value;
    } catch (error) {
      const isSaid = error instanceof RangeError || isPipeliteError(error);
      throw missing(shown, isSaid ? error.message : "it is not JSON");
    }
  }
}

function lineEndsIn(piece: Uint8Array): number {
  return piece.reduce((count, byte) => count + (byte === 10 ? 1 : 0), 0);
}

function hashOf(path: string): TreeHash {
  return finish(dumpSteps(unlistedTree(path)));
}

function measured(name: FileFunction, path: string): Value {
  switch (name) {
    case "narHash":
      return `sha256:${hex(hashOf(path).narHash)}`;
    case "narSize":
      return hashOf(path).narSize;
    case "files":
    case "bytes":
      return measure(path)[name];
    case "size":
      return lstatSync(path).size;
    case "sha256":
      return hexDigestOfFile(path);
    case "lines":
      return piecesOfFile(path).reduce((count, piece) => count + lineEndsIn(piece), 0);
  }
}

/**
 * The value at a pointer. Under a `*`, a member that lacks the rest of the pointer counts as null, so that lists of one
 * evidence keep the length of those of another.
 * @throws EVIDENCE_MISSING
 */
export function lookUp(value: Value, pointer: string, shown: string): Value {
  if (pointer !== "" && !pointer.startsWith("/"))
    throw missing(`${shown}#${pointer}`, "it is not a JSON pointer");
  const names = pointer.split("/").slice(1);
  const find = (at: Value, index: number, isUnderStar: boolean): Value => {
    const name = names[index]?.replaceAll("~1", "/").replaceAll("~0", "~");
    if (name === undefined) return at;
    if (name === "*" && typeof at === "object" && at !== null)
      return Object.values(at).map((item: Value) => find(item, index + 1, true));
    const found = memberOf(at, name);
    if (found !== undefined) return find(found, index + 1, isUnderStar);
    if (isUnderStar) return null;
    throw missing(`${shown}#${pointer}`, `there is no /${names.slice(0, index + 1).join("/")}`);
  };
  return find(value, 0, false);
}

function memberOf(value: Value, name: string): Value | undefined {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

function missing(place: string, problem: string): PipeliteError {
  return pipeliteError("EVIDENCE_MISSING", { place, problem });
}
