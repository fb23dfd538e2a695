// `run --watch`: what a save changed is built again, whatever way it was saved; what it did not change goes on.
import assert from "node:assert/strict";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { removeTree } from "#base/files.ts";
import type { RunEvent } from "#home/events.ts";
import { start, type Running } from "../rig/command.ts";
import { sweep } from "../rig/peer.ts";

type Line = RunEvent | { type?: undefined; error: { code: string; message: string } };

/** A pipeline that is watched; what it says comes one line after the other. */
class Watched implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "pipelite-watch-"));
  readonly #running: Running;
  readonly #lines: Line[] = [];
  #wake = (): void => undefined;

  constructor(files: Record<string, string>, ...more: string[]) {
    for (const [name, text] of Object.entries(files)) this.save(name, text);
    const words = ["run", "--watch", "--json", "--no-link", "--store", join(this.folder, ".home"), ...more];
    this.#running = start(words, { cwd: this.folder });
    this.#running.child.on("close", () => this.#wake());
    const { stdout } = this.#running.child;
    assert.ok(stdout !== null);
    createInterface(stdout).on("line", (line) => {
      this.#lines.push(JSON.parse(line) as Line);
      this.#wake();
    });
  }

  /**
   * As an editor that writes in place, but in one step: what is there half for a moment may be seen so, and is a save of its own.
   * A file that is there is filled up with spaces, and a new one comes with its folders.
   */
  save(name: string, text: string): void {
    const file = join(this.folder, name);
    if (existsSync(file)) {
      const fd = openSync(file, "r+");
      writeSync(fd, text.padEnd(fstatSync(fd).size));
      closeSync(fd);
      return;
    }
    const beside = mkdtempSync(`${this.folder}-beside-`);
    mkdirSync(dirname(join(beside, name)), { recursive: true });
    writeFileSync(join(beside, name), text);
    const steps = name.split("/").map((_, index, all) => all.slice(0, index + 1).join("/"));
    const first = steps.find((step) => !existsSync(join(this.folder, step))) ?? name;
    renameSync(join(beside, first), join(this.folder, first));
    removeTree(beside);
  }

  /** As an editor that writes beside it and renames. */
  saveByRename(name: string, text: string): void {
    this.save(`${name}.new`, text);
    renameSync(join(this.folder, `${name}.new`), join(this.folder, name));
  }

  /** The lines up to the first that is wanted; those before are forgotten. */
  async until(wanted: (line: Line) => boolean): Promise<Line[]> {
    for (;;) {
      const at = this.#lines.findIndex(wanted);
      if (at >= 0) return this.#lines.splice(0, at + 1);
      const { exitCode, signalCode } = this.#running.child;
      assert.ok(exitCode === null && signalCode === null, "the watch has ended by itself");
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** How the stages of the next run end. */
  async nextEnds(): Promise<Record<string, string>> {
    const lines = await this.until(({ type }) => type === "run-finished");
    return Object.fromEntries(
      lines.flatMap((line) => (line.type === "stage-finished" ? [[line.name, line.status]] : [])),
    );
  }

  async stop(): Promise<number | null> {
    this.#running.child.kill("SIGINT");
    return (await this.#running.ended).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#running.child.exitCode === null) {
      this.#running.child.kill("SIGKILL");
      await once(this.#running.child, "close");
    }
    removeTree(this.folder);
  }
}

const FILES = {
  "pipeline.ts": `import { pipeline, source, stage } from "pipelite";
const a = stage(() => import("./stages/a.ts"), { data: source("data") });
const b = stage(() => import("./stages/b.ts"));
export default pipeline({ a, b });
`,
  "stages/a.ts": `import { readdirSync } from "node:fs";
import { word } from "../lib/word.ts";
export default ({ data }) => ({ "a.txt": word + readdirSync(data.path) });
`,
  "stages/b.ts": 'export default () => ({ "b.txt": "b" });\n',
  "lib/word.ts": 'export const word = "one";\n',
  "data/1.txt": "1\n",
};

test("each save builds what it changed and nothing else: in place, by rename, new files, the pipeline itself", async () => {
  await using watched = new Watched(FILES);
  assert.deepEqual(await watched.nextEnds(), { a: "built", b: "built" });
  watched.save("lib/word.ts", 'export const word = "two";\n');
  assert.deepEqual(await watched.nextEnds(), { a: "built", b: "cached" });
  watched.saveByRename("stages/b.ts", 'export default () => ({ "b.txt": "other" });\n');
  assert.deepEqual(await watched.nextEnds(), { a: "cached", b: "built" });
  watched.saveByRename("stages/b.ts", 'export default () => ({ "b.txt": "again" });\n');
  assert.deepEqual(await watched.nextEnds(), { a: "cached", b: "built" });
  watched.save("data/2.txt", "2\n");
  assert.deepEqual(await watched.nextEnds(), { a: "built", b: "cached" });
  watched.save("data/deep/er/3.txt", "3\n");
  assert.deepEqual(await watched.nextEnds(), { a: "built", b: "cached" });
  watched.save("data/deep/er/4.txt", "4\n");
  assert.deepEqual(await watched.nextEnds(), { a: "built", b: "cached" });
  watched.save("pipeline.ts", FILES["pipeline.ts"].replace("{ a, b }", "{ b }"));
  assert.deepEqual(await watched.nextEnds(), { b: "cached" });
  assert.equal(await watched.stop(), 130);
});

test("what concerns nobody starts nothing", { skip: sweep() }, async () => {
  await using watched = new Watched(FILES);
  await watched.nextEnds();
  watched.save("notes.txt", "a note");
  watched.save("stages/.a.ts.swp", "what an editor leaves");
  watched.saveByRename("stages/b.ts", 'export default () => ({ "b.txt": "last" });\n');
  const lines = await watched.until(({ type }) => type === "run-finished");
  assert.equal(lines.filter(({ type }) => type === "run-started").length, 1);
  assert.equal(await watched.stop(), 130);
});

test(
  "a pipeline that can't be read, a stage that fails, a file that is gone: the watch goes on",
  { skip: sweep() },
  async () => {
    await using watched = new Watched({ ...FILES, "pipeline.ts": "export default pipeline({" });
    const isError = (line: Line): boolean => "error" in line;
    const errorOf = (lines: Line[]) => lines.flatMap((line) => ("error" in line ? [line.error.code] : []));
    assert.deepEqual(errorOf(await watched.until(isError)), ["PIPELINE_FAILED"]);
    watched.save("pipeline.ts", FILES["pipeline.ts"]);
    assert.deepEqual(await watched.nextEnds(), { a: "built", b: "built" });
    watched.save("stages/b.ts", "export default () => {");
    assert.deepEqual(errorOf(await watched.until(isError)), ["STAGE_BUNDLE_FAILED"]);
    watched.save("stages/b.ts", 'export default () => { throw new Error("no"); };\n');
    assert.deepEqual(await watched.nextEnds(), { a: "cached", b: "failed" });
    rmSync(join(watched.folder, "stages/b.ts"));
    assert.deepEqual(errorOf(await watched.until(isError)), ["STAGE_MODULE_NOT_FOUND"]);
    watched.save("stages/b.ts", FILES["stages/b.ts"]);
    assert.deepEqual(await watched.nextEnds(), { a: "cached", b: "cached" });
    assert.equal(await watched.stop(), 130);
  },
);

/** Waits until a file is there: in the sandbox there is none of the machine, so these run without one. */
const WAITING = (name: string) => `import { existsSync, writeFileSync } from "node:fs";
export default async function waits() {
  writeFileSync("FOLDER/${name}.started", "");
  while (!existsSync("FOLDER/${name}.go")) await new Promise((resolve) => setTimeout(resolve, 20));
  return { "r.txt": "${name}" };
}
`;

test(
  "a save while stages are built: what is still wanted is not started twice, what is not wanted is stopped",
  { skip: sweep() },
  async () => {
    const signs = mkdtempSync(join(tmpdir(), "pipelite-signs-"));
    const waiting = (name: string): string => WAITING(name).replaceAll("FOLDER", signs);
    const there = async (name: string): Promise<void> => {
      while (!existsSync(join(signs, name))) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await using watched = new Watched(
      {
        "pipeline.ts": `import { pipeline, stage } from "pipelite";
export default pipeline({ a: stage(() => import("./a.ts")), b: stage(() => import("./b.ts")) });
`,
        "a.ts": waiting("a"),
        "b.ts": waiting("b"),
      },
      "--sandbox",
      "none",
      "--jobs",
      "2",
    );
    await there("a.started");
    await there("b.started");
    rmSync(join(signs, "a.started"));
    watched.save("b.ts", waiting("b2"));
    // The new b runs beside the old a, which nobody starts again; the old b ends without its sign.
    await there("b2.started");
    assert.equal(existsSync(join(signs, "a.started")), false);
    writeFileSync(join(signs, "a.go"), "");
    await watched.until((line) => line.type === "stage-finished" && line.name === "a");
    // The old run ends now: what the new one builds goes on.
    await new Promise((resolve) => setTimeout(resolve, 300));
    writeFileSync(join(signs, "b2.go"), "");
    const ends = await watched.nextEnds();
    assert.equal(ends["b"], "built");
    assert.equal(existsSync(join(signs, "a.started")), false);
    assert.equal(await watched.stop(), 130);
    rmSync(signs, { recursive: true });
  },
);
