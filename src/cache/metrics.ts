// Figures of a running cache, in the text format of Prometheus.
import type { Store } from "#store/store.ts";

export class Metrics {
  readonly #startedMs = performance.now();
  readonly #answers = new Map<string, number>();
  #sentBytes = 0;
  #inFlight = 0;

  /** @returns what to call when the request is answered */
  start(): (status: number, method: string) => void {
    this.#inFlight += 1;
    return (status, method) => {
      this.#inFlight -= 1;
      const labels = `method="${/^[A-Z]+$/.test(method) ? method : "other"}",status="${status}"`;
      this.#answers.set(labels, (this.#answers.get(labels) ?? 0) + 1);
    };
  }

  sent(bytes: number): void {
    this.#sentBytes += bytes;
  }

  async *counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#sentBytes += chunk.length;
      yield chunk;
    }
  }

  text(store: Store): string {
    const answers = [...this.#answers].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return `${[
      "# TYPE pipelite_cache_requests_total counter",
      ...answers.map(([labels, count]) => `pipelite_cache_requests_total{${labels}} ${count}`),
      "# TYPE pipelite_cache_sent_bytes_total counter",
      `pipelite_cache_sent_bytes_total ${this.#sentBytes}`,
      "# TYPE pipelite_cache_requests_in_flight gauge",
      `pipelite_cache_requests_in_flight ${this.#inFlight}`,
      "# TYPE pipelite_cache_paths gauge",
      `pipelite_cache_paths ${store.countPaths()}`,
      "# TYPE pipelite_cache_uptime_seconds gauge",
      `pipelite_cache_uptime_seconds ${((performance.now() - this.#startedMs) / 1000).toFixed(3)}`,
    ].join("\n")}\n`;
  }
}
