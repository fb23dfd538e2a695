// Scripts of packages that do what no package should, in a root of busybox alone: each ends its environment by its name or leaves
// it as it has to be, nothing waits for ever, and nothing is read or written outside of the root.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { controlOf, debOf, runWith, tarOf, wordsOf } from "../rig/own-packages.ts";
import { peer, sweep } from "../rig/peer.ts";
import { newSigningKey } from "../rig/openpgp.ts";
import { Project, type RanOnce } from "../rig/project.ts";
import type { TarMember } from "../rig/tar.ts";

const skip = sweep() || peer("busybox");
const key = newSigningKey("ed25519");

/** Configures as dpkg does, as far as that is asked for here. */
const DPKG = `#!/bin/sh
shift
for name; do
  echo "Setting up $name (1.0) ..."
  script=/var/lib/dpkg/info/$name.postinst
  [ ! -e $script ] || $script configure || { echo "dpkg: error processing package $name (--configure):"; exit 1; }
done
`;
const PROGRAMS = ["sh", "ln", "rm", "mv", "mkdir", "mkfifo", "sleep", "setsid", "cat", "kill", "ls", "true"];

const executable = (name: string, content: string | Uint8Array): TarMember => ({
  name,
  content,
  mode: 0o755,
});

function base(): Buffer {
  const [sh = "", ...others] = PROGRAMS;
  return debOf(
    tarOf(
      { name: "./etc/" },
      { name: "./etc/passwd", content: "root:x:0:0:root:/root:/bin/sh\n" },
      { name: "./etc/group", content: "root:x:0:\n" },
      { name: "./usr/" },
      { name: "./usr/bin/" },
      executable(`./usr/bin/${sh}`, readFileSync("/usr/bin/busybox")),
      ...others.map((name): TarMember => ({ name: `./usr/bin/${name}`, type: "2", target: sh })),
      executable("./usr/bin/dpkg", DPKG),
    ),
    { control: [controlOf("base-files")] },
  );
}

const essential = { Essential: "yes" };
const project = new Project({});
after(() => project[Symbol.dispose]());

interface Scripts {
  preinst?: string;
  postinst?: string;
}

function evil(scripts: Scripts, data: Buffer = tarOf()): Buffer {
  const control = Object.entries(scripts).map(([name, lines]) =>
    executable(`./${name}`, `#!/bin/sh\n${lines}\n`),
  );
  return debOf(data, {
    control: [controlOf("evil"), ...control],
  });
}

/** A run with a package of these scripts; its stage shows what `script` prints. */
async function configured(scripts: Scripts, script = "true", data?: Buffer): Promise<RanOnce> {
  const packages = [
    { name: "base-files", fields: essential, content: base() },
    {
      name: "dash",
      fields: essential,
      content: debOf(tarOf(), { control: [controlOf("dash")] }),
    },
    { name: "evil", content: evil(scripts, data) },
  ];
  return runWith(project, { key, packages, name: "evil", script: `mkdir $0; ${script} > $0/said` });
}

async function saidBy(...words: Parameters<typeof configured>): Promise<string> {
  const ran = await configured(...words);
  assert.equal(ran.status, "passed", wordsOf(ran));
  return readFileSync(join(project.door.physical(ran.outputs["said"] ?? ""), "said"), "utf8");
}

test("what a script leaves running is ended, named, and not waited for", { skip }, async () => {
  const daemons = "sleep 10000 &\nsetsid sleep 20000 </dev/null >/dev/null 2>&1 &\nexit 0";
  for (const script of ["preinst", "postinst"] as const) {
    const ran = await configured({ [script]: daemons });
    assert.equal(ran.status, "passed", wordsOf(ran));
    assert.match(
      wordsOf(ran),
      /left running by a script of a package, and ended: (?:exe, )?(?:sleep|setsid|preinst|evil)/,
    );
  }
});

test("what ends dpkg itself is named", { skip }, async () => {
  const words = wordsOf(await configured({ postinst: "kill -9 -1" }));
  assert.match(words, /ENVIRONMENT_PACKAGE_FAILED: .*cannot configure evil: dpkg ended with SIGKILL/);
});

for (const [what, put] of Object.entries({
  "a pipe": "mkfifo",
  "a folder": "mkdir",
  "a link to what has no end": "ln -s /dev/zero",
  "a link in a circle": "ln -s passwd",
  nothing: "true",
})) {
  test(`${what} in the place of a file that is read after the scripts`, { skip }, async () => {
    const words = wordsOf(await configured({ postinst: `rm /etc/passwd; ${put} /etc/passwd` }));
    assert.match(words, /ENVIRONMENT_PACKAGE_FAILED: .*(is no file any more|lead in a circle)/);
  });
}

test("a pipe in the place of the list of diversions", { skip }, async () => {
  const preinst = "# dpkg-divert\nrm /var/lib/dpkg/diversions; mkfifo /var/lib/dpkg/diversions";
  assert.match(wordsOf(await configured({ preinst })), /\/var\/lib\/dpkg\/diversions is no file any more/);
});

test(
  "links that a script put in the place of folders mean what they mean in the root",
  { skip },
  async () => {
    const moved = { postinst: "mv /etc /usr/etc; ln -s /usr/etc /etc" };
    assert.match(
      await saidBy(moved, "cat /usr/etc/passwd /etc/hosts"),
      /^nixbld:x:1000:100:[\s\S]*localhost/m,
    );
    const out = {
      postinst:
        "rm /etc/group /etc/passwd; rm -r /var/log /etc; ln -s /build /etc; ln -s /nix/store /var/log",
    };
    assert.match(
      wordsOf(await configured(out)),
      /cannot configure the packages: \/etc\/passwd is no file any more/,
    );
    const database = { preinst: "# dpkg-divert\nmv /var/lib/dpkg /dpkg; ln -s /build /var/lib/dpkg" };
    assert.match(wordsOf(await configured(database)), /\/build is no folder any more/);
  },
);

test("notes about a root are ours alone", { skip }, async () => {
  for (const notes of ['{"varying": {"evil": 7}}', "no JSON", '{"dropped": 1}']) {
    const inScript = { postinst: `echo '${notes}' > /.pipelite.json` };
    assert.doesNotMatch(await saidBy(inScript, "ls -a /"), /pipelite\.json/);
  }
  const link = { postinst: "ln -s /dev/zero /.pipelite.json" };
  assert.doesNotMatch(await saidBy(link, "ls -a /"), /pipelite\.json/);
  const shipped = tarOf({ name: "./.pipelite.json", content: "no JSON" });
  assert.doesNotMatch(await saidBy({}, "ls -a /", shipped), /pipelite\.json/);
});

test(
  "a folder in the place of a file of another package is told with the name of the package",
  { skip },
  async () => {
    const folder = tarOf({ name: "./etc/" }, { name: "./etc/passwd/" });
    const words = wordsOf(await configured({}, "true", folder));
    assert.match(
      words,
      /cannot configure evil: \/etc\/passwd is a folder in one package and none in another/,
    );
  },
);

test(
  "folders in each other without end are no failure of ours, and are told in short",
  { skip },
  async () => {
    const postinst =
      "cd /usr; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do d=$d/dddddddddddddddd; done; i=0; while [ $i -lt 40 ]; do mkdir -p .$d; cd .$d 2>/dev/null; i=$((i+1)); done";
    const words = wordsOf(await configured({ postinst }));
    assert.match(words, /ENVIRONMENT_PACKAGE_FAILED: .*cannot configure the packages: ENAMETOOLONG/);
    assert.ok(words.length < 3000, words);
  },
);
