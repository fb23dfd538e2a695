// Real Nix, set up as Pipelite's opponent: the same store layout, sandbox and number of jobs, and no network.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const NIX_ENV: Readonly<Record<string, string>> = {
  NIX_CONFIG: [
    "experimental-features = nix-command ca-derivations",
    "build-users-group =",
    "sandbox = true",
    "sandbox-fallback = false",
    "substituters =",
  ].join("\n"),
  NIX_CONF_DIR: "/nonexistent",
  NIX_REMOTE: "",
};

/** The version of Nix; undefined where there is none. */
export function nixVersion(): string | undefined {
  const { status, stdout } = spawnSync("nix-store", ["--version"], { encoding: "utf8" });
  return status === 0 ? stdout.trim().split(" ").at(-1) : undefined;
}

/** The derivations that the last run in `home` wrote before any input was known: the whole graph, as Nix can build it. */
export function graphOf(home: string, runId: string): string[] {
  const file = join(home, "pipelite/runs", `${runId}.json`);
  const { stages } = JSON.parse(readFileSync(file, "utf8")) as { stages: { graphDrvPath?: string }[] };
  return stages.flatMap(({ graphDrvPath }) => graphDrvPath ?? []);
}

/** Copies derivations and all their inputs, but no output, to a store that is made new. */
export function copyClosure(home: string, target: string, derivations: readonly string[]): void {
  const script = [
    `closure=$(nix-store --store "$0" --query --requisites "$@")`,
    `nix-store --store "$0" --export $closure | nix-store --store ${JSON.stringify(target)} --import`,
  ].join(" && ");
  const { status, stderr } = spawnSync("sh", ["-c", script, home, ...derivations], {
    env: { ...process.env, ...NIX_ENV },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`The closure was not copied: ${stderr}`);
}

/** Makes the run whose derivations both will build. @returns its id. */
export function firstRun([program, ...words]: readonly [string, ...string[]], home: string): string {
  // What it prints may be more than a buffer takes.
  const { status, stderr } = spawnSync(program, words, {
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (status !== 0) throw new Error(`The first run failed: ${stderr}`);
  const [record] = readdirSync(join(home, "pipelite/runs"));
  if (record === undefined) throw new Error("The first run left no record");
  return record.slice(0, -".json".length);
}
