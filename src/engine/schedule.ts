// Runs the nodes of a graph, each as soon as what it needs is done, several at a time.

/** How a node ended. Only `done` lets the nodes that need it start. */
export type NodeEnd = "done" | "failed" | "cancelled";

export interface ScheduleOptions<N> {
  /** What must be done before a node; all of it must be in the graph. */
  needs: (node: N) => Iterable<N>;
  /** Nodes that count as work run at most `jobs` at a time; the others start at once. */
  isWork: (node: N) => boolean;
  jobs: number;
  /** After a failure, go on with every node that does not need the failed one. */
  keepGoing: boolean;
  signal: AbortSignal;
  /** Called for work that lacks nothing but its turn. */
  onReady?: (node: N) => void;
  run: (node: N) => Promise<NodeEnd>;
  /** Called for a node that is not run, with the node whose end is the cause, or undefined when the run was stopped. */
  skip: (node: N, because: N | undefined) => void;
}

/**
 * Resolves when every node has been run or skipped. `run` must not throw: what it throws is a bug and is thrown on.
 * @param nodes each behind those that it needs; of two that are ready, the first one starts first
 */
export async function schedule<N>(nodes: readonly N[], options: ScheduleOptions<N>): Promise<void> {
  const { needs, isWork, jobs, keepGoing, signal, onReady, run, skip } = options;
  const ends = new Map<N, NodeEnd | "skipped">();
  const culprits = new Map<N, N>();
  const waiting = new Set(nodes);
  const { position, takers, unmet } = edgesOf(nodes, needs);
  /** Nodes that may start or must be skipped, and those that wait for nothing but their turn. */
  const [due, ready] = [new Line(nodes, position), new Line(nodes, position)];
  for (const node of nodes) if (unmet.get(node) === 0) due.add(node);
  let [working, running, stopped] = [0, 0, false];
  let wake = (): void => undefined;
  let bug: { error: unknown } | undefined;

  const settle = (node: N, end: NodeEnd | "skipped"): void => {
    ends.set(node, end);
    for (const taker of takers.get(node) ?? []) {
      const left = (unmet.get(taker) ?? 0) - 1;
      unmet.set(taker, left);
      if (left === 0 || end !== "done") due.add(taker);
    }
  };
  const start = (node: N, work: 0 | 1): void => {
    waiting.delete(node);
    working += work;
    running += 1;
    run(node)
      .then((end) => {
        if (end !== "done") culprits.set(node, node);
        if (end === "cancelled" || (end === "failed" && !keepGoing)) stopped = true;
        settle(node, end);
      })
      .catch((error: unknown) => (bug = { error }))
      .finally(() => {
        working -= work;
        running -= 1;
        wake();
      });
  };
  const leaveOut = (node: N, bad: N | undefined): void => {
    waiting.delete(node);
    const culprit = bad === undefined ? undefined : (culprits.get(bad) ?? bad);
    if (culprit !== undefined) culprits.set(node, culprit);
    settle(node, "skipped");
    skip(node, culprit);
  };
  const badNeed = (node: N): N | undefined =>
    [...needs(node)].find((need) => ends.has(need) && ends.get(need) !== "done");

  const nextReady = (): N | undefined => (working < jobs ? ready.next() : undefined);

  for (;;) {
    for (let node = due.next(); node !== undefined; node = due.next()) {
      if (!waiting.has(node)) continue;
      const bad = badNeed(node);
      if (bad !== undefined) leaveOut(node, bad);
      else if (isWork(node)) {
        ready.add(node);
        onReady?.(node);
      } else start(node, 0);
    }
    if (stopped || signal.aborted) for (const node of waiting) leaveOut(node, badNeed(node));
    for (let node = nextReady(); node !== undefined; node = nextReady()) {
      if (waiting.has(node)) start(node, 1);
    }
    if (running === 0) break;
    await new Promise<void>((resolve) => (wake = resolve));
    if (bug !== undefined) throw bug.error;
  }
}

interface Edges<N> {
  position: Map<N, number>;
  /** Node -> those that need it. */
  takers: Map<N, N[]>;
  /** Node -> how many of its needs have not ended. */
  unmet: Map<N, number>;
}

function edgesOf<N>(nodes: readonly N[], needs: (node: N) => Iterable<N>): Edges<N> {
  const takers = new Map<N, N[]>();
  const unmet = new Map<N, number>();
  for (const node of nodes) {
    const needed = new Set(needs(node));
    unmet.set(node, needed.size);
    for (const need of needed) {
      const known = takers.get(need);
      if (known === undefined) takers.set(need, [node]);
      else known.push(node);
    }
  }
  return { position: new Map(nodes.map((node, index) => [node, index])), takers, unmet };
}

/** Nodes in the order of the graph, whenever they were added: a binary heap of positions. */
class Line<N> {
  readonly #nodes: readonly N[];
  readonly #position: ReadonlyMap<N, number>;
  readonly #heap: number[] = [];

  constructor(nodes: readonly N[], position: ReadonlyMap<N, number>) {
    this.#nodes = nodes;
    this.#position = position;
  }

  add(node: N): void {
    const heap = this.#heap;
    let at = heap.push(this.#position.get(node) ?? 0) - 1;
    for (let up = (at - 1) >> 1; at > 0 && this.#swapIfLess(at, up); up = (at - 1) >> 1) at = up;
  }

  next(): N | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (heap.length > 0) {
      heap[0] = last;
      for (let at = 0, down = 1; down < heap.length; down = 2 * at + 1) {
        if ((heap[down + 1] ?? Infinity) < (heap[down] ?? Infinity)) down += 1;
        if (!this.#swapIfLess(down, at)) break;
        at = down;
      }
    }
    return this.#nodes[first];
  }

  #swapIfLess(low: number, high: number): boolean {
    const [a = Infinity, b = Infinity] = [this.#heap[low], this.#heap[high]];
    if (a >= b) return false;
    [this.#heap[low], this.#heap[high]] = [b, a];
    return true;
  }
}
