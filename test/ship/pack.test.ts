// `pipelite pack` from a run to files: two homes give the same bytes, and what cannot be packed is said by output, file and format.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { packAgain } from "#app/pack-again.ts";
import type { PackRequest } from "#app/pack.ts";
import { verifyPackage } from "#app/verify-package.ts";
import { utf8 } from "#base/bytes.ts";
import { isPipeliteError } from "#base/errors.ts";
import { removeTree } from "#base/files.ts";
import { readApk } from "#package/apk.ts";
import { readCpio } from "#package/cpio.ts";
import { readDeb } from "#package/deb.ts";
import { decompress } from "#package/decompress.ts";
import { checkGzip } from "#package/gzip.ts";
import { readRpm } from "#package/rpm.ts";
import { StoreTree } from "#ship/store-tree.ts";
import { addedFile, addedLink } from "#ship/tree.ts";
import { PACKAGE_FORMATS, type PackageFormat } from "#ship/shipment.ts";
import { requireSize, writePackage } from "#ship/write.ts";
import { packLatest } from "../rig/packing.ts";
import { Project } from "../rig/project.ts";
import { sweep } from "../rig/peer.ts";
import { manifestIn, planOf } from "./rig.ts";

const base = mkdtempSync(join(tmpdir(), "pipelite-pack-"));
after(() => rmSync(base, { recursive: true }));

const PACK = `pack({
  name: "hello",
  version: "1.0",
  description: "Says hello",
  licence: "MIT",
  maintainer: "Anna Example <anna@example.org>",
  date: "2026-11-30",
  programs: { hello: bin.file("hello") },
  manPages: { "hello.1": files.file("hello.1") },
  completions: { bash: { hello: files.file("hello.bash") }, zsh: { hello: files.file("hello.bash") } },
  data: { note },
  configuration: { "/etc/hello/hello.conf": files.file("hello.conf") },
  services: { hello: { description: "Says hello", command: ["hello", "--again"], user: "nobody" } },
  scripts: { afterInstall: "echo installed" },
})`;

const PIPELINE = (packs: string) => `import { pack, pipeline, source, stage } from "pipelite";
const bin = source("bin");
const files = source("files");
const note = stage(() => import("./note.ts"), { bin, files });
export default pipeline({ note });
${packs}
`;

const FILES = {
  "pipeline.ts": PIPELINE(`export const hello = ${PACK};`),
  "note.ts": `import type { Source } from "pipelite";
export default function note({ bin }: { bin: Source; files: Source }) { return { "note.txt": bin.path }; }`,
  "bin/hello": "#!/bin/sh\necho hello from a package\n",
  "files/hello.1": ".TH HELLO 1\n",
  "files/hello.bash": "complete -W --help hello\n",
  "files/hello.conf": "greeting = hello\n",
};

async function projectWith(packs?: string): Promise<Project> {
  const project = new Project({ ...FILES, ...(packs !== undefined && { "pipeline.ts": PIPELINE(packs) }) });
  chmodSync(join(project.root, "bin/hello"), 0o755);
  await project.run();
  return project;
}

function packed(project: Project, more: Partial<PackRequest> = {}) {
  return packLatest(project, { formats: PACKAGE_FORMATS, out: mkdtempSync(join(base, "out-")), ...more });
}

for (const [what, changed] of [
  ["of an output", (project: Project) => join(project.record().results["note"] ?? "", "note.txt")],
  ["that are copied", (project: Project) => join(material(project, "files"), "hello.conf")],
] as const)
  test(`a package is not made of bytes ${what} and were changed since`, async () => {
    using project = await projectWith();
    const file = join(project.home, changed(project));
    chmodSync(file, 0o644);
    writeFileSync(file, "changed");
    for (const looks of ["changed", "as files of a store do"]) {
      if (looks !== "changed") {
        chmodSync(file, 0o444);
        utimesSync(file, 1, 1);
      }
      const out = mkdtempSync(join(base, "out-"));
      await assert.rejects(packed(project, { formats: ["deb"], out }), (error) => {
        assert.ok(isPipeliteError(error, "SHIPPED_PATH_CHANGED"), String(error));
        return error.message.includes(JSON.stringify(basename(file)));
      });
      assert.deepEqual(readdirSync(out), []);
    }
  });

function material(project: Project, wanted: string): string {
  return project.record().materials.find(({ name }) => name === wanted)?.path ?? "";
}

