// What building each derivation took, and in which run: our own table beside the store, which `timings` reads. Which
// output a derivation gave also stands in Nix's tables (store/realisations.ts), for all who use the store.
import { existsSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite";
import { makeFolder } from "#base/files.ts";
import { isPipeliteError } from "#base/errors.ts";
import type { Usage } from "#engine/engine.ts";
import type { StorePath } from "#nix/store-path.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { transact } from "#store/database.ts";
import { BUSY_TIMEOUT_MS, storeFailure } from "#store/failure.ts";
import { pipeliteError } from "./errors.ts";
import type { HomeLayout } from "./layout.ts";

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
  readonly #file: string;
  readonly #home: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** Rows that are to be written, and what resolves when they are. */
  readonly #unwritten: (() => void)[] = [];
  #writing: Promise<void> | undefined;
  /** Asked for by the plan, by the order of the stages and by each stage; what others build meanwhile changes no plan. */
  readonly #lastWalls = new Map<string, number | undefined>();
  /** Pipelines that had nothing here when they were first asked for -> their stages that were written since. */
  readonly #firstRuns = new Map<string, Set<string> | undefined>();

  /** Opens the table, and makes it again where it is damaged: all of it can be had again by building again. */
  constructor({ folder: home, builds: file }: Pick<HomeLayout, "folder" | "builds">) {
    this.#home = home;
    this.#file = file;
    makeFolder(dirname(this.#file));
    this.#db = guarded(home, this.#file, () => {
      try {
        return openTable(this.#file);
      } catch (error) {
        if (!isDamage(home, error)) throw error;
        for (const suffix of ["", "-wal", "-shm"]) rmSync(`${this.#file}${suffix}`, { force: true });
        return openTable(this.#file);
      }
    });
  }

  /** Preparing one takes longer than running it. */
  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #get(sql: string, ...values: string[]): Row | undefined {
    return guarded(this.#home, this.#file, () => this.#statement(sql).get(...values));
  }

  #put(sql: string, ...values: string[]): void {
    guarded(this.#home, this.#file, () => this.#statement(sql).run(...values));
  }

  /** All of it, or nothing, is kept. */
  #inOne(action: () => void): void {
    guarded(this.#home, this.#file, () => transact(this.#db, action));
  }

  /** The last build of this derivation, if there was one. */
  find(drvPath: StorePath): BuildRow | undefined {
    const row = this.#get(
      "select pipeline, stage, outPath, runId, startedAt, usage, engine, sandbox from Builds where drvPath = ?",
      drvPath,
    );
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

  /** What the last build of this derivation gave, and what isolated it. */
  output(drvPath: StorePath): Pick<BuildRow, "outPath" | "sandbox"> | undefined {
    const row = this.#get("select outPath, sandbox from Builds where drvPath = ?", drvPath);
    return row && { outPath: parseStorePath(text(row["outPath"])), sandbox: text(row["sandbox"]) };
  }

  /** The same of many derivations at once; those that have none are left out. */
  outputs(drvPaths: readonly StorePath[]): Map<StorePath, Pick<BuildRow, "outPath" | "sandbox">> {
    const sql =
      "select drvPath, outPath, sandbox from Builds where drvPath in (select value from json_each(?))";
    const rows = guarded(this.#home, this.#file, () => this.#statement(sql).all(JSON.stringify(drvPaths)));
    return new Map(
      rows.map(({ drvPath, outPath, sandbox }) => [
        text(drvPath) as StorePath,
        { outPath: parseStorePath(text(outPath)), sandbox: text(sandbox) },
      ]),
    );
  }

  /** Whether anything was built without a sandbox. */
  hasUnconfined(): boolean {
    return this.#get("select 1 from Builds where sandbox = 'none' limit 1") !== undefined;
  }

  /**
   * Resolves when it is written, with all that is to be recorded in this moment: a transaction for each takes longer than its rows.
   * @param ingredients what the stage was made of
   */
  record(row: BuildRow, ingredients: unknown): Promise<void> {
    this.#lastWalls.delete(`${row.pipeline}\0${row.stage}`);
    this.#firstRuns.get(row.pipeline)?.add(row.stage);
    this.#unwritten.push(() => {
      this.#record(row);
      this.#rememberIngredients(row.pipeline, row.stage, ingredients);
    });
    this.#writing ??= new Promise<void>((go) => setImmediate(go)).then(() => this.#writeAll());
    return this.#writing;
  }

  #writeAll(): void {
    this.#writing = undefined;
    const writes = this.#unwritten.splice(0);
    this.#inOne(() => writes.forEach((write) => write()));
  }

  #record(row: BuildRow): void {
    this.#put(
      `insert or replace into Builds (drvPath, pipeline, stage, outPath, runId, startedAt, usage, engine, sandbox)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
    if (this.#isUnknown(pipeline, stage)) return undefined;
    const key = `${pipeline}\0${stage}`;
    if (!this.#lastWalls.has(key)) this.#lastWalls.set(key, this.#readLastWall(pipeline, stage));
    return this.#lastWalls.get(key);
  }

  /** Nothing is known of a stage of a first run: thousands of them are not looked for one by one. */
  #isUnknown(pipeline: string, stage: string): boolean {
    if (!this.#firstRuns.has(pipeline)) {
      const sql = `select exists (select 1 from Builds where pipeline = ?1)
        or exists (select 1 from Ingredients where pipeline = ?1) as known`;
      const isFirst = this.#get(sql, pipeline)?.["known"] === 0;
      this.#firstRuns.set(pipeline, isFirst ? new Set() : undefined);
    }
    return this.#firstRuns.get(pipeline)?.has(stage) === false;
  }

  #readLastWall(pipeline: string, stage: string): number | undefined {
    const row = this.#get(
      "select usage from Builds where pipeline = ? and stage = ? order by startedAt desc limit 1",
      pipeline,
      stage,
    );
    return row === undefined ? undefined : (JSON.parse(text(row["usage"])) as Usage).wallMs;
  }

  /** What a stage was made of when it was last planned in a run that passed it. */
  ingredients(pipeline: string, stage: string): unknown {
    if (this.#isUnknown(pipeline, stage)) return undefined;
    const row = this.#get("select value from Ingredients where pipeline = ? and stage = ?", pipeline, stage);
    return row === undefined ? undefined : (JSON.parse(text(row["value"])) as unknown);
  }

  /** @param ingredients stage -> what it is made of */
  rememberIngredients(pipeline: string, ingredients: Iterable<readonly [string, unknown]>): void {
    this.#inOne(() => {
      for (const [stage, value] of ingredients) this.#rememberIngredients(pipeline, stage, value);
    });
  }

  #rememberIngredients(pipeline: string, stage: string, value: unknown): void {
    this.#firstRuns.get(pipeline)?.add(stage);
    const sql = "insert or replace into Ingredients (pipeline, stage, value) values (?, ?, ?)";
    this.#put(sql, pipeline, stage, JSON.stringify(value));
  }

  /** The result tree that a run made of exactly these outputs. */
  tree(results: string): { tree: StorePath; runId: string } | undefined {
    const row = this.#get("select tree, runId from Trees where results = ?", results);
    return row && { tree: parseStorePath(text(row["tree"])), runId: text(row["runId"]) };
  }

  rememberTree(results: string, tree: StorePath, runId: string): void {
    const sql = "insert or replace into Trees (results, tree, runId) values (?, ?, ?)";
    this.#put(sql, results, tree, runId);
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
  { folder: home, builds: file }: Pick<HomeLayout, "folder" | "builds">,
  drvPath: string,
): Pick<BuildRow, "outPath" | "runId" | "usage"> | undefined {
  if (!existsSync(file)) return undefined;
  return guarded(home, file, () => {
    const db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
    try {
      const row = db.prepare("select outPath, runId, usage from Builds where drvPath = ?").get(drvPath);
      if (row === undefined) return undefined;
      const usage = JSON.parse(text(row["usage"])) as Usage;
      return { outPath: parseStorePath(text(row["outPath"])), runId: text(row["runId"]), usage };
    } finally {
      db.close();
    }
  });
}

type Row = Record<string, SQLOutputValue>;

function openTable(file: string): DatabaseSync {
  const isThere = existsSync(file);
  const db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    // One that is damaged is made again: making it need not wait for the disk.
    if (!isThere) db.exec("pragma synchronous = off");
    db.exec("pragma journal_mode = wal");
    const isCurrent = (): boolean =>
      db.prepare("pragma user_version").get()?.["user_version"] === SCHEMA_VERSION;
    // Only then is anything written, which waits for the disk; a table of another version is not migrated.
    if (!isCurrent())
      transact(db, () => {
        if (!isCurrent()) db.exec(DROP + SCHEMA);
      });
    db.exec("pragma synchronous = normal");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** @throws PipeliteError BUILDS_DAMAGED, and those of a store that can't be written */
function guarded<T>(home: string, file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!isDamage(home, error)) throw storeFailure({ home }, error);
    throw pipeliteError("BUILDS_DAMAGED", { file }, error);
  }
}

function isDamage(home: string, error: unknown): boolean {
  return isPipeliteError(storeFailure({ home }, error), "STORE_DATABASE_DAMAGED");
}

function text(value: unknown): string {
  if (typeof value !== "string")
    throw new TypeError(`builds.sqlite holds ${typeof value} where text belongs`);
  return value;
}
