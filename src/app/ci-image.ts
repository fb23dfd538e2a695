// The images of a pipeline, started and asked: an image is well when its own probe says so within its time.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Pack } from "#author/pack.ts";
import type { Variables } from "#base/environment.ts";
import { loadPipeline } from "#compile/load.ts";
import { openHome } from "#home/home.ts";
import type { RunRecord } from "#home/run-record.ts";
import type { CiPlace } from "./ci-build.ts";
import { lastLine, workingEngine } from "./ci-elsewhere.ts";
import { pack } from "./pack.ts";

/** An image: how it did. `null` as `problem` is well; `unavailable` is what can't be told. */
export interface ImageFindings {
  status: "passed" | "failed" | "unavailable";
  reason: string;
}

export async function tryImages(record: RunRecord, place: CiPlace): Promise<ImageFindings> {
  const { packs } = await loadPipeline(record.pipelineFile);
  const images = packs.filter(({ image }) => image?.health !== undefined);
  if (images.length === 0)
    return unavailable("the pipeline declares no image with a probe of its health (docs/images.md)");
  const { engine, problem } = workingEngine(place.env);
  if (engine === undefined) return unavailable(problem);
  const out = join(place.folder, "images");
  mkdirSync(out, { recursive: true });
  const packed = await pack({
    home: openHome(place.home),
    which: { word: record.runId },
    names: images.map(({ name }) => name),
    formats: ["docker"],
    out,
    isSingle: false,
    codec: undefined,
    epoch: undefined,
    keyFile: undefined,
    pathKeyFile: undefined,
    level: undefined,
    layersFile: undefined,
    isAttested: false,
    signal: place.signal,
  });
  const said: string[] = [];
  for (const image of images) {
    const written = packed.packages.find(({ name }) => name === image.name);
    if (written === undefined) return { status: "failed", reason: `${image.name}: no image was written` };
    const problemOf = await probe(engine, join(out, written.file), image, place);
    if (problemOf !== undefined) return { status: "failed", reason: `${image.name}: ${problemOf}` };
    said.push(`${image.name} is well in ${engine}`);
  }
  return { status: "passed", reason: said.join("; ") };
}

function unavailable(reason: string): ImageFindings {
  return { status: "unavailable", reason };
}

const PAUSE_MS = 500;
/** For one whose probe says nothing of how long it takes to start. */
const START_SECONDS = 30;

/** @returns what is wrong; undefined for an image that is well */
async function probe(
  engine: string,
  file: string,
  { image = {} }: Pack,
  { env, signal }: CiPlace,
): Promise<string | undefined> {
  const { health } = image;
  if (health === undefined) throw new Error("an image without a probe");
  const loaded = run(engine, env, "load", "-i", file);
  const name = /Loaded image(?:\(s\))?: *(\S+)/.exec(loaded.stdout)?.[1];
  if (loaded.status !== 0 || name === undefined) return `it can't be loaded: ${lastLine(loaded.stderr)}`;
  const started = run(engine, env, "run", "--detach", "--network", "none", name);
  const id = started.stdout.trim();
  try {
    if (started.status !== 0) return `it does not start: ${lastLine(started.stderr)}`;
    const end = performance.now() + 1000 * (health.startSeconds ?? START_SECONDS);
    for (;;) {
      signal.throwIfAborted();
      const asked = run(engine, env, "exec", id, ...health.command);
      if (asked.status === 0) return undefined;
      const state = run(engine, env, "inspect", "--format", "{{.State.Running}}", id).stdout.trim();
      if (state !== "true")
        return `it ended before it was asked: ${lastLine(run(engine, env, "logs", id).stderr)}`;
      if (performance.now() > end) return `its probe says ${asked.status}: ${lastLine(asked.stderr)}`;
      await sleep(PAUSE_MS);
    }
  } finally {
    if (id !== "") {
      run(engine, env, "kill", id);
      run(engine, env, "rm", "--force", id);
    }
    run(engine, env, "rmi", "--force", name);
  }
}

function run(engine: string, env: Variables, ...words: string[]) {
  return spawnSync(engine, words, { env, encoding: "utf8" });
}
