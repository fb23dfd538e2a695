// Where a run brings Lean. No Lean is at hand here: the programs below are fakes that
// only end well or badly, and show what the stage does with either.
import assert from "node:assert/strict";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { programFolders } from "../../../src/base/environment.ts";
import { findProgram } from "../../../src/compile/program.ts";
import { removeTree } from "../../../src/base/files.ts";
import { pipelite } from "../../../test/rig/command.ts";
import "../../../test/rig/own-libraries.ts";
import { sweep } from "../../../test/rig/peer.ts";

const { NO_LEAN, runLean } = await import("../lean/lean.ts");

const root = join(import.meta.dirname, "../../..");
const flagship = join(root, "examples/monster-walk");
const folder = mkdtempSync(join(tmpdir(), "pipelite-lean-"));
after(() => removeTree(folder));

/** A shell script in the place of Lean. */
function fakeLean(name: string, lines: string): { command: string[]; files: null } {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${lines}\n`);
  chmodSync(path, 0o755);
  return { command: [path], files: null };
}

/** A folder like that of a toolchain of Lean, with another program of this machine in the place of Lean. */
function fakeToolchain(program: string): string {
  const toolchain = join(folder, `toolchain-${program}`);
  mkdirSync(join(toolchain, "bin"), { recursive: true });
  mkdirSync(join(toolchain, "lib/lean"), { recursive: true });
  writeFileSync(join(toolchain, "lib/lean/Init.olean"), "no object file");
  copyFileSync(
    realpathSync(findProgram(program, { root: "/", folders: programFolders(process.env), place: "here" })),
    join(toolchain, "bin/lean"),
  );
  return join(toolchain, "bin/lean");
}

test("a fake Lean that accepts the file makes it lean-checked, with its version and messages", () => {
  const fake = fakeLean("accepts", '[ "$1" = --version ] && echo "a fake, version 0" || cat "$1"');
  assert.deepEqual(runLean(fake, "theorem\n", folder), {
    status: "lean-checked",
    version: "a fake, version 0",
    messages: ["theorem"],
  });
  assert.equal(NO_LEAN.status, "unavailable");
});

test("a fake Lean that rejects the file, or can't be started, fails the stage with what it says", () => {
  const fake = fakeLean("rejects", 'echo "$1:7:2: error: not proved"; exit 1');
  assert.throws(
    () => runLean(fake, "theorem\n", folder),
    /does not accept MonsterWalk\.lean \(exit code 1\): MonsterWalk\.lean:7:2: error: not proved/,
  );
  const none = { command: [join(folder, "none")], files: null };
  assert.throws(() => runLean(none, "theorem\n", folder), /cannot be started/);
});

function runProof(name: string, param: string) {
  const [store, result] = [join(folder, "home"), join(folder, `result-${name}`)];
  return pipelite(["run", flagship, "proof", "--store", store, "--out", result, "--param", param]);
}

test(
  "a run that brings a fake Lean runs it in the sandbox: accepted, the proof says so",
  { skip: sweep() },
  async () => {
    const { code, stderr } = await runProof("good", `lean=${fakeToolchain("cat")}`);
    assert.equal(code, 0, stderr);
    const read = (name: string): unknown =>
      JSON.parse(readFileSync(join(folder, "result-good/proof", name), "utf8"));
    const { status, version, messages } = read("lean-report.json") as Record<string, unknown>;
    assert.equal(status, "lean-checked");
    assert.match(String(version), /^lean \(GNU coreutils\)|^cat /);
    const text = readFileSync(join(folder, "result-good/proof/MonsterWalk.lean"), "utf8");
    assert.deepEqual(
      messages,
      text.split("\n").filter((line) => line !== ""),
    );
    assert.equal((read("statements.json") as { leanChecked: string }).leanChecked, "lean-checked");
  },
);

test(
  "a run that brings a fake Lean which rejects fails; one without its files can't start: TOOL_FILES_NOT_FOUND",
  { skip: sweep() },
  async () => {
    const bad = await runProof("bad", `lean=${fakeToolchain("false")}`);
    assert.equal(bad.code, 1);
    assert.match(bad.stderr, /Lean does not accept MonsterWalk\.lean \(exit code 1\)/);
    rmSync(join(folder, "toolchain-false/lib"), { recursive: true });
    const bare = await runProof("bad", `lean=${join(folder, "toolchain-false/bin/lean")}`);
    assert.deepEqual(
      [bare.code, /cannot find the files of the program/.test(bare.stderr)],
      [4, true],
      bare.stderr,
    );
  },
);
