// Runs inside the sandbox: one package of Debian -> its files, its control files, and the list of what was in it with
// the modes and hard links that a store path does not keep.
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { byteStringOf, textOf } from "#base/bytes.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import type { Reader, StageContext } from "#author/files.ts";
import { readAr } from "#package/ar.ts";
import { decompress } from "#package/decompress.ts";
import { readTar, type TarEntry } from "#package/tar-reader.ts";

/** `list.json` of an unpacked package. */
export interface Listed {
  kind: TarEntry["kind"];
  /** Byte string. */
  path: string;
  mode: number;
  target?: string;
}

export interface Unpacked {
  /** The newest file in it, in seconds. */
  newest: number;
  entries: Listed[];
}

export default async function unpack(
  { deb }: { deb: Reader<Readonly<Record<string, unknown>>> },
  { out }: StageContext,
): Promise<void> {
  const members = readAr(await deb.bytes());
  const part = async (name: string): Promise<Uint8Array> => {
    const member = members.find((each) => each.name === name || each.name.startsWith(`${name}.`));
    if (member === undefined) throw new Error(`${basename(deb.path)} has no ${name}`);
    return decompress(member.content, member.name.slice(name.length));
  };
  mkdirSync(`${out}/control`, { recursive: true });
  for (const { kind, path, mode, content } of readTar(await part("control.tar"))) {
    if (kind !== "file" || path.includes("/")) continue;
    write(`${out}/control/${path}`, content, mode);
  }
  const listed = layDown(readTar(await part("data.tar")), `${byteStringOf(out)}/data`);
  writeFileSync(`${out}/list.json`, canonicalJson(listed));
}

/** @param root byte string */
function layDown(entries: Iterable<TarEntry>, root: string): Unpacked {
  const listed: Listed[] = [];
  const folders = new Set<string>([""]);
  const files = new Map<string, Uint8Array>();
  const named = new Set<string>();
  let newest = 0;
  mkdirSync(at(root, ""), { recursive: true });
  for (const { kind, path, mode, mtime, target, content } of entries) {
    newest = Math.max(newest, mtime);
    const parent = path.slice(0, Math.max(path.lastIndexOf("/"), 0));
    if (named.has(path) && !(kind === "folder" && folders.has(path)))
      throw new Error(`${textOf(path)} stands twice in the package`);
    named.add(path);
    if (!folders.has(parent)) throw new Error(`the folder of ${textOf(path)} is not in the package`);
    if (kind === "folder") {
      if (!folders.has(path)) mkdirSync(at(root, path));
      folders.add(path);
    } else if (kind === "link") symlinkSync(Buffer.from(target, "latin1"), at(root, path));
    else if (kind === "file" || kind === "hard-link") {
      const bytes = kind === "file" ? content : files.get(target);
      if (bytes === undefined)
        throw new Error(`${textOf(path)} is a hard link to ${textOf(target)}, which is not in the package`);
      write(at(root, path), bytes, mode);
      files.set(path, bytes);
    }
    listed.push({ kind, path, mode, ...(target !== "" && { target }) });
  }
  return { newest, entries: listed };
}

function at(root: string, path: string): Buffer {
  return Buffer.from(path === "" ? root : `${root}/${path}`, "latin1");
}

/** Writes nothing over, and follows no link: one would lead wherever its package likes. */
function write(path: string | Buffer, content: Uint8Array, mode: number): void {
  writeFileSync(path, content, { flag: "wx" });
  if ((mode & 0o111) !== 0) chmodSync(path, 0o755);
}
