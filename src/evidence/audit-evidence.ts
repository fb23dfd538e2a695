// The evidence in the result tree against what is made again: every file of it follows from the record, the results and the
// logs, so all are made again and compared byte for byte, and a file more or less is found.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { byteStringOf } from "#base/bytes.ts";
import { bytesOfContent, entryAt, isPlainDirectory, wholeFile } from "#base/files.ts";
import { digestOf } from "#base/digest.ts";
import { isPipeliteError } from "#base/errors.ts";
import { inTurns } from "#base/steps.ts";
import type { Home } from "#home/home.ts";
import type { ReadRun } from "#home/runs.ts";
import type { RunRecord } from "#home/run-record.ts";
import { parseStorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { fails, holds, unavailable, type IntegrityFinding } from "./integrity.ts";
import { evidenceFiles, sumSteps } from "./result-tree.ts";

/** The writer of documents, which stands on a higher floor. */
export interface DocumentMaker {
  /** Version and code of the writer, as records name them. */
  writer: string;
  /** @param logs stage -> its log @throws PipeliteError; the signal's reason */
  make: (
    home: Home,
    record: RunRecord,
    logs: ReadonlyMap<string, Uint8Array>,
    signal?: AbortSignal,
  ) => Promise<ReadonlyMap<string, Uint8Array>>;
}

const ID = "evidence";

export interface AuditedEvidence {
  home: Home;
  store: Store;
  run: ReadRun;
  /** See `sourceOf`. */
  source: ReadRun | string;
  maker: DocumentMaker;
  signal?: AbortSignal | undefined;
}

/** Whether the evidence of a run's result is what the record that it is of, results and logs give. */
export async function checkEvidence({
  home,
  store,
  run,
  source: found,
  maker,
  signal,
}: AuditedEvidence): Promise<IntegrityFinding[]> {
  const { tree } = run.record;
  if (tree === undefined) return [];
  const folder = join(store.physical(parseStorePath(tree)), "evidence");
  if (!isPlainDirectory(folder)) return [unavailable(ID, `${tree}/evidence is no longer in the store`)];
  if (typeof found === "string") return [fails(ID, found)];
  const source = found.record;
  const gone = Object.keys(source.results).find(
    (name) => entryAt(store.physical(parseStorePath(source.results[name] ?? ""))) === undefined,
  );
  if (gone !== undefined)
    return [unavailable(ID, `the result ${gone}, which it is about, is no longer in the store`)];
  if (source.documentsBy !== maker.writer) {
    const by = source.documentsBy ?? "a version that does not say which it is";
    return [
      unavailable(
        ID,
        `its documents were written by ${by}, and only that writes them again; this is ${maker.writer}`,
      ),
    ];
  }
  try {
    const problem = await compare(home, store, { folder, source, maker, signal });
    return [problem === undefined ? holds(ID) : fails(ID, `${tree}/evidence/${problem}`)];
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return [fails(ID, `${tree}/evidence can't be made again: ${error.message}`)];
  }
}

/**
 * The run that gathered the evidence of this run's result, often this one; or what is wrong with it. What another run
 * states is to be audited as this one is: the documents are made of it.
 */
export function sourceOf(home: Home, run: ReadRun): ReadRun | string {
  const { tree, evidenceOfRun = "", results } = run.record;
  if (evidenceOfRun === run.runId || tree === undefined) return run;
  const [source] = home.runs.intact([evidenceOfRun]);
  if (source === undefined)
    return `it is of the run ${evidenceOfRun}, whose record is not there as it was written`;
  const { record } = source;
  const isSame = record.tree === tree && JSON.stringify(record.results) === JSON.stringify(results);
  if (!isSame) return `it is of the run ${evidenceOfRun}, which has another result`;
  return record.evidenceOfRun === evidenceOfRun
    ? source
    : `it is of the run ${evidenceOfRun}, which did not gather it`;
}

interface Compared {
  folder: string;
  source: RunRecord;
  maker: DocumentMaker;
  signal: AbortSignal | undefined;
}

/** The one bit of a file's mode that the store keeps. */
const EXECUTABLE = 0o100;

/** The first file that is not what it must be, and why. */
async function compare(
  home: Home,
  store: Store,
  { folder, source, maker, signal }: Compared,
): Promise<string | undefined> {
  const logs = new Map<string, Uint8Array>();
  for (const { name, logDigest } of source.stages) {
    const file = join(folder, "logs", `${name}.log`);
    const bytes = entryAt(file)?.isFile() === true ? wholeFile(file) : undefined;
    const digest = bytes === undefined ? undefined : digestOf(bytes);
    if (digest !== logDigest) return `logs/${name}.log is not the log that run.json has the digest of`;
    if (bytes !== undefined) logs.set(name, bytes);
  }
  const { tree: _, evidenceOfRun: __, tookMs: ___, documentsBy: ____, ...record } = source;
  const results = new Map(Object.entries(source.results).map(([name, path]) => [name, parseStorePath(path)]));
  const wanted = evidenceFiles({
    record,
    sums: await inTurns(sumSteps(store, results), signal),
    documents: await maker.make(home, record, logs, signal),
    logs,
  });
  const names = new Set([...wanted.keys()].map(byteStringOf));
  const odd = entriesBelow(folder).find((name) => !names.has(name) && name !== "logs/");
  if (odd !== undefined) return `${odd} is not a document of this run`;
  for (const [name, content] of wanted) {
    const file = join(folder, name);
    const entry = entryAt(file);
    if (entry?.isFile() !== true) return `${name} is missing`;
    if ((entry.mode & EXECUTABLE) !== 0) return `${name} is a program, and no document is one`;
    if (!wholeFile(file).equals(bytesOfContent(content))) return `${name} is not what is made again`;
  }
  return undefined;
}

/** Everything below a folder, as byte strings: files by their names, folders with a slash behind, others with their kind. */
function entriesBelow(folder: string, below = ""): string[] {
  const path = Buffer.from(`${byteStringOf(folder)}/${below}`, "latin1");
  return readdirSync(path, { withFileTypes: true, encoding: "latin1" }).flatMap((entry) => {
    const name = `${below}${entry.name}`;
    if (entry.isDirectory()) return [`${name}/`, ...entriesBelow(folder, `${name}/`)];
    return [entry.isFile() ? name : `${name} (a link or device)`];
  });
}
