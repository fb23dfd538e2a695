// Real Nix at a flake that was exported: in a store of its own, which begins empty, and without any network.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { removeTree } from "#base/files.ts";
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
    const { run } = this.prepare();
    return run(words);
  }

  prepare(): { run: (words: readonly string[]) => NixResult } {
    const flake = `path:${join(this.#exported, "flake")}`;
    // A network namespace in which even the loopback interface is down.
    const noNetwork = process.getuid?.() === 0 ? ["--net"] : ["--user", "--map-current-user", "--net"];
    const nix = ["--store", this.store, "--substituters", `file://${join(this.#exported, "cache")}`];
    const env = {
      PATH: process.env["PATH"],
      HOME: join(this.#folder, "nix-home"),
      NIX_CONFIG: CONFIG,
      NIX_CONF_DIR: "/nonexistent",
      NIX_REMOTE: "",
    };
    const run = (words: readonly string[]): NixResult => {
      const args = words.map((word) => (word.startsWith("#") ? `${flake}${word === "#" ? "" : word}` : word));
      return spawnSync("unshare", [...noNetwork, "nix", ...nix, ...args], {
        encoding: "utf8",
        env,
        maxBuffer: 1 << 28,
        // bash takes a socket for a login over the network, and reads the files of its user.
        stdio: ["ignore", "pipe", "pipe"],
        cwd: this.#folder,
      });
    };
    return { run };
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
