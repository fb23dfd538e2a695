// The spectrogram: a sine is brightest at its frequency, and the PNG within is one to others.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { inflateSync } from "node:zlib";
import { writePng } from "../picture/png.ts";
import { drawSpectrogram } from "../picture/spectrogram.ts";
import { powerSpectrum } from "../sound/spectrum.ts";
import { peer } from "../../../test/rig/peer.ts";

test("a sine of full scale has level 0 dB in its bin, and leaks less than -80 dB", () => {
  const size = 1024;
  const wave = Int16Array.from({ length: size }, (_, n) =>
    Math.round(32_767 * Math.cos((2 * Math.PI * 40 * n) / size)),
  );
  const power = powerSpectrum(wave, size);
  assert.equal(power.indexOf(Math.max(...power)), 40);
  assert.ok(Math.abs((power[40] ?? 0) - 1) < 1e-5);
  assert.ok((power[50] ?? 1) < 1e-8);
});

test("a PNG's size and palette must agree", () => {
  const palette = [[0, 0, 0] as const, [255, 255, 255] as const];
  assert.throws(() => writePng({ width: 2, height: 2, pixels: new Uint8Array(3), palette }), RangeError);
  assert.throws(() => writePng({ width: 1, height: 1, pixels: Uint8Array.of(2), palette }), RangeError);
});

const sampleRateHz = 8000;
const samples = Int16Array.from({ length: 2 * sampleRateHz }, (_, n) =>
  Math.round(9000 * Math.sin((2 * Math.PI * 440 * n) / sampleRateHz)),
);
const svg = drawSpectrogram(
  { sampleRateHz, samples },
  {
    title: "Two seconds & more",
    steps: [{ digits: "8080", startSeconds: 0 }],
    tones: [
      { prime: 2, frequencyHz: 440 },
      { prime: 7, frequencyHz: 1540 },
    ],
  },
);
const png = Buffer.from(/base64,([^"]+)/.exec(svg)?.[1] ?? "", "base64");

test("the spectrogram is brightest along the tone", () => {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const start = png.indexOf("IDAT");
  const rows = inflateSync(png.subarray(start + 4, start + 4 + png.readUInt32BE(start - 4)));
  assert.equal(rows.length, (width + 1) * height);
  const column = Array.from({ length: height }, (_, y) => rows[y * (width + 1) + 1 + 350] ?? 0);
  // 440 Hz on a logarithmic axis from 330 Hz (bottom) to 1925 Hz (top).
  const wanted = height * (1 - Math.log(440 / 330) / Math.log(1925 / 330));
  const brightest = column.indexOf(Math.max(...column));
  assert.ok(Math.abs(brightest - wanted) <= 3, `${brightest} near ${wanted}`);
});

test("the picture is XML and its PNG is one, to others", { skip: peer("xmllint", "file") }, () => {
  const { status, stderr } = spawnSync("xmllint", ["--noout", "-"], { input: svg, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const { stdout } = spawnSync("file", ["-"], { input: png, encoding: "utf8" });
  assert.match(stdout, /PNG image data, 690 x 810, 8-bit colormap, non-interlaced/);
});
