// What answers at the address of a database is not PostgreSQL, or one that says what it likes: an error that says so, and no fault
// of Pipelite or of a pipeline.
import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { openRaw, withHistory } from "#history/history.ts";
import { countRuns, readRuns } from "#history/read.ts";
import { FakeHome } from "./rig.ts";

function message(type: string, content: Buffer | string = ""): Buffer {
  const body = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}

const READY = message("Z", "I");
const HELLO = Buffer.concat([message("R", Buffer.alloc(4)), READY]);
/** One column of the type JSON. */
const COLUMN = Buffer.concat([
  Buffer.from([0, 1]),
  Buffer.from("name\0"),
  Buffer.alloc(6),
  Buffer.from([0, 0, 0, 114]),
]);
const JSON_COLUMN = message("T", Buffer.concat([COLUMN, Buffer.from([0, 4, 255, 255, 255, 255, 0, 0])]));
const ROW = message("D", Buffer.concat([Buffer.from([0, 1, 0, 0, 0, 1]), Buffer.from("{")]));

type Answer = (socket: Socket) => void;
const hello: Answer = (socket) => void socket.write(HELLO);
const say =
  (...parts: Buffer[]): Answer =>
  (socket) =>
    void socket.write(Buffer.concat(parts));

const SERVERS: Record<string, [first: Answer, later: Answer, words: RegExp]> = {
  "speaks of an unknown way to sign in": [say(message("R", Buffer.from([0, 0, 0, 99]))), hello, /type 99/],
  "offers nothing that is known": [say(message("R", "\0\0\0\x0aEVIL\0\0")), hello, /SASL/],
  "goes away at the first statement": [hello, (socket) => void socket.destroy(), /terminated/],
  "goes away in the middle of a row": [
    hello,
    (socket) => void socket.end(Buffer.concat([JSON_COLUMN, ROW.subarray(0, 7)])),
    /terminated/,
  ],
  "fails without a code": [hello, say(message("E", "Mboom\0\0"), READY), /boom/],
  "fails with a code of its own": [hello, say(message("E", "CENOENT\0Mboom\0\0"), READY), /boom/],
  "says JSON that is none": [
    hello,
    say(message("1"), message("2"), JSON_COLUMN, ROW, message("C", "SELECT 1\0"), READY),
    /JSON/,
  ],
  "sends what is no message": [hello, say(message("L")), /invalid response|received/],
};

type Says = readonly [first: Answer, later: Answer];

async function serve([first, later]: Says, host = "127.0.0.1") {
  const home = new FakeHome();
  const open = new Set<Socket>();
  const heard: Buffer[] = [];
  const server = createServer((socket) => {
    open.add(socket.on("error", () => {}));
    let answer = first;
    socket.on("data", (chunk: Buffer) => {
      heard.push(chunk);
      answer(socket);
      answer = later;
    });
  });
  await new Promise<void>((listening) => void server.listen(0, host, listening));
  return {
    place: {
      home: home.home,
      database: `postgres://u:hidden@${host}:${(server.address() as AddressInfo).port}/d`,
    },
    heard: () => Buffer.concat(heard).toString("latin1"),
    async [Symbol.asyncDispose]() {
      // Where the client keeps its end open, this would wait for it.
      for (const socket of open) if (!socket.readableEnded) socket.resetAndDestroy();
      await new Promise((closed) => void server.close(closed));
      home[Symbol.dispose]();
    },
  };
}

/** What is made of a server that says this, and what it was told. */
async function ask(says: Says, host?: string): Promise<{ error: unknown; heard: string }> {
  await using server = await serve(says, host);
  const error: unknown = await withHistory(server.place, (history) => readRuns(history)).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, heard: server.heard() };
}

for (const [name, [first, later, words]] of Object.entries(SERVERS))
  test(`a server that ${name} is told as one that can't be used`, { timeout: 60_000 }, async () => {
    const { error } = await ask([first, later]);
    assert.ok(isPipeliteError(error, "HISTORY_UNREACHABLE"), String(error));
    assert.match(error.message, words);
  });

test("what a server says is shown in one line, and not without end", { timeout: 60_000 }, async () => {
  const said = say(message("E", `C42501\0Mno\n\npassed${"x".repeat(100_000)}\0\0`), READY);
  const { error } = await ask([hello, said]);
  assert.ok(isPipeliteError(error, "HISTORY_REFUSED"), String(error));
  assert.match(error.message, /: no passedx+$/);
  assert.ok(error.message.length < 1000);
});

const outside = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ internal, family }) => !internal && family === "IPv4")?.address;
const inClear = say(message("R", Buffer.from([0, 0, 0, 3])));

test("a password goes out in clear to this machine alone", { timeout: 60_000 }, async (t) => {
  assert.match((await ask([inClear, hello])).heard, /hidden/);
  if (outside === undefined) return t.skip("not run: this machine has no address that others see");
  const { error, heard } = await ask([inClear, hello], outside);
  assert.ok(isPipeliteError(error, "HISTORY_UNREACHABLE"), String(error));
  assert.match(error.message, /password in clear/);
  assert.doesNotMatch(heard, /hidden/);
});

/** Rows in which whatever is asked for is this. */
const rows = (column: string, ...values: string[]): Answer =>
  say(
    message("1"),
    message("2"),
    message("T", Buffer.concat([Buffer.from([0, 1]), Buffer.from(`${column}\0`), Buffer.alloc(18)])),
    ...values.map((value) =>
      message("D", Buffer.concat([Buffer.from([0, 1, 0, 0, 0, value.length]), Buffer.from(value)])),
    ),
    message("C", "SELECT 1\0"),
    READY,
  );

for (const [name, answer] of Object.entries({
  "no row": rows("count"),
  "a number below 0": rows("count", "-3"),
  "no number": rows("count", "many"),
  "another column": rows("other", "3"),
}))
  test(`a count that is ${name} is none`, { timeout: 60_000 }, async () => {
    await using server = await serve([hello, answer]);
    await assert.rejects(
      openRaw(server.place, (db) => countRuns({ db, name: "d", home: server.place.home })),
      (error) => isPipeliteError(error, "HISTORY_DAMAGED"),
    );
  });
