// Images in a folder (an OCI image layout) or in a tar, as `docker save`, `podman save` and `skopeo copy oci-archive:` write
// them. A folder's files are opened without following links, and none has a name that leads out of it; members of a tar are
// found by reading its headers.
import { createHash } from "node:crypto";
import { closeSync, constants, openSync, realpathSync } from "node:fs";
import { systemErrorCode } from "#base/errors.ts";
import { isDirectory, partsBelow, placeInside } from "#base/files.ts";
import { OpenFile } from "#environment/open-file.ts";
import { writeAll } from "#base/file-pieces.ts";
import { pipeliteError } from "#environment/errors.ts";
import type { InLocalImage, LockedFile } from "#environment/step.ts";
import { readTar, type ByteSource } from "#package/tar-reader.ts";

/** A file or folder with images, open for reading. */
export interface LocalImage extends Disposable {
  /** A file in it; undefined where there is none. */
  find(name: string): FoundImage | undefined;
}

export interface FoundImage extends ByteSource {
  /** Under which name it is there, links within a tar followed. */
  name: string;
}

const CHUNK = 2 ** 20;

/** Writes a blob of an image that is here to `target`. @throws PipeliteError IMAGE_FILE_INVALID, IMAGE_DIGEST_DIFFERS */
export function getMember({ sha256, from }: LockedFile & { from: InLocalImage }, target: string): void {
  const { image, file, member } = from;
  using local = openLocalImage(file, image);
  const found = local.find(member);
  if (found === undefined) throw imageFileInvalid(image, `it has no ${member} any more`);
  const got = copyDigestOf(found, target);
  if (got !== sha256)
    throw pipeliteError("IMAGE_DIGEST_DIFFERS", { image, what: `sha256:${sha256}`, got: `sha256:${got}` });
}

/** The SHA-256 of a file of an image in hex; the file is copied to `target` where one is named. */
export function copyDigestOf(source: ByteSource, target?: string): string {
  const digest = createHash("sha256");
  const out = target === undefined ? undefined : openSync(target, "w");
  try {
    for (let at = 0; at < source.length; at += CHUNK) {
      const chunk = source.subarray(at, Math.min(at + CHUNK, source.length));
      digest.update(chunk);
      if (out !== undefined) writeAll(out, chunk);
    }
    return digest.digest("hex");
  } finally {
    if (out !== undefined) closeSync(out);
  }
}

/** @param image as pipeline.ts names it. @throws PipeliteError IMAGE_FILE_INVALID */
export function openLocalImage(file: string, image: string): LocalImage {
  try {
    return isDirectory(file) ? openFolder(file, image) : openTar(file);
  } catch (error) {
    throw imageFileInvalid(image, problemOf(error));
  }
}

export function imageFileInvalid(image: string, problem: string): Error {
  return pipeliteError("IMAGE_FILE_INVALID", { image, problem });
}

const LINK = "a file of it is a link";

function problemOf(error: unknown): string {
  const code = systemErrorCode(error);
  if (code === "ENOENT") return "there is no such file or folder";
  if (code === "ELOOP") return LINK;
  return error instanceof Error ? error.message : String(error);
}

function openFolder(folder: string, image: string): LocalImage {
  const open: OpenFile[] = [];
  // The folder itself may be a link: that is the user's, what is in it is whoever made the image.
  const base = realpathSync(folder);
  return {
    find: (name) => {
      if (partsBelow(name) === undefined)
        throw imageFileInvalid(image, `the name ${JSON.stringify(name)} leads out of it`);
      const place = placeInside(base, name);
      if (place === undefined) throw imageFileInvalid(image, LINK);
      try {
        const file = new OpenFile(place, constants.O_NOFOLLOW);
        open.push(file);
        return part(file, name, 0, file.length);
      } catch (error) {
        if (systemErrorCode(error) === "ENOENT") return undefined;
        throw imageFileInvalid(image, problemOf(error));
      }
    },
    [Symbol.dispose]: () => {
      for (const file of open) file.close();
    },
  };
}

interface Member {
  offset: number;
  size: number;
  /** Of a link, to where. */
  target: string | undefined;
}

const MEMBERS_MAX = 1_000_000;
const LINKS_MAX = 8;

function openTar(path: string): LocalImage {
  const file = new OpenFile(path);
  try {
    const [first, second] = file.subarray(0, Math.min(2, file.length));
    if (first === 0x1f && second === 0x8b) throw new Error("it is compressed by gzip: unpack that first");
    const members = new Map<string, Member>();
    for (const { kind, path: name, target, offset, size } of readTar(file)) {
      const isLink = kind === "link" || kind === "hard-link";
      if (kind !== "file" && !isLink) continue;
      if (members.size >= MEMBERS_MAX) throw new Error(`it has more than ${MEMBERS_MAX} members`);
      if (members.has(name)) throw new Error(`'${name}' is in it twice`);
      const place = kind === "link" ? resolveWithin(name, target) : target;
      members.set(name, { offset, size, target: isLink ? place : undefined });
    }
    const find = (name: string, followed = 0): FoundImage | undefined => {
      const member = members.get(name);
      if (member?.target === undefined) return member && part(file, name, member.offset, member.size);
      return followed < LINKS_MAX ? find(member.target, followed + 1) : undefined;
    };
    return { find, [Symbol.dispose]: () => file.close() };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Where a link in a tar leads to; a name that is not there for one that leads out of it. */
function resolveWithin(name: string, target: string): string {
  const way = name.split("/").slice(0, -1);
  for (const each of target.split("/")) {
    if (each === "..") {
      if (way.pop() === undefined) return "";
    } else if (each !== "" && each !== ".") way.push(each);
  }
  return target.startsWith("/") ? "" : way.join("/");
}

function part(file: ByteSource, name: string, offset: number, size: number): FoundImage {
  return {
    name,
    length: size,
    subarray: (start, end) => file.subarray(offset + start, offset + Math.min(end, size)),
  };
}
