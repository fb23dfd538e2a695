// The metadata of a repository of rpm packages: primary, filelists, other, and repomd.xml, which names them by their digests.
// Specification: createrepo_c 0.17, src/xml_dump_primary.c and its like.
import { hash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { escapeMarkup } from "#base/escape.ts";
import { fromByteString, utf8 } from "#base/bytes.ts";
import { gzipMember } from "./gzip.ts";
import { tagNumbers, tagText, tagTexts, type ReadRpm } from "./rpm.ts";

/** A package as the metadata has it: a fragment for each document. */
export interface RpmRecord {
  primary: string;
  filelists: string;
  other: string;
}

const FOLDER = 0o040000;
const FORMAT = 0o170000;
const RPMLIB = 0x01000000;
/** Tags of names, flags and versions; ours have the first three, those of others all. */
const RELATIONS: readonly (readonly [kind: string, names: number, flags: number, versions: number])[] = [
  ["provides", 1047, 1112, 1113],
  ["requires", 1049, 1048, 1050],
  ["conflicts", 1054, 1053, 1055],
  ["obsoletes", 1090, 1114, 1115],
  ["suggests", 5049, 5051, 5050],
  ["enhances", 5055, 5057, 5056],
  ["recommends", 5046, 5048, 5047],
  ["supplements", 5052, 5054, 5053],
];
const FLAGS: Readonly<Record<number, string>> = { 2: "LT", 4: "GT", 8: "EQ", 10: "LE", 12: "GE" };

export interface RpmPlace {
  /** Below the root of the repository. */
  file: string;
  size: number;
  sha256: string;
}

export function rpmRecord(
  { tags, headerRange, signatures }: ReadRpm,
  { file, size, sha256 }: RpmPlace,
): RpmRecord {
  const text = (tag: number): string => textIn(tagText(tags, tag) ?? "");
  const number = (tag: number): number => tagNumbers(tags, tag)[0] ?? 0;
  const version = `<version epoch="${number(1003)}" ver="${text(1001)}" rel="${text(1002)}"/>`;
  const vendor = text(1011);
  const head = `<package pkgid="${sha256}" name="${text(1000)}" arch="${text(1022)}">\n  ${version}\n`;
  const files = rpmFiles(tags);
  const isPrimary = (path: string) => /^\/etc\/|\/s?bin\/|^\/usr\/lib\/sendmail$/.test(path);
  const fileLine = ({ path, isFolder }: ListedFile) =>
    `<file${isFolder ? ' type="dir"' : ""}>${textIn(path)}</file>\n`;
  const [start, end] = headerRange;
  const primary = `<package type="rpm">
  <name>${text(1000)}</name>
  <arch>${text(1022)}</arch>
  ${version}
  <checksum type="sha256" pkgid="YES">${sha256}</checksum>
  <summary>${text(1004)}</summary>
  <description>${text(1005)}</description>
  <packager>${text(1015)}</packager>
  <url>${text(1020)}</url>
  <time file="${number(1006)}" build="${number(1006)}"/>
  <size package="${size}" installed="${tagNumbers(tags, 5009)[0] ?? number(1009)}" archive="${tagNumbers(signatures, 1007)[0] ?? tagNumbers(signatures, 271)[0] ?? 0}"/>
  <location href="${textIn(file)}"/>
  <format>
    <rpm:license>${text(1014)}</rpm:license>
${vendor === "" ? "    <rpm:vendor/>" : `    <rpm:vendor>${vendor}</rpm:vendor>`}
    <rpm:group>${text(1016)}</rpm:group>
    <rpm:buildhost>${text(1007)}</rpm:buildhost>
    <rpm:sourcerpm>${text(1044)}</rpm:sourcerpm>
    <rpm:header-range start="${start}" end="${end}"/>
${RELATIONS.map(([kind, ...of]) => relationsOf(kind, tags, of)).join("")}${files
    .filter(({ path }) => isPrimary(path))
    .map((each) => `    ${fileLine(each)}`)
    .join("")}  </format>
</package>
`;
  const filelists = `${head}${files.map((each) => `  ${fileLine(each)}`).join("")}</package>\n`;
  return { primary, filelists, other: `${head}</package>\n` };
}

export interface ListedFile {
  path: string;
  isFolder: boolean;
}

/** Files as the header has them. */
export function rpmFiles(tags: ReadRpm["tags"]): ListedFile[] {
  const [folders, indexes, modes] = [tagTexts(tags, 1118), tagNumbers(tags, 1116), tagNumbers(tags, 1030)];
  return tagTexts(tags, 1117).map((name, at) => ({
    path: `${folders[indexes[at] ?? -1] ?? ""}${name}`,
    isFolder: ((modes[at] ?? 0) & FORMAT) === FOLDER,
  }));
}

function relationsOf(
  kind: string,
  tags: ReadRpm["tags"],
  [names, flags, versions]: readonly [number, number, number],
): string {
  const rows = tagTexts(tags, names).flatMap((name, at) => {
    const flag = tagNumbers(tags, flags)[at] ?? 0;
    if ((flag & RPMLIB) !== 0) return [];
    const said = FLAGS[flag & 15];
    const [, epoch = "0", version = "", release] =
      /^(?:(\d+):)?([^-]*)(?:-(.*))?$/.exec(tagTexts(tags, versions)[at] ?? "") ?? [];
    const what =
      said === undefined || version === ""
        ? ""
        : ` flags="${said}" epoch="${epoch}" ver="${textIn(version)}"${release === undefined ? "" : ` rel="${textIn(release)}"`}`;
    return [`      <rpm:entry name="${textIn(name)}"${what}/>\n`];
  });
  return rows.length === 0 ? "" : `    <rpm:${kind}>\n${rows.join("")}    </rpm:${kind}>\n`;
}

/** A byte string of UTF-8 as text of XML. */
function textIn(bytes: string): string {
  return escapeMarkup(Buffer.from(fromByteString(bytes)).toString("utf8"));
}

export interface RpmMetadata {
  /** Name below the root of the repository -> bytes. */
  files: ReadonlyMap<string, Uint8Array>;
  /** Of `repodata/repomd.xml`. */
  repomd: Uint8Array;
}

const COMMON = "http://linux.duke.edu/metadata";

/** @param timeSeconds the revision, and the time of each document */
export function rpmMetadata(records: readonly RpmRecord[], timeSeconds: number): RpmMetadata {
  const documents = {
    primary: `<metadata xmlns="${COMMON}/common" xmlns:rpm="${COMMON}/rpm" packages="${records.length}">\n${records.map(({ primary }) => primary).join("")}</metadata>\n`,
    filelists: `<filelists xmlns="${COMMON}/filelists" packages="${records.length}">\n${records.map(({ filelists }) => filelists).join("")}</filelists>\n`,
    other: `<otherdata xmlns="${COMMON}/other" packages="${records.length}">\n${records.map(({ other }) => other).join("")}</otherdata>\n`,
  };
  const files = new Map<string, Uint8Array>();
  const rows = Object.entries(documents).map(([kind, body]) => {
    const open = utf8(`<?xml version="1.0" encoding="UTF-8"?>\n${body}`);
    const packed = gzipMember(gzipSync(open, { level: 9 }));
    const name = `repodata/${hash("sha256", packed)}-${kind}.xml.gz`;
    files.set(name, packed);
    return `  <data type="${kind}">
    <checksum type="sha256">${hash("sha256", packed)}</checksum>
    <open-checksum type="sha256">${hash("sha256", open)}</open-checksum>
    <location href="${name}"/>
    <timestamp>${timeSeconds}</timestamp>
    <size>${packed.length}</size>
    <open-size>${open.length}</open-size>
  </data>
`;
  });
  const repomd = utf8(
    `<?xml version="1.0" encoding="UTF-8"?>\n<repomd xmlns="${COMMON}/repo" xmlns:rpm="${COMMON}/rpm">\n  <revision>${timeSeconds}</revision>\n${rows.join("")}</repomd>\n`,
  );
  return { files, repomd };
}
