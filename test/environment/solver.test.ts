// The packages that we choose are those that apt chooses, on all of Debian.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readSuites } from "#environment/debian/lock-debian.ts";
import { Solver } from "#environment/debian/solver.ts";
import { Universe } from "#environment/debian/universe.ts";
import { mirrorsOf } from "#environment/mirrors.ts";
import { peer, sweep } from "../rig/peer.ts";
import { StoreRig } from "../store/rig.ts";

/** Languages, libraries, desktops, servers; names that others provide; sets whose members share much. */
const SETS = [
  "python3-numpy",
  "python3-matplotlib",
  "python3-scipy python3-pandas",
  "r-base-core",
  "r-cran-ggplot2",
  "gcc",
  "g++ make cmake",
  "clang",
  "gfortran",
  "rustc cargo",
  "golang-go",
  "ghc",
  "ocaml",
  "nodejs npm",
  "ruby",
  "php-cli",
  "perl",
  "default-jre-headless",
  "default-jdk",
  "maven",
  "erlang-base",
  "sbcl",
  "guile-3.0",
  "lua5.4",
  "octave",
  "maxima",
  "gnuplot-nox",
  "ffmpeg",
  "sox",
  "imagemagick",
  "inkscape",
  "graphviz",
  "texlive-latex-base",
  "texlive-latex-extra",
  "pandoc",
  "postgresql",
  "mariadb-server",
  "sqlite3",
  "redis-server",
  "nginx",
  "apache2",
  "exim4",
  "postfix",
  "openssh-server",
  "systemd dbus",
  "man-db",
  "vim",
  "emacs-nox",
  "git",
  "mercurial",
  "samtools bcftools",
  "bwa bowtie2",
  "gromacs",
  "gdal-bin",
  "qgis",
  "blender",
  "libreoffice-calc",
  "chromium",
  "firefox-esr",
  "task-lxde-desktop",
  "locales",
  "cups",
  "snakemake",
  "python3-numpy r-base-core gcc ffmpeg",
];

test("apt gives the same packages for each of 64 sets", { skip: sweep() || peer("apt-get") }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-apt-"));
  try {
    const { signal } = new AbortController();
    using rig = new StoreRig();
    const { store } = rig;
    const [temporary, now] = [join(folder, "temporary"), new Date()];
    const mirrors = mirrorsOf(process.env);
    const locking = { root: folder, temporary, store, mirrors, now, signal, say: () => {} };
    const request = { kind: "debian", suite: "bookworm", packages: [] } as const;
    const { indices } = await readSuites(request, "amd64", locking);
    const universe = new Universe(indices, "amd64");
    const apt = aptWith(
      folder,
      indices.map(({ text }) => text),
    );
    const different = SETS.flatMap((set) => {
      const solver = new Solver(universe);
      const names = set.split(" ");
      for (const name of names) solver.request(name);
      const ours = solver.marked.map((each) => `${each.name} ${each.version}`).toSorted();
      const theirs = apt(names);
      return ours.join() === theirs.join()
        ? []
        : [{ set, ours: minus(ours, theirs), apt: minus(theirs, ours) }];
    });
    assert.deepEqual(different, []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function minus(a: string[], b: string[]): string[] {
  return a.filter((each) => !b.includes(each));
}

/** apt on an empty machine, with these indices as its only sources. @returns `NAME VERSION` of what it would install */
function aptWith(folder: string, indices: string[]): (names: string[]) => string[] {
  const root = join(folder, "apt");
  const lines = indices.map((text, index) => {
    const archive = join(root, `archive-${index}`);
    mkdirSync(join(archive, "dists/x/main/binary-amd64"), { recursive: true });
    writeFileSync(join(archive, "dists/x/main/binary-amd64/Packages"), text);
    writeFileSync(
      join(archive, "dists/x/Release"),
      "Suite: x\nCodename: x\nComponents: main\nArchitectures: amd64\n",
    );
    return `deb [trusted=yes arch=amd64] file:${archive} x main\n`;
  });
  for (const name of [
    "etc/apt/apt.conf.d",
    "etc/apt/preferences.d",
    "state/lists/partial",
    "cache/archives/partial",
  ])
    mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, "etc/apt/sources.list"), lines.join(""));
  writeFileSync(join(root, "status"), "");
  const options = {
    Dir: root,
    "Dir::Etc": join(root, "etc/apt"),
    "Dir::State": join(root, "state"),
    "Dir::State::status": join(root, "status"),
    "Dir::Cache": join(root, "cache"),
    "Dir::Log": join(root, "log"),
    // Images of containers switch these off, and then each call reads all the indices again.
    "Dir::Cache::pkgcache": "pkgcache.bin",
    "Dir::Cache::srcpkgcache": "srcpkgcache.bin",
    "Acquire::GzipIndexes": "false",
    "APT::Architecture": "amd64",
    "APT::Architectures": "amd64",
    "APT::Sandbox::User": "",
    "APT::Install-Recommends": "false",
    "Debug::NoLocking": "true",
  };
  const words = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const run = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync("apt-get", [...words, ...args], {
      encoding: "utf8",
      maxBuffer: 2 ** 26,
      env: { ...process.env, APT_CONFIG: "/dev/null", LC_ALL: "C" },
    });
    assert.equal(status, 0, `${args.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  };
  run("update");
  // It chooses as `--simulate` does, which then pretends to install them one by one: two thirds of its time.
  return (names) =>
    [...run("install", "--print-uris", ...names).matchAll(/^'file:\S+' ([^_\s]+)_([^_\s]+)_\S+\.deb /gm)]
      .map(([, name, version = ""]) => `${name} ${decodeURIComponent(version)}`)
      .toSorted();
}
