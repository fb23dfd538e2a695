// Large exports: one library, written again and again under other names over one shared core; line by line into a file, so
// that nothing large is held.
import { closeSync, openSync, writeSync } from "node:fs";
import {
  declaredIn,
  mapReferences,
  ownRoots,
  renamed,
  tableOf,
  type Line,
  type Table,
} from "./lean-lines.ts";

const BUFFER = 1 << 20;

/** Writes lines through a buffer. */
export class LineFile {
  readonly #file: number;
  #pending: string[] = [];
  #size = 0;
  count = 0;

  constructor(path: string) {
    this.#file = openSync(path, "w");
  }

  write(line: string): void {
    this.#pending.push(line, "\n");
    this.#size += line.length + 1;
    this.count++;
    if (this.#size > BUFFER) this.#flush();
  }

  #flush(): void {
    writeSync(this.#file, this.#pending.join(""));
    this.#pending = [];
    this.#size = 0;
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }
}

/** Puts exports behind each other: equal lines once, and no name declared again. */
export class Joined {
  readonly records: Line[] = [];
  readonly #known: Record<Table, Map<string, number>> = { in: new Map(), il: new Map(), ie: new Map() };
  readonly #declared = new Set<number>();

  /** `suffix` goes to the first part of each name that is declared there and is not shared. */
  add(records: readonly Line[], suffix: string): void {
    const places: Record<Table, number[]> = { in: [0], il: [0], ie: [] };
    const roots = ownRoots(records);
    const move = (table: Table, index: number): number => places[table][index] ?? missing(table, index);
    for (const record of records) {
      const table = tableOf(record);
      if (table === undefined) {
        const moved = mapReferences(record, move);
        const names = declaredIn(moved);
        if (!names.some((name) => this.#declared.has(name))) this.records.push(moved);
        for (const name of names) this.#declared.add(name);
        continue;
      }
      const { [table]: at, ...rest } = record;
      const content = table === "in" && roots.has(Number(at)) ? renamed(rest, suffix) : rest;
      places[table][Number(at)] = this.#intern(table, mapReferences(content, move));
    }
  }

  #intern(table: Table, content: Line): number {
    const known = this.#known[table];
    const key = JSON.stringify(content);
    const found = known.get(key);
    if (found !== undefined) return found;
    const index = known.size + FIRST[table];
    known.set(key, index);
    this.records.push({ ...content, [table]: index });
    return index;
  }
}

/** 0 is the anonymous name and the level 0. */
const FIRST: Readonly<Record<Table, number>> = { in: 1, il: 1, ie: 0 };

function missing(table: Table, index: number): never {
  throw new Error(`${table} ${index} is on no earlier line`);
}

/**
 * Writes copies of `library` until there are `lines`. The first one is written whole; of the others only what has a name of
 * its own in it, directly or in what it refers to.
 */
export function writeCopies(path: string, meta: string, library: readonly Line[], lines: number): void {
  const file = new LineFile(path);
  file.write(meta);
  const roots = ownRoots(library);
  const isOwn = findOwn(library, roots);
  const next = { ...FIRST };
  const places: Record<Table, number[]> = { in: [0], il: [0], ie: [] };
  const move = (table: Table, index: number): number => places[table][index] ?? missing(table, index);
  for (let copy = 0; file.count < lines; copy++) {
    for (const [i, record] of library.entries()) {
      if (copy > 0 && isOwn[i] !== true) continue;
      const table = tableOf(record);
      if (table === undefined) {
        file.write(JSON.stringify(mapReferences(record, move)));
        continue;
      }
      const { [table]: at, ...rest } = record;
      const content = table === "in" && roots.has(Number(at)) ? renamed(rest, `_${copy}`) : rest;
      const place = next[table]++;
      file.write(JSON.stringify({ ...mapReferences(content, move), [table]: place }));
      places[table][Number(at)] = place;
    }
  }
  file.close();
}

/** Which lines have a name in them that each copy has for itself. */
function findOwn(library: readonly Line[], roots: ReadonlySet<number>): boolean[] {
  const own: Record<Table, Set<number>> = { in: new Set(roots), il: new Set(), ie: new Set() };
  return library.map((record) => {
    const table = tableOf(record);
    // A binder may have a name that is declared elsewhere.
    if (table === undefined) return declaredIn(record).some((name) => own.in.has(name));
    const at = Number(record[table]);
    let isOwn = table === "in" && roots.has(at);
    mapReferences(record, (of, index) => {
      isOwn ||= own[of].has(index);
      return index;
    });
    if (isOwn) own[table].add(at);
    return isOwn;
  });
}
