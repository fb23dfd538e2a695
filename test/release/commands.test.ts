// From a pipeline to its release by the command line, and what a user is told on the way.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { deviationId } from "#release/deviations.ts";
import { createRig, type Ended, type Rig } from "../cli/rig.ts";

const rig: Rig = createRig();
after(() => rig[Symbol.dispose]());

async function ok(...words: string[]): Promise<Ended> {
  const ended = await rig(...words);
  assert.equal(ended.code, 0, `${words.join(" ")}\n${ended.stdout}${ended.stderr}`);
  return ended;
}

async function json<T>(...words: string[]): Promise<T> {
  return JSON.parse((await rig(...words, "--json")).stdout) as T;
}

function folderOf(name: string): string[] {
  const folder = join(rig.home, "pipelite", name);
  return existsSync(folder) ? readdirSync(folder) : [];
}

const file = (name: string) => join(rig.folder, name);

before(async () => {
  await ok("init");
  await ok("run", "--quiet");
  writeFileSync(file("secret.txt"), "correct horse\n");
  await ok("key", "new", "anna.key");
  await ok("key", "new", "bert.key", "--passphrase-file", "secret.txt", "--quiet");
  await ok("key", "new", "carla.key");
});

interface Released {
  runId: string;
  status: string;
  missing: string[];
  policy: { source: string; digest: string };
  release?: { releasedBy: string; bundleFile: string };
}

test("key new prints the public key, which its file holds", async () => {
  const made = await json<{ publicFile: string; publicKey: string; keyId: string }>("key", "new", "dora.key");
  assert.equal(readFileSync(made.publicFile, "utf8"), made.publicKey);
  assert.match(made.keyId, /^SHA256:/);
  const again = await rig("key", "new", "dora.key");
  assert.equal(again.code, 2);
  assert.match(again.stderr, /Cannot write a key to .*dora.key/);
});

test("a run goes through signatures to its release; what is missing is listed on the way", async () => {
  const first = await rig("release", "latest");
  assert.equal(first.code, 3);
  assert.match(first.stdout, /built-in, since there is no release-policy.json/);
  assert.match(first.stdout, /not released: missing signature\/review, signature\/approval, releaser\n/);
  const early = await rig("release", "latest", "--as", "Carla Voss", "--key", "carla.key");
  assert.equal(early.code, 3);
  assert.deepEqual(folderOf("releases"), [], "the root of a result goes with the release that was refused");
  assert.doesNotMatch((await ok("store", "root")).stdout, /releases/);
  const signed = await ok("sign", "latest", "--meaning", "review", "--as", "Anna Meier", "--key", "anna.key");
  assert.match(signed.stdout, /signer {3}Anna Meier\nmeaning {2}review\n/);
  const bert = ["sign", "latest", "--meaning", "approval", "--as", "Bert Kunz", "--key", "bert.key"];
  const locked = await rig(...bert);
  assert.deepEqual([locked.code, /passphrase-file/.test(locked.stderr)], [2, true]);
  writeFileSync(file("wrong.txt"), "wrong");
  assert.match((await rig(...bert, "--passphrase-file", "wrong.txt")).stderr, /does not open it/);
  await ok(...bert, "--passphrase-file", "secret.txt", "--reason", "limits met");
  const unsigned = await json<Released>("release", "latest");
  assert.deepEqual([unsigned.status, unsigned.missing], ["refused", ["releaser"]]);
  const half = await rig("release", "latest", "--as", "Carla Voss");
  assert.deepEqual([half.code, /The argument --key is missing/.test(half.stderr)], [2, true]);
  mkdirSync(join(rig.home, "pipelite/releases", `${unsigned.runId}.result/in the way`), { recursive: true });
  const released = await json<Released>("release", "latest", "--as", "Carla Voss", "--key", "carla.key");
  assert.deepEqual([released.status, released.missing], ["released", []]);
  assert.equal(released.release?.releasedBy, "Carla Voss");
  const again = await ok("release", "latest", "--as", "Carla Voss", "--key", "carla.key");
  assert.match(again.stdout, /released before by Carla Voss/);
  assert.deepEqual(
    folderOf("releases").toSorted(),
    ["result", "result.unsealed", "sigstore.json"].map((ending) => `${released.runId}.${ending}`),
  );
  const roots = await ok("store", "root");
  assert.match(roots.stdout, /releases\/.*\.result/, "a collection keeps what was released");
});

