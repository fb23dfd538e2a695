// Real Nix as the judge of our stores.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";

const CONFIG = `
experimental-features = nix-command ca-derivations
build-users-group =
sandbox = true
sandbox-fallback = false
substituters =
`;

export interface NixResult {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program of real Nix with settings of its own. */
export function nix(command: string, ...args: string[]): NixResult {
  const env = { ...process.env, NIX_CONFIG: CONFIG, NIX_CONF_DIR: "/nonexistent", NIX_REMOTE: "" };
  return spawnSync(command, args, { encoding: "utf8", env, maxBuffer: 1 << 28 });
}

/** `nix-store --verify --check-contents` must exit with 0 and report nothing. */
export function assertNixAccepts(home: string): void {
  const { status, stderr } = nix("nix-store", "--store", home, "--verify", "--check-contents");
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stderr, /error|warning|modified|disappeared|missing/i);
}
