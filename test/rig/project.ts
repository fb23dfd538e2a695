// A pipeline written for a test, in a folder of its own, with a home of its own; everything is removed at the end.
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { removeTree } from "#base/files.ts";
import { openHome, type Home } from "#home/home.ts";
import type { RunRecord } from "#home/run-record.ts";
import type { RunEvent } from "#home/events.ts";
import { planPipeline } from "#run/plan.ts";
import type { Plan } from "#run/plan.ts";
import { runPipeline } from "#run/run.ts";
import type { RunOptions, RunOutcome } from "#run/options.ts";
import { giveBack, warm } from "./warm-home.ts";

export type ProjectFiles = Readonly<Record<string, string>>;

export interface RanOnce extends RunOutcome {
  events: RunEvent[];
  /** Stage name -> how it ended. */
  ends: Record<string, string>;
  /** Stage name -> output path. */
  outputs: Record<string, string | undefined>;
}

export class Project implements Disposable {
  readonly folder: string;
  readonly root: string;
  readonly home: string;
  /** The handle to it. */
  readonly door: Home;

  /** `home`: one that other projects use too; without it the project gets its own. */
  constructor(files: ProjectFiles, home?: string) {
    this.folder = mkdtempSync(join(tmpdir(), "pipelite-test-"));
    this.root = join(this.folder, "project");
    this.home = home ?? join(this.folder, "home");
    if (home === undefined) warm(this.home);
    this.door = openHome(this.home);
    mkdirSync(this.root);
    this.write(files);
  }

  write(files: ProjectFiles): void {
    for (const [name, content] of Object.entries(files)) {
      const path = join(this.root, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
  }

  options(more: Partial<RunOptions> = {}): RunOptions {
    return {
      pipeline: this.root,
      stages: [],
      home: this.door,
      engine: "embedded",
      params: {},
      out: null,
      keepGoing: false,
      paranoid: false,
      env: process.env,
      listener: () => undefined,
      signal: new AbortController().signal,
      ...more,
    };
  }

  async run(more: Partial<RunOptions> = {}): Promise<RanOnce> {
    const events: RunEvent[] = [];
    const outcome = await runPipeline(
      this.options({
        ...more,
        listener: (event) => {
          events.push(event);
          more.listener?.(event);
        },
      }),
    );
    const finished = events.flatMap((event) => (event.type === "stage-finished" ? [event] : []));
    return {
      ...outcome,
      events,
      ends: Object.fromEntries(finished.map(({ name, status }) => [name, status])),
      outputs: Object.fromEntries(finished.map(({ name, outPath }) => [name, outPath])),
    };
  }

  /** What was recorded of a run. */
  record(word = "latest"): RunRecord {
    return this.door.runs.find({ word }).record;
  }

  plan(more: Partial<RunOptions> = {}): Promise<Plan> {
    return planPipeline(this.options(more));
  }

  [Symbol.dispose](): void {
    giveBack(this.home);
    removeTree(this.folder);
  }
}
