// A database that falls silent does not hold a command; one that is slow and lives is waited for.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { after, test } from "node:test";
import { NoPostgres } from "#history/no-postgres.ts";
import { postgresPool } from "#history/postgres.ts";
import { PATIENCE } from "#history/silence.ts";
import { needsPostgres, startPostgres, type Postgres } from "../rig/postgres.ts";

const skip = needsPostgres();
const server: Postgres | undefined = skip === false ? await startPostgres() : undefined;
after(() => server?.[Symbol.asyncDispose]());

/** Signed in, and ready for a statement. */
const HELLO = Buffer.from("R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I", "latin1");

/** A server that lets somebody in, and answers nothing then; how it greets those who come later. */
async function silent(greeting: string | undefined) {
  const open: Socket[] = [];
  const fake = createServer({ allowHalfOpen: true }, (socket) => {
    const first = open.length === 0 ? HELLO : greeting;
    open.push(socket.on("error", () => {}));
    socket.once("data", () => first !== undefined && socket.write(first));
  });
  await new Promise<void>((listening) => void fake.listen(0, "127.0.0.1", listening));
  const { port } = fake.address() as AddressInfo;
  return {
    database: `postgres://u@127.0.0.1:${port}/d`,
    visits: () => open.length,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((closed) => void fake.close(closed));
    },
  };
}

const QUICK = { ...PATIENCE, silenceMs: 20, greetingMs: 50, endMs: 20 };

test("one that has fallen silent is left when it greets nobody", { timeout: 20_000 }, async () => {
  await using fake = await silent(undefined);
  const pool = postgresPool(fake.database, QUICK);
  const client = await pool.connect();
  await assert.rejects(client.query("select 1"), (error) => {
    assert.ok(error instanceof NoPostgres);
    assert.match(error.message, /fallen silent/);
    return true;
  });
  client.release();
  await pool.end();
});

test(
  "one that greets and does not answer is left when its time for a statement is over",
  { timeout: 20_000 },
  async () => {
    await using fake = await silent("N");
    const pool = postgresPool(fake.database, { ...QUICK, greetingMs: 10_000, answerMs: 500 });
    const client = await pool.connect();
    await assert.rejects(client.query("select 1"), /has not answered a statement for 1 seconds/);
    assert.ok(fake.visits() > 2, `${fake.visits()}`);
    client.release();
    await pool.end();
  },
);

test(
  "one that falls silent between two statements does not keep the program",
  { timeout: 20_000 },
  async () => {
    await using fake = await silent(undefined);
    const pool = postgresPool(fake.database, QUICK);
    const client = await pool.connect();
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    const closed = once(stream, "close");
    client.release();
    await pool.end();
    await closed;
  },
);

test("a statement that takes long is waited for", { skip, timeout: 60_000 }, async () => {
  const pool = postgresPool(server?.createDatabase() ?? "", { ...QUICK, greetingMs: 10_000 });
  const client = await pool.connect();
  const { rows } = await client.query("select pg_sleep(1), 7 as seven");
  assert.equal((rows[0] as { seven: number }).seven, 7);
  client.release();
  await pool.end();
});
