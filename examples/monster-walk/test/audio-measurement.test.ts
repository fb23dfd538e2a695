// The measuring: elementary functions, spectrum and fit against what they must give, and the truth of the errors stated.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { choleskyInverse } from "../sound/cholesky.ts";
import { cents, cosSinOfTurns, decibels, naturalLogarithm } from "../sound/elementary.ts";
import { fitTones } from "../sound/fit.ts";
import { cramerRaoBound, measureWindow, round } from "../sound/measurement.ts";
import { findPeaks, transform } from "../sound/spectrum.ts";

interface Tone {
  frequency: number;
  amplitude: number;
  phase: number;
}

function render(tones: readonly Tone[], length: number): Int16Array {
  return Int16Array.from({ length }, (_, n) =>
    Math.round(
      tones.reduce(
        (sum, { frequency, amplitude, phase }) =>
          sum + amplitude * Math.sin(2 * Math.PI * (frequency * n + phase)),
        0,
      ),
    ),
  );
}

test("cosSinOfTurns(), naturalLogarithm() and cents() agree with the library to its last digits", () => {
  fc.assert(
    fc.property(fc.double({ min: -2, max: 2, noNaN: true }), (turns) => {
      const { cos, sin } = cosSinOfTurns(turns);
      assert.ok(Math.abs(cos - Math.cos(2 * Math.PI * turns)) < 3e-15);
      assert.ok(Math.abs(sin - Math.sin(2 * Math.PI * turns)) < 3e-15);
    }),
  );
  fc.assert(
    fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (x) => {
      assert.ok(Math.abs(naturalLogarithm(x) - Math.log(x)) <= 4e-16 * Math.max(1, Math.abs(Math.log(x))));
    }),
  );
  assert.equal(cents(880, 440), 1200);
  assert.ok(Math.abs(cents(441, 440) - 1200 * Math.log2(441 / 440)) < 1e-9);
  assert.ok(Math.abs(cents(440, 660) + 701.9550008653874) < 1e-9);
  assert.ok(Math.abs(decibels(2) - 3.010299956639812) < 1e-14);
  assert.throws(() => naturalLogarithm(0), RangeError);
});

test("transform() is the discrete Fourier transform", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 16, maxLength: 16 }),
      (values) => {
        const [real, imaginary] = [Float64Array.from(values), new Float64Array(16)];
        transform(real, imaginary);
        for (let k = 0; k < 16; k++) {
          const sum = (part: (turns: number) => number) =>
            values.reduce((total, value, n) => total + value * part((-2 * Math.PI * k * n) / 16), 0);
          assert.ok(Math.abs((real[k] ?? 0) - sum(Math.cos)) < 1e-13);
          assert.ok(Math.abs((imaginary[k] ?? 0) - sum(Math.sin)) < 1e-13);
        }
      },
    ),
    { numRuns: 20 },
  );
  assert.throws(() => transform(new Float64Array(12), new Float64Array(12)), RangeError);
});

test("findPeaks() finds every tone to a tenth of a bin, and none that is not there", () => {
  const tones = [
    { frequency: 0.0101, amplitude: 200, phase: 0.1 },
    { frequency: 0.1234, amplitude: 4000, phase: 0.7 },
    { frequency: 0.13, amplitude: 4000, phase: 0.2 },
    { frequency: 0.4321, amplitude: 9000, phase: 0.5 },
  ];
  const peaks = findPeaks(render(tones, 8192), 8192);
  assert.equal(peaks.length, tones.length);
  for (const [index, peak] of peaks.entries()) {
    assert.ok(Math.abs(peak - (tones[index]?.frequency ?? 0)) * 8192 < 0.1);
  }
});

test("the stated standard errors are true: errors in units of them have a root mean square near 1", () => {
  // a fixed, irregular set of tones; nothing here is random, so the test can't fail by luck
  const ratios: number[] = [];
  const residuals: number[] = [];
  for (let trial = 1; trial <= 12; trial++) {
    const tones = Array.from({ length: 6 }, (_, k) => ({
      frequency: (k + 1) / 14 + ((trial * 0.618_033_988_7 * (k + 3)) % 1) / 50,
      amplitude: 500 + 700 * ((trial * 0.414_213_562_4 * (k + 1)) % 1),
      phase: (trial * 0.732_050_807_6 * (k + 2)) % 1,
    }));
    const samples = render(tones, 4001);
    const fit = fitTones(samples, findPeaks(samples, 2048));
    residuals.push(fit.residual * Math.sqrt(12));
    for (const [k, { frequency, frequencyError, amplitude, amplitudeError }] of fit.tones.entries()) {
      const tone = tones[k];
      assert.ok(tone);
      ratios.push(
        (frequency - tone.frequency) / frequencyError,
        (amplitude - tone.amplitude) / amplitudeError,
      );
      assert.ok(Math.abs(frequencyError / cramerRaoBound(amplitude, 4001) - 1) < 0.1);
    }
  }
  const rms = Math.sqrt(ratios.reduce((sum, ratio) => sum + ratio * ratio, 0) / ratios.length);
  assert.ok(rms > 0.8 && rms < 1.2, `rms ${rms}`);
  for (const residual of residuals) assert.ok(Math.abs(residual - 1) < 0.05, `residual ${residual}`);
});

test("a tone that is left out of the fit shows in the residual", () => {
  const tones = [
    { frequency: 0.05, amplitude: 3000, phase: 0 },
    { frequency: 0.2, amplitude: 10, phase: 0 },
  ];
  const fit = fitTones(render(tones, 4001), [0.05]);
  assert.ok(fit.residual * Math.sqrt(12) > 20);
});

test("fitTones() gives no answer from a start that is bins away, from too few samples, or from one tone given twice", () => {
  const samples = render([{ frequency: 0.05, amplitude: 3000, phase: 0 }], 4001);
  assert.throws(() => fitTones(samples, [0.09]), RangeError);
  assert.throws(() => fitTones(samples.subarray(0, 4), [0.05]), /Cannot fit/);
  assert.throws(() => fitTones(samples, [0.05, 0.05]), RangeError);
});

test("measureWindow() says which tone is missing, and which is too far", () => {
  const recording = {
    sampleRateHz: 44_100,
    samples: render([{ frequency: 441 / 44_100, amplitude: 3000, phase: 0 }], 8192),
  };
  const window = { start: 0, samples: 8192 };
  assert.throws(() => measureWindow(recording, window, []), /Found 1 tones where 0/);
  assert.throws(
    () => measureWindow(recording, window, [{ prime: 2, frequencyHz: 470 }]),
    /where 470 Hz should sound/,
  );
  const [tone] = measureWindow(recording, window, [{ prime: 2, frequencyHz: 440 }]).tones;
  assert.ok(Math.abs((tone?.deviationHz ?? 0) - 1) < 1e-4);
  assert.ok(Math.abs((tone?.deviationCents ?? 0) - 3.930158) < 1e-3);
});

test("choleskyInverse() inverts, and refuses a matrix that is not positive definite", () => {
  const inverse = choleskyInverse(Float64Array.of(4, 0, 2, 3), 2);
  assert.deepEqual(
    [...inverse].map((value) => round(value, 12)),
    [0.375, -0.25, -0.25, 0.5],
  );
  assert.throws(() => choleskyInverse(Float64Array.of(1, 0, 2, 1), 2), /singular/);
});
