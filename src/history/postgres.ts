// A connection to PostgreSQL on which the other end may say anything: what its driver throws while it reads belongs to nobody who
// waits, and would end the program as a fault of whatever runs.
import type { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import pg from "pg";
import { NoPostgres } from "./no-postgres.ts";

const CONNECT_TIMEOUT_MS = 10_000;
/** For one statement to be answered: the largest takes seconds. */
const ANSWER_TIMEOUT_MS = 300_000;
/** Of what comes for one statement. A million measurements are a fifth of it. */
const ANSWER_BYTES_MAX = 2 ** 29;

export function postgresPool(database: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: database,
    max: 1,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    application_name: "pipelite",
    Client: GuardedClient,
  });
  // A connection that is lost while nobody uses it shows at its next use; one that is lost in a statement, there.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

/** What the driver has, and its types leave out. */
interface Wire extends EventEmitter {
  stream: Duplex;
  attachListeners(stream: Duplex): void;
}

class GuardedClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    const { connection } = this as unknown as { connection: Wire };
    const attach = connection.attachListeners.bind(connection);
    const come = { bytes: 0 };
    connection.attachListeners = (stream) => attach(guarded(stream, come));
    // The driver leaves the connection open on which it could not sign in, and with it the program.
    const connect = this.connect.bind(this) as (done: (error: Error) => void) => void;
    const connected = (done: (error: Error) => void): void =>
      connect((error) => {
        if (error as unknown) connection.stream.destroy();
        done(error);
      });
    this.connect = connected as typeof this.connect;
    const query = this.query.bind(this) as (...words: unknown[]) => unknown;
    const answered = (...words: unknown[]): unknown => {
      come.bytes = 0;
      const answer = query(...words);
      return answer instanceof Promise ? answer.catch(refuse) : answer;
    };
    this.query = answered as typeof this.query;
  }
}

/** A stream on which an error of a listener, and more bytes than an answer has, end the connection. */
function guarded(stream: Duplex, come: { bytes: number }): Duplex {
  const emit = stream.emit.bind(stream) as (...words: unknown[]) => boolean;
  const guardedEmit = (...words: unknown[]): boolean => {
    try {
      const [event, chunk] = words;
      if (event === "data" && chunk instanceof Uint8Array) come.bytes += chunk.length;
      if (come.bytes > ANSWER_BYTES_MAX) throw new Error(`it has more than ${ANSWER_BYTES_MAX} bytes`);
      return emit(...words);
    } catch (error) {
      stream.destroy(new NoPostgres(error));
      return true;
    }
  };
  return Object.assign(stream, { emit: guardedEmit });
}

/** What PostgreSQL and the system refuse has a code; anything else is what the driver could not make sense of. */
function refuse(error: unknown): never {
  const isTold =
    error instanceof NoPostgres ||
    (error instanceof Error &&
      ("syscall" in error ||
        ("code" in error && error.code !== undefined) ||
        error.message.startsWith("Connection ")));
  throw isTold ? error : new NoPostgres(error);
}
