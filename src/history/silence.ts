// Whether a database that says nothing is slow or gone. A statement may wait minutes for a lock, and says nothing meanwhile; but a
// server that lives greets whoever comes at once, before it asks who that is.
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { NoPostgres } from "./no-postgres.ts";

export interface Patience {
  /** Without a byte, before it is looked whether the server lives. */
  silenceMs: number;
  /** For a server to greet a new connection. */
  greetingMs: number;
  /** For one statement of a server that lives. */
  answerMs: number;
  /** For the server to close a connection that is done with. */
  endMs: number;
}

export const PATIENCE: Patience = {
  silenceMs: 15_000,
  greetingMs: 10_000,
  answerMs: 3_600_000,
  endMs: 5_000,
};

export class SilenceWatch {
  readonly #patience: Patience;
  readonly #address: { host: string; port: number };
  #timer: NodeJS.Timeout | undefined;
  #askedMs = 0;
  #heardMs = 0;

  constructor(address: { host: string; port: number }, patience: Patience) {
    this.#address = address;
    this.#patience = patience;
  }

  /** Something is asked on this stream, which ends with an error when the server is gone. */
  asked(stream: Duplex): void {
    this.#askedMs = this.#heardMs = performance.now();
    this.#wait(stream);
  }

  heard(): void {
    this.#heardMs = performance.now();
  }

  answered(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(stream: Duplex): void {
    clearTimeout(this.#timer);
    const { silenceMs, answerMs } = this.#patience;
    const untilMs = Math.min(this.#heardMs + silenceMs, this.#askedMs + answerMs);
    const timer = setTimeout(() => void this.#look(stream, timer), Math.max(untilMs - performance.now(), 0));
    this.#timer = timer;
  }

  async #look(stream: Duplex, timer: NodeJS.Timeout): Promise<void> {
    const { silenceMs, greetingMs, answerMs } = this.#patience;
    const [now, heardMs] = [performance.now(), this.#heardMs];
    const isLate = now - this.#askedMs >= answerMs;
    const isAlive = now - heardMs < silenceMs || (await greets(this.#address, greetingMs));
    if (timer !== this.#timer) return;
    if (!isLate && (isAlive || this.#heardMs > heardMs)) return this.#wait(stream);
    const problem = isLate
      ? `it has not answered a statement for ${Math.round(answerMs / 1000)} seconds`
      : "it has fallen silent, and does not greet a new connection either";
    stream.destroy(new NoPostgres(new Error(problem)));
  }
}

/** Asks whether it speaks TLS (PostgreSQL's SSLRequest), which a server answers by one byte before anything else. */
async function greets({ host, port }: { host: string; port: number }, timeoutMs: number): Promise<boolean> {
  const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port });
  socket.once("connect", () => socket.write(SSL_REQUEST));
  socket.once("data", (bytes: Buffer) => resolve(/^[SNE]/.test(bytes.toString("latin1"))));
  socket.once("error", () => resolve(false)).once("close", () => resolve(false));
  const timer = setTimeout(() => resolve(false), timeoutMs);
  const isGreeting = await promise;
  clearTimeout(timer);
  socket.destroy();
  return isGreeting;
}
