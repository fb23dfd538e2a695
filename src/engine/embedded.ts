// The embedded engine: builds a resolved derivation in our own sandbox, into our own store, with the environment that
// Nix's Linux builder gives it (Nix manual, "Building"; facts of nix 2.8 checked side by side in test/peers).
import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { isPipeliteError } from "#base/errors.ts";
import { removeTree } from "#base/files.ts";
import { isProcessAlive } from "#base/process.ts";
import type { SandboxKind } from "#sandbox/sandbox.ts";
import { detectSandbox } from "#sandbox/sandbox.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { runBuilder } from "./builder.ts";
import type { BuildJob, BuildOutcome, Engine } from "./engine.ts";
import { fetchUrl } from "./fetch-url.ts";
import { logFile } from "./log-file.ts";

export interface EmbeddedOptions {
  store: Store;
  /** Insist on this sandbox; without it the strongest that works here is taken. */
  sandbox: SandboxKind | undefined;
}

export async function embeddedEngine({ store, sandbox: wanted }: EmbeddedOptions): Promise<Engine> {
  const sandbox = await detectSandbox(wanted);
  prepareBuildsFolder(store.home);
  return {
    name: "embedded",
    sandbox,
    build: async (job) => {
      try {
        return job.derivation.builder === "builtin:fetchurl"
          ? await fetchUrl(job, store)
          : await build(job, store, sandbox.kind);
      } catch (error) {
        if (!isPipeliteError(error)) throw error;
        return { status: "failed", error };
      }
    },
  };
}

/** Where the stages of a Pipelite that runs are built; the names begin with its process id. */
function buildsFolder(home: string): string {
  return join(home, "nix/var/nix/builds");
}

/** For nobody but its owner, since a stage is half made there; without what a Pipelite that was killed left behind. */
function prepareBuildsFolder(home: string): void {
  const folder = buildsFolder(home);
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  for (const name of readdirSync(folder)) {
    const [pid = ""] = name.split("-");
    if (!isProcessAlive(pid)) removeTree(join(folder, name));
  }
}

async function build(job: BuildJob, store: Store, kind: SandboxKind): Promise<BuildOutcome> {
  const log = openLog(store.home, job.drvPath);
  const logged: BuildJob = {
    ...job,
    onLog: (chunk) => {
      writeSync(log, chunk);
      job.onLog(chunk);
    },
  };
  try {
    const place = { store, kind, folder: buildsFolder(store.home) };
    const outcome = await runBuilder(
      logged,
      place,
      async ({ made, scratch, output, inputs, outputBytes }) => {
        const [registered] = await store.registerOutputs([
          {
            scratch: made,
            scratchPath: scratch,
            name: job.derivation.name,
            references: inputs,
            deriver: job.drvPath,
            expected: output,
            sizeMaxBytes: outputBytes,
          },
        ]);
        if (registered === undefined) throw new Error("registerOutputs gave nothing back");
        return registered.path;
      },
    );
    if (outcome.status !== "built") return outcome;
    return { status: "built", outPath: outcome.taken, usage: outcome.usage };
  } finally {
    closeSync(log);
  }
}

function openLog(home: string, drvPath: StorePath): number {
  const file = logFile(home, drvPath);
  mkdirSync(dirname(file), { recursive: true });
  rmSync(file, { force: true });
  return openSync(file, "w");
}
