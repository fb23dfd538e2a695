// Programs of this machine as store paths: with their libraries when they have some, refused when one is missing.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { editsToName, readLoader } from "#base/elf.ts";
import { isPipeliteError } from "#base/errors.ts";
import { programFolders } from "#base/environment.ts";
import { captureProgram, findProgram } from "#compile/program.ts";
import type { StorePath } from "#nix/store-path.ts";
import { openStore } from "#store/store.ts";
import type { Store } from "#store/store.ts";
import { peer } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const PLACE = "pipeline.ts:1:1";

let project: Project;
let store: Store;
before(() => {
  project = new Project({});
  store = openStore(project.home);
});
after(() => {
  store.close();
  project[Symbol.dispose]();
});

test("Node is captured with its loader and every library that it loads, and names both", async () => {
  const { program } = await captureProgram(store, {
    executable: process.execPath,
    name: "node",
    place: PLACE,
  });
  assert.deepEqual([program.builder, program.args], [`${program.path}/bin/node`, []]);
  const loader = readLoader(store.physical(program.path) + "/bin/node") ?? "";
  const [, libraries = ""] = /^(.*)\/lib\/ld-linux[^/]*$/.exec(loader) ?? [];
  assert.deepEqual(store.info(program.path)?.references, [libraries]);
  const lib = readdirSync(join(store.physical(libraries as StorePath), "lib"));
  assert.ok(lib.some((name) => name.startsWith("ld-linux")));
  assert.ok(lib.some((name) => name.startsWith("libc.so")));
});

test(
  "a program that can't be made to name its loader is started through it",
  { skip: peer("cc") },
  async () => {
    const executable = join(project.folder, "has-a-folder");
    const source = join(project.folder, "has-a-folder.c");
    writeFileSync(source, "int main(void) { return 0; }");
    // It looks for libraries somewhere already.
    execFileSync("cc", ["-Wl,-rpath,/nowhere", "-o", executable, source]);
    const names = { loader: "/nix/store/x/lib/ld.so", libraries: "/nix/store/x/lib" };
    assert.equal(editsToName(executable, names), undefined);
    const { program } = await captureProgram(store, { executable, name: "folder", place: PLACE });
    assert.match(program.builder, /\/lib\/ld-linux/);
    assert.ok(program.args.includes(`${program.path}/bin/has-a-folder`));
  },
);

test("a static program is started as it is", { skip: peer("busybox") }, async () => {
  const executable = findProgram("busybox", {
    root: "/",
    folders: programFolders(process.env),
    place: PLACE,
  });
  const { program } = await captureProgram(store, { executable, name: "busybox", place: PLACE });
  assert.deepEqual([program.builder, program.args], [`${program.path}/bin/busybox`, []]);
});

test("a program whose library is not installed is refused: TOOL_LIBRARY_MISSING, with the library", async () => {
  const executable = join(project.folder, "needs-another");
  const bytes = readFileSync(process.execPath);
  // The first mention is the name in the dynamic section; one letter of it is changed.
  const found = bytes.indexOf("libatomic.so.1");
  bytes.write("libatomiz.so.1", found, "latin1");
  writeFileSync(executable, bytes);
  chmodSync(executable, 0o755);
  await assert.rejects(
    captureProgram(store, { executable, name: "broken", place: PLACE }),
    (error) =>
      isPipeliteError(error, "TOOL_LIBRARY_MISSING") && error.details["library"] === "libatomiz.so.1",
  );
});
