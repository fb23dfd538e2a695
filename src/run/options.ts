// What a plan or a run is asked for, and what a run comes to.
import type { Costs } from "#author/costs.ts";
import type { Variables } from "#base/environment.ts";
import type { Caches, OpenCache } from "#cache/open.ts";
import type { Home } from "#home/home.ts";
import type { ExitCode } from "#base/errors.ts";
import type { RunRecord } from "#home/run-record.ts";
import type { SecretSource } from "#secrets/sources.ts";
import type { SandboxKind } from "#sandbox/sandbox.ts";
import type { Model } from "./answers.ts";
import type { LoadedPipeline } from "#compile/load.ts";
import type { ParamValue } from "#compile/parameters.ts";
import type { NixEngine } from "#engine/nix-engine.ts";
import type { Room } from "#engine/schedule.ts";
import type { RunListener } from "#home/events.ts";

export interface PlanOptions {
  /** A pipeline.ts or its folder. */
  pipeline: string;
  /** Only these results and what they need; all when empty. */
  stages: string[];
  home: Home;
  /** `--param` texts by name. */
  params: Readonly<Record<string, string>>;
  /** Values by name, as a file of parameters has them; what `params` says comes first. */
  values?: Readonly<Record<string, ParamValue>> | undefined;
  model?: Model | undefined;
  /** Where secrets come from that are not in the variables of their names. */
  secrets?: Readonly<Record<string, SecretSource>> | undefined;
  /** Read every source again instead of trusting unchanged stat data. */
  paranoid: boolean;
  /** The environment of who asks: where programs are found, and what fixed-output derivations and Nix take from it. */
  env: Variables;
  engine: "embedded" | "nix";
  /** What was built elsewhere is taken from these. */
  caches?: (Caches & OpenCache) | undefined;
  /** Insist on this one; without it the strongest that works here is taken. */
  sandbox?: SandboxKind | undefined;
}

export interface RunOptions extends PlanOptions {
  /** Stages to build though their outputs are there: what they make is compared with that. */
  force?: readonly string[] | undefined;
  /** Stages whose build folders are kept when they fail: `Home.failedFolder`. */
  debug?: readonly string[] | undefined;
  /** How many stages may be built at a time; default: the number of cores. */
  jobs?: number | undefined;
  /** Where the link to the result goes; null for none. */
  out: string | null;
  /** After a failure, build everything that does not need the failed stage. */
  keepGoing: boolean;
  /** Machines that build for the engine nix, as Nix's `builders` lists them. */
  builders?: string | undefined;
  /** For stages that do not say so themselves. */
  costs?: Costs | undefined;
  listener: RunListener;
  signal: AbortSignal;
  /** For who runs again when something changed. */
  follow?: Following | undefined;
  /** What it has in common with other runs of this process. */
  beside?: SharedByRuns | undefined;
}

/** What runs of one pipeline that are at work at the same time share. */
export interface SharedByRuns {
  /** The pipeline as it was when the first of them began: while it is loaded, nothing else may go on. */
  loaded: LoadedPipeline;
  /** What all of them together may take of the machine. */
  room: Room;
  /** Those that build, where they were named. */
  machines?: NixEngine["machines"];
}

/** What a run tells, and is told, that may be followed by another before it has ended. */
export interface Following {
  /** Every file that the run is made from: absolute path -> stat signature. */
  onMade: (made: Readonly<Record<string, string>>) => void;
  /** From here on nothing new is started; what is being built is finished. */
  drained: AbortSignal;
  /** Aborted when nobody wants this derivation any more. */
  unwanted: (drvPath: string) => AbortSignal;
}

export interface RunOutcome {
  runId: string;
  status: RunRecord["status"];
  exitCode: ExitCode;
  /** Why the log of the home has no checkpoint with this run. */
  logProblem?: string;
}
