import { hexDigestOfFile } from "#base/file-pieces.ts";
import { hex } from "#base/bytes.ts";
import { finish } from "#base/steps.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { hashSteps } from "#store/tree.ts";

/** A store as a verifier reads it: the bytes of each path once, however many statements name it. */
export class StoreBytes {
  readonly store: Store;
  readonly #narHashes = new Map<StorePath, string>();

  constructor(store: Store) {
    this.store = store;
  }

  /** SHA-256 of its NAR, in hex. */
  narHash(path: StorePath): string {
    const known = this.#narHashes.get(path);
    if (known !== undefined) return known;
    const found = hex(finish(hashSteps(this.store.physical(path))).narHash);
    this.#narHashes.set(path, found);
    return found;
  }

  /** SHA-256 of a path that is one file, in hex; undefined of anything else. */
  fileHash(path: StorePath): string | undefined {
    try {
      return hexDigestOfFile(this.store.physical(path));
    } catch {
      return undefined;
    }
  }
}