test("two homes give the same packages, and every format the same files", { skip: sweep() }, async () => {
  using one = await projectWith();
  using other = await projectWith();
  const [out, again] = [join(base, "one"), join(base, "other")];
  const { packages } = await packed(one, { out });
  assert.deepEqual((await packed(other, { out: again })).packages, packages);
  for (const name of readdirSync(out))
    assert.deepEqual(readFileSync(join(again, name)), readFileSync(join(out, name)));
  const listed = JSON.parse(readFileSync(join(out, "hello.files.json"), "utf8")) as Record<
    string,
    { sha256?: string }
  >;
  const sums = Object.fromEntries(
    Object.entries(listed).map(([path, { sha256 = "" }]) => [path, sha256] as const),
  );
  assert.ok(Object.keys(sums).includes("usr/share/man/man1/hello.1.gz"));
  for (const format of PACKAGE_FORMATS) {
    const found: Record<string, string> = {};
    for (const each of packages.filter((one) => one.format === format))
      Object.assign(found, await manifestIn(format, readFileSync(join(out, each.file))));
    for (const [path, sha256] of Object.entries(sums))
      assert.ok(found[path]?.endsWith(sha256), `${format}: ${path}`);
    const own = Object.keys(found).filter((path) => !(path in sums) && !path.includes("/nix-"));
    assert.deepEqual(own, OWN[format]);
  }
});

/** What a format has for itself. */
const OWN = {
  deb: [
    "usr/lib/systemd/system/hello.service",
    "usr/share/doc/hello/changelog.gz",
    "usr/share/doc/hello/copyright",
    "usr/share/doc/hello/sbom.cdx.json",
    "usr/share/lintian/overrides/hello",
  ],
  rpm: ["usr/lib/systemd/system/hello.service", "usr/share/doc/hello/sbom.cdx.json"],
  apk: ["etc/init.d/hello", "usr/share/doc/hello/sbom.cdx.json"],
};

test("one package has all of it, and stands for the others", async () => {
  using project = await projectWith();
  const out = join(base, "single");
  const { packages } = await packed(project, { out, isSingle: true });
  assert.deepEqual(
    packages.map(({ file }) => file),
    ["hello_1.0_amd64.deb", "hello-1.0-1.x86_64.rpm", "hello-1.0-r0.apk"].map((name) =>
      process.arch === "x64" ? name : name.replace("amd64", "arm64").replace("x86_64", "aarch64"),
    ),
  );
  for (const { format, file } of packages) {
    const found = await manifestIn(format as "deb", readFileSync(join(out, file)));
    assert.equal(Object.keys(found).filter((path) => path.endsWith("/hello")).length >= 2, true);
  }
});

const WRONG: [code: string, packs: string][] = [
  ["PACK_NOT_DECLARED", ""],
  ["PACK_INVALID", `export const x = ${PACK.replace("Anna Example <anna@example.org>", "nobody")};`],
  ["PACK_NAME_UNSAYABLE", `export const x = ${PACK.replace('"hello"', '"Hello World"')};`],
  ["PACK_VERSION_UNSAYABLE", `export const x = ${PACK.replace('"1.0"', '"one"')};`],
  ["PACK_FILE_MISSING", `export const x = ${PACK.replace('file("hello")', 'file("gone")')};`],
  ["PACK_FILE_KIND", `export const x = ${PACK.replace('bin.file("hello")', 'files.file("hello.1")')};`],
  ["PACK_NODE_MISSING", `export const x = ${PACK.replace("bin.file", 'source("other").file')};`],
  ["PACK_FILE_TWICE", `export const x = ${PACK}; export const y = ${PACK.replace('"hello"', '"hello2"')};`],
];

test("what is declared wrongly is an error, and nothing is written", async () => {
  using project = await projectWith();
  for (const [code, packs] of WRONG) {
    project.write({ "pipeline.ts": PIPELINE(packs) });
    const out = join(base, code);
    await assert.rejects(packed(project, { out }), (error) => {
      assert.ok(isPipeliteError(error), String(error));
      assert.equal(error.code, code, error.message);
      return error.exitCode === 2;
    });
    assert.deepEqual(existsSync(out) ? readdirSync(out) : [], [], code);
  }
  project.write({ "pipeline.ts": FILES["pipeline.ts"] });
  await assert.rejects(packed(project, { names: ["helo"] }), (error) =>
    isPipeliteError(error, "PACK_NAME_UNKNOWN"),
  );
});

test("a time that rpm can't say is an error, and one before 1970", async () => {
  using project = await projectWith();
  await assert.rejects(
    packed(project, { formats: ["rpm"], epoch: 2 ** 32 }),
    (error) => isPipeliteError(error, "PACK_TIME_UNSAYABLE") && /rpm.*2106/.test(error.message),
  );
  await packed(project, { formats: ["deb", "apk"], epoch: 2 ** 33 });
});

