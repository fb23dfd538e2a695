// The stat memo: NAR hashes of source trees by the inodes, sizes and times of all their files, so that a
// source that has not changed is not read again. It is a cache: losing it costs time, nothing else.
// A file changed in the same instant as it was read, by the coarse clock of a file system, would look
// unchanged; so a tree with a change younger than two seconds (the coarsest clock in use, FAT's) is not
// remembered. What no times show, as a write through an old memory map, it cannot see either: hence the
// `paranoid` option of those who use it.
import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { statementsOf } from "./database.ts";
import { fingerprintOf, type TreeNode } from "./scan.ts";
import type { TreeHash } from "./tree.ts";

const RACY_NS = 2_000_000_000n;
const TREES_MAX = 10_000;

const MEMO_SQL = `
pragma journal_mode = wal;
pragma synchronous = normal;
create table if not exists Trees (
  fingerprint blob primary key,
  narHash blob not null,
  narSize integer not null
);
`;

export interface Recollection {
  /** The hash of the tree, if it was remembered and nothing in the tree has changed since. */
  known: TreeHash | undefined;
  /** Remembers the hash, where that is safe. */
  remember(hash: TreeHash): void;
}

export interface StatMemo {
  look(tree: TreeNode): Recollection;
  close(): void;
}

/** Opens the memo at `file` when it is first used; where that cannot be done, it remembers nothing. */
export function openStatMemo(file: string): StatMemo {
  let memo: ReturnType<typeof memoOf> | undefined;
  return {
    look(tree) {
      memo ??= memoOf(openMemo(file));
      return memo.look(tree);
    },
    close: () => memo?.close(),
  };
}

function memoOf(database: DatabaseSync | undefined): StatMemo {
  if (database === undefined)
    return { look: () => ({ known: undefined, remember: () => {} }), close: () => {} };
  const statement = statementsOf(database);
  const find = (fingerprint: Uint8Array): TreeHash | undefined => {
    const row = statement("select narHash, narSize from Trees where fingerprint = ?").get(fingerprint);
    const narHash = row?.["narHash"];
    const narSize = row?.["narSize"];
    if (!(narHash instanceof Uint8Array) || narHash.length !== 32 || typeof narSize !== "number")
      return undefined;
    return { narHash, narSize };
  };
  const save = (fingerprint: Uint8Array, { narHash, narSize }: TreeHash): void => {
    const sql = "insert or replace into Trees (fingerprint, narHash, narSize) values (?, ?, ?)";
    statement(sql).run(fingerprint, narHash, narSize);
  };
  return {
    look(tree) {
      const lookedNs = BigInt(Date.now()) * 1_000_000n;
      const { fingerprint, changedAtNs } = fingerprintOf(tree);
      const remember = (hash: TreeHash): void => {
        if (changedAtNs + RACY_NS < lookedNs) attempt(() => save(fingerprint, hash));
      };
      return { known: attempt(() => find(fingerprint)), remember };
    },
    close() {
      const sql = "delete from Trees where rowid <= (select max(rowid) from Trees) - ?";
      attempt(() => statement(sql).run(TREES_MAX));
      database.close();
    },
  };
}

/**
 * A memo that cannot be read or written (a full disk, another process at it) is only slower: the tree is read
 * again.
 */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

/** Opens or makes the memo; one that is damaged is made again. */
function openMemo(file: string): DatabaseSync | undefined {
  attempt(() => mkdirSync(dirname(file), { recursive: true }));
  const open = (): DatabaseSync => {
    const database = new DatabaseSync(file, { timeout: 1000 });
    try {
      database.exec(MEMO_SQL);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  };
  return attempt(open) ?? attempt(() => (removeMemo(file), open()));
}

function removeMemo(file: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true });
}
