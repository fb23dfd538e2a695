// Packages of an archive that is signed and hostile, unpacked where environments are really built: each is refused by its name, and
// nothing is written but what belongs to it.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { filesBelow } from "#base/files.ts";
import { arHeader, AR_START } from "#package/ar.ts";
import { controlOf, debOf, runWith, tarOf, wordsOf } from "../rig/own-packages.ts";
import { sweep } from "../rig/peer.ts";
import { newSigningKey } from "../rig/openpgp.ts";
import { Project, type RanOnce } from "../rig/project.ts";

const key = newSigningKey("ed25519");
const victim = `/tmp/pipelite-victim-${process.pid}`;
const project = new Project({});
after(() => project[Symbol.dispose]());

const essential = (name: string) => ({
  name,
  fields: { Essential: "yes" },
  content: debOf(tarOf(), { control: [controlOf(name)] }),
});

/** Runs a pipeline whose environment has this package. */
const build = (content: Uint8Array): Promise<RanOnce> =>
  runWith(project, {
    key,
    name: "evil",
    packages: [essential("base-files"), essential("dash"), { name: "evil", content }],
  });

function failureOf(ran: RanOnce): string {
  assert.equal(ran.status, "failed");
  return wordsOf(ran);
}

const CONTROL = controlOf("evil").content as string;
const said = (field: string, value: string) => ({
  name: "./control",
  content: CONTROL.replace(new RegExp(`^${field}: .*`, "m"), `${field}: ${value}`),
});

const up = "../".repeat(12);
const HOSTILE: Record<string, [content: () => Uint8Array, found: RegExp]> = {
  "a name that leads up": [
    () => debOf(tarOf({ name: `./${up}${victim}/a`, content: "evil" })),
    /ARCHIVE_INVALID|leads out|\.\./,
  ],
  "an absolute name": [() => debOf(tarOf({ name: `${victim}/a`, content: "evil" })), /leads out of it/],
  "a file behind a link that leads out": [
    () =>
      debOf(
        tarOf({ name: "./etc", type: "2", target: `${up}${victim}` }, { name: "./etc/a", content: "evil" }),
      ),
    /the folder of etc\/a is not in the package/,
  ],
  "a file in the place of a link that leads out": [
    () => debOf(tarOf({ name: "./a", type: "2", target: `${victim}/a` }, { name: "./a", content: "evil" })),
    /a stands twice in the package/,
  ],
  "a hard link that leads out": [
    () => debOf(tarOf({ name: "./a", type: "1", target: `${up}etc/passwd` })),
    /ARCHIVE_INVALID|\.\.|not in the package/,
  ],
  "a control file behind a link": [
    () =>
      debOf(tarOf(), {
        control: [
          { name: "./control", type: "2", target: `${victim}/a` },
          { name: "./control", content: "evil" },
        ],
      }),
    /./,
  ],
  "another name in it": [
    () => debOf(tarOf(), { control: [controlOf("dash")] }),
    /PACKAGE_FILE_INVALID: .*evil_1\.0_amd64\.deb .*package evil: its Package is 'dash', the lock file says 'evil'/,
  ],
  "another version in it": [
    () => debOf(tarOf(), { control: [said("Version", "2.0")] }),
    /PACKAGE_FILE_INVALID: .*evil_1\.0_amd64\.deb .*its Version is '2\.0', the lock file says '1\.0'/,
  ],
  "another architecture in it": [
    () => debOf(tarOf(), { control: [said("Architecture", "all")] }),
    /PACKAGE_FILE_INVALID: .*its Architecture is 'all', the lock file says 'amd64'/,
  ],
  "no version in it": [
    () => debOf(tarOf(), { control: [{ name: "./control", content: "Package: evil\n" }] }),
    /PACKAGE_FILE_INVALID: .*its Version is '', /,
  ],
  "a control file of two packages": [
    () =>
      debOf(tarOf(), {
        control: [{ name: "./control", content: `${CONTROL} \t\n\nPackage: dash\nVersion: 3\n` }],
      }),
    /PACKAGE_FILE_INVALID: .*its control file has 2 paragraphs/,
  ],
  "a control file that says its name twice": [
    () => debOf(tarOf(), { control: [{ name: "./control", content: `${CONTROL}package: dash\n` }] }),
    /PACKAGE_FILE_INVALID: .*the field package twice/,
  ],
  "two control files": [
    () => debOf(tarOf(), { control: [controlOf("evil"), controlOf("evil")] }),
    /PACKAGE_FILE_INVALID: .*it has 2 control files/,
  ],
  "a control file of a gigabyte": [
    () => debOf(tarOf(), { control: gzipSync(Buffer.alloc(2 ** 30), { level: 1 }) }),
    /PACKAGE_FILE_INVALID: .*more than 67108864 bytes unpacked/,
  ],
  "no end of members before its control file": [
    () =>
      Buffer.concat([
        AR_START,
        ...Array.from({ length: 99 }, () => arHeader("x", 0, 0)),
        debOf(tarOf()).subarray(8),
      ]),
    /PACKAGE_FILE_INVALID: .*no control\.tar among its first members/,
  ],
  "nothing of a package": [() => Buffer.from("evil"), /PACKAGE_FILE_INVALID: .*does not start as one/],
  "a bomb of zeros in zstd": [
    () => debOf(zstdCompressSync(Buffer.alloc(2 ** 30)), { suffix: ".zst" }),
    /ARCHIVE_INVALID|larger than|ERR_BUFFER_TOO_LARGE|more than/i,
  ],
  "a bomb of zeros in gzip": [
    () => debOf(gzipSync(Buffer.alloc(2 ** 30), { level: 1 }), { suffix: ".gz" }),
    /ARCHIVE_INVALID|larger than|ERR_BUFFER_TOO_LARGE|more than/i,
  ],
};

mkdirSync(victim);
writeFileSync(join(victim, "kept"), "kept");
after(() => {
  assert.deepEqual(filesBelow(victim), ["kept"]);
  rmSync(victim, { recursive: true });
});

for (const [name, [content, found]] of Object.entries(HOSTILE)) {
  test(
    `a package with ${name} writes nothing outside, and ends its environment alone`,
    { skip: sweep() },
    async () => {
      const said = failureOf(await build(content()));
      assert.match(said, found);
      assert.match(said, /evil/);
      assert.deepEqual(filesBelow(victim), ["kept"]);
      assert.equal(existsSync(join(project.home, "nix/store/a")), false);
      assert.doesNotMatch(readFileSync("/etc/passwd", "utf8"), /^evil/m);
    },
  );
}
