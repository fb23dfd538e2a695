// What store tests share: a folder of their own, a store in it, and real Nix on that store.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { byteStringOf, utf8 } from "#base/bytes.ts";
import { isPipeliteError } from "#base/errors.ts";
import { type ErrorCode } from "#cli/error-rows.ts";
import { makeTextPath, type StorePath } from "#nix/store-path.ts";
import { sha256 } from "#nix/hash.ts";
import { removeBytePath } from "#store/disk.ts";
import { openStore, type Store } from "#store/store.ts";

export class StoreRig implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "pipelite-store-"));
  readonly home = join(this.folder, "home");
  #store: Store | undefined;

  /** The store, opened when it is first asked for. */
  get store(): Store {
    return (this.#store ??= openStore(this.home));
  }

  close(): void {
    this.#store?.close();
    this.#store = undefined;
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Writes files below the rig's folder; gives the path of the first. */
  write(files: Record<string, string | Uint8Array>): string {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(this.path(name)), { recursive: true });
      writeFileSync(this.path(name), content);
    }
    return this.path(Object.keys(files)[0] ?? "");
  }

  /** A folder with a few files, as a source. */
  source(name = "source"): string {
    this.write({ [`${name}/a.txt`]: "a", [`${name}/sub/b.txt`]: "b", [`${name}/sub/empty`]: "" });
    return this.path(name);
  }

  async text(name: string, references: StorePath[] = []): Promise<StorePath> {
    const { path } = await this.store.addText(name, utf8(`${name} ${references.join(" ")}`), references);
    return path;
  }

  /** Runs real Nix on the store; its output without the last newline. Throws where it fails. */
  nix(command: string, ...args: string[]): string {
    return this.nixOn(this.home, command, ...args);
  }

  nixOn(home: string, command: string, ...args: string[]): string {
    const configuration = this.path("nix-conf");
    const settings = [
      "build-users-group =",
      "substituters =",
      "experimental-features = nix-command ca-derivations",
    ];
    mkdirSync(configuration, { recursive: true });
    writeFileSync(join(configuration, "nix.conf"), `${settings.join("\n")}\n`);
    const env = { ...process.env, NIX_CONF_DIR: configuration, HOME: this.folder };
    const options = { env, encoding: "latin1", maxBuffer: 1e9, timeout: 60_000 } as const;
    const done = spawnSync(command, ["--store", home, ...args], options);
    if (done.status !== 0) throw new Error(`${command} ${args.join(" ")}: ${done.status} ${done.stderr}`);
    return done.stdout.trimEnd();
  }

  /** Real Nix reads and hashes all of the store; what it complains about. */
  nixComplaints(): string {
    const env = { ...process.env, NIX_CONF_DIR: this.path("nix-conf"), HOME: this.folder };
    mkdirSync(this.path("nix-conf"), { recursive: true });
    writeFileSync(this.path("nix-conf/nix.conf"), "build-users-group =\nsubstituters =\n");
    const args = ["--store", this.home, "--verify", "--check-contents"];
    const done = spawnSync("nix-store", args, { env, encoding: "utf8" });
    const complaints = done.stderr
      .split("\n")
      .filter((line) => line !== "" && !/^(reading|checking) /.test(line));
    return done.status === 0 ? complaints.join("\n") : `exit ${done.status}: ${done.stderr}`;
  }

  [Symbol.dispose](): void {
    this.close();
    removeBytePath(byteStringOf(this.folder));
  }
}

/** For assert.throws and assert.rejects: a PipeliteError of this code. */
export function coded(code: ErrorCode): (error: unknown) => true {
  return (error) => {
    if (isPipeliteError(error, code)) return true;
    throw new Error(`expected the code ${code}`, { cause: error });
  };
}

/** A well-formed path that is in no store. */
export function absentPath(name = "absent"): StorePath {
  return makeTextPath({ name, sha256: sha256(utf8("not in any store")) });
}

/** A process of its own that runs `code` with `store` open on the home it is given; `code` may await. */
export function storeScript(code: string): string[] {
  const script = `
    import { openStore } from "#store/store.ts";
    const store = openStore(process.argv[1]);
    const [, , ...args] = process.argv;
    ${code}
    store.close();`;
  return [...NODE_FLAGS, "--input-type=module-typescript", "--eval", script];
}

export const NODE_FLAGS = ["--disable-warning=ExperimentalWarning"];

/** Adds trees, texts that refer to each other, and outputs, until it is killed; collects now and then. */
export const BUSY = `
  import fs from "node:fs";
  const [source] = args;
  console.log("ready");
  for (let round = 0; ; round++) {
    fs.writeFileSync(source + "/changing", String(round) + process.pid);
    const tree = await store.addTree(source, { name: "tree" });
    const text = await store.addText("text", Buffer.from(tree.path + round), [tree.path]);
    const scratch = store.home + "/pipelite/out-" + process.pid;
    fs.mkdirSync(scratch, { recursive: true });
    fs.writeFileSync(scratch + "/file", text.path + round);
    const scratchPath = "/nix/store/" + "0".repeat(32) + "-x";
    await store.registerOutputs([{ scratch, scratchPath, name: "out", references: [text.path, tree.path] }]);
    process.stdout.write(".");
    if (round % 5 === 4) await store.gc();
  }`;