test("a path that is gone, a file that runs as its owner and one that is too large are errors", async () => {
  using project = await projectWith();
  const { materials } = project.record();
  const gone = materials.find(({ name }) => name === "bin")?.path ?? "";
  removeTree(join(project.home, gone));
  await assert.rejects(packed(project), (error) => {
    assert.ok(isPipeliteError(error));
    return ["PACK_FILE_MISSING", "PACK_PATH_GONE"].includes(error.code);
  });
  const folder = join(base, "set-id");
  mkdirSync(folder);
  writeFileSync(join(folder, "x"), "x");
  chmodSync(join(folder, "x"), 0o4755);
  const listed = () => new StoreTree({ path: "/nix/store/x", place: folder, narHash: "", digests: [] });
  assert.throws(listed, (error) => isPipeliteError(error, "PACK_SET_ID"));
  rmSync(join(folder, "x"));
  assert.equal(spawnSync("mkfifo", [join(folder, "pipe")]).status, 0);
  assert.throws(
    listed,
    (error) => isPipeliteError(error, "PACK_SPECIAL_FILE") && error.message.includes('"nix/store/x/pipe"'),
  );
  assert.throws(
    () => requireSize({ of: "/nix/store/x" }, "deb", 1e10),
    (error) => isPipeliteError(error, "PACK_TOO_LARGE"),
  );
  // Found by its size, before a byte of it is read.
  const huge = planOf([addedFile("usr/share/huge", utf8("x"), { size: 2 ** 32 })]);
  await assert.rejects(
    writePackage("rpm", huge, { folder, codec: undefined, key: undefined }),
    (error) =>
      isPipeliteError(error, "PACK_FILE_UNSAYABLE") && /hello as rpm: .*huge.*4294967295/.test(error.message),
  );
  // What a list of files or a description comes to has a limit of its own.
  const wordy = planOf([], { description: "x".repeat(2 ** 28) });
  await assert.rejects(
    writePackage("rpm", wordy, { folder, codec: undefined, key: undefined }),
    (error) =>
      isPipeliteError(error, "PACK_LIST_TOO_LARGE") && /hello as rpm: .*268435455/.test(error.message),
  );
  await assert.rejects(checkGzip({ 6: "another" }), (error) => isPipeliteError(error, "CODEC_CHANGED"));
});

test(
  "a package is made again from its run, and one that was changed is told by the file",
  { skip: sweep() },
  async () => {
    using project = await projectWith();
    for (const isSingle of [false, true]) {
      const out = mkdtempSync(join(base, "again-"));
      const { packages } = await packed(project, { out, isSingle });
      const { signal } = new AbortController();
      for (const { file, format } of packages.filter(({ name }) => name === "hello")) {
        const place = join(out, file);
        const same = await packAgain(project.door, place, signal);
        assert.deepEqual([same.status, same.difference, same.stages], ["same", undefined, ["note"]], file);
        // Whole again, by our own writer, with another program behind the name: no digest in it is wrong.
        const folder = mkdtempSync(join(base, "forged-"));
        const forged = await forge(format as "deb", readFileSync(place), folder, isSingle);
        const told = await packAgain(project.door, forged, signal);
        assert.equal(told.status, "differs");
        assert.match(told.difference ?? "", /usr\/bin\/hello|^etc\/hello/);
        if (format === "rpm") {
          // No digest is over the lead, and other programs than rpm read it.
          const led = async (at: number, ...bytes: number[]) => {
            const lead = readFileSync(place);
            lead.set(bytes, at);
            const other = join(folder, "other.rpm");
            writeFileSync(other, lead);
            return (await packAgain(project.door, other, signal)).status;
          };
          // A source, a SPARC, another name, another system, an unknown kind of signature, something where nothing is.
          const others = [
            [7, 1],
            [9, 3],
            [10, 120],
            [77, 8],
            [79, 1],
            [95, 1],
          ] as const;
          for (const [at, byte] of others) assert.equal(await led(at, byte), "differs", `${at}`);
          assert.equal(await led(9, 19), "same", "signed on an aarch64");
        }
        const cut = readFileSync(place);
        cut[Math.floor(cut.length * 0.9)] = (cut[Math.floor(cut.length * 0.9)] ?? 0) ^ 0xff;
        const broken = join(folder, `broken.${format}`);
        writeFileSync(broken, cut);
        await assert.rejects(
          packAgain(project.door, broken, signal),
          (error) => isPipeliteError(error) && error.exitCode === 3,
        );
      }
    }
  },
);

test("a package that names another derivation than its run has is told by the path", async () => {
  using project = await projectWith();
  const out = mkdtempSync(join(base, "derivation-"));
  const { packages } = await packed(project, { out });
  for (const { file, format } of packages.filter(({ name }) => name === "hello")) {
    const folder = mkdtempSync(join(base, "renamed-"));
    const change = (note: string) =>
      note.replace(/"derivation": "[^"]+"/, `"derivation": "/nix/store/${"0".repeat(32)}-x.drv"`);
    const forged = await forge(format as "deb", readFileSync(join(out, file)), folder, false, change);
    const { status, checks } = await verifyPackage({
      home: project.door,
      file: forged,
      trustFile: undefined,
    });
    assert.equal(status, "fails");
    assert.match(
      JSON.stringify(checks),
      /-note is said to be built by .*0-x\.drv, and run [\w-]+ has it otherwise/,
    );
  }
});

