// A search for secrets in a file, a folder or a link: in the names of its files, in what its links say, and in their contents.
import { createReadStream, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { fromByteString, textOf, toByteString } from "#base/bytes.ts";
import type { Secrets } from "./secrets.ts";

export interface TreeSearch {
  signal?: AbortSignal | undefined;
  /** Of what is below a folder, by its path in it; all by default. */
  include?: (path: string, isFolder: boolean) => boolean;
}

export interface InTree {
  secret: string;
  /** The file, relative to the tree; empty for the tree itself. */
  file: string;
}

/** The first secret that is found. Paths with any bytes are searched. */
export async function findInTree(
  secrets: Secrets,
  root: string,
  { signal, include = () => true }: TreeSearch = {},
): Promise<InTree | undefined> {
  if (secrets.isEmpty) return undefined;
  const paths = [""];
  for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
    signal?.throwIfAborted();
    // A name may be the secret, or the names of folders together.
    const named = secrets.in(fromByteString(path));
    if (named !== undefined) return { secret: named, file: "" };
    const place =
      path === "" ? Buffer.from(root) : Buffer.concat([Buffer.from(`${root}/`), fromByteString(path)]);
    const secret = await findInEntry(secrets, place, (name, isFolder) => {
      const below = path === "" ? name : join(path, name);
      if (include(textOf(below), isFolder)) paths.push(below);
    });
    if (secret !== undefined) return { secret, file: textOf(path) };
  }
  return undefined;
}

async function findInEntry(
  secrets: Secrets,
  place: Buffer,
  onEntry: (name: string, isFolder: boolean) => void,
): Promise<string | undefined> {
  const stat = lstatSync(place);
  if (stat.isSymbolicLink()) return secrets.in(readlinkSync(place, { encoding: "buffer" }));
  if (stat.isDirectory()) {
    for (const entry of readdirSync(place, { withFileTypes: true, encoding: "buffer" }))
      onEntry(toByteString(entry.name), entry.isDirectory());
    return undefined;
  }
  if (!stat.isFile()) return undefined;
  const stream = secrets.stream();
  for await (const chunk of createReadStream(place, { highWaterMark: 1024 * 1024 })) {
    const found = stream.push(chunk as Buffer);
    if (found !== undefined) return found;
  }
  return undefined;
}