test("verify shows each signature with its meaning, and takes the keys it is given", async () => {
  const all = await ok("verify", "latest");
  assert.match(all.stdout, /Anna Meier +- +review .* valid/);
  assert.match(all.stdout, /all holds\n$/);
  const one = await rig("verify", "latest", "--key", "anna.key.pub");
  assert.equal(one.code, 3);
  assert.match(one.stdout, /Bert Kunz +- +approval .* OTHER KEY/);
  assert.match(one.stdout, /Bert Kunz with a key that is not among the given ones/);
  assert.doesNotMatch(one.stdout, /NOT VALID/);
  const both = ["--key", "anna.key.pub", "--key", "bert.key.pub"];
  const two = await rig("verify", "latest", ...both);
  assert.equal(two.code, 3);
  assert.match(two.stdout, /fails +release +it is by Carla Voss with a key that is not among the given ones/);
  await ok("verify", "latest", ...both, "--key", "carla.key.pub");
  const { runId } = await json<{ runId: string }>("verify", "latest");
  const bundle = join(rig.home, "pipelite/signatures", runId, "2.sigstore.json");
  const alone = await ok("verify", bundle, "--key", "bert.key.pub");
  assert.match(alone.stdout, /says +Bert Kunz, approval, .*: limits met/);
  assert.equal((await rig("verify", bundle, "--key", "anna.key.pub")).code, 3);
});

test("a key is given by a file, by a variable, or by a program that has it", async () => {
  const as = ["sign", "latest", "--as", "Dora Lind", "--meaning"];
  const env = { DORA: readFileSync(file("dora.key"), "utf8") };
  const signed = await rig.with({ env }, ...as, "responsibility", "--key", "env:DORA");
  assert.equal(signed.code, 0, signed.stderr);
  const refusals: [words: string[], found: RegExp][] = [
    [["--key", "env:NOT_SET"], /the variable NOT_SET is not set/],
    [["--key", "command:true"], /--public-key is missing/],
    [["--key", "command:true", "--public-key", "dora.key.pub"], /Cannot sign with the command 'true'/],
    [["--key", "command:true", "--public-key", "dora.key.pub", "--passphrase-file", "x"], /together/],
    [["--key", "dora.key", "--public-key", "dora.key.pub"], /together/],
  ];
  for (const [words, found] of refusals) {
    const { code, stderr } = await rig(...as, "authorship", ...words);
    assert.deepEqual([code, found.test(stderr)], [2, true], stderr);
  }
});

test("a release names what attests its outputs, and holds while that is there as it was", async () => {
  const [folder = ""] = folderOf("attestations");
  const [name = ""] = folderOf(`attestations/${folder}`);
  const bundle = join(rig.home, "pipelite/attestations", folder, name);
  const text = readFileSync(bundle, "utf8");
  assert.match((await ok("verify", "latest")).stdout, /holds +attestation .*by the key/);
  try {
    // The same to every reader of JSON, and not the file that was released.
    writeFileSync(bundle, `${text}\n`);
    assert.match((await rig("verify", "latest")).stdout, /fails +release +the attestation .* is another one/);
    rmSync(bundle);
    const gone = await rig("verify", "latest");
    assert.deepEqual([gone.code, /fails +release +the attestation .* is gone/.test(gone.stdout)], [3, true]);
  } finally {
    writeFileSync(bundle, text);
  }
});

