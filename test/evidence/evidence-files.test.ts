// Places that claims point at: JSON pointers with wildcards, and texts that point at nothing of a run.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { isPipeliteError } from "#base/errors.ts";
import { EvidenceFiles, lookUp, parseReference } from "#evidence/evidence-files.ts";
import type { Value } from "#formula/formula.ts";
import type { StageRecord } from "#home/run-record.ts";
import { finish } from "#base/steps.ts";
import { outputClaimSteps } from "#evidence/output-claims.ts";

const PATH = "/nix/store/00000000000000000000000000000000-x";

test("a place is a record's pointer, or a store path, a file in it and a pointer", () => {
  assert.deepEqual(parseReference("run.json#/a/b"), { kind: "record", pointer: "/a/b" });
  assert.deepEqual(parseReference(PATH), { kind: "store", path: PATH, file: "", pointer: undefined });
  assert.deepEqual(parseReference(`${PATH}/a/b.json#/c#d`), {
    kind: "store",
    path: PATH,
    file: "a/b.json",
    pointer: "/c#d",
  });
});

for (const text of [
  "",
  "run.json",
  "looked at it",
  "/etc/passwd",
  `${PATH}/../y`,
  "/nix/store/x",
  `${PATH}/a/../../b#/`,
])
  test(`'${text}' is no place of a run`, () => assert.equal(parseReference(text), undefined));

test("a place whose name no file system takes is not there", () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-evidence-"));
  const read = (name: string) => () => new EvidenceFiles().read({ path: folder, shown: PATH }, `${name}#/a`);
  // 128 characters, 256 bytes.
  for (const name of ["x".repeat(256), "é".repeat(128), `a/${"x".repeat(5000)}`])
    assert.throws(read(name), (error) => isPipeliteError(error, "EVIDENCE_MISSING"), name);
  rmSync(folder, { recursive: true });
});

test("an output that is one file has no verdict, and nothing is below it", () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-evidence-"));
  const file = join(folder, "output");
  writeFileSync(file, "text");
  const stage: StageRecord = {
    name: "a",
    kind: "command",
    status: "built",
    place: "",
    inputs: [],
    durationMs: 1,
  };
  const stages = [{ ...stage, outPath: PATH, drvPath: `${PATH}.drv`, narHash: "sha256:00", narSize: 120 }];
  const claims = finish(outputClaimSteps({ stages, materials: [], results: { a: PATH } }, () => file));
  assert.deepEqual(
    claims.map(({ id, value }) => [id, value]),
    [
      ["a/nar-hash", "sha256:00"],
      ["a/nar-size", 120],
      ["a/files", 1],
      ["a/bytes", 4],
    ],
  );
  assert.throws(
    () => new EvidenceFiles().read({ path: file, shown: PATH }, "x.json#/a"),
    (error) => isPipeliteError(error, "EVIDENCE_MISSING"),
  );
  rmSync(folder, { recursive: true });
});

test("a formula reads nothing outside of what was hashed, whatever it names", () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-evidence-"));
  const base = join(folder, "output");
  mkdirSync(join(base, "in"), { recursive: true });
  writeFileSync(join(folder, "secret.json"), '{"token":"s"}');
  writeFileSync(join(base, "in", "m.json"), '{"n":1}');
  symlinkSync("../secret.json", join(base, "link.json"));
  symlinkSync("..", join(base, "up"));
  symlinkSync("secret.json", join(folder, "whole"));
  const files = new EvidenceFiles();
  assert.equal(files.read({ path: base, shown: PATH }, "in/m.json#/n"), 1);
  for (const reference of [
    "../secret.json#/token",
    "in/../../secret.json#/token",
    `${"../".repeat(20)}${folder}/secret.json#/token`,
    `${folder}/secret.json#/token`,
    "./in/m.json#/n",
    "in//m.json#/n",
    "in/m.json/../m.json#/n",
    "link.json#/token",
    "up/secret.json#/token",
    "in/m.json\0#/n",
  ])
    assert.throws(
      () => files.read({ path: base, shown: PATH }, reference),
      (error) => isPipeliteError(error, "EVIDENCE_MISSING") && !error.message.includes("'s'"),
      reference,
    );
  assert.throws(
    () => files.read({ path: join(folder, "whole"), shown: PATH }, "#/token"),
    (error) => isPipeliteError(error, "EVIDENCE_MISSING"),
  );
  rmSync(folder, { recursive: true });
});

