// A connection to PostgreSQL on which the other end may say anything: what its driver throws while it reads belongs to nobody who
// waits, and would end the program as a fault of whatever runs.
import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import pg from "pg";
import { NoPostgres } from "./no-postgres.ts";
import { PATIENCE, SilenceWatch, type Patience } from "./silence.ts";

const CONNECT_TIMEOUT_MS = 10_000;
/** Of what comes for one statement. A million measurements are a fifth of it. */
const ANSWER_BYTES_MAX = 2 ** 29;

export function postgresPool(database: string, patience: Patience = PATIENCE): pg.Pool {
  const pool = new pg.Pool({
    connectionString: database,
    max: 1,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: "pipelite",
    Client: guardedClient(patience),
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

function guardedClient(patience: Patience): typeof pg.Client {
  return class GuardedClient extends pg.Client {
    constructor(config?: string | pg.ClientConfig) {
      super(config);
      guard(this, patience);
    }
  };
}

function guard(client: pg.Client, patience: Patience): void {
  const { connection } = client as unknown as { connection: Wire };
  const attach = connection.attachListeners.bind(connection);
  const come = { bytes: 0 };
  const watch = new SilenceWatch(client, patience);
  const hear = (chunk: Uint8Array): void => {
    watch.heard();
    come.bytes += chunk.length;
    if (come.bytes > ANSWER_BYTES_MAX) throw new Error(`it has more than ${ANSWER_BYTES_MAX} bytes`);
  };
  connection.attachListeners = (stream) => attach(guarded(stream, hear));
  connection.prependListener("authenticationCleartextPassword", () => requireSecrecy(connection.stream));
  // The driver leaves the connection open on which it could not sign in, and with it the program.
  const connect = client.connect.bind(client) as (done: (error: Error | null) => void) => void;
  const connected = (done: (error: Error | null) => void): void =>
    connect((error) => {
      if (error) connection.stream.destroy();
      done(error && told(error));
    });
  client.connect = connected as typeof client.connect;
  const query = client.query.bind(client) as (...words: unknown[]) => unknown;
  const answered = (...words: unknown[]): unknown => {
    come.bytes = 0;
    const answer = query(...words);
    if (!(answer instanceof Promise)) return answer;
    watch.asked(connection.stream);
    return answer.finally(() => watch.answered()).catch(refuse);
  };
  client.query = answered as typeof client.query;
  // One that has fallen silent closes nothing, and the program would wait for that.
  const end = client.end.bind(client) as (...words: unknown[]) => unknown;
  const ended = (...words: unknown[]): unknown => {
    setTimeout(() => void connection.stream.destroy(), patience.endMs).unref();
    return end(...words);
  };
  client.end = ended as typeof client.end;
}

/** Whoever listens, or says to be the server, would have the password. @throws Error where it would go out as it is */
function requireSecrecy(stream: Duplex): void {
  const { remoteAddress } = stream as Partial<Socket>;
  const isHere = remoteAddress === undefined || /^(::ffff:)?127\.|^::1$/.test(remoteAddress);
  if (isHere || "encrypted" in stream) return;
  throw new Error(
    "it wants the password in clear, on a connection without TLS (`?sslmode=verify-full`, or scram-sha-256 at the server, keeps it)",
  );
}

/** A stream on which an error of a listener, such as one about too many bytes, ends the connection. */
function guarded(stream: Duplex, hear: (chunk: Uint8Array) => void): Duplex {
  const emit = stream.emit.bind(stream) as (...words: unknown[]) => boolean;
  const guardedEmit = (...words: unknown[]): boolean => {
    try {
      const [event, chunk] = words;
      if (event === "data" && chunk instanceof Uint8Array) hear(chunk);
      return emit(...words);
    } catch (error) {
      stream.destroy(new NoPostgres(error));
      return true;
    }
  };
  return Object.assign(stream, { emit: guardedEmit });
}

const MESSAGE_MAX = 500;

/**
 * What PostgreSQL refuses has a code of five characters, what the system refuses its own; anything else is what the driver
 * could not make sense of.
 */
function told(error: unknown): Error {
  if (error instanceof pg.DatabaseError) {
    error.message = error.message.replaceAll(/\s+/g, " ").slice(0, MESSAGE_MAX);
    return /^[0-9A-Z]{5}$/.test(error.code ?? "") ? error : new NoPostgres(error);
  }
  const isTold =
    error instanceof Error &&
    (error instanceof NoPostgres ||
      "syscall" in error ||
      ("code" in error && error.code !== undefined) ||
      error.message.startsWith("Connection "));
  return isTold ? error : new NoPostgres(error);
}

function refuse(error: unknown): never {
  throw told(error);
}
