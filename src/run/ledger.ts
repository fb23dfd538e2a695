// How the stages of one run ended, told as it happens.
import { digestOf } from "#base/digest.ts";
import { EXIT } from "#base/errors.ts";
import type { ExitCode, PipeliteError } from "#base/errors.ts";
import type { Home } from "#home/home.ts";
import type { NodeEnd } from "#engine/schedule.ts";
import type { GraphNode } from "#compile/nodes.ts";
import type { StageFailure, StageRecord, StageStatus } from "#home/run-record.ts";
import { parseStorePath, type StorePath } from "#nix/store-path.ts";
import type { PathInfo } from "#store/query.ts";
import type { RunListener } from "#home/events.ts";
import { inputNames, isShownNode } from "./select.ts";
import type { Workspace } from "./realise.ts";

type Facts = Partial<
  Pick<
    StageRecord,
    | "drvPath"
    | "outPath"
    | "usage"
    | "limits"
    | "failedAttempts"
    | "reason"
    | "former"
    | "failure"
    | "because"
    | "substitutedFrom"
  >
>;

type Archive = Pick<PathInfo, "narHash" | "narSize">;

export class Ledger {
  readonly #work: Workspace;
  readonly #listener: RunListener;
  readonly #signal: AbortSignal;
  readonly #runStartMs: number;
  readonly #told = new Set<GraphNode>();
  #graphDrvOf: ((node: GraphNode) => StorePath | undefined) | undefined;
  /** What ended before the derivations of the graph were known. */
  #untold: (() => void)[] = [];
  /** When nodes ended in this run, by `performance.now()`. */
  readonly #ends = new Map<GraphNode, number>();
  #buildStartMs: number;
  #exitCode: ExitCode = EXIT.ok;

  /** @param runStartMs when the run started, by `performance.now()` */
  constructor(work: Workspace, listener: RunListener, signal: AbortSignal, runStartMs: number) {
    this.#work = work;
    this.#runStartMs = runStartMs;
    this.#buildStartMs = runStartMs;
    this.#listener = listener;
    this.#signal = signal;
  }

  /** The exit code that the first failure asks for. */
  get exitCode(): ExitCode {
    return this.#exitCode;
  }

  /** Until then what ends is not told. @param drvOf the derivation of a node before any input is known */
  nameDerivations(drvOf: (node: GraphNode) => StorePath | undefined): void {
    this.#graphDrvOf = drvOf;
    for (const tell of this.#untold.splice(0)) tell();
  }

  /** From here on nothing but what it needs, and its turn, keeps a node from starting. */
  startBuilding(): void {
    this.#buildStartMs = performance.now();
  }

  /** Notes the end of a node of any kind. */
  ended(node: GraphNode): void {
    this.#ends.set(node, performance.now());
  }

  /**
   * @param start when it was turned to, by `performance.now()`; undefined when it never was
   * @param archive of its output, where it is known
   */
  record(
    node: GraphNode,
    status: StageStatus,
    start: number | undefined,
    more: Facts,
    archive?: Archive,
  ): void {
    const { home, store, builds } = this.#work;
    const { outPath } = more;
    const info = archive ?? (outPath === undefined ? undefined : store.archive(parseStorePath(outPath)));
    const builtAs = status === "cached" ? more.drvPath : undefined;
    const row = builtAs === undefined ? undefined : builds.find(parseStorePath(builtAs));
    this.#told.add(node);
    const ended = {
      type: "stage-finished" as const,
      name: node.name,
      kind: kindOf(node),
      status,
      place: node.place,
      inputs: inputNames(node),
      ...(start !== undefined && {
        startMs: start - this.#runStartMs,
        waitedMs: start - this.#readyAt(node),
      }),
      durationMs: start === undefined ? 0 : performance.now() - start,
      ...(row && { usage: row.usage, builtInRun: row.runId }),
      ...(info && narFactsOf(info)),
      ...logOf(home, more.drvPath),
      ...more,
    };
    const tell = (): void => {
      const graphDrvPath = this.#graphDrvOf?.(node);
      this.#listener({ ...ended, ...(graphDrvPath !== undefined && { graphDrvPath }) });
    };
    if (this.#graphDrvOf === undefined) this.#untold.push(tell);
    else tell();
  }

  #readyAt({ needs }: GraphNode): number {
    return needs.reduce((latest, need) => Math.max(latest, this.#ends.get(need) ?? 0), this.#buildStartMs);
  }

  failed(
    node: GraphNode,
    start: number,
    error: PipeliteError,
    more: Facts & Pick<StageFailure, "logTail" | "ending">,
  ): NodeEnd {
    const { logTail, ending, ...rest } = more;
    const { code, message, hint, exitCode } = error;
    const failure: StageFailure = {
      code,
      message,
      place: node.place,
      ...(hint !== undefined && { hint }),
      ...(ending && { ending }),
      ...(logTail && { logTail }),
    };
    if (this.#exitCode === EXIT.ok)
      this.#exitCode =
        exitCode === EXIT.verification || exitCode === EXIT.unavailable ? exitCode : EXIT.failed;
    this.record(node, "failed", start, { ...rest, failure });
    return "failed";
  }

  cancelled(node: GraphNode, start: number): NodeEnd {
    this.record(node, "cancelled", start, {});
    return "cancelled";
  }

  skip(node: GraphNode, because: GraphNode | undefined): void {
    if (!isShownNode(node) || this.#told.has(node)) return;
    const cancelled = because === undefined && this.#signal.aborted;
    this.record(
      node,
      cancelled ? "cancelled" : "skipped",
      undefined,
      because ? { because: because.name } : {},
    );
  }
}

function logOf(home: Home, drvPath: string | undefined): Pick<StageRecord, "logDigest"> {
  const log = home.readLog(drvPath);
  return log === undefined ? {} : { logDigest: digestOf(log) };
}

function kindOf({ name, kind }: GraphNode): StageRecord["kind"] {
  if (kind === "source" || kind === "timings") throw new Error(`${name} is not a stage`);
  return kind;
}

/** The archive of a path as a record has it. */
export function narFactsOf({ narHash, narSize }: Archive): {
  narHash: string;
  narSize: number;
} {
  return { narHash: `sha256:${Buffer.from(narHash).toString("hex")}`, narSize };
}
