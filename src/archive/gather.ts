// All that belongs into the archive of a run: from the store the closure of its outputs and of what they were built from, as a
// binary cache of Nix; from the home the log, and what its lines say of this run and of those that built for it.
import { join } from "node:path";
import { entryAt, filesBelow } from "#base/files.ts";
import { byteStringOf, compareByteStrings, hex } from "#base/bytes.ts";
import { VERSION } from "#base/version.ts";
import { cacheInfoText } from "#cache/cache-info.ts";
import type { Home } from "#home/home.ts";
import type { ReadRun } from "#home/runs.ts";
import { writeNarInfo } from "#nix/narinfo.ts";
import { writeRealisation, type Realisation } from "#nix/realisation.ts";
import { isDerivationPath, storePathBase, storePathHash, type StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { archivedRootsOf } from "#supply/closure.ts";
import { pipeliteError } from "./errors.ts";
import { writeBundle } from "#sigstore/index.ts";
import type { Person } from "#supply/person.ts";
import { FORM, MEMBER_NAMES, isHomeFile, isMemberName, writeManifest, type Manifest } from "./manifest.ts";
import { memberOf, type Member } from "./member.ts";
import { readmeText } from "./readme.ts";
import { archiveStatement } from "./signature.ts";

/** Files by their names: byte strings, relative. */
export type ArchiveFiles = ReadonlyMap<string, Uint8Array>;

export interface ToArchive {
  home: Home;
  store: Store;
  run: ReadRun;
  /** Pipelite itself, as it starts on Node alone. */
  program: ArchiveFiles;
  /** What the run was made from, or why that is not there any more. */
  sources: ArchiveFiles | string;
  /** Who signs SHA256SUMS. */
  person: Person;
}

/**
 * The members, sorted by the bytes of their names.
 * @throws PipeliteError ARCHIVE_RUN_UNSOUND, and what signing throws
 */
export async function gatherMembers({
  home,
  store,
  run,
  program,
  sources,
  person,
}: ToArchive): Promise<Member[]> {
  const manifest: Manifest = {
    form: FORM,
    run: run.runId,
    record: run.digest,
    pipeline: run.record.pipeline,
    system: run.record.host.system,
    pipelite: VERSION,
    node: process.versions.node,
    sources: typeof sources === "string" ? sources : "as the run read them",
  };
  person.keep(home);
  const closure = closureOf(store, run);
  const members = [
    memberOf(MEMBER_NAMES.readme, Buffer.from(readmeText(manifest))),
    memberOf(MEMBER_NAMES.manifest, writeManifest(manifest)),
    ...membersOf("program", program),
    ...(typeof sources === "string" ? [] : membersOf("sources", sources)),
    ...homeMembers(home, run),
    ...closure.flatMap((path) => buildLog(home, path)),
    ...storeMembers(store, closure),
  ];
  const unnamed = members.find(({ name }) => !isMemberName(name));
  if (unnamed !== undefined) throw unsound(run, `'${unnamed.name}' is no name that an archive can have`);
  const sorted = members.toSorted((a, b) => compareByteStrings(a.name, b.name));
  const sums = Buffer.from(sorted.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join(""), "latin1");
  const bundle = await person.sign(() => archiveStatement(sums, run));
  return [
    ...sorted,
    memberOf(MEMBER_NAMES.sums, sums),
    memberOf(MEMBER_NAMES.signature, Buffer.from(writeBundle(bundle))),
  ].toSorted((a, b) => compareByteStrings(a.name, b.name));
}

function membersOf(folder: string, files: ArchiveFiles): Member[] {
  return [...files].map(([name, bytes]) => memberOf(`${folder}/${name}`, bytes));
}

/** Each path after what it refers to. */
function closureOf(store: Store, run: ReadRun): StorePath[] {
  const roots = archivedRootsOf(run.record);
  const gone = roots.find((path) => !store.isPresent(path));
  if (gone !== undefined) throw unsound(run, `${gone} is no longer in the store`);
  return store.sortedClosure(roots);
}

function storeMembers(store: Store, closure: readonly StorePath[]): Member[] {
  const paths = closure.flatMap((path) => {
    const info = store.info(path);
    if (info === undefined) return [];
    const url = `nar/${storePathBase(path)}.nar`;
    const { narHash, narSize, references, deriver, signatures, contentAddress } = info;
    const text = writeNarInfo({
      path,
      url,
      compression: "none",
      fileHash: { algorithm: "sha256", bytes: narHash },
      fileSize: narSize,
      narHash,
      narSize,
      references,
      ...(deriver !== undefined && { deriver }),
      signatures,
      ...(contentAddress !== undefined && { contentAddress }),
    });
    return [
      memberOf(`store/${storePathHash(path)}.narinfo`, Buffer.from(text)),
      { name: `store/${url}`, sizeBytes: narSize, sha256: hex(narHash), chunks: () => store.narOf(path) },
    ];
  });
  const realisations = wholeRealisations(store, closure).map((each) =>
    memberOf(`store/realisations/${each.id}.doi`, Buffer.from(writeRealisation(each))),
  );
  return [memberOf(MEMBER_NAMES.cacheInfo, Buffer.from(cacheInfoText())), ...paths, ...realisations];
}

/** Without those that rest on one whose output is another by now. */
function wholeRealisations(store: Store, closure: readonly StorePath[]): Realisation[] {
  const taken = new Set<string>();
  return store.realisationsOf(closure).filter(({ id, dependencies }) => {
    const isWhole = [...dependencies.keys()].every((each) => taken.has(each));
    if (isWhole) taken.add(id);
    return isWhole;
  });
}

function buildLog(home: Home, path: StorePath): Member[] {
  const bytes = isDerivationPath(path) ? home.readLog(path) : undefined;
  return bytes === undefined ? [] : [memberOf(`logs/${storePathBase(path)}`, bytes)];
}

/** The log is whole, since each line hangs on the one before; what other runs left beside it stays where it is. */
function homeMembers(home: Home, run: ReadRun): Member[] {
  const { layout, journal } = home;
  const { record, runId } = run;
  const runs = new Set(
    [runId, record.evidenceOfRun, ...record.stages.map(({ builtInRun }) => builtInRun)].filter(
      (each) => each !== undefined,
    ),
  );
  const named = journal.entries.flatMap(({ kind, subject, file }) =>
    runs.has(subject) || kind === "break" || kind === "retention" ? [file] : [],
  );
  const below = (folder: string): string[] =>
    entryAt(folder)?.isDirectory() === true
      ? filesBelow(folder).map((name) => `${byteStringOf(folder.slice(layout.own.length + 1))}/${name}`)
      : [];
  const files = [
    "journal.ndjson",
    ...below(layout.log),
    ...below(layout.formerLogs),
    ...below(layout.keys),
    ...named,
    ...[...runs].flatMap((each) => [`events/${each}.ndjson`, ...below(join(layout.attestations, each))]),
  ];
  return [...new Set(files)].filter(isHomeFile).flatMap((file) => {
    const bytes = home.readFile(file);
    return bytes === undefined ? [] : [memberOf(`home/${file}`, bytes)];
  });
}

function unsound({ runId }: ReadRun, problem: string): Error {
  return pipeliteError("ARCHIVE_RUN_UNSOUND", { run: runId, problem });
}
