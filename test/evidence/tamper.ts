// Changes to what a run left behind, each of which can be taken back: files, the record with and without the journal made
// to agree, rows of the databases.
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { prettyJson } from "#base/canonical-json.ts";
import { removeTree } from "#base/files.ts";
import type { JournalKind } from "#home/journal.ts";
import { openHome, type Home } from "#home/home.ts";
import type { RunRecord } from "#home/run-record.ts";

export class Tamper {
  readonly home: string;
  readonly door: Home;
  readonly record: RunRecord;
  readonly #undo: (() => void)[] = [];

  constructor(home: string, record: RunRecord) {
    this.home = home;
    this.door = openHome(home);
    this.record = structuredClone(record);
  }

  /** Takes everything back. */
  undo(): void {
    for (const each of this.#undo.toReversed()) each();
    this.#undo.length = 0;
  }

  stage(name: string): RunRecord["stages"][number] & { outPath: string; drvPath: string } {
    const found = this.record.stages.find((stage) => stage.name === name);
    if (found?.outPath === undefined || found.drvPath === undefined) throw new Error(`no stage ${name}`);
    return Object.assign(found, { outPath: found.outPath, drvPath: found.drvPath });
  }

  /** Where a store path, or a file of it, is on disk. */
  path(storePath: string, file = ""): string {
    return join(this.home, storePath, file);
  }

  /** Changes a file's text, through whatever modes stand in the way. */
  edit(file: string, change: (text: string) => string): void {
    this.#keep(file);
    const before = readFileSync(file, "latin1");
    const after = change(before);
    if (after === before) throw new Error(`nothing changed in ${file}`);
    const { mode } = lstatSync(file);
    chmodSync(file, 0o644);
    writeFileSync(file, after, "latin1");
    chmodSync(file, mode);
  }

  remove(path: string): void {
    this.#open(dirname(path));
    const aside = `${this.home}/aside-${this.#undo.length}`;
    renameSync(path, aside);
    this.#undo.push(() => renameSync(aside, path));
  }

  add(file: string, content: string): void {
    this.#open(dirname(file));
    writeFileSync(file, content);
    this.#undo.push(() => rmSync(file));
  }

  /** Puts a copy of one tree where another is. */
  replace(path: string, by: string): void {
    this.remove(path);
    cpSync(by, path, { recursive: true, verbatimSymlinks: true });
    this.#undo.push(() => removeTree(path));
  }

  relink(link: string, target: string): void {
    this.remove(link);
    symlinkSync(target, link);
    this.#undo.push(() => rmSync(link));
  }

  setMode(file: string, mode: number): void {
    const before = lstatSync(file).mode;
    chmodSync(file, mode);
    this.#undo.push(() => chmodSync(file, before));
  }

  /** Runs a statement on a database; what it was comes back with its write-ahead log. */
  sql(file: string, statement: string, ...values: string[]): void {
    for (const each of [file, `${file}-wal`, `${file}-shm`]) this.#keep(each);
    const db = new DatabaseSync(file);
    const { changes } = db.prepare(statement).run(...values);
    db.close();
    if (changes === 0) throw new Error(`nothing changed by ${statement}`);
  }

  storeRow(statement: string, ...values: string[]): void {
    this.sql(join(this.home, "nix/var/nix/db/db.sqlite"), statement, ...values);
  }

  buildRow(statement: string, ...values: string[]): void {
    this.sql(join(this.home, "pipelite/builds.sqlite"), statement, ...values);
  }

  get recordFile(): string {
    return join(this.home, "pipelite/runs", `${this.record.runId}.json`);
  }

  get journal(): string {
    return this.door.journal.file;
  }

  journalLines(change: (lines: string[]) => string[]): void {
    this.edit(this.journal, (text) =>
      change(text.split("\n").slice(0, -1))
        .map((line) => `${line}\n`)
        .join(""),
    );
  }

  /** Changes the record, and has the journal agree: a new chain from the first line on. */
  forge(change: (record: RunRecord) => void): void {
    change(this.record);
    this.edit(this.recordFile, () => Buffer.from(prettyJson(this.record)).toString("latin1"));
    const digest = `sha256:${createHash("sha256").update(readFileSync(this.recordFile)).digest("hex")}`;
    const entries = [...this.door.journal.requireWhole()];
    this.remove(this.journal);
    for (const entry of entries) {
      const isOurs = entry.kind === "run" && entry.subject === this.record.runId;
      const { kind, subject, file } = entry;
      this.door.journal.append({ kind, subject, file, digest: isOurs ? digest : entry.digest });
    }
    this.#undo.push(() => rmSync(this.journal));
  }

  /** Changes the record, and appends a line to the journal that agrees: the chain is as whole as before. */
  amend(change: (record: RunRecord) => void, kind: JournalKind = "run"): void {
    change(this.record);
    this.edit(this.recordFile, () => Buffer.from(prettyJson(this.record)).toString("latin1"));
    this.#keep(this.journal);
    const { runId: subject } = this.record;
    const digest = `sha256:${createHash("sha256").update(readFileSync(this.recordFile)).digest("hex")}`;
    this.door.journal.append({ kind, subject, file: `runs/${subject}.json`, digest });
  }

  #keep(file: string): void {
    if (!existsSync(file)) {
      this.#undo.push(() => rmSync(file, { force: true }));
      return;
    }
    const bytes = readFileSync(file);
    const { mode } = lstatSync(file);
    this.#undo.push(() => {
      if (existsSync(file)) chmodSync(file, 0o644);
      writeFileSync(file, bytes);
      chmodSync(file, mode);
    });
  }

  #open(folder: string): void {
    const { mode } = lstatSync(folder);
    chmodSync(folder, 0o755);
    this.#undo.push(() => chmodSync(folder, mode));
  }
}
