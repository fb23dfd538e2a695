// A disk that runs full while a pipeline runs: what ran is told and recorded all the same, and record and exit code say the same.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { openHome } from "#home/home.ts";
import type { RunEvent } from "#home/events.ts";
import { layoutOf } from "#store/layout.ts";
import { Project } from "../rig/project.ts";

const skip = process.getuid?.() === 0 ? false : "not run: mounting a small file system needs root";

const FILES = {
  "pipeline.ts": `import { param, pipeline, stage } from "pipelite";
const n = param.integer({ default: 1 });
const a = stage(() => import("./stage.ts"), { n });
const b = stage(() => import("./stage.ts"), { n, a });
export default pipeline({ a, b });\n`,
  "stage.ts": 'export default ({ n }: { n: number }) => ({ "n.txt": String(n) });\n',
};

/** A home on a file system of its own that has run the pipeline once, and whatever is to fill it. */
function withDisk(options: string, action: (disk: Disk) => Promise<void>): Promise<void> {
  const project = new Project(FILES);
  const path = join(project.folder, "small");
  mkdirSync(path);
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]);
  const home = openHome(join(path, "home"));
  return action({ project, home, path, filler: join(path, "filler") }).finally(() => {
    spawnSync("umount", ["-l", path]);
    project[Symbol.dispose]();
  });
}

interface Disk {
  project: Project;
  home: ReturnType<typeof openHome>;
  path: string;
  filler: string;
}

function fillBytes({ filler }: Disk): void {
  spawnSync("sh", ["-c", `cat /dev/zero > ${filler}`]);
}

function fillFiles({ filler, path }: Disk): void {
  mkdirSync(filler, { recursive: true });
  for (let number = 0; statfsSync(path).ffree > 0; number += 1)
    writeFileSync(join(filler, String(number)), "");
}

/** Fills the disk at the first event that is meant. */
function filling(disk: Disk, fill: (disk: Disk) => void, isMeant: (event: RunEvent) => boolean) {
  let isFull = false;
  return (event: RunEvent): void => {
    if (isFull || !isMeant(event)) return;
    isFull = true;
    fill(disk);
  };
}

const isFirstEnd = ({ type }: RunEvent): boolean => type === "stage-finished";
const isClaim = ({ type }: RunEvent): boolean => type === "claim";

test("the disk runs full between two stages: the run is recorded as failed, however often", { skip }, () =>
  withDisk("size=220m", async (disk) => {
    const { project, home, filler } = disk;
    assert.equal((await project.run({ home })).status, "passed");
    for (const n of [2, 3]) {
      const params = { n: String(n) };
      const ran = await project.run({ home, params, listener: filling(disk, fillBytes, isFirstEnd) });
      assert.deepEqual([ran.status, ran.exitCode, ran.ends], ["failed", 1, { a: "built", b: "failed" }]);
      const { record, problem } = home.runs.find({ word: "latest" });
      assert.deepEqual([record.runId, record.status, problem], [ran.runId, "failed", undefined]);
      assert.equal(record.stages[1]?.failure?.code, "STORE_NO_SPACE");
      const reserved = statSync(layoutOf(home.folder).reservedFile).size;
      assert.ok(reserved >= 4 << 20, `${reserved} bytes are left to a collection`);
      rmSync(filler);
    }
    assert.equal((await project.run({ home, params: { n: "4" } })).status, "passed");
    assert.equal(statSync(layoutOf(home.folder).reservedFile).size, 8 << 20);
  }),
);

for (const [what, options, fill] of [
  ["no byte more", "size=220m", fillBytes],
  ["no file more", "size=220m,nr_inodes=2000", fillFiles],
] as const) {
  test(`a disk that takes ${what} when a run that passed is recorded: it has passed`, { skip }, () =>
    withDisk(options, async (disk) => {
      const { project, home } = disk;
      await project.run({ home });
      const listener = filling(disk, fill, isClaim);
      const { runId, status, exitCode } = await project.run({ home, params: { n: "2" }, listener });
      assert.deepEqual([status, exitCode, home.runs.read(runId).record.status], ["passed", 0, "passed"]);
      assert.deepEqual(
        readdirSync(home.layout.runs).filter((name) => name.endsWith(".pending")),
        [],
      );
    }),
  );

  test(`a disk that takes ${what} when the result is gathered: the run is recorded as failed`, { skip }, () =>
    withDisk(options, async (disk) => {
      const { project, home } = disk;
      await project.run({ home });
      const listener = filling(
        disk,
        fill,
        (event) => event.type === "phase-finished" && event.phase === "build",
      );
      const events: RunEvent[] = [];
      const running = project.run({
        home,
        params: { n: "2" },
        listener: (event) => (events.push(event), listener(event)),
      });
      await assert.rejects(running, (error) => isPipeliteError(error, "STORE_NO_SPACE"));
      const { record } = home.runs.find({ word: "latest" });
      assert.deepEqual([record.status, record.tree, record.counts.built], ["failed", undefined, 2]);
      const passed = record.claims.find(({ id }) => id === "run/passed");
      assert.deepEqual([passed?.value, events.at(-1)?.type], [false, "run-finished"]);
    }),
  );
}
