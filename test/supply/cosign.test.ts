// Bundles of ours before the real cosign: it accepts them with the log demanded, and refuses each change.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { TransparencyLog } from "#home/log.ts";
import { writeBundle, writePublicKey, type Bundle } from "#sigstore/index.ts";
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
