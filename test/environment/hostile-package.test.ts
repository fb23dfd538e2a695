// Packages of an archive that is signed and hostile, unpacked where environments are really built: each is refused by its name, and
// nothing is written but what belongs to it.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { filesBelow } from "#base/files.ts";
import { debOf, runWith, tarOf, wordsOf } from "../rig/own-packages.ts";
import { sweep } from "../rig/peer.ts";
import { newSigningKey } from "../rig/openpgp.ts";
import { Project, type RanOnce } from "../rig/project.ts";

const key = newSigningKey("ed25519");
const victim = `/tmp/pipelite-victim-${process.pid}`;
const project = new Project({});
after(() => project[Symbol.dispose]());

/** Runs a pipeline whose environment has this package. */
const build = (content: Uint8Array): Promise<RanOnce> =>
  runWith(project, {
    key,
    name: "evil",
    packages: [
      { name: "base-files", fields: { Essential: "yes" }, content: debOf(tarOf({ name: "./etc/" })) },
      { name: "dash", fields: { Essential: "yes" }, content: debOf(tarOf({ name: "./bin/" })) },
      { name: "evil", content },
    ],
  });

function failureOf(ran: RanOnce): string {
  assert.equal(ran.status, "failed");
  return wordsOf(ran);
}

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
