// What builds a derivation whose inputs are all store paths: the embedded engine or real Nix, with the same outcome.
import type { Derivation } from "#nix/derivation.ts";
import type { RealisationId } from "#nix/realisation.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { PipeliteError } from "#base/errors.ts";
import type { Secrets } from "#secrets/secrets.ts";
import type { SandboxEnding, SandboxUsage } from "#sandbox/sandbox.ts";
import type { PathInfo } from "#store/query.ts";
import type { HeldLimits, StageLimits } from "./limits.ts";

/** What a build used. A figure that could not be had is absent; `source` says where each came from. */
export interface Usage extends Omit<SandboxUsage, "source"> {
  source: { wall: string; cpu: string; memory: string; io: string; events?: string };
  /** Where Nix built it. */
  machine?: BuildMachine;
}

export interface BuildMachine {
  name: string;
  /** `x86_64-linux` */
  system: string;
  /** Version of Nix there. */
  nix: string;
  /** Whether its daemon took our word that a build is sandboxed, or only its own configuration says so. */
  sandbox: "set by us" | "as configured there";
  /** Machines that had it before and were lost, and why. */
  movedFrom?: { machine: string; problem: string }[];
}

export interface BuildJob {
  /** Name of the stage, for messages. */
  name: string;
  drvPath: StorePath;
  derivation: Derivation;
  /** Under which its output is to be written down for Nix; not where it is built without a sandbox. */
  realises?: RealisationId | undefined;
  /** Where others than the defaults are asked for. */
  limits?: Partial<StageLimits> | undefined;
  /** Of the run: logs and outputs are searched for them. */
  secrets?: Secrets | undefined;
  /** What a download asks for, where that is more than the URL of its derivation: never shown. */
  request?: { url: string; headers: Readonly<Record<string, string>> } | undefined;
  /** Where the folders of a builder that failed are moved to, by the embedded engine. */
  keepFailed?: string | undefined;
  onLog: (chunk: Uint8Array) => void;
  signal: AbortSignal;
  /** Resolved when its derivation is in the store, where that is not so from the beginning: what is made of it is registered later. */
  written?: Promise<unknown> | undefined;
  /** Called when the builder has ended and what it made is safe: what is left to be done needs no processor. */
  onMade?: (() => void) | undefined;
  /** The output that somebody else has made in the meantime, where that will do. */
  madeElsewhere?: (hasWaited: boolean) => StorePath | undefined;
  /** Called with what was built before others who want the same derivation are let in. */
  onBuilt?: (built: { outPath: StorePath; usage: Usage }) => Promise<void>;
}

export type BuildOutcome =
  | {
      status: "built";
      outPath: StorePath;
      /** As it is registered, where the engine knows. */
      archive?: Pick<PathInfo, "narHash" | "narSize">;
      usage: Usage;
      limits: HeldLimits;
    }
  /** Another process built it while this one waited for it. */
  | { status: "made-elsewhere"; outPath: StorePath }
  | {
      status: "failed";
      error: PipeliteError;
      ending?: SandboxEnding;
      usage?: Usage;
      limits?: HeldLimits;
    }
  | { status: "cancelled" };

export interface Engine {
  readonly name: "embedded" | "nix";
  /** What isolates the builds: kind and version, and what was tried and could not be used. */
  readonly sandbox: SandboxReport;
  /** How many builds it can take at a time, where that is not the number of cores here. */
  readonly jobs?: number;
  build(job: BuildJob): Promise<BuildOutcome>;
  /** When there is nothing more to build: leaves no process and no folder. */
  close(): Promise<void>;
}

export interface SandboxReport {
  kind: string;
  version?: string;
  tried: { kind: string; reason: string }[];
}
