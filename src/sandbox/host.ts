// What the host has for making a sandbox.
import { accessSync, constants, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { SandboxKind } from "./request.ts";
import { pipeliteError } from "./errors.ts";

/** Looked in last: where these live when PATH names a few folders only. */
const USUAL_FOLDERS = ["/usr/bin", "/bin", "/usr/local/bin"];

/** @returns the program's absolute path. @throws SANDBOX_UNAVAILABLE when it is nowhere. */
export function findSandboxProgram(name: string, kind: SandboxKind, folders: readonly string[]): string {
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

export interface SandboxHost {
  /** Pipelite runs as the host's root. */
  isRoot: boolean;
}

export function sandboxHost(): SandboxHost {
  return { isRoot: process.getuid?.() === 0 };
}

/** A file or folder of procfs that is no process's. */
export interface KernelFile {
  path: string;
  /** Only its owner may read it, or it lists the keys of the host's root. */
  isClosed: boolean;
}

/**
 * What of procfs is to be made read-only: all that is not of a process. The host's root owns it, as which a stage acts when
 * Pipelite runs as root: it could change the host's settings there, and the mode of each file for the whole host, even from
 * inside a user namespace. (Nix 2.8 leaves it open.)
 */
export function kernelFiles(host: SandboxHost): readonly KernelFile[] {
  return host.isRoot ? (knownFiles ??= listKernelFiles()) : [];
}

let knownFiles: readonly KernelFile[] | undefined;

function listKernelFiles(): KernelFile[] {
  const names = readdirSync("/proc").filter((name) => !/^\d+$/.test(name));
  return names.flatMap((name) => {
    const path = `/proc/${name}`;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    // Links lead to what is of a process.
    if (stat === undefined || stat.isSymbolicLink()) return [];
    const isClosed = !stat.isDirectory() && (name === "keys" || (stat.mode & 0o004) === 0);
    return [{ path, isClosed }];
  });
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
