// Which sandbox works here is found out by making one: distributions, containers and kernels forbid namespaces in too many
// ways to ask about each.
import { spawnSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isPipeliteError } from "#base/errors.ts";
import { findSandboxProgram } from "./host.ts";
import { DOMAIN_NAME } from "./inside.ts";
import type { DetectedSandbox, SandboxKind } from "./request.ts";
import { runSandboxed } from "./run.ts";
import { VERSION } from "#base/version.ts";
import { pipeliteError } from "./errors.ts";

const PREFERENCE = ["starter", "bubblewrap", "unshare", "none"] as const;
const PROBE = "pipelite-probe-";
const PROGRAM = { bubblewrap: "bwrap", unshare: "unshare" } as const;

const reasons = new Map<SandboxKind, Promise<string | undefined>>();

/**
 * The strongest sandbox that works on this machine, or, with `wanted`, that one. Found out once per process.
 * @param folders where the programs that make sandboxes are looked for, first
 * @throws SANDBOX_UNAVAILABLE when the wanted one does not work.
 */
export async function detectSandbox(
  wanted?: SandboxKind,
  folders: readonly string[] = [],
): Promise<DetectedSandbox> {
  const tried: DetectedSandbox["tried"] = [];
  for (const kind of wanted === undefined ? PREFERENCE : [wanted]) {
    let probe = reasons.get(kind);
    if (probe === undefined) reasons.set(kind, (probe = whyNot(kind, folders)));
    const reason = await probe;
    if (reason === undefined) {
      const version = versionOf(kind, folders);
      return { kind, ...(version !== undefined && { version }), tried };
    }
    if (wanted !== undefined) throw pipeliteError("SANDBOX_UNAVAILABLE", { kind, reason });
    tried.push({ kind, reason });
  }
  throw new Error("the sandbox of last resort cannot fail");
}

/** @returns undefined when it works. The probe asks for a program that is not there: all that comes before must succeed. */
async function whyNot(kind: SandboxKind, programFolders: readonly string[]): Promise<string | undefined> {
  if (kind === "none") return undefined;
  if (kind === "bubblewrap" && hostDomainName() !== DOMAIN_NAME) {
    return "it cannot hide the NIS domain name of this host";
  }
  removeForgotten();
  const folder = mkdtempSync(join(tmpdir(), PROBE));
  try {
    const [storeDir, buildDir] = [join(folder, "store"), join(folder, "build")];
    mkdirSync(storeDir);
    mkdirSync(buildDir);
    const TIMEOUT_MS = 20_000;
    const { ending } = await runSandboxed(kind, {
      builder: "/nix/store/probe",
      args: [],
      env: new Map(),
      inputs: [],
      storeDir,
      buildDir,
      network: false,
      kvm: false,
      limits: { timeoutMs: TIMEOUT_MS, logBytes: 65536, processes: 16 },
      onLog: () => {},
      programFolders,
      cgroupName: `pipelite-${process.pid}-detect-${kind}`,
    });
    return `its probe ended unexpectedly (${ending.kind})`;
  } catch (error) {
    if (isPipeliteError(error, "SANDBOX_BUILDER_NOT_STARTED")) return undefined;
    if (isPipeliteError(error)) {
      const { reason, problem } = error.details;
      return typeof reason === "string" ? reason : typeof problem === "string" ? problem : error.message;
    }
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Folders of probes that were killed. A probe takes much less than an hour. */
function removeForgotten(): void {
  const HOUR_MS = 3_600_000;
  try {
    for (const name of readdirSync(tmpdir()).filter((each) => each.startsWith(PROBE))) {
      const folder = join(tmpdir(), name);
      const stat = lstatSync(folder, { throwIfNoEntry: false });
      if (stat?.isDirectory() !== true || stat.uid !== process.getuid?.()) continue;
      if (Date.now() - stat.mtimeMs > HOUR_MS) rmSync(folder, { recursive: true, force: true });
    }
  } catch {
    // What can't be listed or removed stays: the probe says more than this.
  }
}

function versionOf(kind: SandboxKind, folders: readonly string[]): string | undefined {
  if (kind === "none") return undefined;
  if (kind === "starter") return VERSION;
  const { stdout } = spawnSync(findSandboxProgram(PROGRAM[kind], kind, folders), ["--version"], {
    encoding: "utf8",
  });
  return /\d+(?:\.\d+)+/.exec(stdout)?.[0];
}

function hostDomainName(): string {
  try {
    return readFileSync("/proc/sys/kernel/domainname", "latin1").trim();
  } catch {
    return DOMAIN_NAME;
  }
}
