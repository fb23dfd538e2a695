// Bundles of ours before the real cosign: it accepts them with the log demanded, and refuses each change.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { TransparencyLog } from "#home/log.ts";
import { readmeText } from "#archive/readme.ts";
import { archiveStatement } from "#archive/signature.ts";
import { signStatement, writeBundle, writePublicKey, type Bundle } from "#sigstore/index.ts";
import { attest, builderKey, trustedRoot } from "#supply/attest.ts";
import { provenanceOf } from "#supply/provenance.ts";
import { Project } from "../rig/project.ts";
import { peer } from "../rig/peer.ts";

const project = new Project({
  "pipeline.ts":
    'import { pipeline, stage } from "pipelite";\nexport default pipeline({ one: stage(() => import("./one.ts")) });\n',
  "one.ts": 'export default () => ({ "a.json": 1 });\n',
});
after(() => project[Symbol.dispose]());

const skip = peer("cosign");
const root = join(import.meta.dirname, "../..");

/** The lines of commands between two headings of a page. */
function commandsOf(page: string, from: string, to: string): string[] {
  const text = readFileSync(join(root, page), "utf8");
  const part = text.slice(text.indexOf(from), text.indexOf(to));
  return part.split("\n").flatMap((line) => (line.startsWith("    ") ? [line.slice(4)] : []));
}

test(
  "cosign accepts our provenance with our trusted root, and nothing that was changed",
  { skip },
  async () => {
    const { runId } = await project.run();
    const key = builderKey(project.door);
    const statements = provenanceOf(project.door, runId, []).map(({ statement }) => statement);
    const [bundle] = await attest(project.door, statements, key);
    const verifier = new TransparencyLog(project.door).verifier;
    const digest = statements[0]?.subject[0]?.digest["sha256"];
    assert.ok(bundle?.log && verifier && digest);
    const file = (name: string): string => join(project.folder, name);
    writeFileSync(file("builder.pub"), writePublicKey(key.publicKey));
    writeFileSync(file("root.json"), trustedRoot(verifier));
    const verify = (changed: Bundle, hex = digest): number | null => {
      writeFileSync(file("bundle.json"), writeBundle(changed));
      const words = [
        "verify-blob-attestation",
        "--type",
        "slsaprovenance1",
        "--digest",
        hex,
        "--digestAlg",
        "sha256",
      ];
      const files = ["--bundle", "bundle.json", "--key", "builder.pub", "--trusted-root", "root.json"];
      return spawnSync("cosign", [...words, ...files], { cwd: project.folder }).status;
    };
    assert.equal(verify(bundle), 0);
    const { log } = bundle;
    const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] ?? 0) ^ 1;
      return copy;
    };
    const { log: _, ...unlogged } = bundle;
    const changes: Record<string, Bundle> = {
      payload: { ...bundle, payload: flipped(bundle.payload, 30) },
      signature: { ...bundle, signature: flipped(bundle.signature, 20) },
      proof: { ...bundle, log: { ...log, hashes: log.hashes.map((hash) => flipped(hash, 3)) } },
      place: { ...bundle, log: { ...log, index: 0 } },
      checkpoint: { ...bundle, log: { ...log, checkpoint: log.checkpoint.replace("\n2\n", "\n3\n") } },
      "no log": unlogged,
    };
    for (const [what, changed] of Object.entries(changes)) assert.notEqual(verify(changed), 0, what);
    assert.notEqual(verify(bundle, "0".repeat(64)), 0, "another digest");
  },
);

test(
  "the commands of the README hold as they are typed, and cosign refuses what was changed",
  { skip },
  async () => {
    using walk = new Project({
      "pipeline.ts":
        'import { pipeline, stage } from "pipelite";\nexport default pipeline({ audio: stage(() => import("./one.ts")) });\n',
      "one.ts": 'export default () => ({ "a.json": 1 });\n',
    });
    const bin = join(walk.folder, "bin");
    mkdirSync(bin);
    // What npm would start is this checkout.
    writeFileSync(join(bin, "npx"), `#!/bin/sh\nshift\nexec ${join(root, "bin/pipelite")} "$@"\n`, {
      mode: 0o755,
    });
    const env = { ...process.env, PATH: `${bin}:${process.env["PATH"]}`, PIPELITE_HOME: walk.home };
    const sh = (script: string) =>
      spawnSync("sh", ["-ec", script], { cwd: walk.root, env, encoding: "utf8" });
    assert.equal(sh("npx pipelite run").status, 0);
    const lines = commandsOf("README.md", "## Check it yourself", "With real Nix");
    const script = lines.slice(lines.indexOf("npx pipelite provenance --out attestations")).join("\n");
    const typed = sh(script);
    assert.equal(typed.status, 0, `${script}\n${typed.stdout}${typed.stderr}`);
    assert.match(typed.stdout, /^all holds$/m);
    assert.match(typed.stderr, /Verified OK/);
    const offline = sh(
      script.replace("--trusted-root attestations/trusted_root.json", "--insecure-ignore-tlog"),
    );
    assert.equal(offline.status, 0, offline.stderr);
    const changed = script.replace("cosign verify", "HEX=$(echo $HEX | tr 0-9a-f 1-9a-f0)\ncosign verify");
    const refused = sh(changed);
    assert.notEqual(refused.status, 0, "another digest");
    assert.match(refused.stdout, /^all holds$/m);
    // The signature over an archive, by the command of its README.
    const run = walk.door.runs.find({ word: "latest" });
    const sums = Buffer.from(`${"0".repeat(64)}  README\n`);
    const bundle = signStatement(archiveStatement(sums, run), builderKey(walk.door));
    writeFileSync(join(walk.root, "SHA256SUMS"), sums);
    writeFileSync(join(walk.root, "SHA256SUMS.sigstore.json"), writeBundle(bundle));
    const readme = readmeText({
      form: 1,
      run: run.runId,
      record: run.digest,
      pipeline: "x",
      system: "x",
      pipelite: "x",
      node: "26",
      sources: "x",
    });
    const [command = ""] = /^ {4}cosign [^]*?SHA256SUMS$/m.exec(readme) ?? [];
    const check = () => sh(command.replace("--key KEY", "--key attestations/builder.pub"));
    const whole = check();
    assert.equal(whole.status, 0, `${command}\n${whole.stderr}`);
    writeFileSync(join(walk.root, "SHA256SUMS"), `${"1".repeat(64)}  README\n`);
    assert.notEqual(check().status, 0);
  },
);
