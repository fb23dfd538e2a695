// Which derivation gave which output, and what building it took: our own table beside the store. It is what makes early
// cutoff work (equal inputs, equal output, nothing to do) and what `timings` reads; Nix's experimental tables are left
// alone because their keys changed between versions.
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { StorePath } from "#nix/store-path.ts";
import { parseStorePath } from "#nix/store-path.ts";
import type { SandboxUsage } from "#sandbox/sandbox.ts";

/** What a build used. A figure that could not be had is absent; `source` says where each came from. */
export interface Usage extends Omit<SandboxUsage, "source"> {
  source: { wall: string; cpu: string; memory: string; io: string; events?: string };
}

export interface BuildRow {
  /** Absolute path of the pipeline.ts, and the stage in it, that it was built for. */
  pipeline: string;
  stage: string;
  drvPath: StorePath;
  outPath: StorePath;
  runId: string;
  startedAt: string;
  usage: Usage;
  engine: string;
  sandbox: string;
}

/** Raised whenever what is kept here changes shape. */
const SCHEMA_VERSION = 3;

const DROP = "drop table if exists Builds; drop table if exists Ingredients; drop table if exists Trees;";

const SCHEMA = `
pragma user_version = ${SCHEMA_VERSION};
create table if not exists Builds (
  drvPath text primary key,
  pipeline text not null,
  stage text not null,
  outPath text not null,
  runId text not null,
  startedAt text not null,
  usage text not null,
  engine text not null,
  sandbox text not null
) strict;
create index if not exists BuildsOfStage on Builds (pipeline, stage, startedAt);
create table if not exists Ingredients (
  pipeline text not null,
  stage text not null,
  value text not null,
  primary key (pipeline, stage)
) strict;
create table if not exists Trees (
  results text primary key,
  tree text not null,
  runId text not null
) strict;`;

export class Builds {
  readonly #db: DatabaseSync;

  constructor(home: string) {
    const file = join(home, "pipelite", "builds.sqlite");
    mkdirSync(dirname(file), { recursive: true });
    this.#db = new DatabaseSync(file);
    this.#db.exec("pragma busy_timeout = 10000; pragma journal_mode = wal; pragma synchronous = normal;");
    const row = this.#db.prepare("pragma user_version").get();
    // All of this can be had again by building again, so a table of another version is not migrated.
    if (row?.["user_version"] !== SCHEMA_VERSION) this.#db.exec(DROP);
    this.#db.exec(SCHEMA);
  }

  /** The last build of this derivation, if there was one. */
  find(drvPath: StorePath): BuildRow | undefined {
    const row = this.#db
      .prepare(
        "select pipeline, stage, outPath, runId, startedAt, usage, engine, sandbox from Builds where drvPath = ?",
      )
      .get(drvPath);
    if (row === undefined) return undefined;
    return {
      pipeline: text(row["pipeline"]),
      stage: text(row["stage"]),
      drvPath,
      outPath: parseStorePath(text(row["outPath"])),
      runId: text(row["runId"]),
      startedAt: text(row["startedAt"]),
      usage: JSON.parse(text(row["usage"])) as Usage,
      engine: text(row["engine"]),
      sandbox: text(row["sandbox"]),
    };
  }

  record(row: BuildRow): void {
    this.#db
      .prepare(
        `insert or replace into Builds (drvPath, pipeline, stage, outPath, runId, startedAt, usage, engine, sandbox)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        row.drvPath,
        row.pipeline,
        row.stage,
        row.outPath,
        row.runId,
        row.startedAt,
        JSON.stringify(row.usage),
        row.engine,
        row.sandbox,
      );
  }

  /** How long the last build of this stage took, whatever it was built from. */
  lastWallMs(pipeline: string, stage: string): number | undefined {
    const row = this.#db
      .prepare("select usage from Builds where pipeline = ? and stage = ? order by startedAt desc limit 1")
      .get(pipeline, stage);
    return row === undefined ? undefined : (JSON.parse(text(row["usage"])) as Usage).wallMs;
  }

  /** What a stage was made of when it was last planned in a run that passed it. */
  ingredients(pipeline: string, stage: string): unknown {
    const row = this.#db
      .prepare("select value from Ingredients where pipeline = ? and stage = ?")
      .get(pipeline, stage);
    return row === undefined ? undefined : (JSON.parse(text(row["value"])) as unknown);
  }

  rememberIngredients(pipeline: string, stage: string, value: unknown): void {
    this.#db
      .prepare("insert or replace into Ingredients (pipeline, stage, value) values (?, ?, ?)")
      .run(pipeline, stage, JSON.stringify(value));
  }

  /** The result tree that a run made of exactly these outputs. */
  tree(results: string): { tree: StorePath; runId: string } | undefined {
    const row = this.#db.prepare("select tree, runId from Trees where results = ?").get(results);
    return row && { tree: parseStorePath(text(row["tree"])), runId: text(row["runId"]) };
  }

  rememberTree(results: string, tree: StorePath, runId: string): void {
    this.#db
      .prepare("insert or replace into Trees (results, tree, runId) values (?, ?, ?)")
      .run(results, tree, runId);
  }

  close(): void {
    this.#db.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The last build of a derivation, from a table that is only read; undefined where there is none. */
export function readBuild(
  home: string,
  drvPath: string,
): Pick<BuildRow, "outPath" | "runId" | "usage"> | undefined {
  const file = join(home, "pipelite", "builds.sqlite");
  if (!existsSync(file)) return undefined;
  const db = new DatabaseSync(file, { readOnly: true, timeout: 10_000 });
  try {
    const row = db.prepare("select outPath, runId, usage from Builds where drvPath = ?").get(drvPath);
    if (row === undefined) return undefined;
    const usage = JSON.parse(text(row["usage"])) as Usage;
    return { outPath: parseStorePath(text(row["outPath"])), runId: text(row["runId"]), usage };
  } finally {
    db.close();
  }
}

function text(value: unknown): string {
  if (typeof value !== "string")
    throw new TypeError(`builds.sqlite holds ${typeof value} where text belongs`);
  return value;
}
