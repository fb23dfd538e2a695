// `<hash>.ls`: what is in a NAR and where, so that one file of it can be read by a range. Specification: Nix manual, "NAR
// listing", version 1.
import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import { compareByteStrings, fromByteString, textOf } from "#base/bytes.ts";
import { NAR_FRAMES, roundUp } from "#nix/nar-format.ts";

export type Listing =
  | { type: "regular"; size: number; executable?: true; narOffset: number }
  | { type: "symlink"; target: string }
  | { type: "directory"; entries: Record<string, Listing> };

/** The listing of the tree at `file`, as the store keeps it. */
export function listingOf(file: string): { version: 1; root: Listing } {
  return {
    version: 1,
    root: listNode(Buffer.from(file).toString("latin1"), { at: NAR_FRAMES.magic.length }),
  };
}

interface Position {
  at: number;
}

const LENGTH_SIZE = 8;

function listNode(file: string, position: Position): Listing {
  const path = Buffer.from(file, "latin1");
  const stat = lstatSync(path);
  const framed = (size: number): number => LENGTH_SIZE + roundUp(size);
  if (stat.isSymbolicLink()) {
    const target = readlinkSync(path, { encoding: "buffer" });
    position.at += NAR_FRAMES.symlink.length + framed(target.length) + NAR_FRAMES.close.length;
    return { type: "symlink", target: target.toString("utf8") };
  }
  if (stat.isDirectory()) {
    position.at += NAR_FRAMES.directory.length;
    const names = readdirSync(path, { encoding: "buffer" }).map((name) => name.toString("latin1"));
    const entries: [string, Listing][] = [];
    for (const name of names.toSorted(compareByteStrings)) {
      position.at += NAR_FRAMES.entry.length + framed(fromByteString(name).length) + NAR_FRAMES.node.length;
      entries.push([textOf(name), listNode(`${file}/${name}`, position)]);
      position.at += NAR_FRAMES.close.length;
    }
    position.at += NAR_FRAMES.close.length;
    return { type: "directory", entries: Object.fromEntries(entries) };
  }
  const executable = (stat.mode & 0o100) !== 0;
  const head = executable ? NAR_FRAMES.executable : NAR_FRAMES.file;
  const narOffset = position.at + head.length + LENGTH_SIZE;
  position.at += head.length + framed(stat.size) + NAR_FRAMES.close.length;
  return { type: "regular", size: stat.size, ...(executable && { executable }), narOffset };
}
