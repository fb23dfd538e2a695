// Takes an archive apart into a home. Everything is compared before it is there: files with SHA256SUMS, paths of the store with the
// hash of their NAR before they are registered, and the whole with what the record of the run names.
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { toByteString } from "#base/bytes.ts";
import { monotonicMs } from "#base/clock.ts";
import { digestOf } from "#base/digest.ts";
import { isPipeliteError } from "#base/errors.ts";
import { entryAt, makeFolder, pathBelow, removeTree } from "#base/files.ts";
import { isProcessAlive } from "#base/process.ts";
import { messageOf, parseStrictJson } from "#base/strict-json.ts";
import { OpenFile } from "#environment/open-file.ts";
import { openHome } from "#home/home.ts";
import { homeLayout } from "#home/layout.ts";
import { parseRecord } from "#home/record-shape.ts";
import type { RunRecord } from "#home/run-record.ts";
import { parseStorePathBase, storePathBase, type StorePath } from "#nix/store-path.ts";
import { layoutOf, logFile } from "#store/layout.ts";
import { makeAllDurable } from "#store/durable.ts";
import { openStore } from "#store/store.ts";
import type { Bundle } from "#sigstore/index.ts";
import { isOfContent } from "#store/transfer.ts";
import { archivedRootsOf } from "#supply/closure.ts";
import { auditLog } from "#supply/log-audit.ts";
import { parseVerifier } from "#tlog/note.ts";
import { pipeliteError } from "./errors.ts";
import { MEMBER_NAMES, type Manifest } from "./manifest.ts";
import { ArchiveReader } from "./read.ts";
import { verifySums } from "./signature.ts";
import { readStorePart, type StorePart } from "./store-part.ts";

export interface OpenedArchive {
  manifest: Manifest;
  /** Over SHA256SUMS, by a key that is in the archive, or that its certificate has. */
  signature: Bundle;
  files: number;
  paths: number;
}

export interface OpenOptions {
  signal: AbortSignal;
  onPath?: (done: number, total: number) => void;
}

/**
 * Makes `home`, which is not there yet, of an archive; it is there whole, or not at all.
 * @throws PipeliteError RUN_ARCHIVE_INVALID, RUN_ARCHIVE_PACKED, RUN_ARCHIVE_FORM, ARCHIVE_TARGET_TAKEN, and those of a store
 * that can't be written
 */
export async function openArchive(file: string, home: string, options: OpenOptions): Promise<OpenedArchive> {
  if (entryAt(home) !== undefined) throw pipeliteError("ARCHIVE_TARGET_TAKEN", { home });
  removeUnfinished(home);
  const unfinished = `${home}${UNFINISHED}${process.pid}`;
  makeFolder(dirname(home));
  try {
    const opened = await unpackArchive(file, unfinished, options, home);
    await makeAllDurable(unfinished);
    renameSync(unfinished, home);
    return opened;
  } catch (error) {
    removeTree(unfinished);
    throw error;
  }
}

const UNFINISHED = ".opening-";

/** What killed processes left of the same home. */
function removeUnfinished(home: string): void {
  const start = `${basename(home)}${UNFINISHED}`;
  const folder = dirname(home);
  if (entryAt(folder)?.isDirectory() !== true) return;
  for (const name of readdirSync(folder))
    if (name.startsWith(start) && !isProcessAlive(name.slice(start.length))) removeTree(join(folder, name));
}

/**
 * Makes a home in `folder`; whoever called removes it where this fails.
 * @param home where it is going to be
 */
export async function unpackArchive(
  file: string,
  folder: string,
  options: OpenOptions,
  home: string = folder,
): Promise<OpenedArchive> {
  // Whoever opens a pipe waits for what is written into it.
  if (!statSync(file).isFile())
    throw pipeliteError("RUN_ARCHIVE_INVALID", { file, problem: "it is no file" });
  const source = new OpenFile(file);
  try {
    const reader = new ArchiveReader(source, file);
    const part = readStorePart(reader);
    const record = readRecord(reader);
    requireWhole(reader, part, record);
    const signature = verifySums(reader);
    mkdirSync(folder, { mode: 0o755 });
    await fillStore(reader, part, folder, options);
    keepAlive(folder, home, record);
    const files = [...copyHome(reader, folder), ...copyRest(reader, folder)];
    requireLogged(reader, folder);
    return { manifest: reader.manifest, signature, files: files.length + 2, paths: part.paths.length };
  } finally {
    source.close();
  }
}

function readRecord(reader: ArchiveReader): RunRecord {
  const { run, record: digest } = reader.manifest;
  const name = `home/runs/${run}.json`;
  const bytes = reader.bytes(name);
  if (digestOf(bytes) !== digest)
    reader.fail(`${name} is not the record that ${MEMBER_NAMES.manifest} names`);
  try {
    const record = parseRecord(parseStrictJson(bytes));
    if (record.runId !== run) reader.fail(`${name} is the record of the run ${record.runId}`);
    return record;
  } catch (error) {
    if (isPipeliteError(error)) throw error;
    return reader.fail(`${name}: ${messageOf(error)}`, error);
  }
}

