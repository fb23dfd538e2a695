// Programs out of a cache that real Nix made and signed, by both engines: a dynamically linked program with its libraries, and a
// script that starts it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { lock } from "#app/lock.ts";
import { readLoader } from "#base/elf.ts";
import { removeTree } from "#base/files.ts";
import { letGoUnlocked } from "#environment/kept-files.ts";
import { parseStorePath, type StorePath } from "#nix/store-path.ts";
import { openStore } from "#store/store.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project, type RanOnce } from "../rig/project.ts";
import { StoreRig } from "../store/rig.ts";

const ROOT = join(import.meta.dirname, "../..");
const { signal } = new AbortController();

function publicOf(secretKey: string): string {
  const words = ["--extra-experimental-features", "nix-command", "key", "convert-secret-to-public"];
  return spawnSync("nix", words, { input: secretKey, encoding: "utf8" }).stdout;
}

/** What nixpkgs is to this test: a shell, libraries, and a program that is started by a script. */
const expression = (system: string, loader: string): string => `
let
  box = ./box;
  make = name: script: derivation {
    inherit name;
    system = "${system}";
    builder = "\${box}/bin/sh";
    args = [ "-c" ''PATH=\${box}/bin; \${script}'' ];
  };
  libs = make "dumper-libs-1.0" "cp -r \${./lib} $out";
in make "dumper-1.0" ''
  mkdir -p $out/bin $out/libexec
  cp \${./program} $out/libexec/od
  echo "#!\${box}/bin/sh" > $out/bin/dump
  echo "exec \${libs}/${loader} --library-path \${libs} $out/libexec/od \\"\\$@\\"" >> $out/bin/dump
  chmod +x $out/bin/dump
''
`;

