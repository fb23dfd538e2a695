// `pipelite verify` in its three forms, by the command line: of a run, of bundles, and of a path, here and in another home.
import assert from "node:assert/strict";
import { verify as verifySignature } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { preAuthEncoding } from "#sigstore/index.ts";
import { parsePublicKey } from "#sigstore/key.ts";
import { createRig, type Ended, type Rig } from "../cli/rig.ts";
import { sweep } from "../rig/peer.ts";

// Some seconds of runs and of hashing what they were built from.
const skip = sweep();
const rig: Rig = createRig();
after(() => rig[Symbol.dispose]());

const file = (name: string) => join(rig.folder, name);
const TRUST = ["--trust", "attestations/trust.json"];

async function ok(...words: string[]): Promise<Ended> {
  const ended = await rig(...words);
  assert.equal(ended.code, 0, `${words.join(" ")}\n${ended.stdout}${ended.stderr}`);
  return ended;
}

/** What is said of it, which ends with 3. */
async function refused(...words: string[]): Promise<string> {
  const ended = await rig(...words);
  assert.equal(ended.code, 3, `${words.join(" ")}\n${ended.stdout}${ended.stderr}`);
  return ended.stdout;
}

let runId: string;
let folder: string;
before(async () => {
  if (skip !== false) return;
  writeFileSync(
    file("pipeline.ts"),
    `import { pipeline, stage } from "pipelite";
const one = stage(() => import("./one.ts"));
export default pipeline({ one, two: stage(() => import("./two.ts"), { one }) });
`,
  );
  writeFileSync(file("one.ts"), 'export default () => ({ "a.json": 1 });\n');
  writeFileSync(
    file("two.ts"),
    'export default async ({ one }) => ({ "b.json": await one.json("a.json") });\n',
  );
  // Files that had just been saved are read again by the next run, which is then one of its own.
  await ok("run");
  assert.match((await ok("run", "--attest")).stderr, /attested: .*attestations/);
  await ok("provenance", "--out", "attestations");
  await lookAtLatest();
});

/** A file that had just been saved when a run read it is read again by the next, which is then a run of its own. */
async function lookAtLatest(): Promise<void> {
  runId = (JSON.parse((await ok("show", "--json")).stdout) as { runId: string }).runId;
  folder = join(rig.home, "pipelite/attestations", runId);
}

test(
  "a run, its bundles, its result and an output hold by those whom the trust file names",
  { skip },
  async () => {
    assert.deepEqual(readdirSync(folder), ["one.sigstore.json", "two.sigstore.json"]);
    const run = await ok("verify", "latest", ...TRUST);
    assert.match(run.stdout, /holds +provenance\/two +https:\/\/pipelite.dev\/builder\/embedded-/);
    assert.match((await ok("verify", "latest")).stdout, /holds +attestation two.sigstore.json +by the key/);
    await ok("verify", "./attestations/one.sigstore.json", ...TRUST);
    assert.match((await ok("verify", "attestations", ...TRUST)).stdout, /holds +bundle two.sigstore.json/);
    assert.match((await ok("verify", "result", ...TRUST)).stdout, /holds +contents +\d+ paths/);
    await ok("verify", "result/two", ...TRUST, "--bundles", "attestations");
    for (const path of ["result", "attestations"]) {
      const alone = await rig("verify", path);
      assert.deepEqual([alone.code, /--trust/.test(alone.stderr)], [2, true]);
    }
    // Attesting again changes nothing.
    const text = readFileSync(join(folder, "one.sigstore.json"), "utf8");
    await ok("run", "--attest");
    assert.equal(readFileSync(join(folder, "one.sigstore.json"), "utf8"), text);
    await lookAtLatest();
  },
);