/** Nothing that the run is made of may be missing, and nothing else may be there: each path refers to those before it alone. */
function requireWhole(reader: ArchiveReader, { paths }: StorePart, record: RunRecord): void {
  const there = new Map<StorePath, readonly StorePath[]>(
    paths.map(({ path, references }) => [path, references]),
  );
  const wanted = new Set(archivedRootsOf(record));
  const missing = [...wanted].find((path) => !there.has(path));
  if (missing !== undefined) reader.fail(`${missing}, which the run names, is missing`);
  for (const path of [...there.keys()].toReversed())
    if (wanted.has(path)) for (const reference of there.get(path) ?? []) wanted.add(reference);
  const other = [...there.keys()].find((path) => !wanted.has(path));
  if (other !== undefined) reader.fail(`${other} is in it, and the run has nothing to do with it`);
}

/** The journal and the log that came with it vouch for each other: what was cut off, or put in, is missed here and not years later. */
function requireLogged(reader: ArchiveReader, folder: string): void {
  const { findings } = auditLog({ home: openHome(folder), kept: [], witnesses: [] });
  const open = findings.find(({ status }) => status === "fails");
  if (open !== undefined) reader.fail(`its log: ${open.what}: ${open.detail}`);
}

async function fillStore(
  reader: ArchiveReader,
  { paths, realisations }: StorePart,
  folder: string,
  { signal, onPath }: OpenOptions,
): Promise<void> {
  using store = openStore(folder);
  for (const [index, info] of paths.entries()) {
    signal.throwIfAborted();
    onPath?.(index, paths.length);
    try {
      await store.addNar(info, paced(reader.pieces(`store/${info.url}`), signal));
    } catch (error) {
      if (!isPipeliteError(error) || !isOfContent(error.code)) throw error;
      reader.fail(`store/${info.url}: ${error.message}`, error);
    }
  }
  await store.addRealisations(realisations);
}

/** In turns with everything else in the process: a signal must be heard, and memory given back. */
async function* paced(pieces: Iterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let start = monotonicMs();
  for (const piece of pieces) {
    yield piece;
    if (monotonicMs() - start < TURN_MS) continue;
    await setImmediate();
    signal.throwIfAborted();
    start = monotonicMs();
  }
}

const TURN_MS = 20;

/** Roots as Nix has them, by logical paths: they stay right when the folder gets its name. */
function keepAlive(folder: string, home: string, record: RunRecord): void {
  const { gcRootsDir } = layoutOf(folder);
  const own = join(gcRootsDir, "archive");
  makeFolder(own);
  for (const path of archivedRootsOf(record)) symlinkSync(path, join(own, storePathBase(path)));
  const profiles = join(gcRootsDir, "profiles");
  rmSync(profiles, { force: true });
  symlinkSync(layoutOf(home).profilesDir, profiles);
}

/** The log that the archive brings was another home's: nobody here has its key, and this home begins one of its own. */
function copyHome(reader: ArchiveReader, folder: string): string[] {
  const layout = homeLayout(folder);
  const names = reader.below("home");
  const isOfLog = (name: string) => name.startsWith("home/log/");
  const former = names.some(isOfLog) ? join(layout.formerLogs, logName(reader)) : "";
  for (const name of names) {
    const target = isOfLog(name)
      ? join(former, name.slice("home/log/".length))
      : join(layout.own, name.slice("home/".length));
    if (entryAt(target) !== undefined) reader.fail(`${name} is in it twice`);
    write(target, reader.bytes(name));
  }
  return names;
}

function logName(reader: ArchiveReader): string {
  const name = "home/log/log.pub";
  try {
    const verifier = parseVerifier(Buffer.from(reader.bytes(name)).toString("utf8"), "log");
    if (/^[\w-][\w.-]*$/.test(verifier.name)) return verifier.name;
  } catch (error) {
    reader.fail(`${name}: ${messageOf(error)}`, error);
  }
  return reader.fail(`${name}: its name is none of a log of Pipelite`);
}

/** Logs of builds to their places, sources beside the store; the program stays in the archive, and is compared as well. */
function copyRest(reader: ArchiveReader, folder: string): string[] {
  const logs = reader.below("logs");
  for (const name of logs)
    write(logFile(folder, parseStorePathBase(name.slice("logs/".length))), reader.bytes(name));
  const sources = reader.below("sources");
  for (const name of sources) {
    const target = pathBelow(folder, name);
    makeFolder(dirname(toByteString(target)));
    writeFileSync(target, reader.bytes(name));
  }
  const stay = [
    ...reader.below("program"),
    MEMBER_NAMES.manifest,
    MEMBER_NAMES.readme,
    MEMBER_NAMES.cacheInfo,
  ];
  for (const name of stay) reader.bytes(name);
  write(join(folder, MEMBER_NAMES.readme), reader.bytes(MEMBER_NAMES.readme));
  return [
    ...logs,
    ...sources,
    ...stay,
    ...reader.below("store").filter((name) => name !== MEMBER_NAMES.cacheInfo),
  ];
}

function write(path: string, bytes: Uint8Array): void {
  makeFolder(dirname(path));
  writeFileSync(path, bytes);
}
