// A package made again from what it says of itself: the run whose results it has, packed as it was, and compared.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { canonicalJson } from "#base/canonical-json.ts";
import { isPipeliteError } from "#base/errors.ts";
import { removeTree } from "#base/files.ts";
import type { Home } from "#home/home.ts";
import type { RunRecord } from "#home/run-record.ts";
import { firstDifference, formatOfPackage, openPackage, type PackageNote } from "#ship/opened.ts";
import { isLayout } from "#ship/image/layout.ts";
import { pipeliteError } from "./errors.ts";
import { imageAgain, type PackedAgain } from "./image-again.ts";
import { pack } from "./pack.ts";

export type { PackedAgain };

/** Whether a word of the command line means a package or the layout of an image, and neither a run nor a stage. */
export function isPackageWord(word: string, file: string): boolean {
  return formatOfPackage(word) !== undefined || (/[./]/.test(word) && isLayout(file));
}

/**
 * @param file a package, or a folder with the layout of an image
 * @throws PipeliteError PACKAGE_INVALID, PACK_NOTE_MISSING, PACK_RUN_MISSING, and what `pack` throws
 */
export async function packAgain(home: Home, file: string, signal: AbortSignal): Promise<PackedAgain> {
  const format = formatOfPackage(file);
  if (format === undefined) return imageAgain(home, file, signal);
  const opened = await openPackage(file, format);
  const record = runOfNote(home, opened.note);
  if (record === undefined)
    throw pipeliteError("PACK_RUN_MISSING", { file: basename(file), pipeline: opened.note.pipeline });
  const folder = mkdtempSync(join(tmpdir(), "pipelite-again-"));
  try {
    const { packages } = await pack({
      home,
      which: { word: record.runId },
      names: [opened.note.package.name],
      formats: [format],
      out: folder,
      isSingle: opened.isSingle,
      codec: opened.codec,
      epoch: opened.timeSeconds,
      keyFile: undefined,
      pathKeyFile: undefined,
      level: undefined,
      layersFile: undefined,
      isAttested: false,
      signal,
    });
    const made = packages.find(({ name }) => name === opened.note.package.name);
    const again = await openPackage(join(folder, made?.file ?? ""), format);
    const paths = new Set(opened.note.paths.map(({ path }) => path));
    const stages = record.stages.filter(
      ({ outPath, drvPath }) => drvPath !== undefined && paths.has(outPath ?? ""),
    );
    return {
      runId: record.runId,
      file: basename(file),
      status: again.core === opened.core ? "same" : "differs",
      difference: firstDifference(opened, again),
      stages: stages.map(({ name }) => name),
    };
  } finally {
    removeTree(folder);
  }
}

/** The newest run that has the results and derivations that a package says that it was made of, or its results at least. */
export function runOfNote(home: Home, note: PackageNote): RunRecord | undefined {
  const wanted = canonicalJson([note.pipeline, note.params, note.results]);
  let second: RunRecord | undefined;
  for (const id of home.runs.ids()) {
    try {
      const { record } = home.runs.requireUnchanged(id);
      if (canonicalJson([record.pipeline, record.params, record.results]) !== wanted) continue;
      if (isBuiltAs(note, record)) return record;
      second ??= record;
    } catch (error) {
      // A run without a record, or one that was changed, is none that a package can be held against.
      if (!isPipeliteError(error)) throw error;
    }
  }
  return second;
}

function isBuiltAs({ paths }: PackageNote, { stages }: RunRecord): boolean {
  const builders = new Map(stages.map(({ outPath, drvPath }) => [outPath, drvPath]));
  return paths.every(({ path, derivation }) => builders.get(path) === derivation);
}
