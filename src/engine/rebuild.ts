// Builds a derivation again beside the store: what it makes goes to a folder of the caller's, is hashed, and is never
// registered; log, table of builds and store stay as they are.
import type { Variables } from "#base/environment.ts";
import { cpSync, renameSync } from "node:fs";
import { hex, textOf } from "#base/bytes.ts";
import { systemErrorCode } from "#base/errors.ts";
import { inTurns } from "#base/steps.ts";
import { ScratchFolders, type SandboxKind } from "#sandbox/sandbox.ts";
import { Closures } from "#store/closures.ts";
import { finalForm, type BuiltOutput } from "#store/outputs.ts";
import type { Store } from "#store/store.ts";
import { runBuilder, type Shown } from "./builder.ts";
import type { BuildJob, BuildOutcome } from "./engine.ts";
import { pipeliteError } from "./errors.ts";

export type RebuildResult =
  | { status: "built"; narHash: string; narSize: number }
  | Extract<BuildOutcome, { status: "failed" | "cancelled" }>;

const FIXED = "its output is fixed by a hash, and it would be built with a network";

export interface RebuildOptions {
  store: Store;
  kind: SandboxKind;
  /** Where the build works. */
  folder: string;
  env: Variables;
  /** Where what it makes goes; must not exist. */
  target: string;
  /** What the builder is shown otherwise than always. */
  shown?: Shown | undefined;
}

/**
 * @throws DERIVATION_UNSUPPORTED of an output that is fixed by a hash: it would have a network, and may be of a stranger's record;
 * what setting up the build throws. A builder that fails is a value.
 */
export async function rebuild(
  job: Omit<BuildJob, "onLog"> & Partial<Pick<BuildJob, "onLog">>,
  { store, kind, folder, env, target, shown }: RebuildOptions,
): Promise<RebuildResult> {
  if (job.derivation.outputs.get("out")?.kind === "fixed")
    throw pipeliteError("DERIVATION_UNSUPPORTED", { drvPath: job.drvPath, problem: FIXED });
  const folders = new ScratchFolders(folder);
  try {
    const outcome = await runBuilder(
      { onLog: () => {}, ...job },
      { store, kind, folders, env, closures: new Closures(store), shown },
      async ({ made, scratch, output, inputs, outputBytes }) => {
        const built: BuiltOutput = {
          scratch: made,
          scratchPath: scratch,
          name: job.derivation.name,
          references: inputs,
          // What another output is than it should be, its comparison says.
          expected: output.kind === "floating" ? output : { kind: "input-addressed", path: output.path },
          sizeMaxBytes: outputBytes,
        };
        const form = await inTurns(finalForm(built, `${made}.final`), job.signal);
        move(textOf(form.scratch), target);
        const { narHash, narSize } = form.registration;
        return { narHash: `sha256:${hex(narHash)}`, narSize };
      },
    );
    return outcome.status === "built" ? { status: "built", ...outcome.taken } : outcome;
  } finally {
    await folders.close();
  }
}

/** A read-only folder may not be moved by everybody: then it is copied. */
function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!["EACCES", "EXDEV"].includes(systemErrorCode(error) ?? "")) throw error;
    cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  }
}
