// How long a daemon may be silent. Whatever it says, or takes from us, is a sign of life.

/** One that gives no sign for so long is lost, unless it builds: it may wait until garbage is collected there. */
export const DAEMON_SILENCE = { maxMs: 5 * 60_000 };

export class Silence {
  #heardMs = performance.now();
  /** What is built may be silent for as long as it takes. */
  isBuilding = false;

  heard(): void {
    this.#heardMs = performance.now();
  }

  /** The same chunks, each a sign of life. */
  async *in(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const iterator = chunks[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await this.end(iterator.next());
      if (done === true) return;
      yield value;
    }
  }

  /** What is waited for is a sign of life. @throws Error where none came for too long, of whatever kind */
  async end<T>(waiting: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      const look = (): void => {
        const leftMs = this.isBuilding
          ? DAEMON_SILENCE.maxMs
          : this.#heardMs + DAEMON_SILENCE.maxMs - performance.now();
        if (leftMs > 0) timer = setTimeout(look, leftMs);
        else reject(new Error(`it was silent for ${DAEMON_SILENCE.maxMs / 1000} s`));
      };
      look();
    });
    try {
      return await Promise.race([waiting, silence]);
    } finally {
      clearTimeout(timer);
      this.heard();
      waiting.catch(() => undefined);
    }
  }
}