test("a verdict that two readers could read differently can't be read", () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-evidence-"));
  writeFileSync(join(folder, "verdict.json"), '{"status":"failed","checks":[],"status":"passed"}');
  const stage: StageRecord = {
    name: "a",
    kind: "stage",
    status: "built",
    place: "",
    inputs: [],
    durationMs: 1,
  };
  const stages = [{ ...stage, outPath: PATH, drvPath: `${PATH}.drv`, narHash: "sha256:00", narSize: 120 }];
  const claims = finish(outputClaimSteps({ stages, materials: [], results: { a: PATH } }, () => folder));
  const verdict = claims.find(({ id }) => id === "a/verdict");
  assert.equal(verdict?.status, "failed");
  assert.match(verdict?.statement ?? "", /can't be read/);
  rmSync(folder, { recursive: true });
});

const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Value>;

test("a pointer without a wildcard leads where RFC 6901 says, whatever the names are", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1 }), { maxLength: 4 }), json, (names, leaf) => {
      if (names.includes("*") || names.includes("__proto__")) return;
      const value = names.reduceRight<Value>((inner, name) => ({ [name]: inner, other: 1 }), leaf);
      const hidden = names.includes("other") ? names.indexOf("other") : names.length;
      if (hidden < names.length) return;
      const pointer = names.map((name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
      assert.deepEqual(lookUp(value, pointer, "x.json"), leaf);
    }),
  );
});

test("a wildcard gives the members in order, null where one lacks the rest, and lists in lists for two", () => {
  const value = { list: [{ a: 1, b: [1, 2] }, { b: [3] }, { a: 3, b: [] }] };
  assert.deepEqual(lookUp(value, "/list/*/a", "x"), [1, null, 3]);
  assert.deepEqual(lookUp(value, "/list/*/b/*", "x"), [[1, 2], [3], []]);
  assert.deepEqual(lookUp({ a: 1, b: 2 }, "/*", "x"), [1, 2]);
  assert.deepEqual(lookUp(value, "", "x"), value);
});

for (const pointer of ["/none", "/list/3", "/list/length", "/list/0/a/b", "list", "/constructor"])
  test(`nothing is at ${pointer}: EVIDENCE_MISSING`, () => {
    assert.throws(
      () => lookUp({ list: [{ a: 1 }] }, pointer, "x.json"),
      (error) => isPipeliteError(error, "EVIDENCE_MISSING"),
    );
  });

test("a file that is reached through a link is no evidence, whatever it leads to", () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-evidence-"));
  try {
    mkdirSync(join(folder, "out/real"), { recursive: true });
    writeFileSync(join(folder, "out/real/x.json"), '{"v":7}');
    symlinkSync("real", join(folder, "out/link"));
    symlinkSync("real/x.json", join(folder, "out/x.json"));
    const read = (file: string) =>
      new EvidenceFiles().read({ path: join(folder, "out"), shown: "out" }, `${file}#/v`);
    assert.equal(read("real/x.json"), 7);
    for (const file of ["link/x.json", "x.json"])
      assert.throws(
        () => read(file),
        (error) => isPipeliteError(error, "EVIDENCE_MISSING") && /symbolic/.test(error.message),
      );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("evidence with a number that 64 bits can't hold is no evidence: it would pass any lower limit", () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-evidence-"));
  writeFileSync(join(folder, "m.json"), '{"big":1e400,"zero":-0}');
  writeFileSync(join(folder, "n.json"), '{"zero":-0,"none":NaN}');
  writeFileSync(join(folder, "z.json"), '{"zero":-0}');
  const files = new EvidenceFiles();
  const place = (file: string) => ({ path: join(folder, file), shown: file });
  for (const [file, problem] of [
    ["m.json", /a number is too large/],
    ["n.json", /it is not JSON/],
  ] as const)
    assert.throws(
      () => files.read(place(file), "#/zero"),
      (error) => isPipeliteError(error, "EVIDENCE_MISSING") && problem.test(error.message),
    );
  assert.ok(Object.is(files.read(place("z.json"), "#/zero"), 0));
  rmSync(folder, { recursive: true });
});
