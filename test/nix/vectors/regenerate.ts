// Makes the vectors again with real Nix: `node test/nix/vectors/regenerate.ts [FOLDER]`. A test runs it too and fails
// where anything differs from what is kept here.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { prettyJson } from "#base/canonical-json.ts";
import { makeOnDisk, vectorTrees } from "../trees.ts";

const HERE = import.meta.dirname;
const ALGORITHMS = ["md5", "sha1", "sha256", "sha512"] as const;

/** Nix in a store of its own below `work`, in which /bin/sh is busybox and nothing else comes from the host. */
export class Nix {
  readonly root: string;
  readonly #env: Record<string, string>;

  constructor(work: string) {
    this.root = join(work, "root");
    const configuration = [
      "build-users-group =",
      "experimental-features = nix-command ca-derivations impure-derivations",
      "sandbox = true",
      "sandbox-paths = /bin/sh=/bin/busybox",
      "substituters =",
    ];
    mkdirSync(join(work, "conf"), { recursive: true });
    writeFileSync(join(work, "conf", "nix.conf"), `${configuration.join("\n")}\n`);
    const path = process.env["PATH"] ?? "";
    this.#env = { PATH: path, HOME: work, NIX_CONF_DIR: join(work, "conf"), LC_ALL: "C" };
  }

