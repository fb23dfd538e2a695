import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { crc32 as crcOfNode, inflateSync } from "node:zlib";
import fc from "fast-check";
import { drawText, makeCanvas } from "../picture/canvas.ts";
import { adler32, writeZlib } from "../picture/deflate.ts";
import { prepareSpectra } from "../picture/fourier.ts";
import { canonicalCodes, codeLengths } from "../picture/huffman.ts";
import { glyphOf, textWidth } from "../picture/lettering.ts";
import { crc32, writePng } from "../picture/png.ts";
import { drawSpectrogram, spread } from "../picture/spectrogram.ts";
import { peer } from "../../../test/rig/peer.ts";

test("what writeZlib writes, zlib reads", () => {
  const check = (data: Uint8Array): void => assert.deepEqual(inflateSync(writeZlib(data)), Buffer.from(data));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), check));
  // Few values give long matches; long runs reach length 258 and far distances.
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 5000 }), (data) =>
      check(Uint8Array.from(data)),
    ),
  );
  check(new Uint8Array(100_000));
  let state = 1;
  const noise = Uint8Array.from({ length: 150_000 }, () => (state = (state * 48_271) % 2_147_483_647) & 0xff);
  check(noise);
  check(Buffer.concat([noise.subarray(0, 40_000), noise.subarray(0, 40_000)]));
});

test("code lengths are a complete prefix code within the limit, shorter for what is more frequent", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 2, maxLength: 40 }),
      (counts) => {
        const used = counts.filter((count) => count > 0);
        const lengths = codeLengths(Int32Array.from(counts), 7);
        assert.equal(lengths.filter((length) => length > 0).length, used.length);
        assert.ok(lengths.every((length) => length <= 7));
        const kraft = lengths.reduce((sum, length) => sum + (length === 0 ? 0 : 2 ** -length), 0);
        if (used.length > 1) assert.equal(kraft, 1);
        for (const [a, x] of counts.entries()) {
          for (const [b, y] of counts.entries())
            if (x > y && y > 0) assert.ok((lengths[a] ?? 0) <= (lengths[b] ?? 0));
        }
      },
    ),
  );
  assert.deepEqual([...codeLengths(Int32Array.of(0, 9, 0), 15)], [0, 1, 0]);
  assert.deepEqual([...canonicalCodes(Uint8Array.of(1, 2, 2))], [0, 0b01, 0b11]);
  assert.throws(() => codeLengths(new Int32Array(9).fill(1), 3), RangeError);
});

test("checksums are those of zlib", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (data) => {
      assert.equal(crc32(data), crcOfNode(data));
      assert.equal(adler32(data), Buffer.from(writeZlib(data)).readUInt32BE(writeZlib(data).length - 4));
    }),
  );
  assert.equal(adler32(Buffer.from("Wikipedia")), 0x11e6_0398);
});

test("the lowest bins of a spectrum: a sine of full scale has level 0 dB in its bin, in either frame", () => {
  const size = 1024;
  const wave = (cycles: number): number[] =>
    Array.from({ length: size }, (_, n) => Math.round(32_767 * Math.cos((2 * Math.PI * cycles * n) / size)));
  const spectra = prepareSpectra(size, 200);
  const [first, second] = spectra(Int16Array.from([...wave(40), ...wave(100)]), [0, size]);
  const peak = (power: Float64Array): number => power.indexOf(Math.max(...power));
  assert.equal(first.length, 200);
  assert.deepEqual([peak(first), peak(second)], [40, 100]);
  assert.ok(Math.abs((first[40] ?? 0) - 1) < 1e-5 && Math.abs((second[100] ?? 0) - 1) < 1e-5);
  // Windowed leakage and the other frame stay below -80 dB.
  assert.ok((first[100] ?? 1) < 1e-8 && (second[40] ?? 1) < 1e-8 && (first[50] ?? 1) < 1e-8);
  assert.throws(() => prepareSpectra(1000, 10), RangeError);
});

