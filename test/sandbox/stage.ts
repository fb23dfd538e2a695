// Running a shell script as a stage, as the user of this process: busybox in a store path of its own is the builder.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { removeTree } from "#base/files.ts";
import { isPipeliteError } from "#base/errors.ts";
import type { StorePath } from "#nix/store-path.ts";
import { runSandboxed } from "#sandbox/sandbox.ts";
import type { SandboxKind, SandboxRequest, SandboxResult } from "#sandbox/sandbox.ts";

export const BUSYBOX = `/nix/store/${"b".repeat(32)}-busybox` as StorePath;
export const OUT = `/nix/store/${"0".repeat(32)}-stage`;
export const NOBODY = 65534;
export const isRoot = process.getuid?.() === 0;

/** `ordinary` is another user than root; a test started by an ordinary user has no root to test with. */
export type User = "root" | "ordinary";
export const USERS: readonly User[] = isRoot ? ["root", "ordinary"] : ["ordinary"];
export const KINDS = ["starter", "bubblewrap", "unshare"] as const satisfies readonly SandboxKind[];

/** The command a kind needs: for peer(). */
export const COMMAND = { starter: "sh", bubblewrap: "bwrap", unshare: "unshare" } as const;

export interface Stage {
  kind: SandboxKind;
  /** For `sh -c`, with busybox on the PATH. */
  script: string;
  user?: User;
  builder?: string;
  args?: string[];
  env?: Record<string, string>;
  /** Besides busybox. */
  inputs?: { path: string; physical: string }[];
  busybox?: { path: string; physical: string };
  network?: boolean;
  kvm?: boolean;
  limits?: Partial<SandboxRequest["limits"]>;
  /** Cancels this long after the first output. */
  cancelAfterMs?: number;
  cgroupName?: string;
  /** The folder that it is built in belongs to this user, and is closed. */
  closedBy?: number;
}

export interface Ended {
  result: SandboxResult | undefined;
  error: { code: string; message: string } | undefined;
  log: string;
  logBytes: number;
  /** Names in the store folder afterwards. */
  left: string[];
  /** Owner, as the host sees it, of what the stage made. */
  outOwner: number | undefined;
}

/** A temporary folder that an ordinary user may use too. */
export function temporaryFolder(user: User = USERS[0] ?? "ordinary"): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "pipelite-sandbox-")));
  if (isRoot && user === "ordinary") chownSync(folder, NOBODY, NOBODY);
  chmodSync(folder, 0o755);
  return folder;
}

/** A folder with busybox and a link for each of its applets, as it is in a store. */
export function makeBusybox(folder: string): string {
  const found = spawnSync("sh", ["-c", "command -v busybox"], { encoding: "utf8" }).stdout.trim();
  const bin = join(folder, "busybox", "bin");
  mkdirSync(bin, { recursive: true });
  cpSync(found, join(bin, "busybox"));
  const applets = spawnSync(found, ["--list"], { encoding: "utf8" }).stdout.split("\n");
  for (const name of applets) if (name !== "" && name !== "busybox") symlinkSync("busybox", join(bin, name));
  return dirname(bin);
}

export async function runHere(stage: Stage): Promise<Ended> {
  const folder = temporaryFolder();
  try {
    return await runIn(folder, stage);
  } finally {
    removeTree(folder);
  }
}

async function runIn(folder: string, stage: Stage): Promise<Ended> {
  const [storeDir, buildDir] = [join(folder, "store"), join(folder, "build")];
  mkdirSync(storeDir);
  mkdirSync(buildDir);
  if (stage.closedBy !== undefined) {
    chownSync(folder, stage.closedBy, stage.closedBy);
    chmodSync(folder, 0o700);
  }
  const busybox = stage.busybox ?? { path: BUSYBOX, physical: makeBusybox(folder) };
  const inputs = [busybox, ...(stage.inputs ?? [])] as SandboxRequest["inputs"];
  const cancel = new AbortController();
  const chunks: Uint8Array[] = [];
  const LOG_KEPT_BYTES = 1024 * 1024;
  let logBytes = 0;
  let result: SandboxResult | undefined;
  let error: Ended["error"];
  try {
    result = await runSandboxed(stage.kind, {
      builder: stage.builder ?? `${busybox.path}/bin/sh`,
      args: stage.args ?? ["-c", stage.script],
      env: new Map(
        Object.entries(stage.env ?? { PATH: `${busybox.path}/bin`, out: OUT, HOME: "/homeless-shelter" }),
      ),
      inputs,
      storeDir,
      buildDir,
      network: stage.network ?? false,
      kvm: stage.kvm ?? false,
      programFolders: [],
      limits: { logBytes: LOG_KEPT_BYTES, processes: 64, timeoutMs: 60_000, ...stage.limits },
      onLog: (chunk) => {
        if (logBytes === 0 && stage.cancelAfterMs !== undefined)
          setTimeout(() => cancel.abort(), stage.cancelAfterMs);
        logBytes += chunk.length;
        if (logBytes <= LOG_KEPT_BYTES) chunks.push(Uint8Array.from(chunk));
      },
      signal: cancel.signal,
      cgroupName: stage.cgroupName ?? `pipelite-${process.pid}-test`,
    });
  } catch (caught) {
    if (!isPipeliteError(caught)) throw caught;
    error = { code: caught.code, message: caught.message };
  }
  const left = readdirSync(storeDir);
  const outOwner = spawnSync("stat", ["-c", "%u", join(storeDir, OUT.slice("/nix/store/".length))], {
    encoding: "utf8",
  });
  return {
    result,
    error,
    log: Buffer.concat(chunks).toString("latin1"),
    logBytes,
    left,
    outOwner: outOwner.status === 0 ? Number(outOwner.stdout) : undefined,
  };
}
