// Hash parts of store paths in a stream of bytes, replaced by others of the same length: in contents, in link targets and
// in names, wherever they stand in a NAR, as Nix does for outputs that mention each other or themselves.
import { createHasher } from "#base/hasher.ts";
import { asBuffer } from "#base/bytes.ts";
import type { Steps } from "#base/steps.ts";
import { NarParser } from "#nix/nar.ts";
import { STORE_HASH_LENGTH } from "#nix/store-path.ts";
import { restoreTo } from "./restore.ts";
import { unlistedTree } from "./scan.ts";
import { dumpSteps, type Sink, type TreeHash } from "./tree.ts";

/** Old hash part -> new one. */
export type Renames = ReadonlyMap<string, string>;

/** Copies a tree with hash parts replaced. @param target where the new tree goes: a byte string */
export function* rewriteSteps(source: string, renames: Renames, target: string): Steps<TreeHash> {
  const hash = createHasher("sha256");
  const restore = restoreTo(target);
  const parser = new NarParser(restore);
  const rewriter = makeRewriter(renames, (chunk) => {
    hash.update(chunk);
    parser.push(chunk);
  });
  try {
    const { narSize } = yield* dumpSteps(unlistedTree(source), { sink: rewriter.push });
    rewriter.end();
    parser.end();
    return { narHash: hash.digest(), narSize };
  } finally {
    restore.abandon();
  }
}

/**
 * Hashes a NAR that mentions its own path, whose hash part depends on that hash: each mention counts as zeros, and where
 * they stand is hashed behind it (`|<offset>`), as Nix does up to 2.16 and from 2.35 on; versions between leave the
 * offsets out, and give such an output another path. Specification: Nix `src/libutil/references.cc`, HashModuloSink.
 */
export function makeModuloHasher(self: string): { push: Sink; end: () => Uint8Array } {
  const hash = createHasher("sha256");
  let offsets = "";
  const zeros = new Map([[self, "\0".repeat(STORE_HASH_LENGTH)]]);
  const { push, end } = makeRewriter(
    zeros,
    (chunk) => hash.update(chunk),
    (at) => (offsets += `|${at}`),
  );
  return {
    push,
    end() {
      end();
      return hash.update(offsets).digest();
    },
  };
}

/**
 * Replaces texts in a stream of bytes; all texts, old and new, have one length.
 * @param onMatch gets the offset of each text that was replaced
 */
export function makeRewriter(
  renames: Renames,
  sink: Sink,
  onMatch?: (offset: number) => void,
): { push: Sink; end: () => void } {
  const length = [...renames.keys()][0]?.length ?? 0;
  let held: Buffer = Buffer.alloc(0);
  let passed = 0;
  const replaceAll = (bytes: Buffer): void => {
    for (const [old, replacement] of renames) {
      for (
        let at = bytes.indexOf(old, 0, "latin1");
        at !== -1;
        at = bytes.indexOf(old, at + length, "latin1")
      ) {
        bytes.write(replacement, at, "latin1");
        onMatch?.(passed + at);
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
      passed += ready;
    },
    end: () => sink(held),
  };
}
