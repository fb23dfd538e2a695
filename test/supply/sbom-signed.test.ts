// A signed bill of materials: what is signed, who reads it, and what a trust file that asks for the signature does not take.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { canonicalJson } from "#base/canonical-json.ts";
import { generateKey, writeSigningKey } from "#keys/key-file.ts";
import { parseBundle, parseStatement, signStatement, writeBundle } from "#sigstore/index.ts";
import type { Statement } from "#sigstore/statement.ts";
import { attest, builderKey } from "#supply/attest.ts";
import { pipelite, type Ended } from "../rig/command.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

// Some seconds of a run and of hashing what it was built from.
const skip = sweep();
const project = new Project({
  "pipeline.ts":
    'import { pipeline, stage } from "pipelite";\nexport default pipeline({ one: stage(() => import("./one.ts")) });\n',
  "one.ts": 'import left from "left";\nexport default () => ({ "a.json": left });\n',
  "node_modules/left/package.json": JSON.stringify({ name: "left", version: "1.2.3", license: "MIT" }),
  "node_modules/left/index.js": "module.exports = 1;\n",
});
const out = join(project.folder, "out");
const file = (name: string) => join(out, name);
after(() => project[Symbol.dispose]());

function call(...words: string[]): Promise<Ended> {
  return pipelite([...words, "--store", project.home], { cwd: project.root });
}

before(async () => {
  if (skip !== false) return;
  await project.run();
  for (const words of [
    ["provenance", "--out", out],
    [
      "sbom",
      "--closure",
      "both",
      "--format",
      "cyclonedx",
      "--format",
      "spdx",
      "--format",
      "spdx3",
      "--sign",
      "--out",
      out,
    ],
  ]) {
    const { code, stderr } = await call(...words);
    assert.equal(code, 0, stderr);
  }
});

function bundleOf(name: string): { statement: Statement; text: string } {
  const text = readFileSync(file(name), "utf8");
  return { text, statement: parseStatement(parseBundle(text).payload) };
}

async function verify(trust: object, folder = out): Promise<Ended> {
  const written = JSON.parse(readFileSync(file("trust.json"), "utf8")) as object;
  const path = join(project.folder, "trust-now.json");
  writeFileSync(path, JSON.stringify({ ...written, ...trust }));
  return call("verify", "latest", "--trust", path, "--bundles", folder);
}

const DEMAND = { sbom: "runtime", sbomSignature: "required" };

test(
  "each document is signed as it is, over the results, under the type that its format has",
  { skip },
  () => {
    const types = {
      "runtime.cdx": "https://cyclonedx.org/bom",
      "build.spdx": "https://spdx.dev/Document/v2.3",
      "build.spdx3": "https://spdx.dev/Document/v3",
    };
    for (const [name, type] of Object.entries(types)) {
      const { statement } = bundleOf(`${name}.sigstore.json`);
      assert.equal(statement.predicateType, type);
      assert.equal(
        canonicalJson(statement.predicate),
        canonicalJson(JSON.parse(readFileSync(file(`${name}.json`), "utf8"))),
      );
      const record = project.record();
      const results = Object.values(record.results).map((path) => path.slice("/nix/store/".length));
      assert.deepEqual(
        statement.subject.map(({ name: each }) => each),
        results,
      );
    }
  },
);

test(
  "a trust file may ask for either closure, signed; what is in the folder holds by itself, too",
  { skip },
  async () => {
    for (const sbom of ["runtime", "build"]) {
      const { code, stdout } = await verify({ ...DEMAND, sbom });
      assert.equal(code, 0, stdout);
      assert.match(
        stdout,
        new RegExp(`SBOM +${sbom}\\.\\w+\\.sigstore\\.json is signed, and lists the ${sbom} closure`),
      );
    }
    const trust = join(project.folder, "trust-now.json");
    const all = await call("verify", out, "--trust", trust);
    assert.equal(all.code, 0, all.stdout);
    assert.match(all.stdout, /bundle runtime\.spdx3\.sigstore\.json .*https:\/\/spdx\.dev\/Document\/v3/);
    const one = ["verify", file("runtime.cdx.sigstore.json"), "--trust"];
    assert.equal((await call(...one, file("trust.json"))).code, 0);
    // By itself it does not say of which run it is.
    assert.equal((await call(...one, trust)).code, 3);
  },
);

