// Copies a tree with hash parts of store paths replaced by others of the same length: in contents, in link
// targets and in names, wherever they stand in its NAR, as Nix does for outputs that mention each other.
import { createHash } from "node:crypto";
import { asBuffer } from "#base/bytes.ts";
import { NarParser } from "#nix/nar.ts";
import { restoreTo } from "./restore.ts";
import { dumpTree, scanTree, type Sink, type TreeHash } from "./tree.ts";

/** @param target where the new tree goes: a byte string */
export function rewriteTree(source: string, renames: ReadonlyMap<string, string>, target: string): TreeHash {
  const hash = createHash("sha256");
  const restore = restoreTo(target);
  const parser = new NarParser(restore);
  const rewriter = makeRewriter(renames, (chunk) => {
    hash.update(chunk);
    parser.push(chunk);
  });
  try {
    const { narSize } = dumpTree(scanTree(source), { sink: rewriter.push });
    rewriter.end();
    parser.end();
    return { narHash: hash.digest(), narSize };
  } finally {
    restore.abandon();
  }
}

/** Replaces texts in a stream of bytes; all texts, old and new, have one length. */
export function makeRewriter(renames: ReadonlyMap<string, string>, sink: Sink): { push: Sink; end(): void } {
  const length = [...renames.keys()][0]?.length ?? 0;
  let held: Buffer = Buffer.alloc(0);
  const replaceAll = (bytes: Buffer): void => {
    for (const [old, replacement] of renames) {
      for (
        let at = bytes.indexOf(old, 0, "latin1");
        at !== -1;
        at = bytes.indexOf(old, at + length, "latin1")
      ) {
        bytes.write(replacement, at, "latin1");
      }
    }
  };
  return {
    push(chunk) {
      const bytes = Buffer.concat([held, asBuffer(chunk)]);
      replaceAll(bytes);
      // The last bytes may be the beginning of a text that goes on in the next chunk.
      const ready = Math.max(0, bytes.length - (length - 1));
      sink(bytes.subarray(0, ready));
      held = bytes.subarray(ready);
    },
    end: () => sink(held),
  };
}
