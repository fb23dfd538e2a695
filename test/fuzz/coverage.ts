// Which parts of the product's code were reached, by V8's block coverage. V8 names the blocks of a function that were not
// reached; one that was reached as often as the block around it has no range of its own. So what is kept is what is still
// unreached of each function.
import { Session } from "node:inspector";

type Range = readonly [start: number, end: number];

interface Report {
  result: {
    url: string;
    functions: { ranges: { startOffset: number; endOffset: number; count: number }[] }[];
  }[];
}

export class Coverage implements Disposable {
  readonly #session = new Session();
  readonly #isWanted: (url: string) => boolean;
  readonly #unreached = new Map<string, readonly Range[]>();

  constructor(isWanted: (url: string) => boolean) {
    this.#isWanted = isWanted;
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** True when code was reached since it was last asked that never had been before; what was reached is forgotten. */
  isNew(): boolean {
    return this.#changes().length > 0;
  }

  /** As `isNew`, and the code counts as reached from now on. */
  keep(): boolean {
    const changes = this.#changes();
    for (const [key, ranges] of changes) this.#unreached.set(key, ranges);
    return changes.length > 0;
  }

  /** Functions of which more was reached than ever, with what is left of them. */
  #changes(): (readonly [string, readonly Range[]])[] {
    let report: Report = { result: [] };
    // The session answers at once: it is of this very process.
    this.#session.post("Profiler.takePreciseCoverage", (error, found) => {
      if (error) throw error;
      report = found;
    });
    return report.result
      .filter(({ url }) => this.#isWanted(url))
      .flatMap(({ url, functions }) =>
        functions.flatMap(({ ranges: [whole, ...blocks] }) => {
          if (whole === undefined || whole.count === 0) return [];
          const key = `${url} ${whole.startOffset} ${whole.endOffset}`;
          const before = this.#unreached.get(key) ?? [[whole.startOffset, whole.endOffset]];
          const missed = blocks
            .filter(({ count }) => count === 0)
            .map(({ startOffset, endOffset }): Range => [startOffset, endOffset]);
          const left = intersect(before, missed);
          return sizeOf(left) < sizeOf(before) ? [[key, left] as const] : [];
        }),
      );
  }

  [Symbol.dispose](): void {
    this.#session.disconnect();
  }
}

function intersect(a: readonly Range[], b: readonly Range[]): Range[] {
  return a.flatMap(([start, end]) =>
    b.flatMap(([from, to]): Range[] => {
      const common: Range = [Math.max(start, from), Math.min(end, to)];
      return common[0] < common[1] ? [common] : [];
    }),
  );
}

function sizeOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, [start, end]) => sum + end - start, 0);
}
