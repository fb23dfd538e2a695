// Trees of the store as parts of layers, each packed once: what has been packed is kept by path, content, codec and level.
import { createHash } from "node:crypto";
import { byteStringOf, hex } from "#base/bytes.ts";
import * as shape from "#base/shape.ts";
import type { NarHandler } from "#nix/nar-format.ts";
import { NarParser } from "#nix/nar.ts";
import { TreeToTar } from "#package/store-layer.ts";
import type { BlockMaker } from "#ship/blocks.ts";
import { pipeliteError } from "#ship/errors.ts";
import { Keeper, keptNotes, keptPlace, type FileNote } from "#ship/kept.ts";
import type { TreeListener } from "#ship/shipment.ts";
import { changedFileIn } from "#ship/tree.ts";
import type { PathInfo, Store } from "#store/index.ts";
import { nameOfPacking, type Packing } from "./codec.ts";

export interface PackTrees extends Packing {
  /** Where what was packed is kept. */
  folder: string;
  signal: AbortSignal;
}

const noted = shape.object<FileNote>({ sha256: shape.matching(/^[0-9a-f]{64}$/, "SHA-256") });

/** Changes with the form of the tar, and of what is noted. */
const FORM = 2;

function placeOf({ path, narHash }: PathInfo, { folder, ...packing }: PackTrees): string {
  return keptPlace(folder, path, [path, hex(narHash), nameOfPacking(packing), FORM]);
}

/** The file with a tree that has been packed before, when that is still what it was. */
export async function keptTree(info: PathInfo, packing: PackTrees): Promise<string | undefined> {
  const file = placeOf(info, packing);
  return (await keptNotes(file, noted, packing.signal)) && file;
}

/** Keeps a tree while it is packed. */
export class TreeKeeper {
  readonly #keeper: Keeper;
  readonly #hash = createHash("sha256");

  constructor(info: PathInfo, packing: PackTrees) {
    this.#keeper = new Keeper(packing.folder, placeOf(info, packing));
  }

  add(packed: Uint8Array): void {
    this.#hash.update(packed);
    this.#keeper.add(packed);
  }

  finish(): void {
    this.#keeper.finish({ sha256: this.#hash.digest("hex") });
  }

  abandon(): void {
    this.#keeper.abandon();
  }
}

/**
 * The entries of a path in a layer, in blocks.
 * @param listener hears what is read
 * @throws PipeliteError SHIPPED_PATH_CHANGED at the end
 */
export function* tarBlocks(
  store: Store,
  { path, narHash }: PathInfo,
  { blocks, listener }: { blocks: BlockMaker; listener: TreeListener | undefined },
): Generator<Uint8Array> {
  const toTar = new TreeToTar(path.slice(1), (bytes) => blocks.add(bytes));
  const parser = new NarParser(listener === undefined ? toTar : new Both(listener, toTar));
  const steps = store.narSteps(path, (chunk) => parser.push(chunk));
  try {
    for (;;) {
      const step = steps.next();
      if (step.done !== true) {
        yield* blocks.take();
        continue;
      }
      parser.end();
      const [got, wanted] = [hex(step.value.narHash), hex(narHash)];
      if (got !== wanted)
        throw pipeliteError("SHIPPED_PATH_CHANGED", {
          path,
          file: changedFileIn(byteStringOf(store.physical(path))),
          got,
          wanted,
        });
      listener?.finish();
      yield* blocks.take(true);
      return;
    }
  } finally {
    // Closes what is open where its taker left it.
    steps.return(undefined as never);
  }
}

/** Tells two what one is told. */
class Both implements NarHandler {
  readonly #one: NarHandler;
  readonly #other: NarHandler;

  constructor(one: NarHandler, other: NarHandler) {
    this.#one = one;
    this.#other = other;
  }

  startFile(executable: boolean, sizeBytes: number): void {
    this.#one.startFile(executable, sizeBytes);
    this.#other.startFile(executable, sizeBytes);
  }

  content(chunk: Uint8Array): void {
    this.#one.content(chunk);
    this.#other.content(chunk);
  }

  endFile(): void {
    this.#one.endFile();
    this.#other.endFile();
  }

  symlink(target: Uint8Array): void {
    this.#one.symlink(target);
    this.#other.symlink(target);
  }

  startDirectory(): void {
    this.#one.startDirectory();
    this.#other.startDirectory();
  }

  entry(name: Uint8Array): void {
    this.#one.entry(name);
    this.#other.entry(name);
  }

  endEntry(): void {
    this.#one.endEntry();
    this.#other.endEntry();
  }

  endDirectory(): void {
    this.#one.endDirectory();
    this.#other.endDirectory();
  }
}
