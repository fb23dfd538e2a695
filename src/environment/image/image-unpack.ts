// Runs inside the sandbox: configuration and layers of an image -> a root file system. Layers are unpacked to plain tars, put
// on top of each other in memory (LayerTree), and written once; what a store path can't keep is counted in NOTES_FILE.
import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  createReadStream,
  createWriteStream,
  mkdirSync,
  openSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { byteStringOf } from "#base/bytes.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import type { Reader, StageContext } from "#author/files.ts";
import { parseImageConfig, runsOn, type LayerCompression } from "#package/oci.ts";
import { checkLinks, LayerTree, newFolder, walkTree } from "#package/layer-tree.ts";
import type { FileNode, FolderNode } from "#package/layer-tree.ts";
import { readTar } from "#package/tar-reader.ts";
import { OpenFile } from "#environment/open-file.ts";
import { writeAll } from "#base/file-pieces.ts";
import { NOTES_FILE, type Dropped } from "#environment/notes.ts";

interface Inputs {
  config: Reader<Readonly<Record<string, unknown>>>;
  layers: Reader<Readonly<Record<string, unknown>>>[];
  compressions: LayerCompression[];
  architecture: string;
  env: string[];
  /** Folders that are mounted over when it is entered. */
  folders: string[];
  /** The user that every stage is. */
  passwd: string;
}

/** What layers may come to: so many times their size, or this where they are small. */
const GROWTH_MAX = 256;
const BYTES_MAX = 8 * 2 ** 30;

export default async function unpack(inputs: Inputs, { out, temp }: StageContext): Promise<void> {
  const { config, layers, compressions, architecture, env, folders, passwd } = inputs;
  const { platform, diffIds, env: own } = parseImageConfig(await config.bytes());
  if (!runsOn(platform, architecture))
    throw new Unusable(`it is for ${platform.os}/${platform.architecture}`);
  if (canonicalJson(own) !== canonicalJson(env))
    throw new Unusable("its variables are not those that are locked");
  if (diffIds.length !== layers.length)
    throw new Unusable(`it has ${layers.length} layers and ${diffIds.length} hashes of them`);
  const packed = layers.reduce((sum, { path }) => sum + statSync(path).size, 0);
  let most = Math.max(packed * GROWTH_MAX, BYTES_MAX);
  const tree = new LayerTree();
  const tars: OpenFile[] = [];
  for (const [index, { path }] of layers.entries()) {
    try {
      const tar = `${temp}/${index}.tar`;
      const { sha256, size } = await decompress(path, tar, { compression: compressions[index] ?? "", most });
      most -= size;
      if (sha256 !== diffIds[index])
        throw new Error("unpacked, its SHA-256 is not that of the configuration");
      const open = new OpenFile(tar);
      tars.push(open);
      tree.apply(index, readTar(open));
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      throw new Unusable(`its layer ${index + 1} of ${layers.length}: ${problem}`);
    }
  }
  try {
    checkLinks(tree.root);
  } catch (error) {
    throw new Unusable((error as Error).message);
  }
  tree.root.children.delete(NOTES_FILE);
  const dropped = { owners: 0, setId: 0, attributes: 0, devices: 0, hidden: 0 };
  for (const folder of folders) dropped.hidden += clear(tree.root, folder.split("/"));
  const root = byteStringOf(out);
  write(tree.root, tars, root, dropped);
  writePasswd(tree.root, { root, tars, line: passwd });
  writeFileSync(`${out}/${NOTES_FILE}`, `${canonicalJson({ dropped } satisfies { dropped: Dropped })}\n`);
  for (const tar of tars) tar.close();
}

/** What `errorOf` of a failed stage looks for: this error's message is the last word of the log. */
class Unusable extends Error {
  constructor(problem: string) {
    super(`cannot unpack this image: ${problem}`);
  }
}

async function decompress(
  source: string,
  target: string,
  { compression, most }: { compression: LayerCompression; most: number },
): Promise<{ sha256: string; size: number }> {
  const digest = createHash("sha256");
  let size = 0;
  const unpacking = { "": [], ".gz": [createGunzip()], ".zst": [createZstdDecompress()] }[compression];
  await pipeline([
    createReadStream(source),
    ...unpacking,
    async function* count(chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        size += chunk.length;
        if (size > most) throw new Error(`unpacked, it has more than ${most} bytes`);
        digest.update(chunk);
        yield chunk;
      }
    },
    createWriteStream(target),
  ]);
  return { sha256: digest.digest("hex"), size };
}

/** Makes a path an empty folder. @returns how many files and links nobody would see any more */
function clear(root: FolderNode, parts: readonly string[]): number {
  let folder = root;
  let hidden = 0;
  for (const part of parts) {
    const there = folder.children.get(part);
    if (there?.kind === "folder") folder = there;
    else {
      if (there !== undefined) hidden += 1;
      const made = newFolder(0);
      folder.children.set(part, made);
      folder = made;
    }
  }
  for (const [, node] of walkTree(folder)) if (node.kind === "file" || node.kind === "link") hidden += 1;
  folder.children.clear();
  return hidden;
}

/** @param path byte string */
function at(path: string): Buffer {
  return Buffer.from(path, "latin1");
}

const CHUNK = 2 ** 20;

function write(folder: FolderNode, tars: readonly OpenFile[], root: string, dropped: Dropped): void {
  mkdirSync(at(root));
  for (const [path, node] of walkTree(folder)) {
    if (node.owner) dropped.owners += 1;
    if (node.setId) dropped.setId += 1;
    if (node.attributes) dropped.attributes += 1;
    const place = at(`${root}/${path}`);
    if (node.kind === "folder") mkdirSync(place);
    else if (node.kind === "link") symlinkSync(at(node.target), place);
    else if (node.kind === "file") writeContent(place, node, tars);
    else dropped.devices += 1;
  }
}

function writeContent(
  place: Buffer,
  { from, offset, size, isExecutable }: FileNode,
  tars: readonly OpenFile[],
): void {
  const tar = tars[from];
  if (tar === undefined) throw new Error(`there is no layer ${from}`);
  const fd = openSync(place, "wx");
  try {
    for (let done = 0; done < size; done += CHUNK)
      writeAll(fd, tar.subarray(offset + done, offset + Math.min(done + CHUNK, size)));
  } finally {
    closeSync(fd);
  }
  if (isExecutable) chmodSync(place, 0o755);
}

/** Adds the user that every stage is, where the image has no other of its name. */
function writePasswd(
  tree: FolderNode,
  { root, tars, line }: { root: string; tars: readonly OpenFile[]; line: string },
): void {
  const etc = tree.children.get("etc");
  if (etc !== undefined && etc.kind !== "folder") return;
  const node = etc?.children.get("passwd");
  if (node !== undefined && node.kind !== "file") return;
  const text = node === undefined ? "" : Buffer.from(contentOf(node, tars)).toString("latin1");
  const [name = ""] = line.split(":", 1);
  if (text.split("\n").some((each) => each.startsWith(`${name}:`))) return;
  if (etc === undefined) mkdirSync(at(`${root}/etc`));
  const above = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  writeFileSync(at(`${root}/etc/passwd`), Buffer.from(`${above}${line}\n`, "latin1"));
}

function contentOf({ from, offset, size }: FileNode, tars: readonly OpenFile[]): Uint8Array {
  return tars[from]?.subarray(offset, offset + size) ?? new Uint8Array();
}