describe("a cache that real Nix made", { skip: sweep() || peer("nix", "nix-store", "busybox") }, () => {
  const rig = new StoreRig();
  const projects: Project[] = [];
  after(() => {
    for (const project of projects) project[Symbol.dispose]();
    rig[Symbol.dispose]();
  });
  let path: StorePath;
  let publicKey: string;
  let first: Project;
  let own: RanOnce;

  const cache = rig.path("cache");
  const caches = () => ({ caches: [`file://${cache}`], trustedKeys: [publicKey], cwd: "/", env: {} });

  function makeCache(): void {
    const busybox = realpathSync("/bin/busybox");
    const program = realpathSync("/usr/bin/od");
    const loader = readLoader(program) ?? "";
    const { stdout } = spawnSync(loader, [program], {
      env: { LD_TRACE_LOADED_OBJECTS: "1" },
      encoding: "utf8",
    });
    const libraries = [loader, ...[...stdout.matchAll(/=> (\/\S+)/g)].map(([, file = ""]) => file)];
    const source = rig.path("source");
    mkdirSync(join(source, "box/bin"), { recursive: true });
    mkdirSync(join(source, "lib"));
    for (const name of ["sh", "cp", "mkdir", "chmod"]) copyFileSync(busybox, join(source, "box/bin", name));
    for (const library of libraries) copyFileSync(library, join(source, "lib", basename(library)));
    copyFileSync(program, join(source, "program"));
    const system = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`;
    writeFileSync(join(source, "default.nix"), expression(system, basename(loader)));
    const drvPath = rig.nix("nix-instantiate", join(source, "default.nix"));
    path = parseStorePath(rig.nix("nix-store", "--realise", drvPath.split("\n").at(-1) ?? ""));
    const secret = rig.nix("nix", "key", "generate-secret", "--key-name", "nix-made-1");
    rig.write({ "secret.key": secret });
    publicKey = publicOf(secret);
    rig.nix("nix", "copy", "--to", `file://${cache}?secret-key=${rig.path("secret.key")}`, path);
  }

  async function start(lockFile?: string): Promise<Project> {
    const project = new Project({
      "pipeline.ts": `
import { command, nixpkgs, out, pipeline, source, stage } from "pipelite";
const env = nixpkgs("${path}");
const dumped = command(env.tool("dump"), ["-c", source("data.txt")], { name: "dumped", stdout: "dump.txt" });
const spawned = stage(() => import("./spawned.ts"), { dumped }, { environment: env });
export default pipeline({ dumped, spawned });
`,
      "data.txt": "ab\n",
      "spawned.ts": `
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import type { Source } from "pipelite";
export default function spawned({ dumped }: { dumped: Source }) {
  const { stdout } = spawnSync("dump", ["-An", "-c", dumped.file("dump.txt")], { encoding: "utf8" });
  return { "again.txt": stdout, "root.json": readdirSync("/").toSorted() };
}
`,
    });
    projects.push(project);
    if (lockFile !== undefined) project.write({ "pipelite.lock.json": readFileSync(lockFile, "utf8") });
    return project;
  }

  before(async () => {
    makeCache();
    first = await start();
    const { root: pipeline, door: home } = first;
    const options = { pipeline, params: {}, update: false, env: {}, now: new Date(), signal };
    await lock({ ...options, home, caches: caches(), say: () => {} });
    own = await first.run({ caches: caches() });
  });

  const textOf = (project: Project, { outputs }: RanOnce, name: string, file: string): string =>
    readFileSync(project.door.physical(join(outputs[name] ?? "", file)), "utf8");

  test("its programs run with no root: our engine", () => {
    assert.equal(
      own.status,
      "passed",
      JSON.stringify(own.events.filter(({ type }) => type === "stage-finished")),
    );
    assert.equal(textOf(first, own, "dumped", "dump.txt"), "0000000   a   b  \\n\n0000003\n");
    assert.match(textOf(first, own, "spawned", "again.txt"), /^ +0 +0 +0/);
    const root = JSON.parse(textOf(first, own, "spawned", "root.json")) as string[];
    assert.deepEqual(root, ["build", "dev", "etc", "nix", "proc", "tmp"]);
  });

  test("real Nix builds from it to the same paths", async () => {
    const second = await start(join(first.root, "pipelite.lock.json"));
    const nix = await second.run({ engine: "nix", caches: caches() });
    assert.equal(
      nix.status,
      "passed",
      JSON.stringify(nix.events.filter(({ type }) => type === "stage-finished")),
    );
    assert.equal(nix.ends["dumped"], "built");
    assert.deepEqual(nix.outputs, own.outputs);
    const said = rig.nixOn(second.home, "nix-store", "--verify", "--check-contents");
    assert.equal(said, "");
  });

  test("the key of another is not believed", async () => {
    const other = await start(join(first.root, "pipelite.lock.json"));
    const trustedKeys = [publicOf(rig.nix("nix", "key", "generate-secret", "--key-name", "nix-made-1"))];
    const ran = await other.run({ caches: { ...caches(), trustedKeys } });
    const codes = ran.events.flatMap((event) =>
      event.type === "stage-finished" ? (event.failure?.code ?? []) : [],
    );
    assert.deepEqual(codes, ["CACHE_UNTRUSTED"]);
    assert.equal(ran.exitCode, 3);
  });

  test("a prompt in it finds its programs, and says what is none of them", () => {
    const shell = (...words: string[]) =>
      spawnSync(join(ROOT, "bin/pipelite"), ["shell", first.root, ...words], {
        encoding: "utf8",
        input: "a",
        env: { PATH: process.env["PATH"] ?? "", HOME: first.folder, PIPELITE_HOME: first.home },
      });
    const name = Object.keys(own.outputs).find((each) => each.startsWith("nixpkgs-")) ?? "";
    const ran = shell(name, "--", "dump", "-An", "-c");
    assert.deepEqual([ran.status, ran.stdout], [0, "   a\n"], ran.stderr);
    assert.match(shell(name, "--", "dumq").stderr, /Did you mean dump\?/);
  });

  test("the home keeps it when the cache is gone, and hands it on", async () => {
    removeTree(cache);
    {
      using store = openStore(first.home);
      await letGoUnlocked(store, first.door.layout.locks);
      await store.gc();
    }
    first.write({ "data.txt": "cd\n" });
    const later = await first.run();
    assert.equal(later.status, "passed", JSON.stringify(later.ends));
    assert.match(textOf(first, later, "dumped", "dump.txt"), /c {3}d/);
    using heir = new StoreRig();
    {
      using store = openStore(first.home);
      const chunks: Buffer[] = [];
      await store.exportPaths([path], (chunk) => void chunks.push(Buffer.from(chunk)));
      await heir.store.importPaths(chunks);
    }
    assert.ok(heir.store.isPresent(path));
    // Whom no lock file names is let go.
    first.write({ "pipelite.lock.json": '{"version":1}' });
    {
      using store = openStore(first.home);
      await letGoUnlocked(store, first.door.layout.locks);
      assert.deepEqual(
        store.roots().filter(({ source }) => source.startsWith(first.door.layout.locks)),
        [],
      );
    }
  });
});