  bytes(command: string, args: readonly string[]): { stdout: Buffer; stderr: string } {
    const result = spawnSync(command, args, { env: this.#env, maxBuffer: 64 * 1024 * 1024 });
    const stderr = result.stderr?.toString() ?? "";
    if (result.status !== 0) throw new Error(`${command} ${args.join(" ")}: ${result.error ?? stderr}`);
    return { stdout: result.stdout, stderr };
  }

  text(command: string, ...args: string[]): string {
    return this.bytes(command, args).stdout.toString().trimEnd();
  }

  inStore(command: string, ...args: string[]): string {
    return this.text(command, "--store", this.root, ...args);
  }

  /** The value of an attribute of a Nix file. Derivations in it are put into the store. */
  evaluate(nixFile: string, attribute: string): unknown {
    const args = ["--eval", "--strict", "--json", "--read-write-mode", nixFile, "-A", attribute];
    return JSON.parse(this.inStore("nix-instantiate", ...args));
  }

  physical(path: string): string {
    return join(this.root, path);
  }
}

export function regenerate(folder: string): void {
  const work = mkdtempSync(join(tmpdir(), "pipelite-vectors-"));
  try {
    const nix = new Nix(work);
    for (const input of ["cases.nix", "latin1.txt", "key.secret", "key.public"]) {
      if (folder !== HERE) copyFileSync(join(HERE, input), join(folder, input));
    }
    writeFileSync(join(folder, "hash.json"), prettyJson(makeHashes(nix, work)));
    writeFileSync(join(folder, "fixed-path.json"), prettyJson(makeFixedPaths(nix)));
    makeNars(nix, work, folder);
    makeDerivations(nix, folder);
  } finally {
    spawnSync("chmod", ["-R", "u+w", work]);
    rmSync(work, { recursive: true, force: true });
  }
}

function makeHashes(nix: Nix, work: string): unknown[] {
  const path = join(work, "content");
  return ["", "hello", "a".repeat(200), "\u0000\u00ff\u0080"].map((content) => {
    writeFileSync(path, Buffer.from(content, "latin1"));
    const digests = ALGORITHMS.map((type) => ({
      algorithm: type,
      hex: nix.text("nix-hash", "--flat", "--type", type, path),
      nix32: nix.text("nix-hash", "--flat", "--base32", "--type", type, path),
      base64: nix.text("nix", "hash", "file", "--base64", "--type", type, path),
      sri: nix.text("nix", "hash", "file", "--sri", "--type", type, path),
    }));
    const compressed = nix.text("nix-hash", "--flat", "--truncate", "--base32", "--type", "sha256", path);
    return { content, digests, compressed };
  });
}

function makeFixedPaths(nix: Nix): unknown[] {
  const digests = {
    md5: "5d41402abc4b2a76b9719d911017c592",
    sha1: "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d",
    sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    sha512:
      "9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca7" +
      "2323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043",
  };
  return ALGORITHMS.flatMap((algorithm) =>
    (["flat", "recursive"] as const).map((method) => {
      const hash = digests[algorithm];
      const name = `${method}-${algorithm}`;
      const flags = method === "recursive" ? ["--recursive"] : [];
      const path = nix.text("nix-store", "--print-fixed-path", ...flags, algorithm, hash, name);
      return { algorithm, method, hash, name, path };
    }),
  );
}

function makeNars(nix: Nix, work: string, folder: string): void {
  mkdirSync(join(folder, "nar"), { recursive: true });
  const table: Record<string, unknown> = {};
  mkdirSync(join(work, "trees"));
  for (const [name, tree] of Object.entries(vectorTrees)) {
    const path = join(work, "trees", name);
    makeOnDisk(tree, Buffer.from(path));
    const nar = nix.bytes("nix-store", ["--dump", path]).stdout;
    writeFileSync(join(folder, "nar", `${name}.nar`), nar);
    const sha256 = nix.text("nix-hash", "--type", "sha256", path);
    table[name] = { sha256, sizeBytes: nar.length, path: nix.inStore("nix-store", "--add", path) };
  }
  writeFileSync(join(folder, "nar.json"), prettyJson(table));
}

function makeDerivations(nix: Nix, folder: string): void {
  const cases = join(HERE, "cases.nix");
  const table = nix.evaluate(cases, "table");
  const placeholders = nix.evaluate(cases, "placeholders");
  const texts = nix.evaluate(cases, "texts");
  const last = nix.inStore("nix-instantiate", cases, "-A", "cases.chainThird");
  const built = nix.bytes("nix-store", ["--store", nix.root, "--realise", last]);
  const resolved = Object.fromEntries(
    [...built.stderr.matchAll(/resolved derivation: '(.*?)' -> '(.*?)'/g)].map(([, from, to]) => [from, to]),
  );
  const results = built.stdout.toString().trimEnd().split("\n");
  const closure = nix.inStore("nix-store", "--query", "--requisites", ...results).split("\n");
  const scratch = /^scratch (.*)$/m.exec(built.stderr)?.[1]?.split(" ");
  const chain = { resolved, scratch, results, closure: describePaths(nix, closure) };
  writeFileSync(join(folder, "drv.json"), prettyJson({ table, placeholders, texts, chain }));
  mkdirSync(join(folder, "drv"), { recursive: true });
  for (const entry of readdirSync(nix.physical("/nix/store"))) {
    if (!entry.endsWith(".drv")) continue;
    writeFileSync(join(folder, "drv", entry), readFileSync(nix.physical(`/nix/store/${entry}`)));
  }
  const stream = nix.bytes("nix-store", ["--store", nix.root, "--export", ...closure]);
  writeFileSync(join(folder, "chain.export"), stream.stdout);
  makeNarInfos(nix, folder, closure);
}

function describePaths(nix: Nix, paths: string[]): unknown[] {
  return paths.map((path) => ({
    path,
    narHash: nix.inStore("nix-store", "--query", "--hash", path),
    narSize: Number(nix.inStore("nix-store", "--query", "--size", path)),
    references: nix.inStore("nix-store", "--query", "--references", path).split("\n").filter(Boolean),
    deriver: nix.inStore("nix-store", "--query", "--deriver", path),
  }));
}

function makeNarInfos(nix: Nix, folder: string, paths: string[]): void {
  const cache = join(nix.root, "cache");
  const url = `file://${cache}?compression=none&secret-key=${join(HERE, "key.secret")}`;
  nix.text("nix", "copy", "--from", nix.root, "--to", url, ...paths);
  mkdirSync(join(folder, "narinfo"), { recursive: true });
  for (const path of paths) {
    const name = `${basename(path).slice(0, 32)}.narinfo`;
    copyFileSync(join(cache, name), join(folder, "narinfo", name));
  }
}

if (process.argv[1] === import.meta.filename) regenerate(process.argv[2] ?? HERE);
