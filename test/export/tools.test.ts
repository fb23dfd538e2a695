// What shells take out of unpacked packages: programs, and the libraries that these name.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { readNeeded } from "#base/elf.ts";
import { UnpackedPackages } from "#export/unpacked-packages.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-tools-"));
after(() => rmSync(folder, { recursive: true }));

function packageOf(name: string, files: readonly string[], links: Readonly<Record<string, string>> = {}) {
  const path = join(folder, name);
  const place = (file: string): string => {
    const at = join(path, "data", file);
    mkdirSync(dirname(at), { recursive: true });
    return at;
  };
  for (const file of files) writeFileSync(place(file), file);
  for (const [file, target] of Object.entries(links)) symlinkSync(target, place(file));
  return { path };
}

test("an executable says which libraries it names", () => {
  const needed = readNeeded(process.execPath);
  assert.ok(needed.some((name) => name.startsWith("libc.")));
  assert.ok(needed.every((name) => /^[\w.+-]+$/.test(name)));
  assert.deepEqual(readNeeded(import.meta.filename), []);
});

test("programs and libraries are found by name in unpacked packages, links followed", () => {
  const unpacked = new UnpackedPackages([
    packageOf("tool", ["usr/bin/tool"], { "usr/bin/other": "tool" }),
    packageOf("libc", ["lib/x86_64-linux-gnu/ld.so.2", "lib/x86_64-linux-gnu/libc.so.6"], {
      "lib64/ld.so.2": "/lib/x86_64-linux-gnu/ld.so.2",
    }),
    packageOf("libz", ["usr/lib/x86_64-linux-gnu/libz.so.1.2", "usr/lib/x86_64-linux-gnu/deep/libd.so"], {
      "usr/lib/x86_64-linux-gnu/libz.so.1": "libz.so.1.2",
      "usr/lib/x86_64-linux-gnu/liba.so.1": "libb.so.1",
      "usr/lib/x86_64-linux-gnu/libb.so.1": "liba.so.1",
    }),
  ]);
  assert.equal(unpacked.program("tool"), join(folder, "tool/data/usr/bin/tool"));
  assert.throws(() => unpacked.program("other"), /no package has the program other/);
  const libraries = join(folder, "libc/data/lib/x86_64-linux-gnu");
  assert.equal(unpacked.library("ld.so.2", "tool"), join(libraries, "ld.so.2"));
  assert.equal(unpacked.library("libc.so.6", "tool"), join(libraries, "libc.so.6"));
  assert.match(unpacked.library("libz.so.1", "tool"), /libz\.so\.1\.2$/);
  assert.throws(() => unpacked.library("libd.so", "tool"), /no package has the library libd\.so, which tool/);
  assert.throws(() => unpacked.library("liba.so.1", "tool"), /in a circle/);
});
