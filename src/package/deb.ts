// Packages of Debian: an `ar` of the version of the format, what dpkg must know, and the files. Specification: deb(5),
// deb-control(5), Debian Policy 4.6; dpkg reads tar of GNU only.
import { gzipSync } from "node:zlib";
import { byteStringOf, fromByteString, textOf, utf8 } from "#base/bytes.ts";
import { AR_SIZE_MAX, AR_START, arHeader, arPadding, readAr } from "./ar.ts";
import { parseStanza, type Stanza } from "./deb822.ts";
import { decompress, PACKAGE_UNPACKED_MAX } from "./decompress.ts";
import { gzipMember } from "./gzip.ts";
import { pipeliteError } from "./archive-errors.ts";
import type { PackagedFile, PackageFacts, ScriptKind } from "./packaged.ts";
import { readStrictTar, type TarEntry } from "./tar-reader.ts";
import { tarHeader, writeTar, type TarFile, type TarMember } from "./tar-writer.ts";

const ARCHITECTURES = { x86_64: "amd64", aarch64: "arm64", any: "all" } as const;
/** Name of the script, and when dpkg calls it so that it means what it says: deb-postinst(5) and its like. */
const SCRIPTS: Readonly<Record<ScriptKind, readonly [name: string, calls: string]>> = {
  beforeInstall: ["preinst", "install|upgrade"],
  afterInstall: ["postinst", "configure"],
  beforeRemove: ["prerm", "remove"],
  afterRemove: ["postrm", "remove"],
};

export function debArchitecture({ architecture }: Pick<PackageFacts, "architecture">): string {
  return ARCHITECTURES[architecture];
}

/** Its lists are lines. */
export function debFileFlaw({ path }: PackagedFile): string | undefined {
  return path.includes("\n") ? "its name has a line break" : undefined;
}

/** deb-version(7), of which no epoch and no revision are wanted. */
export function debVersion(version: string): string | undefined {
  return /^[0-9][A-Za-z0-9.+~]*$/.test(version) ? version : undefined;
}

export function debFileName(facts: PackageFacts): string {
  return `${facts.name}_${facts.version}_${debArchitecture(facts)}.deb`;
}

/** The header of a file in `data.tar`. */
export function debTarHeader(file: PackagedFile, timeSeconds: number): Uint8Array {
  return tarHeader(memberOf(file, timeSeconds), "gnu");
}

function memberOf({ path, kind, mode, size, target }: PackagedFile, mtime: number): TarMember {
  const owner = { user: "root", group: "root" };
  const name = path === "" ? "." : `./${path}`;
  return {
    name,
    kind,
    mode,
    mtime,
    ...owner,
    ...(kind === "file" && { size }),
    ...(target !== "" && { target }),
  };
}

/** The fields that dpkg keeps, in their usual order. */
export function debControl(facts: PackageFacts, files: readonly PackagedFile[]): string {
  const { name, version, maintainer, homepage, summary, description, depends, standsFor } = facts;
  const relation = (field: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`${field}: ${names.join(", ")}`];
  const lines = description === "" ? [] : description.split("\n");
  return `${[
    `Package: ${name}`,
    `Version: ${version}`,
    `Architecture: ${debArchitecture(facts)}`,
    `Maintainer: ${maintainer}`,
    `Installed-Size: ${installedKiB(files)}`,
    ...relation(
      "Depends",
      depends.map(({ name: other, version: exact }) =>
        exact === undefined ? other : `${other} (= ${exact})`,
      ),
    ),
    ...relation(
      "Provides",
      standsFor.map((other) => `${other} (= 1)`),
    ),
    ...relation("Conflicts", standsFor),
    ...relation("Replaces", standsFor),
    "Section: misc",
    "Priority: optional",
    ...(homepage === undefined ? [] : [`Homepage: ${homepage}`]),
    `Description: ${summary}`,
    ...lines.map((line) => (line.trim() === "" ? " ." : ` ${line}`)),
  ].join("\n")}\n`;
}

/** As dpkg-gencontrol counts: each file up to the next KiB, 1 for all else. */
function installedKiB(files: readonly PackagedFile[]): number {
  return files.reduce((sum, { kind, size }) => sum + (kind === "file" ? Math.ceil(size / 1024) : 1), 0);
}

/** `control.tar.gz` @param more further control files, as dpkg knows them: `triggers` */
export function debControlArchive(facts: PackageFacts, files: readonly PackagedFile[]): Uint8Array {
  const { timeSeconds: mtime, scripts } = facts;
  const sums = files.filter(({ kind }) => kind === "file");
  const configuration = files.filter(({ isConfiguration }) => isConfiguration);
  const member = (name: string, content: string, mode = 0o644): TarFile => ({
    name: `./${name}`,
    mode,
    mtime,
    user: "root",
    group: "root",
    content: fromByteString(content),
  });
  const folder: TarFile = { name: ".", kind: "folder", mode: 0o755, mtime, user: "root", group: "root" };
  const tar = writeTar(
    [
      folder,
      ...(configuration.length === 0
        ? []
        : [member("conffiles", configuration.map(({ path }) => `/${path}\n`).join(""))]),
      member("control", byteStringOf(debControl(facts, files))),
      member("md5sums", sums.map(({ path, digests }) => `${digests.md5}  ${path}\n`).join("")),
      ...(Object.entries(scripts) as [ScriptKind, string][]).map(([kind, text]) =>
        member(SCRIPTS[kind][0], byteStringOf(scriptOf(kind, text)), 0o755),
      ),
    ],
    "gnu",
  );
  return gzipMember(gzipSync(tar, { level: 9 }));
}