/** A folder with the provenance, and what else is put there. */
async function folderWith(files: Readonly<Record<string, string>>): Promise<Ended> {
  const folder = join(project.folder, "with");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  copyFileSync(file("one.sigstore.json"), join(folder, "one.sigstore.json"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return verify(DEMAND, folder);
}

/** Signed and logged by the key of the home, whatever it says. */
async function signed(change: (statement: Statement) => Statement): Promise<string> {
  const { statement } = bundleOf("runtime.cdx.sigstore.json");
  const [bundle] = await attest(project.door, [change(statement)], builderKey(project.door));
  assert.ok(bundle);
  return writeBundle(bundle);
}

test("a document that is not signed, or not so, does not do", { skip }, async () => {
  const { text, statement } = bundleOf("runtime.cdx.sigstore.json");
  const refused = async (files: Record<string, string>, found: RegExp): Promise<void> => {
    const { code, stdout } = await folderWith(files);
    assert.equal(code, 3, stdout);
    assert.match(stdout, found);
  };
  assert.equal((await folderWith({ "x.sigstore.json": text })).code, 0);
  await refused({}, /no signed document of the runtime closure/);
  await refused({ "runtime.cdx.json": readFileSync(file("runtime.cdx.json"), "utf8") }, /no signed document/);
  await refused({ "x.sigstore.json": bundleOf("build.cdx.sigstore.json").text }, /SBOM x\.sigstore\.json/);
  const stranger = writeBundle(signStatement(statement, generateKey()));
  await refused({ "x.sigstore.json": stranger }, /none of the given keys/);
  const bit = text.replace(
    /("payload": ".{400})(.)/,
    (_, before: string, letter: string) => `${before}${letter === "A" ? "B" : "A"}`,
  );
  await refused({ "x.sigstore.json": bit }, /not by the key|SBOM|no signed document/);
  const components = (statement.predicate["components"] ?? []) as Record<string, unknown>[];
  const without = (of: Statement): Statement => ({
    ...of,
    predicate: { ...of.predicate, components: components.slice(1) },
  });
  await refused({ "x.sigstore.json": await signed(without) }, /SBOM x\.sigstore\.json/);
  const named = (name: string) => (of: Statement) => ({
    ...of,
    subject: of.subject.map((each) => ({ ...each, name })),
  });
  await refused(
    { "x.sigstore.json": await signed(named(`${"0".repeat(32)}-one`)) },
    /not in this store|is none of the results/,
  );
  await refused({ "x.sigstore.json": await signed(named("../../etc/passwd")) }, /names no store path/);
  const zero = "0".repeat(64);
  const other = (of: Statement) => ({
    ...of,
    subject: of.subject.map((each) => ({ ...each, digest: { sha256: zero } })),
  });
  await refused({ "x.sigstore.json": await signed(other) }, /its bytes have the hash/);
  const typed = (of: Statement) => ({ ...of, predicateType: "https://cyclonedx.org/bom/v1" });
  await refused({ "x.sigstore.json": await signed(typed) }, /no signed document/);
});

test(
  "a signature on a document is asked for with the document alone, and is made into a folder",
  { skip },
  async () => {
    const { code, stderr } = await verify({ sbomSignature: "required" });
    assert.equal(code, 2);
    assert.match(stderr, /asks for a signature on a bill of materials, and not for one/);
    for (const [words, found] of [
      [["sbom", "--sign"], /--out is missing/],
      [["sbom", "--out", out, "--timestamp", "https://tsa.test"], /--sign is missing/],
    ] as const) {
      const ended = await call(...words);
      assert.equal(ended.code, 2);
      assert.match(ended.stderr, found);
    }
    writeSigningKey(join(project.folder, "own.key"), generateKey());
    const by = join(project.folder, "by");
    assert.equal(
      (await call("sbom", "--sign", "--key", join(project.folder, "own.key"), "--out", by)).code,
      0,
    );
    assert.deepEqual(readdirSync(by), ["runtime.cdx.json", "runtime.cdx.sigstore.json"]);
  },
);

test("cosign takes a signed document by its own name for the type", { skip: skip || peer("cosign") }, () => {
  const { statement } = bundleOf("runtime.cdx.sigstore.json");
  const trust = ["--key", "builder.pub", "--trusted-root", "trusted_root.json"];
  const what = ["--digest", statement.subject[0]?.digest["sha256"] ?? "", "--digestAlg", "sha256"];
  const words = [
    "verify-blob-attestation",
    "--bundle",
    "runtime.cdx.sigstore.json",
    ...trust,
    ...what,
    "--type",
  ];
  const check = (type: string) => spawnSync("cosign", [...words, type], { cwd: out, encoding: "utf8" });
  const { status, stderr } = check("cyclonedx");
  assert.equal(status, 0, stderr);
  assert.notEqual(check("spdxjson").status, 0);
});
