// Streams in blocks of one size, packed several at a time: the bytes depend neither on the pieces in which a stream was read nor on
// how many processors there are.
import { availableParallelism } from "node:os";

/** One more than there are processors (Node's own threads are four): while one is taken, the others have something to do. */
const AT_ONCE = Math.min(availableParallelism(), 4) + 1;

/** Makes blocks of `bytes` bytes of pieces of any size. */
export class BlockMaker {
  readonly #bytes: number;
  readonly #free: Buffer[] = [];
  /** Block -> what it is a part of. */
  readonly #wholes = new Map<Uint8Array, Buffer>();
  #ready: Uint8Array[] = [];
  #block: Buffer | undefined;
  #filled = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** @param piece is copied */
  add(piece: Uint8Array): void {
    for (let at = 0; at < piece.length;) {
      const block = (this.#block ??= this.#free.pop() ?? Buffer.allocUnsafe(this.#bytes));
      const size = Math.min(piece.length - at, this.#bytes - this.#filled);
      block.set(size === piece.length ? piece : piece.subarray(at, at + size), this.#filled);
      this.#filled += size;
      at += size;
      if (this.#filled === this.#bytes) this.#finish();
    }
  }

  /** Blocks that are full. @param isEnd what is left is a block as well */
  take(isEnd = false): Uint8Array[] {
    if (isEnd && this.#filled > 0) this.#finish();
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }

  /** A block that nobody reads any more is filled again. */
  reuse(block: Uint8Array): void {
    const whole = this.#wholes.get(block);
    if (whole === undefined) return;
    this.#wholes.delete(block);
    this.#free.push(whole);
  }

  #finish(): void {
    if (this.#block === undefined) return;
    const block = this.#block.subarray(0, this.#filled);
    this.#wholes.set(block, this.#block);
    this.#ready.push(block);
    this.#block = undefined;
    this.#filled = 0;
  }
}

/** What becomes of each item, in the order of the items, though several are worked on at once. */
export async function* inTheirOrder<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const open: Promise<R>[] = [];
  for await (const item of items) {
    const working = work(item);
    // What goes wrong is thrown where it is awaited, if that is still done.
    working.catch(() => undefined);
    open.push(working);
    const first = open.length > AT_ONCE ? open.shift() : undefined;
    if (first !== undefined) yield await first;
  }
  for (const each of open) yield await each;
}