function scriptOf(kind: ScriptKind, text: string): string {
  return `#!/bin/sh\nset -e\ncase "$1" in ${SCRIPTS[kind][1]}) ;; *) exit 0 ;; esac\n${text.trimEnd()}\n`;
}

/**
 * What stands before the bytes of `data.tar` and behind them.
 * @param suffix `.gz` or `.zst`
 */
export function debFrame(
  { timeSeconds }: PackageFacts,
  control: Uint8Array,
  data: { size: number; suffix: string },
): { front: Uint8Array; back: Uint8Array } {
  const member = (name: string, content: Uint8Array) => [
    arHeader(name, content.length, timeSeconds),
    content,
    arPadding(content.length),
  ];
  const front = [
    AR_START,
    ...member("debian-binary", utf8("2.0\n")),
    ...member("control.tar.gz", control),
    arHeader(`data.tar${data.suffix}`, data.size, timeSeconds),
  ];
  return { front: Buffer.concat(front), back: arPadding(data.size) };
}

export const DEB_DATA_MAX: number = AR_SIZE_MAX;

export interface DebControl {
  control: Stanza;
  /** The control file as it is. */
  text: string;
  /** Name -> bytes, of all in `control.tar`. */
  controlFiles: Map<string, Uint8Array>;
}

export interface ReadDeb extends DebControl {
  /** Of `data.tar`. */
  suffix: string;
  files: TarEntry[];
}

/** Reads a package: three members in their order, and further ones behind them. @throws PipeliteError ARCHIVE_INVALID */
export async function readDeb(bytes: Uint8Array): Promise<ReadDeb> {
  const { data, suffix, ...control } = await partsOf(bytes);
  const files = [...readStrictTar(await decompress(data, suffix, PACKAGE_UNPACKED_MAX))];
  for (const { path, records } of files) {
    if (records.size > 0) throw wrong(`of '${path}' it says something that dpkg does not read`);
    if (path.includes("\n")) throw wrong(`the name ${JSON.stringify(path)} has a line break`);
  }
  return { ...control, suffix, files };
}

/** The same, without its files. @throws PipeliteError ARCHIVE_INVALID */
export async function readDebControl(bytes: Uint8Array): Promise<DebControl> {
  return partsOf(bytes);
}

/** Fields that an index adds: whoever reads it must not find those of the package first. */
const OF_INDEX = ["filename", "size", "md5sum", "sha1", "sha256", "sha512"];

/** A control file goes into indices as it is, where another field or stanza of it would be somebody else's. */
function controlFlaw(text: string): string | undefined {
  const seen = new Set<string>();
  for (const [index, line] of text.trimEnd().split("\n").entries()) {
    if (index > 0 && /^[ \t]+[^ \t]/.test(line)) continue;
    const [, field] = /^([!-"$-,.-9;-~][!-9;-~]*):/.exec(line) ?? [];
    if (field === undefined || /[\0\r]/.test(line))
      return `line ${index + 1} of its control file is no field: ${JSON.stringify(line.slice(0, 60))}`;
    const name = field.toLowerCase();
    if (seen.has(name)) return `its control file has '${field}' twice`;
    if (OF_INDEX.includes(name)) return `its control file has '${field}', which is for an index to say`;
    seen.add(name);
  }
  return undefined;
}

function wrong(problem: string): Error {
  return pipeliteError("ARCHIVE_INVALID", { format: "deb", problem: textOf(problem) });
}

async function partsOf(bytes: Uint8Array): Promise<DebControl & { data: Uint8Array; suffix: string }> {
  const [first, second, third, ...rest] = readAr(bytes);
  const suffixOf = (name: string | undefined, stem: string) =>
    name?.startsWith(stem) === true ? name.slice(stem.length) : undefined;
  const [ofControl, suffix] = [suffixOf(second?.name, "control.tar"), suffixOf(third?.name, "data.tar")];
  if (first?.name !== "debian-binary" || ofControl === undefined || suffix === undefined)
    throw wrong("it has not the three members of a package");
  if (!/^2\.\d+\n$/.test(Buffer.from(first.content).toString("latin1"))) throw wrong("its version is not 2");
  if (rest.some(({ name }) => !name.startsWith("_"))) throw wrong("a member behind the files is not known");
  const controlTar = await decompress(second?.content ?? new Uint8Array(), ofControl);
  const controlFiles = new Map<string, Uint8Array>();
  for (const { path, kind, content } of readStrictTar(controlTar)) {
    if (kind === "file" && !path.includes("/")) controlFiles.set(path, content);
    // What dpkg runs or reads there must be what we have read.
    else if (kind !== "folder" || path !== "") throw wrong(`its control part has the ${kind} '${path}'`);
  }
  const file = controlFiles.get("control");
  if (file === undefined) throw wrong("it has no control file");
  const text = Buffer.from(file).toString("utf8");
  const flaw = controlFlaw(text);
  if (flaw !== undefined) throw wrong(flaw);
  return { control: parseStanza(text), text, controlFiles, data: third?.content ?? new Uint8Array(), suffix };
}
