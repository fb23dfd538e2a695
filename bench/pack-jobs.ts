// The jobs of the benchmark that are about packages: one tree of files as a package, by us, by dpkg-deb and by nfpm, with the same
// codec and level. Ours lists and hashes the closure, makes its bill of materials, and packs it; the others pack.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeTree } from "#base/files.ts";
import type { Job, Place, Side } from "./measure.ts";

const FILES = 1400;
const BYTES = 64 * 1024 * 1024;

/** Files of words and of machine code: they pack about as well as programs do. */
function writeFiles(folder: string): void {
  let state = 1;
  for (let file = 0; file < FILES; file += 1) {
    const bytes = Buffer.alloc(Math.floor(BYTES / FILES));
    for (let at = 0; at < bytes.length; at += 1) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      bytes[at] = at % 5 < 3 ? 97 + ((state >>> 16) % 7) : at % 64;
    }
    const below = join(folder, `part-${file % 20}`);
    mkdirSync(below, { recursive: true });
    writeFileSync(join(below, `file-${file}`), bytes);
  }
}

export function packJobs({ folder, pipelite }: Place): Job[] {
  const project = join(folder, "project");
  const home = join(folder, "home");
  writeFiles(join(project, "files"));
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
  const ours = (codec: string): Side => ({
    name: "pipelite",
    command: [
      pipelite,
      "pack",
      "--single",
      "--format",
      "deb",
      "--codec",
      codec,
      "--out",
      out,
      "--store",
      home,
      "-q",
    ],
    cwd: project,
    prepare: () => removeTree(out),
  });
  const deb = (codec: string, level: number): Side => ({
    name: `dpkg-deb -Z${codec} -z${level} --threads-max=1`,
    command: [
      "dpkg-deb",
      `-Z${codec}`,
      `-z${level}`,
      "--threads-max=1",
      "--root-owner-group",
      "-b",
      tree,
      join(folder, "x.deb"),
    ],
  });
  const limit =
    "zlib and zstd are nine tenths of the time, on one thread on both sides; beside them Node starts, and each file is hashed three times " +
    "(MD5 for dpkg, SHA-1 for apk, SHA-256), since the digests of files are what all formats have in common.";
  const name = `a package of Debian of ${FILES} files, ${BYTES / 1024 / 1024} MiB`;
  const jobs: Job[] = [
    { name: `${name}, gzip 6`, sides: [ours("gzip"), deb("gzip", 6)], repeats: 3, target: 0.67, limit },
    { name: `${name}, zstd 3`, sides: [ours("zstd"), deb("zstd", 3)], repeats: 5, target: 0.67, limit },
  ];
  const nfpm = nfpmSide(folder, tree);
  if (nfpm !== undefined)
    jobs.push({ name: `${name}, gzip`, sides: [ours("gzip"), nfpm], repeats: 3, target: 0.67, limit });
  return jobs;
}

/** Where it is on the PATH; `go install github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2` makes it. */
function nfpmSide(folder: string, tree: string): Side | undefined {
  if (spawnSync("nfpm", ["--version"]).status !== 0) return undefined;
  const config = join(folder, "nfpm.yaml");
  writeFileSync(
    config,
    `name: files
arch: amd64
version: 1.0.0
maintainer: A <a@b.example>
description: Files
deb:
  compression: gzip
contents:
  - src: ${join(tree, "nix")}
    dst: /nix
    type: tree
`,
  );
  return {
    name: "nfpm, gzip",
    command: ["nfpm", "package", "-f", config, "-p", "deb", "-t", join(folder, "nfpm.deb")],
  };
}