test("a bundle that is swapped, gone, spoiled or of another run is no pass", { skip }, async () => {
  const [one, two] = [join(folder, "one.sigstore.json"), join(folder, "two.sigstore.json")];
  const kept = [one, two].map((path) => readFileSync(path));
  const restore = () => [one, two].forEach((path, at) => writeFileSync(path, kept[at] ?? ""));
  const cases: [name: string, change: () => void, found: RegExp, alone?: RegExp][] = [
    ["gone", () => rmSync(two), /fails +provenance\/two +no bundle/, /fails +attestation of two/],
    [
      "swapped",
      () => copyFileSync(one, two),
      /fails +provenance\/two +no bundle/,
      /fails +attestation of two/,
    ],
    ["empty", () => writeFileSync(two, ""), /fails +bundle two/, /fails +attestation two/],
    [
      "spoiled",
      () => writeFileSync(two, readFileSync(two, "utf8").replace(/"payload": "e/, '"payload": "f')),
      /fails +bundle two.sigstore.json/,
      /fails +attestation two/,
    ],
  ];
  for (const [name, change, found, alone] of cases)
    try {
      change();
      assert.match(await refused("verify", "latest", ...TRUST), found, name);
      if (alone !== undefined) assert.match(await refused("verify", "latest"), alone, name);
    } finally {
      restore();
    }
  // All of them gone is no different to who trusts: without a trust file nothing was asked for.
  const all = join(rig.home, "pipelite/attestations");
  renameSync(all, file("away"));
  try {
    assert.match(await refused("verify", "latest", ...TRUST), /fails +provenance\/one +no bundle/);
    assert.match(await refused("verify", "result", ...TRUST), /fails +provenance\/one +no bundle/);
  } finally {
    renameSync(file("away"), all);
  }
  // The run again, with another output beside: what was attested of the first is true, and not of this run.
  const pipeline = readFileSync(file("pipeline.ts"), "utf8");
  writeFileSync(file("three.ts"), "export default () => ({});\n");
  writeFileSync(
    file("pipeline.ts"),
    pipeline.replace("{ one, two", '{ one, three: stage(() => import("./three.ts")), two'),
  );
  await ok("run");
  assert.match(
    await refused("verify", "latest", ...TRUST, "--bundles", folder),
    /fails +provenance\/one run +it is of the run with the record/,
  );
  writeFileSync(file("pipeline.ts"), pipeline);
  await ok("run");
});

test(
  "another home that has the path verifies it, by the builder's word for what it lacks",
  { skip },
  async () => {
    const { results } = JSON.parse((await ok("show", "--json")).stdout) as {
      results: Record<string, string>;
    };
    const path = results["two"] ?? "";
    const stream = (await ok("store", "export", path)).stdoutBytes;
    const there = ["--store", file("other-home")];
    assert.equal((await rig.with({ stdin: stream }, "store", "import", ...there)).code, 0);
    const asked = ["verify", path, "--bundles", "attestations", ...there, "--trust"];
    assert.match(
      await refused(...asked, "attestations/trust.json"),
      /untested +provenance\/two dependencies/,
    );
    const trust = JSON.parse(readFileSync(file("attestations/trust.json"), "utf8")) as object;
    writeFileSync(file("named.json"), JSON.stringify({ ...trust, dependencies: "named" }));
    assert.match((await ok(...asked, "named.json")).stdout, /holds +provenance\/two/);
    assert.equal((await rig("verify", "./not-there.json", "--trust", "named.json")).code, 2);
  },
);

test("attesting again leaves no spoiled bundle to be named by a release", { skip }, async () => {
  await ok("run", "--attest");
  const { runId: latest } = JSON.parse((await ok("show", "--json")).stdout) as { runId: string };
  const own = join(rig.home, "pipelite/attestations", latest);
  const bundle = join(own, "one.sigstore.json");
  const text = readFileSync(bundle, "utf8");
  const other = JSON.parse(readFileSync(join(own, "two.sigstore.json"), "utf8")) as Parsed;
  const spoiled = JSON.parse(text) as Parsed;
  spoiled.dsseEnvelope.signatures = other.dsseEnvelope.signatures;
  writeFileSync(bundle, JSON.stringify(spoiled));
  try {
    await ok("run", "--attest");
    assert.ok(readdirSync(own).includes("one.2.sigstore.json"));
    assert.match(await refused("verify", latest), /fails +attestation one.sigstore.json/);
  } finally {
    writeFileSync(bundle, text);
    rmSync(join(own, "one.2.sigstore.json"), { force: true });
  }
});

test("what only looks like what was asked for is no pass", { skip }, async () => {
  // A folder with good bundles does not stand for a run, nor does a result for another that has swapped names.
  for (const word of ["latest", runId]) {
    cpSync(file("attestations"), file(word), { recursive: true });
    try {
      const ended = await rig("verify", word, ...TRUST);
      assert.match(ended.stdout, /holds +record/, word);
      assert.match((await ok("verify", `./${word}`, ...TRUST)).stdout, /holds +bundle one/);
    } finally {
      rmSync(file(word), { recursive: true });
    }
  }
  const { tree } = JSON.parse((await ok("show", "--json")).stdout) as { tree: string };
  const swapped = file("swapped");
  cpSync(join(rig.home, tree), swapped, { recursive: true, verbatimSymlinks: true });
  chmodSync(swapped, 0o755);
  const [one, two, aside] = ["one", "two", "aside"].map((name) => join(swapped, name)) as [
    string,
    string,
    string,
  ];
  renameSync(one, aside);
  renameSync(two, one);
  renameSync(aside, two);
  const added = (await ok("store", "add", "swapped")).stdout.trim();
  assert.match(await refused("verify", added, ...TRUST), /fails +provenance\/swapped +no bundle/);
  // A folder that was named and is not there is the user's mistake.
  for (const none of ["nowhere", "one.ts"])
    assert.equal((await rig("verify", "latest", ...TRUST, "--bundles", none)).code, 2);
  // What lies among bundles and is no file fails as one that is no bundle.
  const mixed = file("mixed");
  cpSync(file("attestations"), mixed, { recursive: true });
  const odd = join(mixed, "odd.sigstore.json");
  for (const put of [
    () => mkdirSync(odd),
    () => symlinkSync("/nowhere", odd),
    () => symlinkSync("/dev/zero", odd),
  ]) {
    put();
    assert.match(await refused("verify", "mixed", ...TRUST), /fails +bundle odd.sigstore.json/);
    rmSync(odd, { recursive: true });
  }
});

test(
  "a trust file that asks for a bill of materials is not met without one that lists all",
  { skip },
  async () => {
    const trust = JSON.parse(readFileSync(file("attestations/trust.json"), "utf8")) as object;
    for (const closure of ["runtime", "build"]) {
      writeFileSync(file(`${closure}.json`), JSON.stringify({ ...trust, sbom: closure }));
      const folderOf = `sbom-${closure}`;
      const by = ["--trust", `${closure}.json`];
      const forms = [
        ["verify", runId, ...by, "--bundles", folderOf],
        ["verify", folderOf, ...by],
      ];
      cpSync(file("attestations"), file(folderOf), { recursive: true });
      for (const form of forms) assert.match(await refused(...form), /fails +SBOM +there is no document/);
      const other = closure === "runtime" ? "build" : "runtime";
      await ok("sbom", runId, "--closure", other, "--format", "spdx", "--out", folderOf);
      for (const form of forms) assert.match(await refused(...form), /fails +SBOM \S+.spdx.json +/);
      await ok("sbom", runId, "--closure", closure, "--out", folderOf);
      for (const form of forms) assert.match((await ok(...form)).stdout, /holds +SBOM +\w+.cdx.json lists/);
      const document = file(`${folderOf}/${closure}.cdx.json`);
      const bom = JSON.parse(readFileSync(document, "utf8")) as { components: unknown[] };
      bom.components.pop();
      writeFileSync(document, JSON.stringify(bom));
      for (const form of forms) assert.match(await refused(...form), /fails +SBOM \w+.cdx.json +/);
      rmSync(document);
      symlinkSync("/nowhere", document);
      assert.match(await refused(...(forms[0] ?? [])), /fails +SBOM \w+.cdx.json +/);
      rmSync(document);
      await ok("sbom", runId, "--closure", closure, "--out", folderOf);
      // Of a path alone nothing says what it was built from; in another home nothing says what the run had.
      const path = ["verify", "result", ...by, "--bundles", folderOf];
      if (closure === "runtime") assert.match((await ok(...path)).stdout, /holds +SBOM/);
      else assert.match(await refused(...path), /untested +SBOM/);
      assert.match(await refused("verify", "result", ...by), /untested +SBOM +no folder/);
    }
  },
);

test("a run that failed is no pass, whatever its outputs are", { skip }, async () => {
  const pipeline = readFileSync(file("pipeline.ts"), "utf8");
  writeFileSync(file("bad.ts"), 'export default () => { throw new Error("no"); };\n');
  writeFileSync(
    file("pipeline.ts"),
    pipeline.replace("{ one, two", '{ bad: stage(() => import("./bad.ts")), one, two'),
  );
  try {
    assert.equal((await rig("run")).code, 1);
    await ok("provenance", "--out", "of-failed");
    const asked = ["verify", "latest", ...TRUST, "--bundles", "of-failed", "--vsa", "failed.json"];
    assert.match(await refused(...asked), /fails +run +it failed/);
    const { payload } = JSON.parse(readFileSync(file("failed.json"), "utf8")) as Envelope;
    assert.match(Buffer.from(payload, "base64").toString(), /"verificationResult":"FAILED"/);
  } finally {
    writeFileSync(file("pipeline.ts"), pipeline);
    await ok("run");
  }
});

interface Parsed {
  dsseEnvelope: { signatures: unknown };
}

test(
  "attestations can't be asked of runs that go on, or by a key that others can read",
  { skip },
  async () => {
    for (const more of [["--watch"], ["--matrix", "a=1,2"]])
      assert.equal((await rig("run", "--attest", ...more)).code, 2);
    const key = join(rig.home, "pipelite/builder/builder.key");
    chmodSync(key, 0o644);
    try {
      const ended = await rig("provenance", "--out", "more");
      assert.deepEqual([ended.code, /others can read the key/.test(ended.stderr)], [2, true]);
    } finally {
      chmodSync(key, 0o600);
    }
  },
);

test(
  "a trust file that does not name the builder, the key or the log refuses each form",
  { skip },
  async () => {
    const trust = JSON.parse(readFileSync(file("attestations/trust.json"), "utf8")) as Record<
      string,
      unknown
    >;
    const changed: [name: string, change: object, found: RegExp][] = [
      ["builders", { builders: ["https://pipelite.dev/builder/nix-nix/v1"] }, /builder.*is not trusted/],
      ["keys", { keys: [] }, /none of the given keys/],
      ["pipelines", { pipelines: ["another"] }, /pipeline.*is not trusted/],
      ["sources", { sources: { "a.csv": [`sha256:${"0".repeat(64)}`] } }, /untested +source a.csv/],
    ];
    for (const [name, change, found] of changed) {
      writeFileSync(file("strict.json"), JSON.stringify({ ...trust, ...change }));
      for (const word of [runId, "attestations", "attestations/two.sigstore.json", "result"])
        assert.match(await refused("verify", word, "--trust", "strict.json"), found, `${name} ${word}`);
    }
    writeFileSync(file("strict.json"), "{}");
    assert.equal((await rig("verify", "latest", "--trust", "strict.json")).code, 2);
  },
);

test(
  "bytes that are others than were built are found, and what was put beside the results",
  { skip },
  async () => {
    const { tree, results } = JSON.parse((await ok("show", "--json")).stdout) as {
      tree: string;
      results: Record<string, string>;
    };
    const output = join(rig.home, results["two"] ?? "", "b.json");
    const content = readFileSync(output);
    chmodSync(output, 0o644);
    writeFileSync(output, "2\n");
    try {
      assert.match(await refused("verify", runId, ...TRUST), /fails +provenance\/two subject/);
      assert.match(await refused("verify", "result", ...TRUST), /fails +contents +.*-two has other bytes/);
      assert.match(
        await refused("verify", "attestations", ...TRUST),
        /fails +bundle two.sigstore.json subject/,
      );
    } finally {
      writeFileSync(output, content);
    }
    assert.ok(existsSync(join(rig.home, tree)));
    // A folder that leads to what was built and holds something else beside it was not built.
    const fake = file("fake");
    cpSync(join(rig.home, tree), fake, { recursive: true, verbatimSymlinks: true });
    chmodSync(fake, 0o755);
    writeFileSync(join(fake, "extra.txt"), "not built\n");
    const added = (await ok("store", "add", "fake")).stdout.trim();
    assert.match(await refused("verify", added, ...TRUST), /fails +provenance\/fake +no bundle/);
    rmSync(join(fake, "extra.txt"));
    symlinkSync("/etc/passwd", join(fake, "more"));
    const linked = (await ok("store", "add", "fake", "--name", "linked")).stdout.trim();
    assert.match(await refused("verify", linked, ...TRUST), /fails +provenance\/linked +no bundle/);
  },
);

interface Envelope {
  payload: string;
  payloadType: string;
  signatures: { sig: string }[];
}

test("a summary says what came of it, signed, and FAILED for all that is no pass", { skip }, async () => {
  const read = (name: string) => {
    const { payload, payloadType, signatures } = JSON.parse(readFileSync(file(name), "utf8")) as Envelope;
    const bytes = Buffer.from(payload, "base64");
    const { key } = parsePublicKey(readFileSync(file("attestations/builder.pub"), "utf8"));
    const signature = Buffer.from(signatures[0]?.sig ?? "", "base64");
    assert.ok(verifySignature("sha256", preAuthEncoding(payloadType, bytes), key, signature));
    return JSON.parse(bytes.toString()) as {
      predicateType: string;
      subject: { digest: { sha256: string } }[];
      predicate: Record<string, unknown> & { inputAttestations: unknown[] };
    };
  };
  await ok("verify", "result", ...TRUST, "--vsa", "vsa.json");
  const passed = read("vsa.json");
  assert.equal(passed.predicateType, "https://slsa.dev/verification_summary/v1");
  assert.equal(passed.predicate["verificationResult"], "PASSED");
  assert.deepEqual(passed.predicate["verifiedLevels"], ["SLSA_BUILD_LEVEL_1"]);
  assert.match(String(passed.predicate["resourceUri"]), /^file:\/\/\/nix\/store\//);
  assert.equal(passed.predicate.inputAttestations.length, 2);
  await refused(
    "verify",
    "result",
    "--trust",
    "attestations/trust.json",
    "--bundles",
    ".",
    "--vsa",
    "vsa.json",
  );
  const failed = read("vsa.json").predicate;
  assert.deepEqual([failed["verificationResult"], failed["verifiedLevels"]], ["FAILED", ["FAILED"]]);
  // Of what can't even be read there is none, and none of before stays.
  await ok("verify", "result", ...TRUST, "--vsa", "vsa.json");
  writeFileSync(file("none.sigstore.json"), "{}");
  assert.equal((await rig("verify", "./none.sigstore.json", ...TRUST, "--vsa", "vsa.json")).code, 3);
  assert.equal(existsSync(file("vsa.json")), false);
  rmSync(file("none.sigstore.json"));
  // Nor is it written over what was asked for.
  const trusted = readFileSync(file("attestations/trust.json"));
  const over = await rig("verify", "result", ...TRUST, "--vsa", "./attestations/../attestations/trust.json");
  assert.equal(over.code, 2, over.stderr);
  assert.deepEqual(readFileSync(file("attestations/trust.json")), trusted);
});
