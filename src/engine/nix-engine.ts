// Real Nix as the engine: `nix-store --realise` of the very derivation that the embedded engine would build, in the same
// store. Needs nix with the experimental feature ca-derivations.
import type { Environment } from "#base/environment.ts";
import { spawn, spawnSync } from "node:child_process";
import { parseStorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type { BuildJob, BuildOutcome, Engine } from "./engine.ts";
import { pipeliteError } from "./errors.ts";

/** Settings under which Nix builds as the embedded engine does: sandboxed, from this store alone. */
const SETTINGS = `
experimental-features = nix-command ca-derivations
build-users-group =
sandbox = true
sandbox-fallback = false
substituters =
`;

/** @param env in which nix-store is found and run */
export function nixEngine(store: Store, env: Environment): Engine {
  const { status, stdout } = spawnSync("nix-store", ["--version"], { encoding: "utf8", env });
  if (status !== 0) throw pipeliteError("NIX_NOT_FOUND");
  const version = stdout.trim().split(" ").at(-1) ?? "unknown";
  return {
    name: "nix",
    sandbox: { kind: "nix", version, tried: [] },
    build: (job) => build(job, store, env),
    close: async () => {},
  };
}

async function build(job: BuildJob, store: Store, env: Environment): Promise<BuildOutcome> {
  const start = performance.now();
  const timeout = job.timeoutMs === undefined ? [] : ["--timeout", String(Math.ceil(job.timeoutMs / 1000))];
  const child = spawn("nix-store", ["--store", store.home, "--realise", ...timeout, `${job.drvPath}!out`], {
    env: { ...env, NIX_CONFIG: SETTINGS, NIX_REMOTE: "" },
    stdio: ["ignore", "pipe", "pipe"],
    signal: job.signal,
    killSignal: "SIGINT",
  });
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", job.onLog);
  const code = await new Promise<number | null>((resolve) => {
    child.on("error", () => resolve(null));
    child.on("close", resolve);
  });
  if (job.signal.aborted) return { status: "cancelled" };
  const wallMs = performance.now() - start;
  const source = { wall: "monotonic clock", cpu: "unavailable", memory: "unavailable", io: "unavailable" };
  const usage = { wallMs, source };
  const outPath = stdout.trim().split("\n").at(-1);
  if (code === 0 && outPath) {
    const built = { outPath: parseStorePath(outPath), usage };
    await job.onBuilt?.(built);
    return { status: "built", ...built };
  }
  const error = pipeliteError("STAGE_FAILED", { stage: job.name, code: code ?? "no code" });
  return { status: "failed", error, usage };
}
