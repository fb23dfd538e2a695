// Packages of an archive that is signed and hostile, unpacked where environments are really built: each is refused by its name, and
// nothing is written but what belongs to it.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { DebianRequest } from "#author/environment-request.ts";
import { filesBelow } from "#base/files.ts";
import { lockEnvironments } from "#environment/environment.ts";
import { lockDebian } from "#environment/debian/lock-debian.ts";
import { mirrorsOf } from "#environment/mirrors.ts";
import { openStore } from "#store/store.ts";
import { arHeader, arPadding, AR_START } from "#package/ar.ts";
import { writeArchive } from "../rig/debian-archive.ts";
import { sweep } from "../rig/peer.ts";
import { newSigningKey } from "../rig/openpgp.ts";
import { Project, type RanOnce } from "../rig/project.ts";
import { writeTar, type TarMember } from "../rig/tar.ts";

const key = newSigningKey("ed25519");
const victim = `/tmp/pipelite-victim-${process.pid}`;
const project = new Project({});
after(() => project[Symbol.dispose]());

function deb(data: Uint8Array, suffix = ""): Buffer {
  const control = writeTar([{ name: "./" }, { name: "./control", content: "Package: evil\nVersion: 1.0\n" }]);
  const members: [string, Uint8Array][] = [
    ["debian-binary", Buffer.from("2.0\n")],
    ["control.tar", control],
    [`data.tar${suffix}`, data],
  ];
  return Buffer.concat([
    AR_START,
    ...members.flatMap(([name, bytes]) => [arHeader(name, bytes.length, 0), bytes, arPadding(bytes.length)]),
  ]);
}

const tarOf = (...members: TarMember[]): Buffer => writeTar([{ name: "./" }, ...members]);

/** Runs a pipeline whose environment has this package. */
async function build(content: Uint8Array, limits = ""): Promise<RanOnce> {
  const folder = join(project.folder, `archive-${readdirSync(project.folder).length}`);
  const base = [
    { name: "base-files", fields: { Essential: "yes" }, content: deb(tarOf({ name: "./etc/" })) },
    { name: "dash", fields: { Essential: "yes" }, content: deb(tarOf({ name: "./bin/" })) },
    { name: "evil", content },
  ];
  for (const suite of ["bookworm", "bookworm-updates", "bookworm-security"])
    writeArchive({ folder, suite, key, packages: suite === "bookworm" ? base : [] });
  const url = pathToFileURL(folder).href;
  const env = { ...process.env, PIPELITE_MIRRORS: `debian=${url} debian-security=${url}` };
  const request: DebianRequest = { kind: "debian", suite: "bookworm", packages: ["evil"] };
  const { signal } = new AbortController();
  using store = openStore(project.home);
  const locked = await lockDebian(request, {
    root: project.root,
    temporary: join(project.folder, "lock"),
    store,
    mirrors: mirrorsOf(env, "/nowhere"),
    now: new Date("2026-01-03T00:00:00Z"),
    signal,
    say: () => {},
    keys: [{ key: key.publicKey, expires: undefined }],
  });
  lockEnvironments(project.root, new Map([[request, locked]]));
  project.write({
    "pipeline.ts": `import { command, debian, out, pipeline } from "pipelite";
const env = debian(["evil"]);
export default pipeline({ said: command(env.tool("sh"), ["-c", "true", out], { name: "said" ${limits} }) });`,
  });
  return project.run({ env });
}

function failureOf({ events, status }: RanOnce): string {
  assert.equal(status, "failed");
  const failed = events.flatMap((event) =>
    event.type === "stage-finished" && event.status === "failed" ? [event] : [],
  );
  const lines = events.flatMap((event) => (event.type === "stage-log" ? [event.line] : []));
  return `${failed.map(({ failure }) => `${failure?.code}: ${failure?.message}`).join("\n")}\n${lines.join("\n")}`;
}

const up = "../".repeat(12);
const HOSTILE: Record<string, [content: () => Uint8Array, found: RegExp]> = {
  "a name that leads up": [
    () => deb(tarOf({ name: `./${up}${victim}/a`, content: "evil" })),
    /ARCHIVE_INVALID|leads out|\.\./,
  ],
  "an absolute name": [() => deb(tarOf({ name: `${victim}/a`, content: "evil" })), /leads out of it/],
  "a file behind a link that leads out": [
    () =>
      deb(
        tarOf({ name: "./etc", type: "2", target: `${up}${victim}` }, { name: "./etc/a", content: "evil" }),
      ),
    /the folder of etc\/a is not in the package/,
  ],
  "a file in the place of a link that leads out": [
    () => deb(tarOf({ name: "./a", type: "2", target: `${victim}/a` }, { name: "./a", content: "evil" })),
    /a stands twice in the package/,
  ],
  "a hard link that leads out": [
    () => deb(tarOf({ name: "./a", type: "1", target: `${up}etc/passwd` })),
    /ARCHIVE_INVALID|\.\.|not in the package/,
  ],
  "a control file behind a link": [
    () => {
      const control = writeTar([
        { name: "./" },
        { name: "./control", type: "2", target: `${victim}/a` },
        { name: "./control", content: "evil" },
      ]);
      return Buffer.concat(
        [AR_START].concat(
          (
            [
              ["debian-binary", Buffer.from("2.0\n")],
              ["control.tar", control],
              ["data.tar", tarOf()],
            ] as [string, Uint8Array][]
          ).flatMap(([name, bytes]) => [arHeader(name, bytes.length, 0), bytes, arPadding(bytes.length)]),
        ),
      );
    },
    /./,
  ],
  "a bomb of zeros in zstd": [
    () => deb(zstdCompressSync(Buffer.alloc(2 ** 30)), ".zst"),
    /ARCHIVE_INVALID|larger than|ERR_BUFFER_TOO_LARGE|more than/i,
  ],
  "a bomb of zeros in gzip": [
    () => deb(gzipSync(Buffer.alloc(2 ** 30), { level: 1 }), ".gz"),
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
