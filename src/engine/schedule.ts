// Runs the nodes of a graph, each as soon as what it needs is done, several at a time: as many as there is room for.

/** How a node ended. Only `done` lets the nodes that need it start. */
export type NodeEnd = "done" | "failed" | "cancelled";

export interface ScheduleOptions<N> {
  /** What must be done before a node; all of it must be in the graph. */
  needs: (node: N) => Iterable<N>;
  /** Nodes that have ended before: they are not run. */
  isDone?: (node: N) => boolean;
  /** Nodes that count as work start when there is room for them; the others start at once. */
  isWork: (node: N) => boolean;
  /** Of two nodes that are ready, the one of higher rank starts first. */
  rank?: (node: N) => number;
  /** What a node takes of each part of `room` while it runs. One that takes more than there is runs alone. */
  costOf: (node: N) => readonly number[];
  /** What there is of each part; a `Room` is shared with others. */
  room: readonly number[] | Room;
  /** After a failure, go on with every node that does not need the failed one. */
  keepGoing: boolean;
  signal: AbortSignal;
  /** Called for work that lacks nothing but its turn. */
  onReady?: (node: N) => void;
  /** Called when one that would give back its room is to end soon: what needs it comes first, or there is nothing else to do. */
  onWanted?: () => void;
  /**
   * A list: the node did not end, but found others to be done first; it needs some of them, and is run again after those.
   * @param giveBack for a node that needs no room any more, though it has not ended
   */
  run: (node: N, giveBack: () => void) => Promise<NodeEnd | readonly N[]>;
  /** Called for a node that is not run, with the node whose end is the cause, or undefined when the run was stopped. */
  skip: (node: N, because: N | undefined) => void;
}

/**
 * Resolves when every node has been run or skipped. `run` must not throw: what it throws is a bug and is thrown on.
 * @param planned each behind those that it needs; of two of the same rank, the first one starts first
 */
