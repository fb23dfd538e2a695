// The jobs of the benchmark that are about packages: one tree of files as a package, by us, by dpkg-deb and by nfpm, with the same
// codec, level and processors. Ours hashes each file of the closure, makes its bill of materials, and packs it; the others pack. There
// are many small files, where each costs by itself, and few large ones, where the bytes do.
import { spawnSync } from "node:child_process";
import { hash } from "node:crypto";
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { filesBelow, removeTree } from "#base/files.ts";
import { formatCount } from "#base/numbers.ts";
import type { Job, Place, Side, WantedFigure } from "./measure.ts";

const MODULES = join(import.meta.dirname, "../node_modules");
const FILE_MAX = 4 * 2 ** 20;
const BYTES = 64 * 2 ** 20;

const LARGE_FILES = 100;
const LARGE_BYTES = 256 * 2 ** 20;

/** Many small files: programs and libraries as they are shipped, the first of our own node_modules. @returns how many files */
function copyFiles(folder: string): number {
  let [bytes, count] = [0, 0];
  for (const name of filesBelow(MODULES).toSorted()) {
    const { size } = statSync(join(MODULES, name));
    if (size > FILE_MAX || name.startsWith(".")) continue;
    const target = join(folder, `part-${count % 20}`);
    mkdirSync(target, { recursive: true });
    copyFileSync(join(MODULES, name), join(target, `file-${count}`));
    count += 1;
    bytes += size;
    if (bytes >= BYTES) break;
  }
  return count;
}

/** Few large files: machine code, pieces of the program that runs this. @returns how many files */
function cutFiles(folder: string): number {
  const program = readFileSync(process.execPath);
  const size = Math.trunc(LARGE_BYTES / LARGE_FILES);
  mkdirSync(folder, { recursive: true });
  for (let count = 0; count < LARGE_FILES; count += 1) {
    const at = (count * size) % (program.length - size);
    writeFileSync(join(folder, `file-${count}`), program.subarray(at, at + size));
  }
  return LARGE_FILES;
}

const FORMATS = ["deb", "rpm", "apk"] as const;
type Format = (typeof FORMATS)[number];

const LIMIT =
  "The compressor alone and the digests alone, on the same bytes in one process, are the floor: see what they take of their processor " +
  "time. dpkg-deb hashes nothing. Ours takes SHA-256 twice (each file for the lists of all formats, and the NAR that is held to the " +
  "registered hash) and MD5 once, for dpkg, all of it in one read. Beside that Node starts, and loads our code and pipeline.ts.";
const LIMIT_GO =
  "nfpm hashes each file once (MD5) and makes no list and no bill of materials; its zstd is that of klauspost on all processors. It has no level to " +
  "choose: see the sizes.";

export function packJobs({ folder, pipelite }: Place): Job[] {
  const small = { copy: copyFiles, bytes: BYTES, repeats: 7, several: FORMATS };
  const large = { copy: cutFiles, bytes: LARGE_BYTES, repeats: 3 };
  return [
    ...treeJobs({ folder: join(folder, "small"), pipelite }, small),
    ...treeJobs({ folder: join(folder, "large"), pipelite }, large),
  ];
}

interface TreeToPack {
  /** Puts the files into a folder. */
  copy: (folder: string) => number;
  bytes: number;
  repeats: number;
  /** Formats that are made together as well. */
  several?: readonly Format[];
}

function treeJobs({ folder, pipelite }: Place, { copy, bytes, repeats, several }: TreeToPack): Job[] {
  const project = join(folder, "project");
  const home = join(folder, "home");
  const count = copy(join(project, "files"));
  writeFileSync(
    join(project, "pipeline.ts"),
    `import { pack, pipeline, source } from "pipelite";
const files = source("files");
export default pipeline({ files });
export const packages = pack({ name: "files", version: "1.0", description: "Files", licence: "MIT", maintainer: "A <a@b.example>", data: { files } });
`,
  );
  spawnSync(pipelite, ["run", project, "--store", home, "--out", join(folder, "result"), "-q"], {
    stdio: "inherit",
  });
  const tree = join(folder, "tree");
  cpSync(join(project, "files"), join(tree, "nix/store/files"), { recursive: true });
  mkdirSync(join(tree, "DEBIAN"));
  writeFileSync(
    join(tree, "DEBIAN/control"),
    "Package: files\nVersion: 1.0\nArchitecture: amd64\nMaintainer: A <a@b.example>\nDescription: Files\n",
  );
  const out = join(folder, "out");
  const where = ["--out", out, "--store", home, "-q"];
  const ours = (codec: string, formats: readonly Format[] = ["deb"]): Side => ({
    name: "pipelite",
    command: [pipelite, "pack", "--single", "--codec", codec, "--format", formats.join(","), ...where],
    cwd: project,
    prepare: () => {
      removeTree(out);
      removeTree(join(home, "pipelite/packed"));
    },
  });
  const theirs = join(folder, "x.deb");
  const asPackage = ["--root-owner-group", "-b", tree, theirs];
  const deb = (codec: string, level: number, threads: number): Side => ({
    name: `dpkg-deb -Z${codec} -z${level} --threads-max=${threads}`,
    command: ["dpkg-deb", `-Z${codec}`, `-z${level}`, `--threads-max=${threads}`, ...asPackage],
  });
  const size = (what: string, other: () => number): WantedFigure => ({
    name: `size of ${what}`,
    unit: "% of theirs",
    of: () => (100 * sizeOf(out)) / other(),
    isSteady: true,
  });
  const content = once(() =>
    Buffer.concat([...filesBelow(join(tree, "nix"))].map((file) => readFileSync(join(tree, "nix", file)))),
  );
  const floor = (what: string, job: string, alone: () => number): WantedFigure => ({
    name: `the ${what} alone, for ${job}`,
    unit: "% of their processor time",
    of: (_, { cpuMs }) => (100 * alone()) / cpuMs,
  });
  const threads = availableParallelism();
  const name = `of ${formatCount(count, "file")}, ${bytes / 2 ** 20} MiB`;
  const against = (codec: string, level: number): Job[] =>
    [1, threads].map((most): Job => {
      const job = `a package of Debian ${name}, ${codec} ${level}, on ${formatCount(most, "processor")}`;
      return {
        name: job,
        sides: [onProcessors(most, ours(codec)), onProcessors(most, deb(codec, level, most))],
        repeats,
        target: 0.67,
        limit: LIMIT,
        figures: [
          size(job, () => statSync(theirs).size),
          floor("compressor", job, () => compressorMs(content(), codec, level)),
          floor("digests", job, () => digestsMs(content())),
        ],
      };
    });
  return [
    ...against("gzip", 6),
    ...against("zstd", 3),
    ...nfpmJobs({ folder, tree, name, repeats, several, ours, size }),
  ];
}

