// Retention: what a home lets go of with time, by a rule that somebody gave. Records, and all that the journal names, stay. The
// logs of builds and the notes for later runs may go; what goes is written down first, in a sealed file with a line of its own
// in the journal. So a log that retention removed is told from one that somebody took away: of that one there is no such line.
import { lstatSync, readFileSync, rmSync } from "node:fs";
import { documentJson } from "#base/canonical-json.ts";
import { digestOf } from "#base/digest.ts";
import { entryAt, filesBelow, pathBelow } from "#base/files.ts";
import * as shape from "#base/shape.ts";
import { parseStrictJson } from "#base/strict-json.ts";
import { parseStorePath, storePathBase } from "#nix/store-path.ts";
import { logsFolder } from "#store/layout.ts";
import type { Home } from "./home.ts";

const FORM = 1;
/** To make room, the log of what may still be built does not go. */
const YOUNG_MS = 60 * 60 * 1000;

/** What may go. Nothing does where nothing is said. */
export interface RetentionRule {
  /** Logs of builds that ended longer ago than this. */
  logsOlderThanMs?: number | undefined;
  /** The oldest logs, until all that are left have no more than this; none that is younger than an hour. */
  logsMaxBytes?: number | undefined;
  /** Notes and source maps that were written longer ago than this: later runs make them again. */
  notesOlderThanMs?: number | undefined;
}

export interface RemovedLog {
  /** Below the folder of logs: `<2>/<rest of the derivation's base name>`. */
  file: string;
  /** `sha256:<hex>` of what it held. */
  digest: string;
  sizeBytes: number;
}

export interface Retained {
  form: typeof FORM;
  removedAt: string;
  rule: { logsOlderThanMs?: number; logsMaxBytes?: number; notesOlderThanMs?: number };
  logs: RemovedLog[];
  /** Relative to `<home>/pipelite`. */
  notes: { file: string; sizeBytes: number }[];
}

const { list, object, optional } = shape;
const RETAINED = object<Retained>({
  form: shape.oneOf(FORM),
  removedAt: shape.time,
  rule: object<Retained["rule"]>({
    logsOlderThanMs: optional(shape.amount),
    logsMaxBytes: optional(shape.amount),
    notesOlderThanMs: optional(shape.amount),
  }),
  logs: list(object<RemovedLog>({ file: shape.text, digest: shape.digest, sizeBytes: shape.count })),
  notes: list(object({ file: shape.text, sizeBytes: shape.count })),
});

interface Found {
  file: string;
  path: Buffer;
  sizeBytes: number;
  writtenAtMs: number;
}

/**
 * Removes what the rule says, once the journal has it. What a killed process leaves of it goes the next time.
 * @returns what went, or would go
 */
export async function retain(home: Home, rule: RetentionRule, { dryRun = false } = {}): Promise<Retained> {
  return home.sealed.withLock(() => {
    const now = Date.now();
    const logs = expiredLogs(filesOf(logsFolder(home.folder)), rule, now);
    const { own, notes, sourceMaps } = home.layout;
    const oldNotes = [notes, sourceMaps].flatMap((folder) =>
      expired(filesOf(folder), rule.notesOlderThanMs, now).map((found) => ({
        ...found,
        file: `${folder.slice(own.length + 1)}/${found.file}`,
      })),
    );
    const { logsOlderThanMs, logsMaxBytes, notesOlderThanMs } = rule;
    const removed: Retained = {
      form: FORM,
      removedAt: new Date(now).toISOString(),
      rule: {
        ...(logsOlderThanMs !== undefined && { logsOlderThanMs }),
        ...(logsMaxBytes !== undefined && { logsMaxBytes }),
        ...(notesOlderThanMs !== undefined && { notesOlderThanMs }),
      },
      logs: logs.map(({ file, path, sizeBytes }) => ({
        file,
        digest: digestOf(readFileSync(path)),
        sizeBytes,
      })),
      notes: oldNotes.map(({ file, sizeBytes }) => ({ file, sizeBytes })),
    };
    if (dryRun || logs.length + oldNotes.length === 0) return removed;
    const subject = `retention-${home.journal.entries.filter(({ kind }) => kind === "retention").length + 1}`;
    const file = `retention/${subject}.json`;
    home.sealed.seal({ kind: "retention", subject, file, content: documentJson(removed) });
    for (const { path } of [...logs, ...oldNotes]) rmSync(path, { force: true });
    return removed;
  });
}

function filesOf(folder: string): Found[] {
  if (entryAt(folder)?.isDirectory() !== true) return [];
  return filesBelow(folder).flatMap((file) => {
    const path = pathBelow(folder, file);
    // Whoever builds may have replaced it.
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat === undefined ? [] : [{ file, path, sizeBytes: stat.size, writtenAtMs: stat.mtimeMs }];
  });
}

function expired(files: readonly Found[], olderThanMs: number | undefined, now: number): Found[] {
  return olderThanMs === undefined ? [] : files.filter(({ writtenAtMs }) => now - writtenAtMs > olderThanMs);
}

function expiredLogs(files: readonly Found[], rule: RetentionRule, now: number): Found[] {
  const { logsOlderThanMs, logsMaxBytes } = rule;
  const gone = new Set(expired(files, logsOlderThanMs, now));
  const kept = files.filter((file) => !gone.has(file)).toSorted((a, b) => a.writtenAtMs - b.writtenAtMs);
  let bytes = kept.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  for (const file of logsMaxBytes === undefined ? [] : kept) {
    if (bytes <= (logsMaxBytes ?? 0) || now - file.writtenAtMs < YOUNG_MS) break;
    gone.add(file);
    bytes -= file.sizeBytes;
  }
  return files.filter((file) => gone.has(file));
}

export interface Removal {
  /** When retention removed it. */
  removedAt: string;
  /** The sealed file that says so, relative to `<home>/pipelite`. */
  file: string;
}

/** What retention removed, by what the journal says: a list that is not as it was sealed removes nothing. */
export class Retention {
  readonly #logs = new Map<string, Removal>();

  constructor({ journal, sealed }: Pick<Home, "journal" | "sealed">) {
    for (const { kind, file, digest } of journal.entries) {
      if (kind !== "retention") continue;
      const { text, problem } = sealed.read(file, digest);
      const removed = problem === undefined ? parseRetained(text ?? "") : undefined;
      for (const log of removed?.logs ?? [])
        this.#logs.set(`${log.file} ${log.digest}`, { removedAt: removed?.removedAt ?? "", file });
    }
  }

  /** Whether the log of a derivation went, with exactly this content. @param digest `sha256:<hex>` */
  log(drvPath: string, digest: string): Removal | undefined {
    const base = storePathBase(parseStorePath(drvPath));
    const file = `${base.slice(0, 2)}/${base.slice(2)}`;
    return this.#logs.get(`${file} ${digest}`);
  }
}

/** Undefined for what is no such list. */
export function parseRetained(text: string): Retained | undefined {
  let value: unknown;
  try {
    value = parseStrictJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return RETAINED(value) === undefined ? (value as Retained) : undefined;
}