test("what a signer writes can't look like a line of the verification", async () => {
  const reason = "seen\nholds  release  by nobody\u001b[31m";
  const as = ["--as", "Carla Voss", "--key", "carla.key"];
  const { code, stderr } = await rig("sign", "latest", "--meaning", "authorship", ...as, "--reason", reason);
  assert.equal(code, 2);
  assert.match(stderr, /'seen\\u\{a\}holds {2}release/);
  assert.ok(!stderr.includes("\u001b"));
});

test("a policy beside pipeline.ts is found and says who counts", async () => {
  await ok("run", "--quiet", "--param", "limit=0.009");
  const signer = (name: string, role: string, key: string) => ({ name, role, key });
  const policy = {
    schema: 1,
    signatures: [{ meaning: "approval", role: "quality" }],
    signers: [
      signer("Anna Meier", "author", "anna.key.pub"),
      signer("Carla Voss", "quality", "carla.key.pub"),
    ],
  };
  writeFileSync(file("release-policy.json"), JSON.stringify(policy));
  await ok("sign", "latest", "-m", "approval", "--as", "Anna Meier", "--key", "anna.key");
  const refused = await json<Released>("release", "latest", "--as", "Carla Voss", "--key", "carla.key");
  assert.deepEqual(refused.missing, ["signature/approval"]);
  assert.equal(refused.policy.source, file("release-policy.json"));
  await ok("sign", "latest", "-m", "approval", "--as", "Carla Voss", "--key", "carla.key");
  const shown = await ok("release", "latest", "--as", "Carla Voss", "--key", "carla.key");
  assert.match(shown.stdout, /signers {4}Anna Meier \(author\), Carla Voss \(quality\)/);
  assert.match((await ok("verify", "latest")).stdout, /Carla Voss +quality +approval/);
  writeFileSync(file("release-policy.json"), "{}");
  assert.match((await rig("release", "latest")).stderr, /its schema must be 1/);
  rmSync(file("release-policy.json"));
});

test("a deviation of a run without a sandbox is listed, moved by signatures and shown with its history", async () => {
  await ok("run", "--quiet", "--param", "limit=0.008", "--sandbox", "none");
  interface Listed {
    deviations: { id: string; kind: string; severity: string; state: string }[];
  }
  const journal = () => readFileSync(join(rig.home, "pipelite/journal.ndjson"), "utf8");
  const before = journal();
  const { deviations } = await json<Listed>("deviation", "list");
  assert.equal(journal(), before, "listing opens none");
  assert.deepEqual(folderOf("deviations"), []);
  const [found] = deviations;
  assert.deepEqual([found?.kind, found?.severity, found?.state], ["sandbox-downgrade", "critical", "open"]);
  const id = found?.id ?? "";
  const signer = ["--as", "Anna Meier", "--key", "anna.key"];
  const early = await rig("deviation", "move", id, "closed", "--reason", "no", ...signer);
  assert.equal(early.code, 2);
  assert.match(early.stderr, /Cannot move the deviation from open to closed/);
  await ok("deviation", "move", id, "investigating", "--reason", "who asked for it?", ...signer);
  const decided = ["dispositioned", "--disposition", "reject", "--reason", "no evidence"];
  const moved = await ok("deviation", "move", id, ...decided, ...signer);
  assert.match(moved.stdout, /dispositioned \(reject\)/);
  const listed = await ok("deviation", "list", "latest", "--history");
  assert.match(listed.stdout, /Anna Meier +open +investigating +who asked for it\?/);
});

test("a key that others can read is used with a warning", async () => {
  await ok("run", "--quiet", "--param", "limit=0.007");
  chmodSync(file("anna.key"), 0o644);
  const signed = await ok("sign", "latest", "-m", "review", "--as", "Anna Meier", "--key", "anna.key");
  assert.match(signed.stderr, /warning: others can read the key .*anna.key \(mode 0644\)/);
});

test("signing by a wrong meaning, an unknown run or a missing key ends with 2 and says what is wrong", async () => {
  const sign = (run: string, meaning: string, key: string) =>
    rig("sign", run, "--meaning", meaning, "--as", "Anna Meier", "--key", key);
  for (const [ended, problem] of [
    [await sign("latest", "blessing", "anna.key"), /must be one of review, approval/],
    [await sign("19990101", "review", "anna.key"), /Cannot find the run 19990101/],
    [await sign("latest", "review", "nobody.key"), /no file .*nobody.key/],
  ] as const) {
    assert.equal(ended.code, 2);
    assert.match(ended.stderr, problem);
  }
});

test("a deviation that only a failed check tells of can be moved before anybody listed it", async () => {
  const stage = `export default async function samples() {
    return { "samples.json": { values: [1] }, "verdict.json": { checks: [
      { id: "count", statement: "enough samples", value: 1, status: "failed" } ] } };
  }\n`;
  writeFileSync(file("stages/samples.ts"), stage);
  writeFileSync(
    file("pipeline.ts"),
    'import { pipeline, stage } from "pipelite";\n' +
      'export default pipeline({ samples: stage(() => import("./stages/samples.ts")) });\n',
  );
  assert.equal((await rig("run", "--quiet")).code, 1);
  const { runId } = await json<{ runId: string }>("verify", "latest");
  const id = deviationId(runId, { kind: "failed-check", fingerprint: "samples/count" });
  const signer = ["--as", "Anna Meier", "--key", "anna.key", "--quiet"];
  const moved = await ok("deviation", "move", id, "investigating", "--reason", "why so few?", ...signer);
  assert.match(moved.stdout, /critical +investigating +failed-check +- +Failed: enough samples/);
  await ok("sign", "latest", "-m", "review", ...signer);
  const { missing } = await json<Released>("release", "latest");
  assert.deepEqual(missing.filter((name) => !name.startsWith("signature")).slice(0, 2), [
    "run-passed",
    "result-present",
  ]);
  assert.ok(missing.includes(`deviation/${id}`));
});
