// The three shells of a pipeline, by real Nix and without it: the same programs, the same variables.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { lock } from "#app/lock.ts";
import { start } from "../rig/command.ts";
import { makeImage, writeLayout } from "../rig/image.ts";
import { peer } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";
import { FlakeNix } from "./rig.ts";

/** What the sandbox of ours, the one of Nix, `nix develop` and bash set for themselves. */
const OF_PLACE =
  /^(HOME|IN_NIX_SHELL|NIX_\w+|OLDPWD|PWD|SHLVL|TE?MP(DIR)?|TEMPDIR|TERM|dontAddDisableDepTrack|out)$/;

/** What a shell with nothing on its PATH takes besides. */
const USUAL_PATH = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin:.";

function variablesIn(said: string): Record<string, string> {
  const lines = [...said.matchAll(/^declare -x (\w+)="(.*)"$/gm)];
  return Object.fromEntries(
    lines.flatMap(([, name = "", value = ""]) =>
      OF_PLACE.test(name) ? [] : [[name, value.replace(`:${USUAL_PATH}`, "")]],
    ),
  );
}

/** The machine's own, where they are taken for those of the shells: they can't be captured. */
function programsToAvoid(folder: string): string {
  const bin = join(folder, "avoided");
  mkdirSync(bin);
  for (const name of ["bash", "git", "jq", "mount", "unshare"])
    writeFileSync(join(bin, name), "#!/bin/false\n", { mode: 0o755 });
  return bin;
}

const FILES = {
  "pipeline.ts": `
import { command, environment, image, pipeline, source, stage } from "pipelite";
const base = image("./base");
const both = environment({ root: base, add: [source("own")], path: ["/opt/own"], env: { WORD: "world" } });
const said = command(both.tool("hello"), [], { name: "said", stdout: "out.txt" });
const counted = stage(() => import("./count.ts"), { said });
export default pipeline({ said, counted });
`,
  "count.ts": `
import type { Source } from "pipelite";
export default async function count({ said }: { said: Source }) {
  return { "count.txt": String((await said.text("out.txt")).length) };
}
`,
  "own/opt/own/hello": '#!/bin/sh\necho "hello $WORD"\n',
};

test(
  "a shell of Nix and one of ours have the same programs and variables, those of environments among them",
  { skip: peer("nix", "unshare", "busybox", "apt-get") },
  async () => {
    using project = new Project(FILES);
    const members = [
      { name: "bin/" },
      { name: "bin/busybox", content: readFileSync("/bin/busybox"), mode: 0o755 },
      ...["sh", "id", "ls", "touch", "cat"].map((name) => ({
        name: `bin/${name}`,
        type: "2",
        target: "busybox",
      })),
      { name: "opt/own/" },
    ];
    writeLayout(join(project.root, "base"), [{ image: makeImage({ layers: [{ members }] }) }]);
    const { root: pipeline, door: home } = project;
    const { signal } = new AbortController();
    const { env } = process;
    const locking = { pipeline, params: {}, update: false, shells: true, env, now: new Date(), signal, home };
    await lock({ ...locking, say: () => {} });
    const own = join(project.root, "own/opt/own/hello");
    chmodSync(own, 0o755);

    const out = join(project.folder, "exported");
    const words = ["export-nix", "-o", out, "--compression", "none"];
    const PATH = `${programsToAvoid(project.folder)}:${process.env["PATH"]}`;
    const place = { cwd: project.root, env: { PIPELITE_HOME: project.home, PATH } };
    const wrote = await start(words, place).ended;
    assert.equal(wrote.code, 0, wrote.stderr);
    using nix = new FlakeNix(project.folder, out);
    for (const shell of ["default", "full", "ci"]) {
      const script = 'export -p; hello; echo "has: $(cd "${PATH%%:*}" && echo *)"';
      const theirs = nix.run("develop", "-i", `#${shell}`, "-c", "bash", "-c", script);
      assert.equal(theirs.status, 0, theirs.stderr);
      const ours = await start(["shell", "--programs", shell, "--", "bash", "-c", script], place).ended;
      assert.equal(ours.code, 0, ours.stderr);
      const variables = variablesIn(ours.stdout);
      assert.match(
        variables["PATH"] ?? "",
        new RegExp(`^/nix/store/[0-9a-z]{32}-project-programs-${shell}/bin$`),
      );
      assert.deepEqual(variablesIn(theirs.stdout), variables);
      for (const { stdout, stderr } of [theirs, ours]) assert.match(stdout, /^hello world$/m, stderr);
      const [, has] = /^has: (.*)$/m.exec(ours.stdout) ?? [];
      assert.equal(/^has: (.*)$/m.exec(theirs.stdout)?.[1], has);
      const wanted = {
        default: "bash hello node",
        full: "bash busybox cat hello id ls node sh touch",
        ci: "bash git hello jq node",
      }[shell];
      assert.equal(has, wanted);
    }
    // Another home has the packages of the shells from a cache, where no mirror is to be had.
    const elsewhere = {
      PIPELITE_HOME: join(project.folder, "other"),
      PIPELITE_MIRRORS: ["debian", "debian-security", "snapshot"]
        .map((name) => `${name}=http://127.0.0.1:1`)
        .join(" "),
    };
    const asked = ["shell", "--programs", "ci", "--cache", join(out, "cache"), "--", "jq", "-n", "6 * 7"];
    const counted = await start(asked, { ...place, env: { ...place.env, ...elsewhere } }).ended;
    assert.equal(counted.stdout, "42\n", counted.stderr);
    // A program of an environment works in the folder that it is called in.
    const worked = nix.run("develop", "-i", "#full", "-c", "bash", "-c", "touch made && ls && cat made");
    assert.equal(worked.status, 0, worked.stderr);
    assert.match(worked.stdout, /^made$/m);
  },
);
