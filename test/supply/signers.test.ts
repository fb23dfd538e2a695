// Everything that signs takes the same signers: a key wherever it is, with timestamps and witnesses, or who has an identity token. By the
// command line, with a Sigstore, an authority and a witness of our own.
import assert from "node:assert/strict";
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { TransparencyLog } from "#home/log.ts";
import { generateKey, writeSigningKey } from "#keys/key-file.ts";
import { readSignatures } from "#release/signatures.ts";
import { parseBundle, writePublicKey } from "#sigstore/index.ts";
import { knownOf, personId, signedByPerson } from "#supply/person.ts";
import { parseNote, verifyNote, writeVerifier } from "#tlog/note.ts";
import { pipelite, type Ended } from "../rig/command.ts";
import { sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";
import { startSigstore, type Sigstore } from "../rig/sigstore.ts";
import { startWitness, type Witness } from "../rig/witness.ts";

const skip = sweep();

describe("whoever signs", { skip }, () => {
  const project = new Project({
    "pipeline.ts": `
import { pipeline, stage } from "pipelite";
export default pipeline({ one: stage(() => import("./one.ts")) });
`,
    "one.ts": 'export default () => ({ "a.txt": "a" });\n',
  });
  const home = project.door;
  const file = (name: string) => join(project.folder, name);
  const key = generateKey();
  let sigstore: Sigstore;
  let witness: Witness;
  let runId = "";
  let env: Record<string, string>;
  /** By a key in a variable, stamped, and with a witness. */
  let byKey: string[];
  /** Without a key. */
  let byIdentity: string[];

  const call = (...words: string[]): Promise<Ended> =>
    pipelite([...words, "--store", project.home], { cwd: project.root, env });
  const good = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await call(...words);
    assert.equal(code, 0, `${words.join(" ")}\n${stdout}${stderr}`);
    return stdout + stderr;
  };

  before(async () => {
    sigstore = await startSigstore();
    witness = await startWitness(() => new TransparencyLog(home).verifier);
    writeSigningKey(file("anna.key"), key);
    writeFileSync(file("signing_config.json"), JSON.stringify(sigstore.signingConfig()));
    writeFileSync(file("trusted_root.json"), JSON.stringify(sigstore.trustedRoot()));
    env = {
      BUILDER_KEY: readFileSync(file("anna.key"), "utf8"),
      SIGSTORE_ID_TOKEN: sigstore.token(),
      PIPELITE_WITNESSES: "",
    };
    const root = ["--trusted-root", file("trusted_root.json")];
    const stamping = ["--key", "env:BUILDER_KEY", "--timestamp", sigstore.timestamps.url, ...root];
    byKey = [...stamping, "--ask", witness.url, "--witness", writeVerifier(witness.signer)];
    byIdentity = ["--key", `sigstore:${file("signing_config.json")}`, ...root];
  });
  after(async () => {
    project[Symbol.dispose]();
    await sigstore[Symbol.asyncDispose]();
    await witness[Symbol.asyncDispose]();
  });

  const bundles = () =>
    readdirSync(home.pathOf(`attestations/${runId}`))
      .toSorted()
      .map((name) => parseBundle(readFileSync(home.pathOf(`attestations/${runId}/${name}`), "utf8")));

  test("attests a run by a key in a variable, with a timestamp and a witness, once", async () => {
    await good("run", "--attest", ...byKey);
    ({ runId } = home.runs.find({ word: "latest" }));
    const [bundle, other] = bundles();
    assert.ok(bundle?.log !== undefined && other === undefined);
    assert.equal(bundle.keyId, key.publicKey.keyId);
    assert.equal(bundle.timestamps?.length, 1);
    assert.notEqual(verifyNote(parseNote(bundle.log.checkpoint), witness.signer), undefined);
    await good("provenance", "--out", file("by-key"), ...byKey);
    const trust = JSON.parse(readFileSync(file("by-key/trust.json"), "utf8")) as Record<string, unknown>;
    assert.deepEqual(trust["witnesses"], [writeVerifier(witness.signer)]);
    const verified = await good("verify", runId, "--trust", file("by-key/trust.json"));
    assert.match(verified, /^holds +provenance\/one/m);
    // What is as good as what would be made stays; what lacks something is made again, beside it.
    await good("run", "--attest", ...byKey);
    assert.equal(bundles().length, 1);
    assert.match(await good("log-audit", ...byKey.slice(-4)), /^holds +witness witness\.example/m);
  });

  test("attests a run by the witness that the home is used with", async () => {
    env["PIPELITE_WITNESSES"] = `${witness.url} ${writeVerifier(witness.signer)}`;
    try {
      await good("run", "--attest");
      const own = bundles().find(({ keyId }) => keyId !== key.publicKey.keyId);
      assert.ok(own?.log);
      assert.notEqual(verifyNote(parseNote(own.log.checkpoint), witness.signer), undefined);
      assert.match(await good("log-audit"), /^holds +witness witness\.example/m);
    } finally {
      env["PIPELITE_WITNESSES"] = "";
    }
  });

  test("attests a run as who has a token, and the home and a trust file tell whom", async () => {
    await good("run", "--attest", ...byIdentity);
    const found = bundles().filter(({ certificate }) => certificate !== undefined);
    assert.equal(found.length, 1);
    assert.match(await good("verify", runId), /under a certificate that names anna@pipelite\.test, by https/);
    await good("provenance", "--out", file("by-identity"), ...byIdentity);
    const trust = JSON.parse(readFileSync(file("by-identity/trust.json"), "utf8")) as object;
    const both = JSON.parse(readFileSync(file("by-key/trust.json"), "utf8")) as object;
    writeFileSync(file("both.json"), JSON.stringify({ ...both, ...trust, witnesses: [], logs: [] }));
    const alone = await call("verify", runId, "--trust", file("by-identity/trust.json"));
    assert.equal(alone.code, 3, "the other bundles are of keys that it does not name");
    // One that nobody here kept is none of this home's.
    const folder = home.pathOf(`attestations/${runId}`);
    const certified = readdirSync(folder).find((name) =>
      /"certificate"/.test(readFileSync(join(folder, name), "utf8")),
    );
    assert.ok(certified);
    cpSync(join(folder, certified), join(folder, "other.sigstore.json"));
    const strange = await call("verify", runId);
    assert.deepEqual([strange.code, /this home did not keep it/.test(strange.stdout)], [3, true]);
    rmSync(join(folder, "other.sigstore.json"));
  });

  test("signs a run with a timestamp, or as who has a token", async () => {
    const sign = (...words: string[]) => good("sign", runId, "-m", "review", "--as", ...words);
    const stamped = await sign("Anna Meier", ...byKey.slice(0, 6));
    assert.match(stamped, /^stamped +20/m);
    await sign("Bert Kunz", ...byIdentity);
    const [anna, bert] = readSignatures(home, runId);
    assert.ok(anna?.isValid === true && anna.stampedAt !== undefined);
    assert.ok(bert?.isValid === true);
    assert.match(
      bert.keyId,
      /^"anna@pipelite\.test", by "https:\/\/issuer\.pipelite\.test", by the root sha256:[0-9a-f]{64}$/,
    );
    const again = await call("sign", runId, "-m", "review", "--as", "Bert Kunz", ...byIdentity);
    assert.deepEqual([again.code, /anna@|Bert Kunz/.test(again.stderr)], [2, true], again.stderr);
    // Without the root nobody knows who vouches for either of them.
    const keys = home.layout.keys;
    const roots = readdirSync(keys).filter((name) => name.endsWith(".root.json"));
    assert.equal(roots.length, 1);
    const [root = ""] = roots;
    const content = readFileSync(join(keys, root));
    rmSync(join(keys, root));
    for (const view of readSignatures(home, runId)) {
      assert.equal(view.isValid, false);
      assert.match(view.problem ?? "", /holds by no trusted root that this home keeps/);
      const bundle = parseBundle(readFileSync(home.pathOf(view.bundleFile), "utf8"));
      assert.throws(() => signedByPerson(knownOf(home), bundle), { code: "BUNDLE_UNVOUCHED", exitCode: 3 });
    }
    writeFileSync(join(keys, root), content);
    assert.equal((await call("verify", runId)).code, 0);
  });

  test("is somebody else by another root: a policy names both", async () => {
    const policyOf = (identity: object): string => {
      const signers = [
        { name: "Anna Meier", role: "reviewer", key: writePublicKey(key.publicKey) },
        { name: "Bert Kunz", role: "releaser", ...identity },
      ];
      const policy = {
        schema: 1,
        audit: "fresh",
        signatures: [{ meaning: "review", role: "reviewer" }],
        signers,
      };
      writeFileSync(file("policy.json"), JSON.stringify({ ...policy, release: { roles: ["releaser"] } }));
      return file("policy.json");
    };
    const identity = { issuer: "https://issuer.pipelite.test", subject: "anna@pipelite.test" };
    const release = (policy: string) =>
      call("release", runId, "--policy", policy, "--as", "Bert Kunz", ...byIdentity);
    writeFileSync(file("other-root.json"), JSON.stringify({ ...sigstore.trustedRoot(), ctlogs: [] }));
    for (const wrong of [
      { identity, trustedRoot: "other-root.json" },
      { identity: { ...identity, subject: "bert@pipelite.test" }, trustedRoot: "trusted_root.json" },
    ]) {
      const refused = await release(policyOf(wrong));
      assert.equal(refused.code, 3, refused.stdout + refused.stderr);
      assert.match(refused.stdout, /releaser +Bert Kunz: not a signer of the policy with that key/);
    }
    for (const [wrong, problem] of [
      [{ identity }, /trustedRoot is not text/],
      [{ identity, root: "x" }, /root is not the SHA-256 of a trusted root/],
      [{ identity, trustedRoot: "trusted_root.json", key: "x" }, /has a key and an identity/],
    ] as const) {
      const { code, stderr } = await release(policyOf(wrong));
      assert.deepEqual([code, problem.test(stderr)], [2, true], stderr);
    }
    const released = await release(policyOf({ identity, trustedRoot: "trusted_root.json" }));
    assert.equal(released.code, 0, released.stdout + released.stderr);
    const verified = await good("verify", runId, "--policy", file("policy.json"));
    assert.match(verified, /^holds +release +by Bert Kunz/m);
    // Whoever has another token is nobody that the policy names.
    env["SIGSTORE_ID_TOKEN"] = sigstore.token({ email: "eve@pipelite.test" });
    const eve = await release(file("policy.json"));
    assert.equal(eve.code, 3, eve.stdout + eve.stderr);
    env["SIGSTORE_ID_TOKEN"] = sigstore.token();
  });

  test("is nobody else whose words come to the same when they are put together", () => {
    const [subject, issuer] = ["a, by https://x", "https://y"];
    const others = [
      ["a", "https://x, by https://y"],
      ['a", by "https://x', "https://y"],
    ] as const;
    for (const [a, b] of others)
      assert.notEqual(personId({ subject, issuer }, "0"), personId({ subject: a, issuer: b }, "0"));
  });

  test("is said what does not go together, before anything is built", async () => {
    const other = writeVerifier(witness.signer);
    for (const [words, problem] of [
      [["run", "--key", "env:BUILDER_KEY"], /--attest is missing/],
      [["run", "--ask", witness.url, "--witness", other], /--attest is missing/],
      [["run", "--attest", "--witness", other], /--ask is missing/],
      [["run", "--attest", "--ask", witness.url], /--witness is missing/],
      [["run", "--attest", "--ask", witness.url, "--witness", "x"], /Cannot read the key 'x'|'x'/],
      [["run", "--attest", "--timestamp", "https://tsa.test"], /--trusted-root is missing/],
      [
        ["run", "--attest", ...byIdentity, "--ask", witness.url, "--witness", other],
        /sigstore: and --ask together/,
      ],
      [["run", "--attest", "--sandbox", "none", "--key", "env:BUILDER_KEY"], /could read it/],
      [["run", "--attest", "--sandbox", "none", ...byIdentity], /SIGSTORE_ID_TOKEN/],
      [["release", runId, "--attest-key", "env:BUILDER_KEY"], /--key is missing/],
      [
        ["release", runId, "--as", "Anna Meier", "--key", file("anna.key"), "--attest-key", "command:x"],
        /what attests here is a file/,
      ],
    ] as const) {
      const { code, stderr } = await call(...words);
      assert.deepEqual([code, problem.test(stderr)], [2, true], `${words.join(" ")}\n${stderr}`);
    }
  });
});