test("what a package has outside of the store holds by a signature alone, and never by what it says of itself", async () => {
  using project = await projectWith();
  const out = mkdtempSync(join(base, "besides-"));
  const { packages } = await packed(project, { out });
  for (const { file, format } of packages.filter(({ name }) => name === "hello")) {
    const folder = mkdtempSync(join(base, "besides-"));
    const forged = await forge(format as "deb", readFileSync(join(out, file)), folder, false);
    const { status, checks } = await verifyPackage({
      home: project.door,
      file: forged,
      trustFile: undefined,
    });
    assert.equal(status, "untested", format);
    const open = checks.filter((each) => each.status !== "holds").map(({ what }) => what);
    assert.deepEqual(open, ["besides", "signature"]);
    assert.match(
      checks.find(({ what }) => what === "besides")?.detail ?? "",
      /^2 files outside of the store/,
    );
    assert.ok(!checks.some(({ what }) => what === "content"));
    const two = await forge(
      format as "deb",
      readFileSync(join(out, file)),
      mkdtempSync(join(base, "two-")),
      false,
      (note) => note,
      "other",
    );
    await assert.rejects(
      verifyPackage({ home: project.door, file: two, trustFile: undefined }),
      (error) => isPipeliteError(error, "PACK_NOTE_MISSING") && /more than one/.test(error.message),
    );
  }
});

/** The package with one file more, and all else as it was. */
async function forge(
  format: PackageFormat,
  bytes: Buffer,
  folder: string,
  isSingle: boolean,
  change = (note: string) => note,
  second?: string,
): Promise<string> {
  const note = utf8(change(Buffer.from(await noteOf(format, bytes)).toString()));
  const files = [
    addedFile("usr/share/doc/hello/pipelite.json", note),
    addedLink("usr/bin/hello", "/tmp/evil"),
    ...(second === undefined ? [] : [addedFile(`usr/share/doc/${second}/pipelite.json`, note)]),
    ...(isSingle ? [addedFile("nix/store/x", utf8("x"))] : []),
  ];
  const plan = planOf(files, { name: "hello", version: "1.0", timeSeconds: Date.parse("2026-11-30") / 1000 });
  return join(folder, (await writePackage(format, plan, { folder, codec: undefined, key: undefined })).file);
}

async function noteOf(format: PackageFormat, bytes: Buffer): Promise<Uint8Array> {
  const isNote = (path: string) => path.endsWith("/pipelite.json");
  switch (format) {
    case "deb":
      return (await readDeb(bytes)).files.find(({ path }) => isNote(path))?.content ?? new Uint8Array();
    case "apk":
      return readApk(bytes).files.find(({ path }) => isNote(path))?.content ?? new Uint8Array();
    case "rpm": {
      const payload = await decompress(readRpm(bytes).payload, ".zst");
      return [...readCpio(payload)].find(({ name }) => isNote(name))?.content ?? new Uint8Array();
    }
  }
}

test("a package of somebody else, and one whose run is not here, are errors", async () => {
  using project = await projectWith();
  using other = new Project(FILES);
  const { signal } = new AbortController();
  const out = mkdtempSync(join(base, "foreign-"));
  const { packages } = await packed(project, { out, formats: ["deb"] });
  const file = join(out, packages.find(({ name }) => name === "hello")?.file ?? "");
  await assert.rejects(packAgain(other.door, file, signal), (error) =>
    isPipeliteError(error, "PACK_RUN_MISSING"),
  );
  const part = join(out, packages.find(({ name }) => name.startsWith("nix-"))?.file ?? "");
  await assert.rejects(packAgain(project.door, part, signal), (error) =>
    isPipeliteError(error, "PACK_NOTE_MISSING"),
  );
});

/** A disk with this room; it takes a mount, so root. */
const canMount = process.getuid?.() === 0 ? sweep() : "not run: only root can mount a small disk";

test("on a disk that is full nothing is left", { skip: canMount }, async () => {
  using project = await projectWith();
  project.write({ "bin/large": randomBytes(300_000).toString("hex") });
  await project.run();
  const out = join(base, "full");
  mkdirSync(out);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=200k", "tmpfs", out]);
  try {
    for (const format of [...PACKAGE_FORMATS, "oci", "docker", "nix"] as const)
      await assert.rejects(packed(project, { out, formats: [format] }), (error) => {
        assert.ok(isPipeliteError(error, "PACK_WRITE_FAILED"), String(error));
        return error.message.includes("hello") && error.message.includes(format);
      });
    assert.deepEqual(readdirSync(out), []);
  } finally {
    execFileSync("umount", [out]);
  }
});
