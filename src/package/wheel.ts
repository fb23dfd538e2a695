// Wheels of Python (binary distribution format 1.0, PEP 427): their names, which of them a machine can use (PEP 425, 600), and
// where each file of one belongs.
import { own } from "#base/own.ts";
import { createHash } from "node:crypto";
import type { ZipEntry } from "./zip.ts";

export interface WheelName {
  /** Normalised as PEP 503 has it. */
  name: string;
  version: string;
  build: string;
  tags: string[];
}

/** What wheels are to run on. */
export interface PythonTarget {
  /** `3.11` */
  python: string;
  /** `2.36`: the C library that there is. */
  glibc: string;
  /** `x86_64` */
  machine: string;
}

export function normaliseName(name: string): string {
  return name.replaceAll(/[-_.]+/g, "-").toLowerCase();
}

/** @returns undefined for what is no wheel */
export function parseWheelName(file: string): WheelName | undefined {
  const parts = /^([^-]+)-([^-]+)(?:-(\d[^-]*))?-([^-]+)-([^-]+)-([^-]+)\.whl$/.exec(file);
  if (parts === null || !/^[\w.+!-]+$/.test(file)) return undefined;
  const [, name = "", version = "", build = "", pythons = "", abis = "", platforms = ""] = parts;
  const tags = pythons
    .split(".")
    .flatMap((python) =>
      abis
        .split(".")
        .flatMap((abi) => platforms.split(".").map((platform) => `${python}-${abi}-${platform}`)),
    );
  return { name: normaliseName(name), version, build, tags };
}

/** Older names of platforms, by the version of glibc that they stand for. */
const LEGACY: Readonly<Record<string, string>> = { 17: "2014", 12: "2010", 5: "1" };

/** All tags that a target can use, the best first: CPython as `packaging.tags.sys_tags` orders them. */
export function supportedTags({ python, glibc, machine }: PythonTarget): string[] {
  const [major = 3, minor = 0] = python.split(".").map(Number);
  const [, libcMinor = 17] = glibc.split(".").map(Number);
  const platforms: string[] = [];
  const oldest = machine === "x86_64" ? 5 : 17;
  for (let version = libcMinor; version >= oldest; version -= 1) {
    platforms.push(`manylinux_2_${version}_${machine}`);
    const legacy = LEGACY[version];
    if (legacy !== undefined) platforms.push(`manylinux${legacy}_${machine}`);
  }
  platforms.push(`linux_${machine}`);
  const on = (interpreter: string, abi: string): string[] =>
    platforms.map((platform) => `${interpreter}-${abi}-${platform}`);
  const own = `cp${major}${minor}`;
  const tags = [...on(own, own), ...on(own, "abi3"), ...on(own, "none")];
  for (let version = minor - 1; version >= 2; version -= 1) tags.push(...on(`cp${major}${version}`, "abi3"));
  const pure = [`py${major}${minor}`, `py${major}`];
  for (let version = minor - 1; version >= 0; version -= 1) pure.push(`py${major}${version}`);
  for (const each of pure) tags.push(...on(each, "none"));
  tags.push(`${own}-none-any`, ...pure.map((each) => `${each}-none-any`));
  return tags;
}

/** Where a file of a wheel goes, below the folder of the environment. */
export interface WheelFile {
  /** Reading it throws where it is not what the RECORD of the wheel says. */
  entry: ZipEntry;
  /** Relative: `lib/python3.11/site-packages/numpy/__init__.py`, `bin/f2py`. */
  path: string;
  isScript: boolean;
}

export interface WheelFiles {
  placed: WheelFile[];
  /** `NAME-VERSION.dist-info` */
  info: string;
  /** Launchers that its entry points ask for. */
  launchers: { name: string; module: string; attribute: string }[];
}

/**
 * @param site `lib/python3.11/site-packages`
 * @throws Error that says what is wrong
 */
