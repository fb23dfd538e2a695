import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { BUILT_IN, POLICY_FILE, readPolicy } from "#release/policy.ts";
import { writePublicKey } from "#sigstore/index.ts";
import { person } from "./rig.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-policy-"));
after(() => rmSync(folder, { recursive: true }));
const pipelineFile = join(folder, "pipeline.ts");
const file = join(folder, POLICY_FILE);
const [anna, bert] = ["Anna", "Bert"].map((name) => {
  const pem = writePublicKey(person(name).key.publicKey);
  writeFileSync(join(folder, `${name}.pub`), pem);
  return { name, role: "quality", pem };
});
assert.ok(anna && bert);

function read(policy: object, own?: string) {
  writeFileSync(file, JSON.stringify(policy));
  return readPolicy(pipelineFile, own);
}

test("without a file the built-in policy is applied; a file beside pipeline.ts is found", () => {
  rmSync(file, { force: true });
  const { policy, source, digest } = readPolicy(pipelineFile);
  assert.deepEqual([policy, source], [BUILT_IN, "built-in"]);
  const read1 = read({ schema: 1 });
  assert.equal(read1.source, file);
  assert.deepEqual(read1.policy, BUILT_IN, "what a file leaves out is as in the built-in policy");
  assert.equal(read1.digest, digest);
  assert.notEqual(read({ schema: 1, sandboxes: ["bubblewrap"] }).digest, digest);
});

test("a folder in the place of the policy is named; dates are those of ISO 8601 and of no machine's zone", () => {
  rmSync(file, { force: true });
  mkdirSync(file);
  try {
    assert.throws(
      () => readPolicy(pipelineFile),
      (error) => isPipeliteError(error, "POLICY_INVALID") && error.details["file"] === file,
    );
  } finally {
    rmSync(file, { recursive: true });
  }
  const keyAt = (key: string) => read({ schema: 1, signers: [{ name: "Anna", role: "quality", key }] });
  // A folder, and a name that no file system takes.
  for (const key of [".", "x".repeat(300)])
    assert.throws(
      () => keyAt(key),
      (error) => isPipeliteError(error, "POLICY_INVALID"),
      key,
    );
  const revokedAt = (revoked: string) =>
    read({ schema: 1, signers: [{ name: "Anna", role: "quality", key: "Anna.pub", revoked }] }).policy
      .signers;
  for (const [text, at] of [
    ["2026-02-28", "2026-02-28T00:00:00.000Z"],
    ["2028-02-29T12:00Z", "2028-02-29T12:00:00.000Z"],
    ["2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00.000Z"],
  ] as const)
    assert.equal((revokedAt(text) as readonly { revoked?: string }[])[0]?.revoked, at);
  for (const text of [
    "hello 1",
    "2026-02-29",
    "2026-02-31T00:00:00Z",
    "2026-01-01T10:00",
    "2026-01-01 10:00Z",
    "2026",
    "13",
  ])
    assert.throws(
      () => revokedAt(text),
      (error) => isPipeliteError(error, "POLICY_INVALID") && /revoked is not a date/.test(error.message),
      text,
    );
});

test("a link to a policy that is gone is not the built-in policy", () => {
  rmSync(file, { force: true });
  symlinkSync("moved-away.json", file);
  try {
    assert.throws(
      () => readPolicy(pipelineFile),
      (error) => isPipeliteError(error, "POLICY_NOT_FOUND"),
    );
  } finally {
    rmSync(file);
  }
});

test("keys are named by file or written into the policy; the digest follows the key, not its place", () => {
  const signer = { name: anna.name, role: "quality" };
  const byFile = read({ schema: 1, signers: [{ ...signer, key: "Anna.pub" }] });
  const inline = read({ schema: 1, signers: [{ ...signer, key: anna.pem }] });
  assert.equal(byFile.digest, inline.digest);
  const other = read({ schema: 1, signers: [{ ...signer, key: "Bert.pub" }] });
  assert.notEqual(byFile.digest, other.digest);
});

test("wrong policies are refused with what is wrong about them", () => {
  const signers = [{ name: "Anna", role: "quality", key: "Anna.pub" }];
  const wrong: [RegExp, object][] = [
    [/its schema must be 1/, {}],
    [/unknown member 'audits'/, { schema: 1, audits: "fresh" }],
    [/audit must be one of fresh, stored/, { schema: 1, audit: "none" }],
    [/deviations has an unknown member/, { schema: 1, deviations: { block: [] } }],
    [/deviations.blocking must be one of/, { schema: 1, deviations: { blocking: ["grave"] } }],
    [/a meaning must be one of/, { schema: 1, signatures: [{ meaning: "blessing" }] }],
    [/sandboxes is not a list/, { schema: 1, sandboxes: "none" }],
    [/no file .*Nobody.pub/, { schema: 1, signers: [{ name: "N", role: "r", key: "Nobody.pub" }] }],
    [
      /Anna and Zoe have one name or one key/,
      { schema: 1, signers: [...signers, { ...signers[0], name: "Zoe" }] },
    ],
    [/Anna and Anna have one name/, { schema: 1, signers: [...signers, { ...signers[0], key: "Bert.pub" }] }],
    [
      /no signer has the role 'doctor'/,
      { schema: 1, signers, signatures: [{ meaning: "review", role: "doctor" }] },
    ],
    [/no signer has the role 'doctor'/, { schema: 1, signers, release: { roles: ["doctor"] } }],
    [/release.roles has no role/, { schema: 1, signers, release: { roles: [] } }],
    [/sandboxes must be one of starter, /, { schema: 1, sandboxes: ["Starter"] }],
    [
      /Anna signs from 2027-01-01T\S+ until 2026-06-01T\S+, which is never/,
      { schema: 1, signers: [{ ...signers[0], from: "2027-01-01", until: "2026-06-01" }] },
    ],
  ];
  for (const [problem, policy] of wrong) {
    assert.throws(
      () => read(policy),
      (error) => isPipeliteError(error, "POLICY_INVALID") && problem.test(error.message),
      String(problem),
    );
  }
  writeFileSync(file, "{");
  assert.throws(
    () => readPolicy(pipelineFile),
    (error) => isPipeliteError(error, "POLICY_INVALID"),
  );
  assert.throws(
    () => readPolicy(pipelineFile, join(folder, "none.json")),
    (error) => isPipeliteError(error, "POLICY_NOT_FOUND"),
  );
});

test("a policy that two readers could read differently is none", () => {
  writeFileSync(file, '{"schema":1,"audit":"fresh","audit":"stored"}');
  assert.throws(
    () => readPolicy(pipelineFile),
    (error) => isPipeliteError(error, "POLICY_INVALID") && /"audit" stands twice/.test(error.message),
  );
});
