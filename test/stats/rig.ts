// What the tests of src/stats share: reading the reference data, comparing figures, random data, and R as a peer.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Rows of numbers of a file in strd/. */
export function readRows(name: string): number[][] {
  const text = readFileSync(join(import.meta.dirname, "strd", `${name}.txt`), "utf8");
  return text
    .trim()
    .split("\n")
    .map((row) => row.split(" ").map(Number));
}

/** Columns of rows of the same length. */
export function columnsOf(rows: readonly (readonly number[])[]): number[][] {
  return (rows[0] ?? []).map((_, column) => rows.map((row) => row[column] ?? Number.NaN));
}

/** Fails unless `actual` has this many correct digits (NIST's log relative error). */
export function assertDigits(
  actual: number | undefined | null,
  expected: number,
  digits: number,
  what = "",
): void {
  const error = Math.abs((actual ?? Number.NaN) - expected);
  const lre = error === 0 ? 16 : -Math.log10(expected === 0 ? error : error / Math.abs(expected));
  assert.ok(lre >= digits, `${what} ${actual} has ${lre.toFixed(2)} digits of ${expected}, wanted ${digits}`);
}

/** Uniform on (0, 1), the same for the same seed (Park and Miller). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Normal values by the polar method of Marsaglia. */
export function createNormal(seed: number): () => number {
  const random = createRandom(seed);
  return () => {
    for (;;) {
      const [u, v] = [2 * random() - 1, 2 * random() - 1];
      const s = u * u + v * v;
      if (s > 0 && s < 1) return u * Math.sqrt((-2 * Math.log(s)) / s);
    }
  };
}

export function normals(seed: number, n: number, mean = 0, sigma = 1): number[] {
  const normal = createNormal(seed);
  return Array.from({ length: n }, () => mean + sigma * normal());
}

/** Runs lines of R, each of which gives numbers; one list a line. */
export function runR(...lines: string[]): number[][] {
  const script = lines.map((line) => `cat(sprintf("%.17g", ${line}), "\\n")`).join("\n");
  const { status, stdout, stderr } = spawnSync("Rscript", ["--vanilla", "-"], {
    input: script,
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return stdout
    .trim()
    .split("\n")
    .map((row) =>
      row
        .trim()
        .split(/\s+/)
        .map((word) => (word === "Inf" ? Number.POSITIVE_INFINITY : Number(word))),
    );
}

export function vector(values: readonly number[]): string {
  return `c(${values.join(",")})`;
}
