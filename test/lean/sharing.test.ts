// Terms that share much and reductions that are long are accepted with little work: public shapes at which kernels have been
// found to be slow without end (lean-kernel-arena, tests/perf), measured in steps and not in time.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { check } from "#lean/index.ts";
import {
  writeAppLam,
  writeChurch,
  writeIdenticalNesting,
  writeShiftCascade,
  writeUnrolling,
} from "../../bench/lean-shapes.ts";
import { sweep } from "../rig/peer.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-lean-sharing-"));
after(() => rmSync(folder, { recursive: true }));

/** Each with how many steps it may take, some ten times what it takes. */
const SHAPES: Readonly<Record<string, readonly [write: (path: string) => void, workMax: number]>> = {
  "app-lam, 2,000 deep": [(path) => writeAppLam(path, 2000), 1_000_000],
  "shift-cascade, 1,000 lets": [(path) => writeShiftCascade(path, 1000), 1_000_000],
  "Church numerals, 2^16 in two ways": [writeChurch, 5_000_000],
  "identical nesting": [writeIdenticalNesting, 100_000],
  "unrolling against evaluation": [(path) => writeUnrolling(path, 300), 1_000_000],
};

for (const [name, [write, workMax]] of Object.entries(SHAPES)) {
  test(`within ${workMax} steps: ${name}`, { skip: name.startsWith("Church") && sweep() }, () => {
    const file = join(folder, "export.ndjson");
    write(file);
    const { status, problem } = check([readFileSync(file)], { workMax, statements: false });
    assert.equal(status, "accepted", problem?.message ?? "");
  });
}

test("(2^31 + 5) % 256 is computed on the literals", () => {
  const file = join(import.meta.dirname, "vectors/mod-large-quotient.ndjson");
  const { status, problem } = check([readFileSync(file)], { workMax: 500_000 });
  assert.equal(status, "accepted", problem?.message ?? "");
});
