// WAV files: what is written is read back, and nothing else is read.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseWav, writeWav } from "../sound/wav.ts";

const HEADER_BYTES = 44;

test("parseWav() reads what writeWav() wrote", () => {
  fc.assert(
    fc.property(
      fc.int16Array({ maxLength: 200 }),
      fc.integer({ min: 1, max: 192_000 }),
      (samples, sampleRateHz) => {
        assert.deepEqual(parseWav(writeWav({ sampleRateHz, samples })), { sampleRateHz, samples });
      },
    ),
  );
});

test("parseWav() refuses every change of one byte of the header", () => {
  const bytes = writeWav({ sampleRateHz: 44_100, samples: Int16Array.of(1, -1, 32_767, -32_768) });
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: HEADER_BYTES - 1 }),
      fc.integer({ min: 1, max: 255 }),
      (at, difference) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ difference;
        assert.throws(() => parseWav(changed), RangeError);
      },
    ),
  );
});

test("parseWav() refuses a file that is cut off or has bytes behind its data", () => {
  const bytes = writeWav({ sampleRateHz: 44_100, samples: new Int16Array(10) });
  for (let size = 0; size < bytes.length; size++)
    assert.throws(() => parseWav(bytes.subarray(0, size)), RangeError);
  assert.throws(() => parseWav(Buffer.concat([bytes, Buffer.alloc(2)])), /RIFF size/);
});

test("parseWav() refuses data that end within a sample, and a rate of nothing", () => {
  const bytes = Buffer.concat([
    writeWav({ sampleRateHz: 44_100, samples: new Int16Array(1) }),
    Buffer.alloc(1),
  ]);
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.writeUInt32LE(3, 40);
  assert.throws(() => parseWav(bytes), /within a sample/);
  assert.throws(
    () => parseWav(writeWav({ sampleRateHz: 0, samples: new Int16Array(1) })),
    /sample rate of 0/,
  );
});
