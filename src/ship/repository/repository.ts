// Repositories of packages that apt, dnf and apk install from: packages are added and stay, old versions among them; the signed
// indices are switched when all else is there.
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { createHmac, timingSafeEqual } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { canonicalJson } from "#base/canonical-json.ts";
import { systemErrorCode } from "#base/errors.ts";
import { hexDigestOfFile } from "#base/file-pieces.ts";
import { filesBelow, makeFolder, placeInside, writeFileAtomically } from "#base/files.ts";
import type { PackageKey } from "#keys/package-key.ts";
import { flock } from "#base/libc.ts";
import { syncFile } from "#base/sync-file.ts";
import { isObject, messageOf, parseStrictJson } from "#base/strict-json.ts";
import { isoSeconds } from "#package/oci-writer.ts";
import { pipeliteError } from "#ship/errors.ts";
import { entriesOfPackage, readPackageFile, shownFiles } from "#ship/opened.ts";
import type { PackageFormat } from "#ship/shipment.ts";
import { REPOSITORY_KINDS, type RepositoryEntry, type Indexing, type RepositoryKindName } from "./kinds.ts";
import { switchFolder, syncFolders } from "./switch.ts";

export interface RepositoryRequest extends Indexing {
  kind: RepositoryKindName;
  folder: string;
  /** Packages, or folders that have some; absolute. */
  add: readonly string[];
  /** The certificate of the key, which goes into the repository; where it is not there, none does. */
  certificateFile: string;
}

export interface Repository {
  kind: RepositoryKindName;
  folder: string;
  /** Below it, in the order of names; what is new. */
  added: string[];
  /** How many were there already. */
  present: number;
  /** All packages of it. */
  packages: number;
}

const STATE = ".pipelite.json";
/** Of OpenPGP: 32 bits. */
const SIGNED_TIME_MAX = 2 ** 32 - 1;
const LOCK = ".pipelite.lock";

/** @throws PipeliteError REPO_TIME_UNSAYABLE, REPO_NOTHING, REPO_PACKAGE_INVALID, REPO_PACKAGE_DIFFERS, REPO_FOLDER_FOREIGN, REPO_WRITE_FAILED */
export async function updateRepository(request: RepositoryRequest): Promise<Repository> {
  const { folder, timeSeconds } = request;
  if (timeSeconds > SIGNED_TIME_MAX)
    throw pipeliteError("REPO_TIME_UNSAYABLE", { time: isoSeconds(timeSeconds) });
  makeFolder(folder);
  const lock = openSync(join(folder, LOCK), "a");
  try {
    await flock(lock, "exclusive");
    return await update(request);
  } catch (error) {
    const code = systemErrorCode(error);
    if (!["ENOSPC", "EDQUOT", "EACCES", "EROFS"].includes(code ?? "")) throw error;
    throw pipeliteError("REPO_WRITE_FAILED", { folder, problem: messageOf(error) }, error);
  } finally {
    closeSync(lock);
  }
}