export function planWheel(
  { name, version }: WheelName,
  entries: readonly ZipEntry[],
  { site, python }: { site: string; python: string },
): WheelFiles {
  const infos = new Set(entries.flatMap(({ name: path }) => /^([^/]+\.dist-info)\//.exec(path)?.[1] ?? []));
  const [info] = infos;
  if (info === undefined || infos.size > 1) throw new Error(`it has ${infos.size} folders .dist-info`);
  const [infoName = "", infoVersion] = info.slice(0, -".dist-info".length).split("-");
  if (normaliseName(infoName) !== name || infoVersion !== version)
    throw new Error(`its ${info} is of another wheel`);
  const read = (file: string): string | undefined => {
    const entry = entries.find((each) => each.name === `${info}/${file}`);
    return entry && Buffer.from(entry.read()).toString("utf8");
  };
  const major = /^Wheel-Version:\s*(\d+)\./m.exec(read("WHEEL") ?? "")?.[1];
  if (major !== "1") throw new Error(`its Wheel-Version is ${major ?? "missing"}`);
  const record = parseRecord(read("RECORD") ?? "");
  const data = `${info.slice(0, -".dist-info".length)}.data/`;
  const placed = entries
    .filter(({ isFolder }) => !isFolder)
    .map((found): WheelFile => {
      checkPath(found.name);
      const entry = asRecorded(found, record, info);
      if (!entry.name.startsWith(data)) return { entry, path: `${site}/${entry.name}`, isScript: false };
      const [key = "", ...rest] = entry.name.slice(data.length).split("/");
      const folders = {
        purelib: site,
        platlib: site,
        scripts: "bin",
        data: "",
        headers: `include/${python}/${name}`,
      };
      const folder = own(folders, key);
      if (folder === undefined || rest.length === 0) throw new Error(`'${entry.name}' belongs nowhere`);
      return { entry, path: [folder, ...rest].filter(Boolean).join("/"), isScript: key === "scripts" };
    });
  return { placed, info, launchers: parseEntryPoints(read("entry_points.txt") ?? "") };
}

function checkPath(path: string): void {
  const parts = path.split("/");
  if (
    path.startsWith("/") ||
    path.includes("\\") ||
    path.includes("\0") ||
    parts.some((each) => ["", ".", ".."].includes(each))
  )
    throw new Error(`the name '${path}' leads out of it`);
}

/** Path -> `sha256=BASE64URL`. */
function parseRecord(text: string): Map<string, string> {
  const rows = text.split(/\r?\n/).filter(Boolean);
  return new Map(
    rows.map((row) => {
      const [, quoted, plain, hash = ""] = /^(?:"((?:[^"]|"")*)"|([^,]*)),([^,]*),/.exec(row) ?? [];
      return [quoted?.replaceAll('""', '"') ?? plain ?? row, hash];
    }),
  );
}

/** Those that PEP 427 allows. */
const ALGORITHMS = ["sha256", "sha384", "sha512"];

/** The same, held against its RECORD when it is read. */
function asRecorded(entry: ZipEntry, record: ReadonlyMap<string, string>, info: string): ZipEntry {
  const { name } = entry;
  if ([`${info}/RECORD`, `${info}/RECORD.jws`, `${info}/RECORD.p7s`].includes(name)) return entry;
  const recorded = record.get(name);
  if (recorded === undefined) throw new Error(`'${name}' is not in its RECORD`);
  const [, algorithm = "", wanted = ""] = /^([^=]*)=([\w-]+)=*$/.exec(recorded) ?? [];
  if (!ALGORITHMS.includes(algorithm)) throw new Error(`its RECORD has no hash of '${name}' that counts`);
  const read = (): Uint8Array => {
    const content = entry.read();
    const got = createHash(algorithm).update(content).digest("base64url");
    if (got !== wanted)
      throw new Error(`the ${algorithm} of '${name}' is ${got}, and its RECORD says ${wanted}`);
    return content;
  };
  return { ...entry, read };
}

function parseEntryPoints(text: string): WheelFiles["launchers"] {
  let section = "";
  return text.split(/\r?\n/).flatMap((line) => {
    const words = line.trim();
    if (words.startsWith("[") && words.endsWith("]")) section = words.slice(1, -1).trim();
    if (section !== "console_scripts" && section !== "gui_scripts") return [];
    const parts = /^([\w.-]+)\s*=\s*([\w.]+)\s*:\s*([\w.]+)(?:\s*\[.*\])?$/.exec(words);
    if (parts === null) return [];
    const [, name = "", module = "", attribute = ""] = parts;
    return [{ name, module, attribute }];
  });
}
