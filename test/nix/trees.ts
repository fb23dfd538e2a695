// File trees as values: for NAR vectors (put on disk for real Nix, given to our writer) and for properties.
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { sha256 } from "#nix/hash.ts";
import { NarParser, NarWriter, type NarHandler } from "#nix/nar.ts";
import { fromByteString } from "#base/bytes.ts";

/** Names and targets are byte strings. */
export type Tree =
  | { kind: "file"; content: Uint8Array; executable: boolean }
  | { kind: "symlink"; target: string }
  | { kind: "directory"; entries: ReadonlyMap<string, Tree> };

export function file(content: string | Uint8Array, executable = false): Tree {
  const bytes = typeof content === "string" ? fromByteString(content) : content;
  return { kind: "file", content: bytes, executable };
}

export function symlink(target: string): Tree {
  return { kind: "symlink", target };
}

export function directory(entries: Record<string, Tree>): Tree {
  return { kind: "directory", entries: new Map(Object.entries(entries)) };
}

/** Trees whose NARs real Nix made (vectors/nar). */
export const vectorTrees: Readonly<Record<string, Tree>> = {
  hello: file("hello"),
  empty: file(""),
  executable: file("#!/bin/sh\n", true),
  link: symlink("../no/where"),
  "empty-directory": directory({}),
  sizes: directory(
    Object.fromEntries([0, 1, 2, 7, 8, 9, 15, 16, 17, 255, 256].map((n) => [`n${n}`, file("x".repeat(n))])),
  ),
  names: directory({
    a: file("1"),
    "a.b": directory({ "...": file("dots"), "..a": file("dots") }),
    "a-b": file("2", true),
    ab: symlink("a.b"),
    B: file("3"),
    'with space and "quote"': file("4"),
    "\xff\xfe": file("not UTF-8"),
    "\xc3\xa4": symlink("\xe4"),
    "line\nfeed": file("5"),
    ["n".repeat(255)]: file("longest name"),
  }),
  long: directory({ link: symlink("t".repeat(4095)) }),
  deep: nest(63, file("at the deepest allowed place")),
};

/** The tree inside `depth` directories. */
export function nest(depth: number, tree: Tree): Tree {
  return depth === 0 ? tree : directory({ d: nest(depth - 1, tree) });
}

/** Gives the calls for a tree to a handler. */
export function walkTree(tree: Tree, handler: NarHandler): void {
  if (tree.kind === "symlink") handler.symlink(fromByteString(tree.target));
  else if (tree.kind === "file") {
    handler.startFile(tree.executable, tree.content.length);
    if (tree.content.length > 0) handler.content(tree.content);
    handler.endFile();
  } else {
    handler.startDirectory();
    for (const [name, child] of [...tree.entries].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      handler.entry(fromByteString(name));
      walkTree(child, handler);
      handler.endEntry();
    }
    handler.endDirectory();
  }
}

/** The NAR of a tree, by our writer. */
export function narOf(tree: Tree): Buffer {
  const chunks: Buffer[] = [];
  const writer = new NarWriter((chunk) => chunks.push(Buffer.from(chunk)));
  walkTree(tree, writer);
  writer.end();
  return Buffer.concat(chunks);
}

export function narHashOf(tree: Tree): Uint8Array {
  return sha256(narOf(tree));
}

/** What comes out when a NAR goes through parser and writer, in chunks of `chunkSize` bytes. */
export function rewriteNar(nar: Uint8Array, chunkSize = nar.length): Buffer {
  const chunks: Buffer[] = [];
  const writer = new NarWriter((chunk) => chunks.push(Buffer.from(chunk)));
  const parser = new NarParser(writer);
  for (let at = 0; at < nar.length; at += chunkSize) parser.push(nar.subarray(at, at + chunkSize));
  parser.end();
  writer.end();
  return Buffer.concat(chunks);
}

/** Makes the tree on disk. */
export function makeOnDisk(tree: Tree, path: Buffer): void {
  if (tree.kind === "symlink") symlinkSync(Buffer.from(tree.target, "latin1"), path);
  else if (tree.kind === "file") {
    writeFileSync(path, tree.content);
    chmodSync(path, tree.executable ? 0o755 : 0o644);
  } else {
    mkdirSync(path);
    for (const [name, child] of tree.entries) {
      makeOnDisk(child, Buffer.concat([path, Buffer.from("/"), fromByteString(name)]));
    }
  }
}