/** Processor time of Node's compressor on bytes in memory, cut as `pack` cuts them. */
function compressorMs(bytes: Buffer, codec: string, level: number): number {
  const before = process.cpuUsage();
  if (codec === "zstd") zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } });
  else
    for (let at = 0; at < bytes.length; at += GZIP_BLOCK)
      gzipSync(bytes.subarray(at, at + GZIP_BLOCK), { level, memLevel: 9 });
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const GZIP_BLOCK = 2 ** 20;

/** Processor time of the digests of a package of Debian. */
function digestsMs(bytes: Buffer): number {
  const before = process.cpuUsage();
  for (const algorithm of ["sha256", "sha256", "md5"]) hash(algorithm, bytes);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

interface AgainstNfpm {
  folder: string;
  tree: string;
  name: string;
  repeats: number;
  several: readonly Format[] | undefined;
  ours: (codec: string, formats: readonly Format[]) => Side;
  size: (what: string, other: () => number) => WantedFigure;
}

/** nfpm is where it is on the PATH; `go install github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2` makes it. */
function nfpmJobs({ folder, tree, name, repeats, several, ours, size }: AgainstNfpm): Job[] {
  const missing =
    spawnSync("nfpm", ["--version"]).status === 0
      ? undefined
      : "nfpm is not on the PATH: go install github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2";
  const made = join(folder, "nfpm");
  mkdirSync(made);
  const sideOf = (codec: string, formats: readonly Format[]): Side => {
    const config = join(folder, `nfpm-${codec}.yaml`);
    writeFileSync(config, configOf(tree, codec));
    const words = formats.map((format) => `nfpm package -f "$1" -p ${format} -t "$2/x.${format}"`);
    return {
      name: `nfpm, ${codec}`,
      command: ["sh", "-c", words.join(" && "), "sh", config, made],
      prepare: () => {
        removeTree(made);
        mkdirSync(made);
      },
    };
  };
  const job = (what: string, codec: string, formats: readonly Format[]): Job => ({
    name: `${what} ${name}, ${codec}`,
    sides: [ours(codec, formats), sideOf(codec, formats)],
    repeats,
    target: 0.67,
    limit: LIMIT_GO,
    figures: [size(`${what} ${name}, ${codec}`, () => sizeOf(made))],
    ...(missing !== undefined && { missing }),
  });
  return [
    job("a package of Debian", "gzip", ["deb"]),
    job("a package of Debian", "zstd", ["deb"]),
    ...(several === undefined ? [] : [job("packages of Debian, rpm and Alpine", "gzip", several)]),
  ];
}

function configOf(tree: string, codec: string): string {
  return `name: files
arch: amd64
version: 1.0.0
maintainer: A <a@b.example>
description: Files
deb:
  compression: ${codec}
rpm:
  compression: ${codec}
contents:
  - src: ${join(tree, "nix")}
    dst: /nix
    type: tree
`;
}

/** Of the packages in a folder. */
function sizeOf(folder: string): number {
  const names = readdirSync(folder).filter((each) => /\.(deb|rpm|apk)$/.test(each));
  return names.reduce((sum, each) => sum + statSync(join(folder, each)).size, 0);
}

/** The same on the first so many processors. */
function onProcessors(count: number, side: Side): Side {
  const [program, ...words] = side.command;
  return { ...side, command: ["taskset", "-c", `0-${count - 1}`, program, ...words] };
}