test("the lettering has all letters and digits and refuses what it lacks", () => {
  for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:()+-=/_") {
    const { advance, strokes } = glyphOf(character);
    assert.ok(advance > 0 && (strokes.length > 0 || character === " "), character);
    for (const [x, y] of strokes.flat())
      assert.ok(x >= -1 && x <= advance && y >= -4.5 && y <= 15.5, character);
  }
  assert.throws(() => glyphOf("\u00e9"), RangeError);
  assert.equal(textWidth(""), 0);
});

test("text is drawn where it is aligned to", () => {
  const ramp = { first: 0, steps: 16 };
  const inked = (align: "left" | "centre" | "right"): number[] => {
    const canvas = makeCanvas(200, 40, 0);
    drawText(canvas, [100, 30], "Walk", { size: 14, weight: 1.5, ramp, align });
    return [...canvas.pixels.entries()].filter(([, colour]) => colour > 8).map(([at]) => at % 200);
  };
  assert.ok(Math.min(...inked("left")) >= 99);
  assert.ok(Math.max(...inked("right")) <= 101);
  const centred = inked("centre");
  assert.ok(Math.abs(Math.min(...centred) + Math.max(...centred) - 200) <= 4);
});

test("labels are moved apart as little as needed", () => {
  const bounds = { top: 0, bottom: 100 };
  assert.deepEqual(spread([80, 50, 20], 10, bounds), [80, 50, 20]);
  const moved = spread([52, 50, 10], 10, bounds).map((place) => Math.round(place));
  assert.deepEqual(moved, [56, 46, 10]);
});

test("a PNG's size and palette must agree", () => {
  const palette = [[0, 0, 0] as const, [255, 255, 255] as const];
  assert.throws(() => writePng({ width: 2, height: 2, pixels: new Uint8Array(3), palette }), RangeError);
  assert.throws(() => writePng({ width: 1, height: 1, pixels: Uint8Array.of(2), palette }), RangeError);
});

const sampleRateHz = 8000;
const tone = Int16Array.from({ length: 2 * sampleRateHz }, (_, n) =>
  Math.round(9000 * Math.sin((2 * Math.PI * 440 * n) / sampleRateHz)),
);
const labels = {
  title: "Two seconds",
  steps: [{ digits: "8080", startSeconds: 0 }],
  tones: [
    { prime: 2, hertz: 440, text: "440.000" },
    { prime: 7, hertz: 1540, text: "1540.000" },
  ],
};

const picture = drawSpectrogram({ sampleRateHz, samples: tone }, labels);

test("the spectrogram is brightest along the tone", () => {
  const png = Buffer.from(picture);
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const start = png.indexOf("IDAT");
  const rows = inflateSync(png.subarray(start + 4, start + 4 + png.readUInt32BE(start - 4)));
  assert.equal(rows.length, (width + 1) * height);
  const column = Array.from({ length: height }, (_, y) => rows[y * (width + 1) + 1 + 700] ?? 0).map((value) =>
    value < 176 ? value : 0,
  );
  const brightest = column.indexOf(Math.max(...column.slice(140, 900)));
  // 440 Hz on a logarithmic axis from 330 Hz (bottom, 942) to 1925 Hz (top, 132).
  const wanted = 942 - (810 * Math.log(440 / 330)) / Math.log(1925 / 330);
  assert.ok(Math.abs(brightest - wanted) <= 3, `${brightest} near ${wanted}`);
});

test("the spectrogram is a PNG to others", { skip: peer("file") }, () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-picture-"));
  try {
    const path = join(folder, "picture.png");
    writeFileSync(path, picture);
    const { stdout } = spawnSync("file", [path], { encoding: "utf8" });
    assert.match(stdout, /PNG image data, 1720 x 1060, 8-bit colormap, non-interlaced/u);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
