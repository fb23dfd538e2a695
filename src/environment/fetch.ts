// Files of known hash, fetched by us and added to the store before an engine builds from them: engines need no network for
// environments, and what is fetched is the same whoever builds.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { hex } from "#base/bytes.ts";
import { downloadOnce, pause, pauseAfter, type Download } from "#base/web.ts";
import type { Store } from "#store/store.ts";
import { pipeliteError } from "./errors.ts";
import type { Mirrors } from "./mirrors.ts";
import { pathOfFile, type LockedFile } from "./step.ts";

const AT_A_TIME = 6;

export interface Fetching {
  mirrors: Mirrors;
  signal: AbortSignal;
  /** So much of what is missing is there. */
  onProgress?: (done: { files: number; bytes: number }, total: { files: number; bytes: number }) => void;
}

/** Adds those of the files that the store has not. @throws PipeliteError FILE_UNAVAILABLE, FILE_HASH_DIFFERS */
export async function fetchFiles(
  store: Store,
  files: readonly LockedFile[],
  fetching: Fetching,
): Promise<void> {
  const byPath = new Map(files.map((file) => [pathOfFile(file), file]));
  await store.addTempRoot(...byPath.keys());
  const missing = [...byPath].filter(([path]) => !store.isPresent(path)).map(([, file]) => file);
  if (missing.length === 0) return;
  const total = { files: missing.length, bytes: missing.reduce((sum, { size }) => sum + size, 0) };
  const done = { files: 0, bytes: 0 };
  mkdirSync(store.temporaryDir, { recursive: true });
  await inParallel(missing, AT_A_TIME, async (file) => {
    await fetchFile(store, file, fetching);
    done.files += 1;
    done.bytes += file.size;
    fetching.onProgress?.(done, total);
  });
}

/** @throws what the first that fails throws; the others stop with it */
async function inParallel<T>(
  items: readonly T[],
  atATime: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const open = [...items];
  const workers = Array.from({ length: Math.min(atATime, items.length) }, async () => {
    try {
      for (let item = open.shift(); item !== undefined; item = open.shift()) await work(item);
    } catch (error) {
      open.length = 0;
      throw error;
    }
  });
  await Promise.all(workers);
}

async function fetchFile(store: Store, file: LockedFile, { mirrors, signal }: Fetching): Promise<void> {
  const temporary = join(store.temporaryDir, `file-${process.pid}-${file.sha256.slice(0, 16)}`);
  try {
    await tryAll(addressesOf(file, mirrors), file, async (url) => {
      const found = await downloadTo(url, { file: temporary, most: file.size, signal });
      if (found !== file.sha256) throw new Differs(found);
    });
    const hash = { algorithm: "sha256", bytes: Buffer.from(file.sha256, "hex") } as const;
    await store.addFixedFile(temporary, { name: file.name, hash, signal });
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Mirrors first; an archive drops what is superseded, and the snapshot archive has it as it was when it was locked. */
function addressesOf({ from }: LockedFile, mirrors: Mirrors): string[] {
  const path = from.path.split("/").map(encodeURIComponent).join("/");
  const own = mirrors.of(from.archive).map((url) => `${url}/${path}`);
  if (from.date === undefined) return own;
  const moment = from.date.replaceAll(/[-:]|\.\d+/g, "");
  return [...own, ...mirrors.of("snapshot").map((url) => `${url}/archive/${from.archive}/${moment}/${path}`)];
}

async function tryAll(
  urls: readonly string[],
  file: LockedFile,
  get: (url: string) => Promise<void>,
): Promise<void> {
  const { name, from } = file;
  if (urls.length === 0) throw pipeliteError("MIRROR_MISSING", { archive: from.archive });
  let last: unknown;
  for (const url of urls) {
    try {
      await get(url);
      return;
    } catch (error) {
      if (error instanceof Error && error.name === "AbortError") throw error;
      last = error;
    }
  }
  if (last instanceof Differs)
    throw pipeliteError("FILE_HASH_DIFFERS", {
      file: name,
      archive: from.archive,
      wanted: file.sha256,
      got: last.found,
    });
  throw pipeliteError("FILE_UNAVAILABLE", { file: name, archive: from.archive, problem: reasonOf(last) });
}

class Differs extends Error {
  readonly found: string;

  constructor(found: string) {
    super("its hash differs");
    this.found = found;
  }
}

/** What may pass is tried again. @returns the SHA-256 of what came, in hex */
export async function downloadTo(url: string, to: Download): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return hex(await downloadOnce(url, to));
    } catch (error) {
      const pauseMs = pauseAfter(error, attempt);
      if (to.signal.aborted || pauseMs === undefined) throw error;
      await pause(pauseMs, to.signal);
    }
  }
}

/** Without the address, which is nobody's business but this machine's. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : undefined;
  const cause = error.cause instanceof Error && "code" in error.cause ? String(error.cause.code) : undefined;
  return cause ?? code ?? error.message;
}
