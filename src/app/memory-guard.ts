// A process that needs more memory than its heap may have is ended by the engine, without a word to the user. Code
// that reads input of any size asks here, from time to time, whether to stop before that.
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** The engine's limit has this for young objects, which what is kept does not get. */
const YOUNG_BYTES = 96 * 2 ** 20;
/** Share of the limit from which garbage is collected to see what is really in use. */
const SUSPECT = 0.85;
/** Share in use from which the end is near. */
const FULL = 0.8;

/** @returns asks: the limit in bytes when the heap is nearly full, else undefined */
export function createMemoryGuard(): () => number | undefined {
  const limit = getHeapStatistics().heap_size_limit - YOUNG_BYTES;
  let suspectBytes = SUSPECT * limit;
  return () => {
    if (getHeapStatistics().used_heap_size < suspectBytes) return undefined;
    collectGarbage();
    const left = getHeapStatistics().used_heap_size;
    if (left >= FULL * limit) return limit;
    // Collecting takes long: not again for a little more.
    suspectBytes = Math.max(suspectBytes, left + (limit - left) / 2);
    return undefined;
  };
}

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
}
