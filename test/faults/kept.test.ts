// What must be on the disk before something else speaks of it: the file of a line of the journal, the key of a signature.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { filesBelow, removeTree } from "#base/files.ts";
import { readPublicKey, readSigningKey } from "#keys/key-file.ts";
import { peer } from "../rig/peer.ts";
import { compileFaults } from "./work.ts";

const skip = peer("gcc");
const sourceOf = (file: string) =>
  JSON.stringify(pathToFileURL(join(import.meta.dirname, "../../src", file)).href);
const FILE = "audits/20260101T000000000Z-000001.json";
const KEEP = `
  const { openHome } = await import(${sourceOf("home/home.ts")});
  const about = { kind: "audit", subject: "20260101T000000000Z-000001", file: "${FILE}" };
  for (const content of ["one", "two"]) openHome(process.argv[2]).keep({ ...about, content });
`;
const KEY = `
  const { generateKey, writeSigningKey } = await import(${sourceOf("keys/key-file.ts")});
  writeSigningKey(process.argv[2] + "/a.key", generateKey());
`;
const ROOT = `
  const { openStore } = await import(${sourceOf("store/store.ts")});
  using store = openStore(process.argv[2]);
  const { path } = await store.addText("text", new Uint8Array());
  await store.addRoot(process.argv[2] + "/result", path);
`;

let folder: string;
let library: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "pipelite-kept-faults-"));
  library = compileFaults(folder);
});
after(() => removeTree(folder));

function filesAt(home: string, name: string): string[] {
  const path = join(home, name);
  return statSync(path).isDirectory() ? filesBelow(path).map((each) => join(name, each)) : [name];
}

function run(script: string, home: string, fault: Record<string, string>): ReturnType<typeof spawnSync> {
  const file = join(folder, "script.ts");
  mkdirSync(home);
  writeFileSync(file, script);
  const env = { ...process.env, LD_PRELOAD: library, FAULT_HOME: home, ...fault };
  return spawnSync(process.execPath, [file, home], { env });
}

for (const [what, script, kept] of [
  ["the file of a line", KEEP, [`pipelite/${FILE}`, "pipelite/journal.ndjson"]],
  ["a key", KEY, ["a.key", "a.key.pub"]],
  ["where a root is", ROOT, ["pipelite/roots"]],
] as const)
  test(`${what} is synced`, { skip }, () => {
    const home = join(folder, `${what} home`);
    const shadow = join(folder, `${what} shadow`);
    mkdirSync(shadow);
    assert.equal(run(script, home, { FAULT_SHADOW: shadow }).status, 0);
    for (const name of kept.flatMap((each) => filesAt(home, each))) {
      const file = join(home, name);
      const synced = join(shadow, String(statSync(file).ino));
      assert.deepEqual(existsSync(synced) ? readFileSync(synced) : name, readFileSync(file));
    }
  });

for (const kind of ["kill", "after"])
  test(`a key is whole or not there at all: ${kind}`, { skip }, () => {
    for (let at = 1; ; at += 1) {
      const home = join(folder, `${kind}-${at}`);
      const { status } = run(KEY, home, { FAULT_AT: String(at), FAULT_KIND: kind });
      const names = readdirSync(home);
      if (names.includes("a.key")) readSigningKey(join(home, "a.key"));
      if (names.includes("a.key.pub")) readPublicKey(join(home, "a.key.pub"));
      if (status !== 0) continue;
      assert.ok(at > 5, `${at - 1} calls`);
      assert.deepEqual(names.toSorted(), ["a.key", "a.key.pub"]);
      break;
    }
  });
