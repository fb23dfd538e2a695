// The result of a run as one store object: a link for each result (relative, so that it leads to the right place on disk
// and after `nix copy` alike) and a folder `evidence` with what a stranger needs to check them.
import { createHash } from "node:crypto";
import { closeSync, mkdirSync, mkdtempSync, open, openSync, readSync } from "node:fs";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { byteStringOf, utf8 } from "#base/bytes.ts";
import { linesOfJson } from "#base/canonical-json.ts";
import { digestOf } from "#base/digest.ts";
import {
  bytesOfFile,
  entryAt,
  filesBelow,
  pathBelow,
  removeTree,
  writeContent,
  type Content,
} from "#base/files.ts";
import type { Home } from "#home/home.ts";
import { finish, inTurns, type Steps } from "#base/steps.ts";
import { sha256 } from "#nix/hash.ts";
import { makeTextPath, parseStorePath, storePathBase } from "#nix/store-path.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type { RunRecord } from "#home/run-record.ts";
import { claimsFile } from "./claims-file.ts";

export interface ResultTree {
  home: Home;
  store: Store;
  /** Result name -> output path. */
  results: ReadonlyMap<string, StorePath>;
  record: RunRecord;
  /** Documents for `evidence`, by their names. */
  documents: ReadonlyMap<string, Uint8Array>;
  /** Stage -> its log. */
  logs: ReadonlyMap<string, Uint8Array>;
  signal?: AbortSignal;
}

export interface EvidenceSources {
  /** The record as it was when the run had ended: without what is said of the tree itself. */
  record: RunRecord;
  sums: Uint8Array;
  documents: ReadonlyMap<string, Uint8Array>;
  /** Stage -> its log. */
  logs: ReadonlyMap<string, Uint8Array>;
}

/** All files of the folder `evidence` by their names: an audit makes them again and compares. */
export function evidenceFiles({ record, sums, documents, logs }: EvidenceSources): Map<string, Content> {
  const { claims, ...bare } = record;
  return new Map<string, Content>([
    ["run.json", linesOfJson(bare)],
    ["claims.json", linesOfJson({ ...claimsFile(claims) })],
    ["SHA256SUMS", sums],
    ...documents,
    ...[...logs].map(([name, log]) => [`logs/${name}.log`, log] as const),
  ]);
}

/**
 * Adds the tree to the store. Its references are the outputs and the derivations that the record names, but for those that are not
 * here: an environment may come from a cache without the files that it is made from.
 */
export async function addResultTree({
  home,
  store,
  results,
  record,
  documents,
  logs,
  signal,
}: ResultTree): Promise<StorePath> {
  const folder = home.layout.temporary;
  mkdirSync(folder, { recursive: true });
  const tree = mkdtempSync(join(folder, "result-"));
  try {
    const evidence = join(tree, "evidence");
    mkdirSync(join(evidence, "logs"), { recursive: true });
    await together([...results], ([name, path]) => symlink(`../${storePathBase(path)}`, join(tree, name)));
    const summed = await inTurns(sumSteps(store, results), signal);
    const files = evidenceFiles({ record, sums: summed, documents, logs });
    await together([...files], ([name, content]) => writeNew(join(evidence, name), content));
    const derivations = record.stages
      .flatMap(({ drvPath, graphDrvPath }) => [drvPath, graphDrvPath])
      .filter((path) => path !== undefined)
      .map(parseStorePath);
    const valid = store.validAmong(derivations);
    const candidates = [
      ...results.values(),
      ...derivations.filter((path) => valid.has(path) && store.isOnDisk(path)),
    ];
    const name = storeNameOf(record.pipeline);
    const scratchPath = makeTextPath({ name, sha256: sha256(utf8(record.runId)), references: [] });
    const [added] = await store.registerOutputs([
      { scratch: tree, scratchPath, name, references: candidates },
    ]);
    if (added === undefined) throw new Error("registerOutputs gave nothing back");
    return added.path;
  } finally {
    removeTree(tree);
  }
}

const AT_ONCE = 64;

/** Threads make them: where much was removed a moment ago, a file system looks long for room for a new one. */
async function together<T>(items: readonly T[], make: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += AT_ONCE)
    await Promise.all(items.slice(at, at + AT_ONCE).map(make));
}

function writeNew(path: string, content: Content): Promise<void> {
  return new Promise((resolve, reject) => {
    open(path, "wx", (error, fd) => {
      if (error !== null) return reject(error);
      try {
        writeContent(fd, content);
        resolve();
      } catch (refused) {
        reject(refused);
      } finally {
        closeSync(fd);
      }
    });
  });
}

/**
 * The logs that the record has the digests of, as the store has them, or the result of the run. What has another digest was
 * printed by a later build, or is a file that somebody put there, and is in no document.
 */
export function readLogs(home: Home, { stages, tree }: RunRecord): Map<string, Uint8Array> {
  return new Map(
    stages.flatMap(({ name, drvPath, logDigest }) => {
      if (logDigest === undefined) return [];
      const inResult = tree && join(home.physical(tree), "evidence/logs", `${name}.log`);
      const places = [
        () => home.readLog(drvPath),
        () => (inResult === undefined ? undefined : bytesOfFile(inResult)),
      ];
      for (const read of places) {
        const bytes = read();
        if (bytes !== undefined && digestOf(bytes) === logDigest) return [[name, bytes] as const];
      }
      return [];
    }),
  );
}

/** Every file of every result, in the form that `sha256sum --check` reads from within the result: names are bytes. */
export function sums(store: Pick<Store, "physical">, results: ReadonlyMap<string, StorePath>): Buffer {
  return finish(sumSteps(store, results));
}

export function* sumSteps(
  store: Pick<Store, "physical">,
  results: ReadonlyMap<string, StorePath>,
): Steps<Buffer> {
  const lines: string[] = [];
  for (const [name, path] of [...results].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const physical = store.physical(path);
    const result = byteStringOf(name);
    const kind = entryAt(physical);
    if (kind?.isFile() === true) lines.push(sumLine(yield* sha256OfFile(physical), result));
    else if (kind?.isDirectory() === true) {
      for (const file of filesBelow(physical).toSorted())
        lines.push(sumLine(yield* sha256OfFile(pathBelow(physical, file)), `${result}/${file}`));
    }
  }
  return Buffer.from(lines.join(""), "latin1");
}

/** As GNU coreutils write it: a backslash before the line says that its name has some, and line ends, escaped. */
function sumLine(sum: string, name: string): string {
  const escaped = name.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  return `${escaped === name ? "" : "\\"}${sum}  ${escaped}\n`;
}

const PIECE = Buffer.allocUnsafeSlow(256 * 1024);

function* sha256OfFile(path: string | Buffer): Steps<string> {
  const hash = createHash("sha256");
  const buffer = PIECE;
  const fd = openSync(path, "r");
  try {
    for (let size = readSync(fd, buffer); size > 0; size = readSync(fd, buffer)) {
      hash.update(buffer.subarray(0, size));
      yield;
    }
  } finally {
    closeSync(fd);
  }
  return hash.digest("hex");
}

/** The name of the pipeline's folder with what no store path may have replaced. */
function storeNameOf(name: string): string {
  return (
    name
      .replaceAll(/[^0-9a-zA-Z+._?=-]/g, "-")
      .replace(/^\.+/, "")
      .slice(0, 100) || "result"
  );
}
