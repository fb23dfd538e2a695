// The certificate and the program that decides it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { checkCertificate } from "../checks/certificate.ts";
import { PUBLISHED_ORDER } from "../checks/removal-table.ts";
import type { Claim } from "../mathematics/claim.ts";
import { proofFiles } from "./proof-files.ts";

const { "certificate.json": certificate, "facts.json": facts } = proofFiles;
const folder = mkdtempSync(join(tmpdir(), "pipelite-certificate-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const CHECKER = join(import.meta.dirname, "../checks/check-certificate.ts");

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

/** Statements that were once published as verified, though they are false, and beside each the true one. */
const FALSEHOODS: readonly { what: string; claim: Claim; instead?: Claim }[] = [
  {
    what: "a quotient of two digits begins with 71 and as many zeros as one likes",
    claim: { kind: "matches", digits: "71".padEnd(21, "0"), count: 1 },
    instead: { kind: "matches", digits: "71".padEnd(21, "0"), count: 0 },
  },
  {
    what: "the chord repeats no sooner than after 4410 samples",
    claim: { kind: "period", fundamentalHz: 220, sampleRateHz: 44_100, samples: 4410 },
    instead: { kind: "period", fundamentalHz: 220, sampleRateHz: 44_100, samples: 2205 },
  },
  {
    what: "the harmonic of 71 is at 15610 Hz",
    claim: { kind: "highest", prime: 71, fundamentalHz: 220, frequencyHz: 15_610 },
    instead: { kind: "highest", prime: 71, fundamentalHz: 220, frequencyHz: 15_620 },
  },
  {
    what: "71 is the quietest",
    claim: { kind: "quietest", prime: 71, exponent: 1, denominator: 2 },
    instead: { kind: "quietest", prime: 2, exponent: 46, denominator: 47 },
  },
  {
    what: "eighteen removals keep 808",
    claim: { kind: "matches", digits: "808", count: 18 },
    instead: { kind: "matches", digits: "808", count: 17 },
  },
  {
    what: "20 bars of 8/8 at 80 crotchets a minute last five minutes",
    claim: { kind: "bars", bars: 20, beatsPerBar: 8, beatUnit: 8, crotchetsPerMinute: 80, seconds: 300 },
    instead: { kind: "bars", bars: 20, beatsPerBar: 8, beatUnit: 8, crotchetsPerMinute: 80, seconds: 60 },
  },
  { what: "2047 is prime, as Fermat's test to base 2 has it", claim: { kind: "prime", value: 2047 } },
];
const allFalse = FALSEHOODS.map((falsehood) => falsehood.claim);

test("every published falsehood is rejected, and the true statement beside it is not", () => {
  const rejected = rejectedIn(allFalse);
  for (const [index, { what }] of FALSEHOODS.entries()) assert.ok(rejected.includes(String(index)), what);
  assert.deepEqual(rejectedIn(FALSEHOODS.flatMap((falsehood) => falsehood.instead ?? [])), []);
});

test("a group that gives its digits, but is not the first of its size, is rejected", () => {
  const walk = certificate.statements.map(({ claim }) => claim).find(({ kind }) => kind === "walk");
  const text = JSON.stringify(walk);
  assert.deepEqual(rejectedIn([JSON.parse(text.replace("[3,13,31,71]", "[5,11,23,31]"))]), ["0"]);
  assert.deepEqual(rejectedIn([JSON.parse(text)]), []);
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
const LOOSE = new Set(["chance.runs", "frequencies.belowHz", "matches.digits", "prime.value", "walk.limit"]);

test("every number of every statement matters: changed by one, the statement is rejected", () => {
  assert.ok(changes.length > 300);
  const rejected = new Set(rejectedIn(changes.map((change) => change.claim)));
  const accepted = changes.filter((_, index) => !rejected.has(String(index)));
  assert.deepEqual(
    [...new Set(accepted.map((change) => change.field))].filter((field) => !LOOSE.has(field)),
    [],
  );
  assert.ok(accepted.length < changes.length / 10);
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