export async function schedule<N extends object>(
  planned: readonly N[],
  options: ScheduleOptions<N>,
): Promise<void> {
  const { needs, isWork, isDone = () => false, rank = () => 0, keepGoing } = options;
  const { signal, onReady, onWanted, run, skip } = options;
  const ends = new Map<N, NodeEnd | "skipped">();
  const culprits = new Map<N, N>();
  const waiting = new Set<N>();
  /** In the order of the graph. */
  const position = new Map<N, number>();
  const ranks = new Map<N, number>();
  /** Node -> those that need it. */
  const takers = new Map<N, N[]>();
  /** Node -> how many of its needs have not ended. */
  const unmet = new Map<N, number>();
  const inOrder = (a: N, b: N): number => (position.get(a) ?? 0) - (position.get(b) ?? 0);
  const rankOf = (node: N | undefined): number => (node && ranks.get(node)) ?? 0;
  const byRank = (a: N, b: N): number => rankOf(b) - rankOf(a) || inOrder(a, b);
  /** Nodes that may start or must be skipped, and those that wait for nothing but their turn. */
  const [due, ready] = [new Line(inOrder), new Line(byRank)];
  const room = options.room instanceof Room ? options.room : new Room(options.room);
  let [running, stopped] = [0, false];
  let wake = (): void => undefined;
  let bug: { error: unknown } | undefined;

  const wait = (node: N): void => {
    waiting.add(node);
    const open = [...new Set(needs(node))].filter((need) => !ends.has(need));
    unmet.set(node, open.length);
    for (const need of open) {
      const known = takers.get(need);
      if (known === undefined) takers.set(need, [node]);
      else known.push(node);
    }
    if (open.length === 0 || badNeed(node) !== undefined) due.add(node);
  };
  const settle = (node: N, end: NodeEnd | "skipped"): void => {
    ends.set(node, end);
    for (const taker of takers.get(node) ?? []) {
      const left = (unmet.get(taker) ?? 0) - 1;
      unmet.set(taker, left);
      if (left === 0 || end !== "done") due.add(taker);
    }
  };
  const add = (nodes: readonly N[]): void => {
    for (const node of nodes) {
      position.set(node, position.size);
      if (isDone(node)) {
        settle(node, "done");
        continue;
      }
      ranks.set(node, rank(node));
      wait(node);
    }
  };
  const start = (node: N, giveBack: () => void): void => {
    waiting.delete(node);
    running += 1;
    const giveBackEarly = (): void => {
      const next = rankOf(ready.first);
      // Else the room would be taken when what is to start first may.
      if (takers.get(node)?.some((taker) => rankOf(taker) > next)) onWanted?.();
      else giveBack();
    };
    run(node, giveBackEarly)
      .then((end) => {
        if (typeof end !== "string") {
          add(end);
          return wait(node);
        }
        if (end !== "done") culprits.set(node, node);
        if (end === "cancelled" || (end === "failed" && !keepGoing)) stopped = true;
        settle(node, end);
      })
      .catch((error: unknown) => (bug = { error }))
      .finally(() => {
        giveBack();
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

  /** @returns whether some must wait for room. */
  const startReady = (): boolean => {
    const passed: N[] = [];
    for (let node = ready.next(); node !== undefined; node = ready.next()) {
      if (!waiting.has(node)) continue;
      const giveBack = room.take(options.costOf(node));
      if (giveBack !== undefined) start(node, giveBack);
      else {
        passed.push(node);
        if (room.isFull || room.mustWaitFor(node)) break;
      }
    }
    for (const node of passed) ready.add(node);
    return passed.length > 0;
  };

  const unsubscribe = room.onFree(() => wake());
  add(planned);
  try {
    for (;;) {
      for (let node = due.next(); node !== undefined; node = due.next()) {
        if (!waiting.has(node)) continue;
        const bad = badNeed(node);
        if (bad !== undefined) leaveOut(node, bad);
        else if (isWork(node)) {
          ready.add(node);
          onReady?.(node);
        } else start(node, () => undefined);
      }
      if (stopped || signal.aborted) for (const node of waiting) leaveOut(node, badNeed(node));
      const mustWait = startReady();
      if (running === 0 && !mustWait) break;
      if (!mustWait) onWanted?.();
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (running === 0) signal.addEventListener("abort", () => resolve(), { once: true });
      });
      if (bug !== undefined) throw bug.error;
    }
  } finally {
    unsubscribe();
  }
}

/** How much of the machine is taken. Small nodes may pass a large one that has no room yet, but not for ever. */
export class Room {
  readonly #room: readonly number[];
  readonly #taken: number[];
  readonly #passes = new WeakMap<object, number>();
  readonly #listeners = new Set<() => void>();
  #nodes = 0;

  constructor(room: readonly number[]) {
    this.#room = room;
    this.#taken = room.map(() => 0);
  }

  /** Whether nothing fits in, however small it is. */
  get isFull(): boolean {
    return this.#nodes > 0 && this.#room.some((whole, part) => (this.#taken[part] ?? 0) >= whole);
  }

  /** Calls back whenever something is given back. @returns what ends that */
  onFree(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @returns what gives the room back, at its first call; undefined when there is none */
  take(costs: readonly number[]): (() => void) | undefined {
    // Sums of parts such as 0.1 are not exact.
    const fits = this.#room.every(
      (whole, part) => (this.#taken[part] ?? 0) + (costs[part] ?? 0) <= whole + 1e-9,
    );
    if (!fits && this.#nodes > 0) return undefined;
    const add = (sign: 1 | -1): void => {
      this.#nodes += sign;
      for (const [part, cost] of costs.entries())
        this.#taken[part] = this.#nodes === 0 ? 0 : (this.#taken[part] ?? 0) + sign * cost;
    };
    add(1);
    let isGiven = false;
    return () => {
      if (isGiven) return;
      isGiven = true;
      add(-1);
      for (const listener of this.#listeners) listener();
    };
  }

  /** Called for a node that has no room: whether nothing behind it may start before it any more. */
  mustWaitFor(node: object): boolean {
    const PASSES_MAX = 20;
    const passes = (this.#passes.get(node) ?? 0) + 1;
    this.#passes.set(node, passes);
    return passes > PASSES_MAX;
  }
}

/** The first of those that are in it comes first, whenever it was added: a binary heap. */
class Line<N> {
  readonly #compare: (a: N, b: N) => number;
  readonly #heap: N[] = [];

  constructor(compare: (a: N, b: N) => number) {
    this.#compare = compare;
  }

  get first(): N | undefined {
    return this.#heap[0];
  }

  add(node: N): void {
    let at = this.#heap.push(node) - 1;
    for (let up = (at - 1) >> 1; at > 0 && this.#swapIfLess(at, up); up = (at - 1) >> 1) at = up;
  }

  next(): N | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return last;
    heap[0] = last;
    for (let at = 0, down = 1; down < heap.length; down = 2 * at + 1) {
      if (this.#isLess(down + 1, down)) down += 1;
      if (!this.#swapIfLess(down, at)) break;
      at = down;
    }
    return first;
  }

  #isLess(low: number, high: number): boolean {
    const [a, b] = [this.#heap[low], this.#heap[high]];
    return a !== undefined && b !== undefined && this.#compare(a, b) < 0;
  }

  #swapIfLess(low: number, high: number): boolean {
    const [a, b] = [this.#heap[low], this.#heap[high]];
    if (a === undefined || b === undefined || !this.#isLess(low, high)) return false;
    [this.#heap[low], this.#heap[high]] = [b, a];
    return true;
  }
}
