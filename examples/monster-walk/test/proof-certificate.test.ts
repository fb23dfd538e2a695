// The certificate and the programs that decide it: the one in the pipeline, and a third one in Python.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { checkCertificate } from "../checks/certificate.ts";
import { PUBLISHED_ORDER } from "../checks/removal-table.ts";
import type { Claim } from "../mathematics/claim.ts";
import { peer } from "../../../test/rig/peer.ts";
import { FALSEHOODS } from "./proof-falsehoods.ts";
import { proofFiles } from "./proof-files.ts";

const { "certificate.json": certificate, "facts.json": facts } = proofFiles;
const folder = mkdtempSync(join(tmpdir(), "pipelite-certificate-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const CHECKER = join(import.meta.dirname, "../checks/check-certificate.ts");
const PYTHON_CHECKER = join(import.meta.dirname, "proof-certificate-check.py");

function certificateOf(claims: readonly Claim[]): unknown {
  const statements = claims.map((claim, index) => ({ id: String(index), text: claim.kind, claim }));
  return JSON.parse(JSON.stringify({ ...certificate, statements }));
}

function rejectedIn(claims: readonly Claim[]): string[] {
  const findings = checkCertificate(certificateOf(claims));
  return findings.filter((finding) => finding.status === "rejected").map((finding) => finding.id);
}

function fileOf(name: string, value: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(value));
  return path;
}

const allFalse = FALSEHOODS.map((falsehood) => falsehood.claim);
const allTrue = FALSEHOODS.flatMap((falsehood) => falsehood.instead ?? []);

test("every published falsehood is rejected, and the true statement beside it is not", () => {
  const rejected = rejectedIn(allFalse);
  for (const [index, { what }] of FALSEHOODS.entries()) assert.ok(rejected.includes(String(index)), what);
  assert.deepEqual(rejectedIn(allTrue), []);
});

test("the order that the second program holds against is the one of the first", () => {
  assert.equal(PUBLISHED_ORDER.toString(), facts.order.decimal);
});

const claims = certificate.statements.map((statement) => statement.claim);

/** Every statement once for each of its numbers, with that number changed by one. */
const changes = claims.flatMap((claim) =>
  numbersIn(claim).map((path) => {
    const changed = structuredClone(claim);
    bump(changed, path);
    return { claim: changed, field: `${claim.kind}.${path[0] ?? ""}` };
  }),
);

/** Fields that are not all of a statement's content: a statement may still be true when they change. */
const LOOSE = new Set([
  "chance.runs",
  "digit-count.value",
  "frequencies.belowHz",
  "least-base.value",
  "logarithm.value",
  "logarithm.upperThousandths",
  "longest-run.limit",
  "longest-run.position",
  "matches.digits",
  "matches.size",
  "prime.generator",
  "shifted.value",
  "walk.limit",
]);

test("every number of every statement matters: changed by one, the statement is rejected", () => {
  assert.ok(changes.length > 1000);
  const rejected = new Set(rejectedIn(changes.map((change) => change.claim)));
  const accepted = changes.filter((_, index) => !rejected.has(String(index)));
  assert.deepEqual(
    [...new Set(accepted.map((change) => change.field))].filter((field) => !LOOSE.has(field)),
    [],
  );
  assert.ok(accepted.length < changes.length / 20);
});

type Path = (string | number)[];

function numbersIn(value: unknown, path: Path = []): Path[] {
  if (typeof value === "number") return [path];
  if (typeof value === "string") return /^[0-9]+$/.test(value) ? [path] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => numbersIn(item, [...path, key]));
}

function bump(root: object, path: Path): void {
  const parents = path.slice(0, -1);
  const parent = parents.reduce<object>((at, key) => Reflect.get(at, key), root);
  const key = path.at(-1) ?? "";
  const value: unknown = Reflect.get(parent, key);
  Reflect.set(parent, key, typeof value === "number" ? value + 1 : String(BigInt(String(value)) + 1n));
}

test("a certificate that states nothing, says an id twice, or is about another number is refused", () => {
  assert.throws(() => checkCertificate({ ...certificate, statements: [] }), /states nothing/);
  const [first] = certificate.statements;
  assert.throws(() => checkCertificate({ ...certificate, statements: [first, first] }), /id twice/);
  const powers = certificate.powers.map((power) => ({
    ...power,
    exponent: power.exponent + (power.prime === 71 ? 1 : 0),
  }));
  assert.throws(() => checkCertificate({ ...certificate, powers }), /published order/);
  assert.throws(
    () => checkCertificate({ ...certificate, powers: certificate.powers.toReversed() }),
    /ascending/,
  );
  assert.throws(() => checkCertificate({ ...certificate, format: "2" }), /format/);
  assert.throws(() => checkCertificate(null), RangeError);
});

test("a claim of an unknown kind or with a missing field is rejected with the reason", () => {
  const statement = (claim: unknown) => ({ ...certificate, statements: [{ id: "x", text: "x", claim }] });
  assert.match(checkCertificate(statement({ kind: "magic" }))[0]?.reason ?? "", /no rule/);
  assert.match(checkCertificate(statement({ kind: "quotient" }))[0]?.reason ?? "", /removed/);
  assert.match(
    checkCertificate(statement({ kind: "quotient", removed: [7, 7], value: "1" }))[0]?.reason ?? "",
    /not a set/,
  );
  assert.match(checkCertificate(statement(3))[0]?.reason ?? "", /object/);
});

test("the checker's exit code is 0 for the certificate, 3 for a false or broken one, 2 without a file", () => {
  const run = (...args: string[]) => spawnSync(process.execPath, [CHECKER, ...args], { encoding: "utf8" });
  const right = run(fileOf("right.json", certificate));
  assert.equal(right.status, 0, right.stderr);
  assert.equal(
    right.stdout,
    `${certificate.statements.length} of ${certificate.statements.length} statements recomputed\n`,
  );
  const wrong = run(fileOf("wrong.json", certificateOf(allFalse)));
  assert.equal(wrong.status, 3);
  assert.match(wrong.stdout, new RegExp(`^0 of ${allFalse.length} statements recomputed$`, "m"));
  assert.equal(run(fileOf("broken.json", [])).status, 3);
  assert.equal(run(join(folder, "missing.json")).status, 3);
  assert.equal(run().status, 2);
});

function runPython(path: string): { statements: number; rejected: string[] } {
  const { stdout, status, stderr } = spawnSync("python3", [PYTHON_CHECKER, path], { encoding: "utf8" });
  assert.ok(status === 0 || status === 3, stderr);
  return JSON.parse(stdout) as { statements: number; rejected: string[] };
}

test(
  "a third program, in Python, agrees on every true and every false statement",
  { skip: peer("python3") },
  () => {
    const statements = certificate.statements.length;
    assert.deepEqual(runPython(fileOf("python-right.json", certificate)), { statements, rejected: [] });
    const { rejected } = runPython(fileOf("python-mixed.json", certificateOf([...allFalse, ...allTrue])));
    assert.deepEqual(
      rejected,
      allFalse.map((_, index) => String(index)),
    );
  },
);

test("the Python program and ours agree on changed statements", { skip: peer("python3") }, () => {
  const sample = fc.array(fc.constantFrom(...changes), { minLength: 100, maxLength: 100 });
  fc.assert(
    fc.property(sample, (picked) => {
      const changed = picked.map((change) => change.claim);
      assert.deepEqual(
        runPython(fileOf("python-changed.json", certificateOf(changed))).rejected,
        rejectedIn(changed),
      );
    }),
    { numRuns: 1 },
  );
});
