// What must be on the disk before something else speaks of it: the file of a line of the journal, the key of a signature.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { filesBelow } from "#base/files.ts";
import { readPublicKey, readSigningKey } from "#keys/key-file.ts";
import { peer } from "../rig/peer.ts";
import { FaultyScript, moduleText } from "./each-call.ts";

const skip = peer("gcc");
const FILE = "audits/20260101T000000000Z-000001.json";
const KEEP = `
  const { openHome } = await import(${moduleText("home/home.ts")});
  const about = { kind: "audit", subject: "20260101T000000000Z-000001", file: "${FILE}" };
  for (const content of ["one", "two"]) openHome(process.argv[2]).keep({ ...about, content });
`;
const KEY = `
  const { generateKey, writeSigningKey } = await import(${moduleText("keys/key-file.ts")});
  writeSigningKey(process.argv[2] + "/a.key", generateKey());
`;
const ROOT = `
  const { openStore } = await import(${moduleText("store/store.ts")});
  using store = openStore(process.argv[2]);
  const { path } = await store.addText("text", new Uint8Array());
  await store.addRoot(process.argv[2] + "/result", path);
`;

function filesAt(home: string, name: string): string[] {
  const path = join(home, name);
  return statSync(path).isDirectory() ? filesBelow(path).map((each) => join(name, each)) : [name];
}

for (const [what, text, kept] of [
  ["the file of a line", KEEP, [`pipelite/${FILE}`, "pipelite/journal.ndjson"]],
  ["a key", KEY, ["a.key", "a.key.pub"]],
  ["where a root is", ROOT, ["pipelite/roots"]],
] as const)
  test(`${what} is synced`, { skip }, () => {
    using script = new FaultyScript(text);
    const [home, shadow] = [join(script.work, "home"), join(script.work, "shadow")];
    for (const each of [home, shadow]) mkdirSync(each);
    assert.equal(script.run(home, { FAULT_SHADOW: shadow }).status, 0);
    for (const name of kept.flatMap((each) => filesAt(home, each))) {
      const file = join(home, name);
      const synced = join(shadow, String(statSync(file).ino));
      assert.deepEqual(existsSync(synced) ? readFileSync(synced) : name, readFileSync(file));
    }
  });

for (const kind of ["kill", "after"])
  test(`a key is whole or not there at all: ${kind}`, { skip }, () => {
    using script = new FaultyScript(KEY);
    const failed = script.failEachCall(kind, (home, { status }) => {
      const names = readdirSync(home);
      if (names.includes("a.key")) readSigningKey(join(home, "a.key"));
      if (names.includes("a.key.pub")) readPublicKey(join(home, "a.key.pub"));
      if (status === 0) assert.deepEqual(names.toSorted(), ["a.key", "a.key.pub"]);
      return status === 0;
    });
    assert.ok(failed >= 5, `${failed} calls`);
  });
