// What was compressed by xz, as it comes.

/** The library waits for ever for the rest of a stream that is cut off: it then gives nothing, again and again. */
const IDLE_MAX = 1000;

/** @throws Error that says what is wrong */
export async function* unxz(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { default: library } = await import("xz-decompress");
  const packed = chunks[Symbol.asyncIterator]();
  let failure: unknown;
  const input = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await packed.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        failure = error;
        controller.close();
      }
    },
  });
  let idle = 0;
  try {
    for await (const piece of new library.XzReadableStream(input)) {
      idle = piece.length === 0 ? idle + 1 : 0;
      if (failure !== undefined) break;
      if (idle > IDLE_MAX) throw new Error("it is cut off");
      if (piece.length > 0) yield piece;
    }
  } catch (error) {
    if (failure === undefined) throw error;
  }
  if (failure !== undefined) throw failure;
}
