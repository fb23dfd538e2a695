// A package of a distribution held against what it says of itself, against the store of a home, its runs, and the signature beside it. Every
// path of the store that it has is hashed anew.
import { createHash } from "node:crypto";
import { compareByteStrings, fromByteString, hex } from "#base/bytes.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { hexDigestOf } from "#base/digest.ts";
import { entryAt, readNamedText } from "#base/files.ts";
import { isPipeliteError } from "#base/errors.ts";
import { formatCount } from "#base/numbers.ts";
import type { RunRecord } from "#home/run-record.ts";
import { NarWriter, type NarHandler } from "#nix/nar.ts";
import { isStorePath, STORE_DIR, type StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/index.ts";
import { fails, holds, untested, type Finding } from "#supply/finding.ts";
import { pipeliteError } from "./errors.ts";
import { entriesOfPackage, noteOfEntries, type PackageEntry, type PackageNote } from "./opened.ts";
import type { PackageFormat } from "./shipment.ts";
import { signedStatement, type Believed } from "./signed.ts";
import { PACKAGE_PREDICATE, pathClaims, SIGNATURE_ENDING } from "./statement.ts";

export interface PackageAgainst extends Believed {
  store: Store;
  /** The run of this home that gave what the package says that it was made of. */
  runOf: (note: PackageNote) => RunRecord | undefined;
}

export interface JudgedPackage {
  /** Of the file, in hex. */
  sha256: string;
  findings: Finding[];
}

/** @throws PipeliteError PACKAGE_INVALID, PACKAGE_TOO_LARGE, PACKAGE_STORE_WRONG, PACK_NOTE_MISSING */
export async function packageFindings(
  file: string,
  format: PackageFormat,
  against: PackageAgainst,
): Promise<JudgedPackage> {
  const { entries, bytes } = await entriesOfPackage(file, format);
  const sha256 = hexDigestOf(bytes);
  const note = noteOfEntries(entries, file);
  const paths = hashesOf(entries, format);
  const signature = signatureFinding(`${file}${SIGNATURE_ENDING}`, { sha256, paths }, against);
  return {
    sha256,
    findings: [
      filesFinding(entries, `${format}, ${bytes.length} bytes`),
      ...(note === undefined ? [] : [noteFinding(note, paths), runFinding(note, against)]),
      storeFinding(new Map([...namedBy(note), ...paths]), against.store),
      besidesFinding(entries, signature),
      signature,
    ],
  };
}

/**
 * Links, copies, documents and scripts have no hash in a store, and whoever changes them changes what the package says of itself as
 * well: only who signed the file vouches for them.
 */
function besidesFinding(entries: readonly PackageEntry[], { status }: Finding): Finding {
  const what = "besides";
  const files = entries.filter(({ kind, path }) => kind !== "folder" && !path.startsWith(BELOW_STORE));
  const detail = `${formatCount(files.length, "file")} outside of the store, and what is run when it is installed`;
  if (status === "holds") return holds(what, `${detail}, by the signature`);
  return untested(what, `${detail}: nobody who counts has signed them`);
}

const SET_ID = 0o6000;

function filesFinding(entries: readonly PackageEntry[], shown: string): Finding {
  const what = "package";
  const odd = entries.find(({ kind }) => !["file", "folder", "link"].includes(kind));
  if (odd !== undefined) return fails(what, `/${odd.path} is a ${odd.kind}`);
  const other = entries.find(({ isRoots }) => !isRoots);
  if (other !== undefined) return fails(what, `/${other.path} does not belong to root`);
  const privileged = entries.find(({ hasAttributes }) => hasAttributes);
  if (privileged !== undefined)
    return fails(what, `/${privileged.path} has capabilities or other attributes`);
  const lifted = entries.find(({ kind, mode }) => kind === "file" && (mode & SET_ID) !== 0);
  if (lifted !== undefined) return fails(what, `/${lifted.path} runs as its owner whoever starts it`);
  const files = entries.filter(({ kind }) => kind !== "folder").length;
  return holds(what, `${shown}, ${formatCount(files, "file")}`);
}

/** What is in it of the store must be what it says; a package with links alone has none of it. Nothing is said of its other files. */
function noteFinding({ paths: said }: PackageNote, paths: ReadonlyMap<StorePath, string>): Finding {
  const what = "paths";
  const named = new Map(said.map(({ path, narHash }) => [path, narHash]));
  for (const [path, narHash] of paths) {
    const wanted = named.get(path);
    if (wanted === undefined) return fails(what, `${path} is in it and not named`);
    if (wanted !== `sha256:${narHash}`) return fails(what, `${path} has other bytes than it says`);
  }
  if (paths.size === 0)
    return holds(what, `it needs ${formatCount(said.length, "path")}, each a package of its own`);
  const missing = said.find(({ path }) => !paths.has(path as StorePath));
  if (missing !== undefined) return fails(what, `${missing.path} is named and not in it`);
  return holds(what, `${formatCount(paths.size, "path")}, as it names them`);
}

function runFinding(note: PackageNote, { runOf }: PackageAgainst): Finding {
  const what = "run";
  const run = runOf(note);
  if (run === undefined) return untested(what, "no run of this home has what it is made of");
  const builders = new Map(run.stages.map(({ outPath, drvPath }) => [outPath, drvPath]));
  const other = note.paths.find(({ path, derivation }) => builders.get(path) !== derivation);
  if (other === undefined) return holds(what, `results and derivations are those of run ${run.runId}`);
  const { path, derivation = "nothing" } = other;
  return fails(what, `${path} is said to be built by ${derivation}, and run ${run.runId} has it otherwise`);
}

function namedBy(note: PackageNote | undefined): [StorePath, string][] {
  return (note?.paths ?? []).map(({ path, narHash }) => [path as StorePath, narHash.slice("sha256:".length)]);
}

function storeFinding(paths: ReadonlyMap<StorePath, string>, store: Store): Finding {
  const what = "store";
  if (paths.size === 0) return untested(what, "it has nothing of a store");
  const absent: StorePath[] = [];
  for (const [path, narHash] of paths) {
    const info = store.info(path);
    if (info === undefined) absent.push(path);
    else if (hex(info.narHash) !== narHash) return fails(what, `${path} has other bytes here`);
  }
  if (absent.length > 0)
    return untested(what, `${absent.length} of ${formatCount(paths.size, "path")} are not here`);
  return holds(what, `${formatCount(paths.size, "path")}, with the bytes that are registered here`);
}

function signatureFinding(
  file: string,
  { sha256, paths }: { sha256: string; paths: ReadonlyMap<StorePath, string> },
  believed: Believed,
): Finding {
  const what = "signature";
  if (entryAt(file) === undefined)
    return untested(what, "there is none beside it (`pack --attest`; `rebuild` makes the package again)");
  try {
    const signed = signedStatement(readNamedText(file), believed);
    if ("status" in signed) return signed;
    const { statement, by } = signed;
    if (statement.predicateType !== PACKAGE_PREDICATE) return fails(what, `it is ${statement.predicateType}`);
    const [subject, other] = statement.subject;
    if (other !== undefined || subject?.digest["sha256"] !== sha256)
      return fails(what, "it is of another file");
    const isSame = canonicalJson(statement.predicate["paths"] ?? null) === canonicalJson(pathClaims(paths));
    return isSame
      ? holds(what, `of this file, ${by}`)
      : fails(what, "it names other paths than are in the package");
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return fails(what, error.message);
  }
}

interface Folder {
  children: Map<string, Folder | PackageEntry>;
}

/** Paths of the store with the SHA-256 of their NARs, in hex. @throws PipeliteError PACKAGE_STORE_WRONG for what no store path has */
function hashesOf(entries: readonly PackageEntry[], format: PackageFormat): Map<StorePath, string> {
  const wrong = (problem: string) => pipeliteError("PACKAGE_STORE_WRONG", { format, problem });
  const store: Folder = { children: new Map() };
  for (const entry of entries) {
    const { path, kind, mode } = entry;
    if (!path.startsWith(BELOW_STORE)) continue;
    const parts = path.slice(BELOW_STORE.length).split("/");
    let folder = store;
    for (const part of kind === "folder" ? parts : parts.slice(0, -1)) {
      const there = folder.children.get(part) ?? { children: new Map() };
      if (!("children" in there)) throw wrong(`'${path}' is below what is no folder`);
      folder.children.set(part, there);
      folder = there;
    }
    if (!MODES[kind]?.includes(mode)) throw wrong(`'${path}' is a ${kind} with the mode ${mode.toString(8)}`);
    if (kind === "folder") continue;
    const name = parts.at(-1) ?? "";
    if (folder.children.has(name)) throw wrong(`'${path}' is a file and a folder`);
    folder.children.set(name, entry);
  }
  const found = new Map<StorePath, string>();
  for (const [base, node] of store.children) {
    const path = `${STORE_DIR}/${base}`;
    if (!isStorePath(path)) throw wrong(`'${path}' is no path of the store`);
    const digest = createHash("sha256");
    const writer = new NarWriter((chunk) => void digest.update(chunk));
    tell(node, writer);
    writer.end();
    found.set(path, digest.digest("hex"));
  }
  return found;
}

const BELOW_STORE = "nix/store/";
const MODES: Readonly<Record<string, readonly number[]>> = {
  folder: [0o555],
  file: [0o444, 0o555],
  link: [0o777],
};

function tell(node: Folder | PackageEntry, nar: NarHandler): void {
  if (!("children" in node)) {
    if (node.kind === "link") return nar.symlink(fromByteString(node.target));
    nar.startFile((node.mode & 0o111) !== 0, node.content.length);
    nar.content(node.content);
    return nar.endFile();
  }
  nar.startDirectory();
  for (const [name, child] of [...node.children].toSorted(([a], [b]) => compareByteStrings(a, b))) {
    nar.entry(fromByteString(name));
    tell(child, nar);
    nar.endEntry();
  }
  nar.endDirectory();
}
