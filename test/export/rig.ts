// Real Nix at a flake that was exported: in a store of its own, which begins empty, and without any network.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { text } from "node:stream/consumers";
import { removeTree } from "#base/files.ts";
import type { StageRecord } from "#home/run-record.ts";
import type { NixResult } from "../rig/nix.ts";

const CONFIG = `
experimental-features = nix-command flakes ca-derivations
build-users-group =
sandbox = true
sandbox-fallback = false
substitute = true
`;

export class FlakeNix implements Disposable {
  readonly #folder: string;
  readonly #exported: string;
  /** The root of the store. */
  readonly store: string;

  /** @param exported by `pipelite export-nix` */
  constructor(folder: string, exported: string) {
    this.#folder = folder;
    this.#exported = exported;
    this.store = join(folder, "nix-store-root");
    // Where there is none, Nix starts shells of a store elsewhere in a chroot, and in a chroot no kernel makes the user namespace that an
    // environment is entered by.
    mkdirSync("/nix/store", { recursive: true });
  }

  /** `nix WORDS...`; `#name` is what the flake calls so, and `#` alone is the flake. */
  run(...words: string[]): NixResult {
    return this.prepare().run(words);
  }

  /** The same, while this process goes on with something else. */
  async start(...words: string[]): Promise<NixResult> {
    const { program, env, cwd, argsOf } = this.#how();
    const child = spawn(program, argsOf(words), { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close"),
    ]);
    return { status: status as number | null, stdout, stderr };
  }

  prepare(): { run: (words: readonly string[]) => NixResult } {
    const { program, env, cwd, argsOf } = this.#how();
    const run = (words: readonly string[]): NixResult =>
      spawnSync(program, argsOf(words), {
        encoding: "utf8",
        env,
        maxBuffer: 1 << 28,
        // bash takes a socket for a login over the network, and reads the files of its user.
        stdio: ["ignore", "pipe", "pipe"],
        cwd,
      });
    return { run };
  }

  #how() {
    const flake = `path:${join(this.#exported, "flake")}`;
    // A network namespace in which even the loopback interface is down.
    const noNetwork = process.getuid?.() === 0 ? ["--net"] : ["--user", "--map-current-user", "--net"];
    const nix = ["--store", this.store, "--substituters", `file://${join(this.#exported, "cache")}`];
    return {
      program: "unshare",
      env: {
        PATH: process.env["PATH"],
        HOME: join(this.#folder, "nix-home"),
        NIX_CONFIG: CONFIG,
        NIX_CONF_DIR: "/nonexistent",
        NIX_REMOTE: "",
      },
      cwd: this.#folder,
      argsOf: (words: readonly string[]): string[] => [
        ...noNetwork,
        "nix",
        ...nix,
        ...words.map((word) => (word.startsWith("#") ? `${flake}${word === "#" ? "" : word}` : word)),
      ],
    };
  }

  [Symbol.dispose](): void {
    removeTree(this.store);
  }
}

/** `pipeline.json` of a flake, as far as tests read it. */
export interface Described {
  toolsFrom: string;
  packages: Record<string, string>;
  checks: Record<string, string>;
  devShells: Record<string, string>;
  apps: Record<string, string>;
  derivations: Record<string, { inputSrcs: string[] }>;
}

/** @param exported by `pipelite export-nix` */
export function descriptionOf(exported: string): Described {
  return JSON.parse(readFileSync(join(exported, "flake/pipeline.json"), "utf8")) as Described;
}

const SYSTEM = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`;

export interface ExampleFlake {
  nix: FlakeNix;
  /** By `pipelite export-nix`. */
  exported: string;
  /** Of a run here: what Nix makes has the same paths. */
  stages: readonly Pick<StageRecord, "name" | "kind" | "graphDrvPath" | "outPath">[];
  /** Stages whose output is the same in every build; default: all. */
  same?: readonly string[];
  /** What the shell `full` has of an environment: a program that says 42. */
  full?: readonly string[];
}

/** Real Nix evaluates a flake to the derivations of the run, builds what that made, checks it, and develops in its shells. */
export async function nixHolds({ nix, exported, stages, same, full }: ExampleFlake): Promise<string[]> {
  const described = descriptionOf(exported);
  assert.equal(described.toolsFrom, "debian");
  // What derivations read is in the cache, whatever else the store has.
  for (const { inputSrcs } of Object.values(described.derivations))
    for (const path of inputSrcs)
      assert.ok(existsSync(join(exported, "cache", `${basename(path).slice(0, 32)}.narinfo`)), path);

  for (const kind of ["packages", "checks", "devShells"] as const) {
    const apply = "builtins.mapAttrs (name: each: each.drvPath)";
    const paths = await nix.start("eval", "--json", `#${kind}.${SYSTEM}`, "--apply", apply);
    assert.equal(paths.status, 0, paths.stderr);
    const wanted = Object.entries(described[kind]).map(([key, base]) => [key, `/nix/store/${base}`]);
    assert.deepEqual(JSON.parse(paths.stdout), Object.fromEntries(wanted));
  }
  for (const { name: stage, kind, graphDrvPath } of stages)
    if (graphDrvPath !== undefined && kind !== "gate")
      assert.equal(`/nix/store/${described.packages[stage]}`, graphDrvPath);

  const built = await nix.start("build", "--no-link", "--json", "#");
  assert.equal(built.status, 0, built.stderr);
  const [{ outputs } = { outputs: { out: "" } }] = JSON.parse(built.stdout) as {
    outputs: { out: string };
  }[];
  const results = readdirSync(join(nix.store, outputs.out)).toSorted();
  const inStore = new Set(readdirSync(join(nix.store, "nix/store")));
  for (const { name: stage, outPath = "" } of stages)
    if ((same ?? results).includes(stage)) assert.ok(inStore.has(basename(outPath)), stage);

  const checked = await nix.start("flake", "check", "#");
  assert.equal(checked.status, 0, checked.stderr);
  const app = await nix.start("run", "#bash", "--", "-c", "echo $0 $BASH_VERSION");
  assert.match(app.stdout, /^\/nix\/store\/\S+-programs-default\/bin\/bash \d/, app.stderr);
  const programs = ["git", "jq", "bash", ...("node" in described.apps ? ["node"] : [])];
  const seen = await nix.start("develop", "-i", "#ci", "-c", "bash", "-c", `type -p ${programs.join(" ")}`);
  assert.equal(seen.status, 0, seen.stderr);
  const places = seen.stdout.trim().split("\n");
  assert.equal(places.length, programs.length);
  for (const [at, program] of programs.entries())
    assert.match(places[at] ?? "", new RegExp(`^/nix/store/\\S+-programs-ci/bin/${program}$`));
  if (full !== undefined) {
    const said = await nix.start("develop", "-i", "#full", "-c", ...full);
    assert.equal(said.stdout, "42\n", said.stderr);
  }
  return results;
}
