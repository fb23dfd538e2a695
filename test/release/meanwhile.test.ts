// Signing takes as long as a person takes to touch a token. What others change meanwhile is not signed, and not called a fault of ours.
import assert from "node:assert/strict";
import { createSign } from "node:crypto";
import { test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { readSignatures, signRun } from "#release/signatures.ts";
import { generateKey } from "#keys/key-file.ts";
import { Home } from "./rig.ts";

/** Signs with a key that is kept elsewhere, while something happens. */
function signWhile(home: Home, runId: string, happens: () => void) {
  const { publicKey, privateKey } = generateKey();
  const sign = (bytes: Uint8Array) => {
    happens();
    return createSign("sha256").update(bytes).sign(privateKey);
  };
  const key = { publicKey, sign };
  return signRun({ home: home.handle, runId, name: "Anna", key, meaning: "review", reason: "" });
}

const CHANGES: Record<string, (home: Home, record: string) => void> = {
  "the record": (home, record) => home.write(record, home.read(record).replace('"passed"', '"failed"')),
  "the journal": (home) => {
    const [first = ""] = home.read("journal.ndjson").split("\n");
    home.write("journal.ndjson", `${first}\n`);
  },
};

for (const [what, change] of Object.entries(CHANGES))
  test(`${what} is changed while it is signed: nothing is sealed`, async () => {
    using home = new Home();
    const { runId } = home.addRun();
    home.addRun();
    const before = home.read("journal.ndjson");
    await assert.rejects(
      signWhile(home, runId, () => change(home, `runs/${runId}.json`)),
      (error) => isPipeliteError(error, "CHANGED_MEANWHILE"),
    );
    assert.ok(before.startsWith(home.read("journal.ndjson")));
    assert.deepEqual(readSignatures(home.handle, runId), []);
  });

test("other lines of the journal may come meanwhile", async () => {
  using home = new Home();
  const { runId } = home.addRun();
  assert.equal((await signWhile(home, runId, () => home.addRun())).isValid, true);
});