async function update({
  kind,
  folder,
  add,
  certificateFile,
  ...indexing
}: RepositoryRequest): Promise<Repository> {
  const known = REPOSITORY_KINDS[kind];
  const state = readState(folder, indexing.key);
  const entries = await entriesIn(kind, folder, state);
  const packages = add.flatMap((word) => packagesAt(word, kind));
  const read: [file: string, entry: RepositoryEntry][] = [];
  for (const file of packages)
    read.push([file, await known.read(readPackageFile(file, known.format), basename(file))]);
  // All are read and compared before the first is copied.
  const news = new Map<string, [file: string, entry: RepositoryEntry]>();
  let present = 0;
  for (const [file, entry] of read)
    for (const place of known.places(entry)) {
      const other = news.get(place)?.[1] ?? entries.get(place);
      if (other === undefined) news.set(place, [file, entry]);
      else if (
        await isSame(known.format, [news.get(place)?.[0] ?? join(folder, place), other], [file, entry])
      )
        present += 1;
      else
        throw pipeliteError("REPO_PACKAGE_DIFFERS", {
          file,
          name: entry.name,
          version: entry.version,
          place,
        });
    }
  for (const place of news.keys()) refuseLinked(folder, dirname(place));
  for (const [place, [file, entry]] of news) {
    await copyWhole(file, join(folder, place), entry.sha256);
    entries.set(place, entry);
  }
  // What the index speaks of outlasts a loss of power before the index does.
  await syncFolders(folder, [...news.keys()].map(dirname));
  const sorted = [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (existsSync(certificateFile) && kind !== "apk")
    await copyWhole(certificateFile, join(folder, "repository.asc"));
  if (kind === "apk")
    writeFileAtomically(join(folder, indexing.key.apk.name), indexing.key.publicPem, { flush: true });
  for (const index of known.index(sorted, indexing)) {
    refuseLinked(folder, kind === "apk" ? index.folder : dirname(index.folder));
    if (kind !== "apk") await switchFolder(folder, index);
    else
      for (const [name, bytes] of index.files)
        writeFileAtomically(join(folder, index.folder, name), bytes, { flush: true });
    await syncFolders(folder, [index.folder]);
  }
  writeState(folder, sorted, indexing.key);
  return { kind, folder, added: [...news.keys()].toSorted(), present, packages: entries.size };
}

type Located = readonly [file: string, entry: RepositoryEntry];

/** A package of a store path has its bytes in its name: what is said of it may differ from release to release. */
async function isSame(
  format: PackageFormat,
  [oneFile, one]: Located,
  [otherFile, other]: Located,
): Promise<boolean> {
  if (one.sha256 === other.sha256) return true;
  if (!/^nix-[0-9a-z]{32}-/.test(one.name) || one.name !== other.name) return false;
  return (await contentsOf(oneFile, format)) === (await contentsOf(otherFile, format));
}

/** What is really in a package, whatever its lists say of it. */
async function contentsOf(file: string, format: PackageFormat): Promise<string> {
  const { entries } = await entriesOfPackage(file, format);
  return canonicalJson(Object.fromEntries(shownFiles(entries)));
}

function packagesAt(word: string, kind: RepositoryKindName): string[] {
  const extension = `.${REPOSITORY_KINDS[kind].format}`;
  const stat = statSync(word, { throwIfNoEntry: false });
  const found =
    stat?.isDirectory() === true
      ? readdirSync(word)
          .filter((name) => name.endsWith(extension))
          .toSorted()
          .map((name) => join(word, name))
      : stat?.isFile() === true && word.endsWith(extension)
        ? [word]
        : [];
  if (found.length === 0) throw pipeliteError("REPO_NOTHING", { word, kind });
  return found;
}

/** What the repository has, from what was kept of it where the file is the same by size and time, else read anew. */
async function entriesIn(
  kind: RepositoryKindName,
  folder: string,
  state: ReadonlyMap<string, Kept>,
): Promise<Map<string, RepositoryEntry>> {
  const { format, read, places } = REPOSITORY_KINDS[kind];
  const extension = `.${format}`;
  const entries = new Map<string, RepositoryEntry>();
  for (const place of filesBelow(folder).filter((name) => name.endsWith(extension))) {
    if (place.split("/").some((part) => part.startsWith("."))) continue;
    const kept = state.get(place);
    const file = join(folder, place);
    const entry = kept?.mark === markOf(file) ? kept.entry : await read(readPackageFile(file, format), place);
    if (!places(entry).includes(place))
      throw pipeliteError("REPO_PACKAGE_INVALID", {
        file: place,
        problem: `it is ${entry.name} ${entry.version}`,
      });
    entries.set(place, entry);
  }
  return entries;
}

interface Kept {
  mark: string;
  entry: RepositoryEntry;
}

/** What was kept by who has the key: who may write the folder must not have what is signed say what is in no package. */
function readState(folder: string, key: PackageKey): Map<string, Kept> {
  try {
    const value = parseStrictJson(readFileSync(join(folder, STATE)));
    const { seal, rows } = isObject(value) ? value : {};
    if (!isObject(rows) || typeof seal !== "string") return new Map();
    const [given, wanted] = [Buffer.from(seal, "hex"), sealOf(rows, key)];
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return new Map();
    return new Map(Object.entries(rows) as [string, Kept][]);
  } catch {
    // It says nothing that the packages do not say.
    return new Map();
  }
}

function writeState(
  folder: string,
  entries: readonly (readonly [string, RepositoryEntry])[],
  key: PackageKey,
): void {
  const kept = entries.map(
    ([place, entry]) => [place, { mark: markOf(join(folder, place)), entry }] as const,
  );
  const rows = Object.fromEntries(kept);
  writeFileAtomically(join(folder, STATE), canonicalJson({ seal: sealOf(rows, key).toString("hex"), rows }));
}

function sealOf(rows: object, { apk }: PackageKey): Buffer {
  const secret = apk.key.export({ format: "der", type: "pkcs8" });
  return createHmac("sha256", secret).update(`${STATE}\n`).update(canonicalJson(rows)).digest();
}

/** @throws PipeliteError REPO_FOLDER_FOREIGN where a link is on the way to a folder of the repository: it may lead anywhere */
function refuseLinked(root: string, folder: string): void {
  if (placeInside(realpathSync(root), folder === "." ? "" : folder) === undefined)
    throw pipeliteError("REPO_FOLDER_FOREIGN", { folder: join(root, folder) });
}

/** Changes with what is kept of a package. */
const FORM = 2;

/** Changes when the file does. */
function markOf(file: string): string {
  const { size, mtimeMs, ctimeMs, ino } = statSync(file);
  return `${FORM} ${size} ${mtimeMs} ${ctimeMs} ${ino}`;
}

/** @param sha256 of what was read: what is there by now may be another file */
async function copyWhole(from: string, to: string, sha256?: string): Promise<void> {
  makeFolder(dirname(to));
  const part = join(dirname(to), `.${basename(to)}.part`);
  rmSync(part, { force: true });
  try {
    // A link that somebody put there would lead elsewhere.
    copyFileSync(from, part, constants.COPYFILE_EXCL);
    if (sha256 !== undefined && hexDigestOfFile(part) !== sha256)
      throw pipeliteError("REPO_PACKAGE_INVALID", {
        file: from,
        problem: "it was changed while it was read",
      });
    await syncFile(part);
    renameSync(part, to);
  } finally {
    rmSync(part, { force: true });
  }
}
