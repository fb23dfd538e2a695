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
  run: (node: N) => Promise<NodeEnd>;
  /** Called for a node that is not run, with the node whose end is the cause, or undefined when the run was stopped. */
  skip: (node: N, because: N | undefined) => void;
}

/** Resolves when every node has been run or skipped. `run` must not throw: what it throws is a bug and is thrown on. */
export async function schedule<N>(nodes: readonly N[], options: ScheduleOptions<N>): Promise<void> {
  const { needs, isWork, jobs, keepGoing, signal, run, skip } = options;
  const ends = new Map<N, NodeEnd | "skipped">();
  const culprits = new Map<N, N>();
  const running = new Set<Promise<void>>();
  const waiting = new Set(nodes);
  let working = 0;
  let stopped = false;

  const start = async (node: N): Promise<void> => {
    const end = await run(node);
    ends.set(node, end);
    if (end !== "done") culprits.set(node, node);
    if (end === "cancelled" || (end === "failed" && !keepGoing)) stopped = true;
  };

  while (waiting.size > 0 || running.size > 0) {
    for (const node of waiting) {
      const needed = [...needs(node)];
      const bad = needed.find((need) => ends.has(need) && ends.get(need) !== "done");
      if (bad !== undefined || stopped || signal.aborted) {
        waiting.delete(node);
        ends.set(node, "skipped");
        const culprit = bad === undefined ? undefined : (culprits.get(bad) ?? bad);
        if (culprit !== undefined) culprits.set(node, culprit);
        skip(node, culprit);
      } else if (needed.every((need) => ends.get(need) === "done") && (!isWork(node) || working < jobs)) {
        waiting.delete(node);
        const work = isWork(node) ? 1 : 0;
        working += work;
        const task = start(node).finally(() => {
          working -= work;
          running.delete(task);
        });
        running.add(task);
      }
    }
    if (running.size > 0) await Promise.race(running);
  }
}
