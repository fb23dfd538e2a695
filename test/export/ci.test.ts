// `pipelite ci`: what jobs come to on this machine, when the pipeline is in order and when it is not.
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { RanCi } from "#app/ci.ts";
import { start } from "../rig/command.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const ROOT = join(import.meta.dirname, "../..");

const FILES = {
  "pipeline.ts": `
import { check, pipeline, stage } from "pipelite";
const one = stage(() => import("./one.ts"), {});
const right = check({ statement: "It is one", evidence: one.file("one.json").at("/value"), formula: "$1", accept: "value == 1" });
export default pipeline({ one, right });
`,
  "one.ts": `export default function one() { return { "one.json": { value: 1 } }; }`,
};

async function ci({ root }: Pick<Project, "root">, words: readonly string[] = [], programs?: string) {
  const env: Record<string, string> =
    programs === undefined ? {} : { PATH: `${programs}:${process.env["PATH"]}` };
  // Containers are given the folder that Pipelite itself is in.
  const ended = await start(["ci", root, "--json", ...words], { cwd: ROOT, env }).ended;
  assert.ok(ended.stdout.startsWith("{"), ended.stderr);
  return { ...ended, ran: JSON.parse(ended.stdout) as RanCi };
}

test(
  "every job comes to what this machine can tell, and what it can't is no pass",
  { skip: peer("nix") },
  async () => {
    using project = new Project(FILES);
    const { code, ran } = await ci(project, [], withoutContainers(project));
    assert.equal(code, 0);
    const byJob = Object.fromEntries(ran.results.map((each) => [each.job, each]));
    const own = process.arch === "arm64" ? "build-aarch64-linux" : "build-x86_64-linux";
    for (const job of [own, "check", "nix"])
      assert.equal(byJob[job]?.status, "passed", byJob[job]?.reason ?? "");
    assert.equal(byJob["nix"]?.artefacts?.digest, byJob[own]?.artefacts?.digest);
    assert.equal(byJob["image"]?.status, "unavailable");
    for (const { status, reason } of ran.report.rows)
      if (status === "unavailable") assert.notEqual(reason, "");
    assert.equal(ran.report.counts.failed, 0);
    assert.notEqual(ran.report.status, "passed");
  },
);

test("a check that fails fails its job and the report", { skip: peer("nix") }, async () => {
  using project = new Project({ ...FILES, "one.ts": FILES["one.ts"].replace("value: 1", "value: 2") });
  const { code, ran } = await ci(project, ["--job", "check"]);
  assert.equal(code, 1);
  assert.deepEqual(
    ran.results.map(({ status, reason }) => [status, reason]),
    [["failed", "the run failed: the check right/check failed: It is one"]],
  );
});

test("a stage that fails fails the build", { skip: peer("bwrap") }, async () => {
  using project = new Project({
    ...FILES,
    "one.ts": `export default function one(): never { throw new Error("no"); }`,
  });
  const job = process.arch === "arm64" ? "build-aarch64-linux" : "build-x86_64-linux";
  const { code, ran } = await ci(project, ["--job", job]);
  assert.equal(code, 1);
  assert.match(ran.results[0]?.reason ?? "", /^the run failed: one: /);
});

test(
  "an image of a distribution needs nothing but a kernel to build the same",
  { skip: peer("unshare", "busybox", "pivot_root") },
  async () => {
    using project = new Project(FILES);
    const outside = await ci(project, ["--job", "alpine"], containers(project));
    assert.match(outside.ran.results[0]?.reason ?? "", /^the pipeline is not below /);
    const { code, ran, stderr } = await ci(
      { root: join(ROOT, "examples/measure") },
      ["--job", "alpine"],
      join(project.folder, "containers"),
    );
    const [result] = ran.results;
    assert.equal(code, 0, stderr);
    assert.equal(result?.status, "passed", result?.reason ?? "");
    assert.equal(result?.os, "alpine");
    assert.deepEqual(Object.keys(result?.artefacts?.sums ?? {}), [
      "fit/line.json",
      "near/verdict.json",
      "picture/calibration.svg",
    ]);
  },
);

test(
  "a container that could not be started is no failure, and one that ends without a result is",
  { skip: sweep() },
  async () => {
    using project = new Project({});
    const bin = join(project.folder, "containers");
    mkdirSync(bin);
    const ending = async (code: number) => {
      const script = `#!/bin/sh\n[ "$1" = info ] && exit 0\necho no such host >&2\nexit ${code}\n`;
      writeFileSync(join(bin, "podman"), script, { mode: 0o755 });
      const { ran } = await ci({ root: join(ROOT, "examples/measure") }, ["--job", "ubuntu"], bin);
      return [ran.results[0]?.status, ran.results[0]?.reason ?? ""] as const;
    };
    const [status, reason] = await ending(125);
    assert.equal(status, "unavailable");
    assert.match(reason, /^podman can't start ubuntu:24\.04@sha256:\w+ here: no such host$/);
    const [other, words] = await ending(1);
    assert.equal(other, "failed");
    assert.match(words, /ended with 1 and no result: no such host/);
  },
);

function withoutContainers({ folder }: Project): string {
  const bin = join(folder, "no-containers");
  mkdirSync(bin);
  for (const name of ["podman", "docker"])
    writeFileSync(join(bin, name), "#!/bin/sh\necho no daemon >&2\nexit 1\n", { mode: 0o755 });
  return bin;
}

/** Stands in for an engine and an image: a root with busybox and the name of Alpine, and no C library. */
function containers({ folder }: Project): string {
  const [bin, image] = [join(folder, "containers"), join(folder, "image")];
  for (const each of [
    bin,
    ...["bin", "etc", "dev", "proc", "tmp", "work", "ci", "nix/store", "root", "old"].map((name) =>
      join(image, name),
    ),
  ])
    mkdirSync(each, { recursive: true });
  copyFileSync("/bin/busybox", join(image, "bin/busybox"));
  symlinkSync("busybox", join(image, "bin/sh"));
  writeFileSync(join(image, "etc/os-release"), "ID=alpine\nVERSION_ID=3.22.0\n");
  const script = `#!/bin/bash
[ "$1" = info ] && exit 0
binds=(); env=(PATH=/bin)
while [ $# -gt 0 ]; do
  case $1 in
    run|--rm|--privileged) shift;;
    --network) shift 2;;
    -v) IFS=: read -r from to mode <<< "$2"; binds+=("$from" "${image}$to"); shift 2;;
    -e) env+=("$2"); shift 2;;
    -w) folder=$2; shift 2;;
    *) shift; break;;
  esac
done
[ "$(id -u)" = 0 ] || user=--map-root-user
exec unshare $user --mount --pid --fork --net bash -ec '
  image=$1 folder=$2; shift 2
  mount --make-rprivate /
  mount --bind "$image" "$image"
  while [ "$1" != -- ]; do mount --bind "$1" "$2"; shift 2; done
  shift
  mount -t proc proc "$image/proc"
  mount --rbind /dev "$image/dev"
  mount -t tmpfs tmpfs "$image/tmp"
  cd "$image"
  pivot_root . old
  exec /bin/busybox env -i "\${@:2:$1}" /bin/busybox sh -c "/bin/busybox umount -l /old; cd $folder; exec \\"\\$@\\"" sh "\${@:$(($1 + 2))}"
' bash ${image} "$folder" "\${binds[@]}" -- "\${#env[@]}" "\${env[@]}" "$@"
`;
  writeFileSync(join(bin, "podman"), script);
  chmodSync(join(bin, "podman"), 0o755);
  return bin;
}
