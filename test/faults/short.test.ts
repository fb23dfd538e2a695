// A disk that is filling up takes a part of what it is given, and says so: the rest is written, too, or the command fails.
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { filesBelow, removeTree } from "#base/files.ts";
import { parseNarInfo } from "#nix/narinfo.ts";
import { openStore } from "#store/store.ts";
import { peer } from "../rig/peer.ts";
import { FaultyScript, moduleText } from "./each-call.ts";
import { Work } from "./work.ts";

const skip = peer("gcc");
const STORE = `
  const [folder] = process.argv.slice(2);
  const { openStore } = await import(${moduleText("store/store.ts")});
  using store = openStore(folder + "/home");
  const [path] = store.validPaths();
`;
const PUSH = `${STORE}
  const { folderFiles } = await import(${moduleText("cache/folder.ts")});
  const { push } = await import(${moduleText("cache/push.ts")});
  const { signal } = new AbortController();
  await push(store, folderFiles(folder + "/cache"), [path], { compression: "none", signal });
`;
const TEMPORARY_ROOT = `${STORE}
  const { readdirSync, readFileSync } = await import("node:fs");
  await store.addTempRoot(path);
  const roots = folder + "/home/nix/var/nix/temproots/";
  console.log(path, ...readdirSync(roots).flatMap((name) => readFileSync(roots + name, "latin1").split("\\0")));
`;
const EVENTS = `
  const { EventLog } = await import(${moduleText("home/event-log.ts")});
  const log = new EventLog(process.argv[2] + "/events");
  log.add({ type: "run-started", pipeline: "demo" });
  await log.close();
`;

let home: string;
before(async () => {
  home = join(mkdtempSync(join(tmpdir(), "pipelite-short-")), "home");
  using store = openStore(home);
  await store.addText("text", Buffer.from("of a store path"));
});
after(() => removeTree(dirname(home)));
const prepare = (folder: string): void => cpSync(home, join(folder, "home"), { recursive: true });

test("a NAR is in a cache as its narinfo says", { skip }, () => {
  using script = new FaultyScript(PUSH);
  script.tryEachCall(
    "short",
    (folder, { status, stderr }, at) => {
      if (status !== 0) return assert.notEqual(stderr, "", `call ${at}`);
      const cache = join(folder, "cache");
      const [name = ""] = readdirSync(cache).filter((each) => each.endsWith(".narinfo"));
      const { url, fileHash } = parseNarInfo(readFileSync(join(cache, name), "utf8"));
      const digest = hash("sha256", readFileSync(join(cache, url)));
      assert.equal(digest, Buffer.from(fileHash?.bytes ?? []).toString("hex"), `call ${at}`);
    },
    prepare,
  );
});

test("a collection reads the whole of a temporary root", { skip }, () => {
  using script = new FaultyScript(TEMPORARY_ROOT);
  script.tryEachCall(
    "short",
    (_folder, { status, stdout, stderr }, at) => {
      if (status !== 0) return assert.notEqual(stderr, "", `call ${at}`);
      const [path = "none", ...roots] = stdout.trim().split(" ");
      assert.ok(roots.includes(path), `call ${at}: ${stdout}`);
    },
    prepare,
  );
});

test("a log of events begins with a whole line", { skip }, () => {
  using script = new FaultyScript(EVENTS);
  script.tryEachCall("short", (folder, { status, stderr }, at) => {
    if (status !== 0) return assert.notEqual(stderr, "", `call ${at}`);
    const text = readFileSync(join(folder, "events"), "utf8");
    assert.ok(text.endsWith("}\n"), `call ${at}: ${text}`);
  });
});

const SAID = "all that a stage says";
const TALKS = `import { command, out, pipeline, tool } from "pipelite";
const talks = command(tool("busybox"), ["sh", "-c", "echo ${SAID} >&2; echo > $0", out]);
export default pipeline({ talks });
`;

test("a run that passes has the whole log of its stages", { skip: peer("gcc", "busybox") }, async () => {
  using work = await Work.make();
  writeFileSync(join(work.project, "pipeline.ts"), TALKS);
  work.save();
  const logs = join(work.home, "nix/var/log");
  const run = (at: number) => {
    work.restore();
    return work.start({ words: ["run", work.project, "--no-link"] }, work.faulty("short", at, logs));
  };
  assert.equal(run(0).status, 0);
  const calls = work.count();
  assert.ok(calls >= 2, `${calls} calls`);
  for (let at = 1; at <= calls; at += 1) {
    const { status, stderr } = run(at);
    if (status !== 0) assert.match(stderr, /no space/i, `call ${at}`);
    else
      for (const file of filesBelow(logs)) assert.equal(readFileSync(join(logs, file), "utf8"), `${SAID}\n`);
  }
});
