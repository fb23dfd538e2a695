// What the host has for making a sandbox.
import { accessSync, constants, existsSync } from "node:fs";
import { join } from "node:path";
import type { SandboxKind } from "./request.ts";
import { pipeliteError } from "./errors.ts";

/** Looked in last: where these live when PATH names a few folders only. */
const USUAL_FOLDERS = ["/usr/bin", "/bin", "/usr/local/bin"];

/** @returns the program's absolute path. @throws SANDBOX_UNAVAILABLE when it is nowhere. */
export function findProgram(name: string, kind: SandboxKind, folders: readonly string[]): string {
  const path = [...folders, ...USUAL_FOLDERS].map((folder) => join(folder, name)).find(isExecutable);
  if (path === undefined)
    throw pipeliteError("SANDBOX_UNAVAILABLE", { kind, reason: `${name} is not installed` });
  return path;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface Host {
  /** Pipelite runs as the host's root. */
  isRoot: boolean;
  exists(path: string): boolean;
}

export function thisHost(): Host {
  return { isRoot: process.getuid?.() === 0, exists: existsSync };
}

const KERNEL_SWITCHES = [
  "acpi",
  "bus",
  "dynamic_debug",
  "fs",
  "irq",
  "mtrr",
  "scsi",
  "sys",
  "sysrq-trigger",
] as const;

/**
 * Files of procfs to make read-only: the host's root, as which a stage acts when Pipelite runs as root, owns them and could
 * change the host's kernel settings through them even from inside a user namespace. (Nix 2.8 leaves them open.)
 */
export function kernelSwitches(host: Host): string[] {
  return host.isRoot
    ? KERNEL_SWITCHES.map((name) => `/proc/${name}`).filter((path) => host.exists(path))
    : [];
}

/** Whether the host has /dev/kvm and this user may use it. */
export function hasKvm(): boolean {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
