// What answers at the address of a database is not PostgreSQL, or one that says what it likes: an error that says so, and no fault
// of Pipelite or of a pipeline.
import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { withHistory } from "#history/history.ts";
import { readRuns } from "#history/read.ts";
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
  "says JSON that is none": [
    hello,
    say(message("1"), message("2"), JSON_COLUMN, ROW, message("C", "SELECT 1\0"), READY),
    /JSON/,
  ],
  "sends what is no message": [hello, say(message("L")), /invalid response|received/],
};

for (const [name, [first, later, words]] of Object.entries(SERVERS))
  test(`a server that ${name} is told as one that can't be used`, { timeout: 60_000 }, async () => {
    using home = new FakeHome();
    const open = new Set<Socket>();
    const server = createServer((socket) => {
      open.add(socket.on("error", () => {}));
      let answer = first;
      socket.on("data", () => {
        answer(socket);
        answer = later;
      });
    });
    await new Promise<void>((listening) => void server.listen(0, "127.0.0.1", listening));
    const database = `postgres://u@127.0.0.1:${(server.address() as AddressInfo).port}/d`;
    try {
      await assert.rejects(
        withHistory({ home: home.home, database }, (history) => readRuns(history)),
        (error: Error) => {
          assert.ok(isPipeliteError(error, "HISTORY_UNREACHABLE"), String(error));
          assert.match(error.message, words);
          return true;
        },
      );
    } finally {
      // Where the client keeps its end open, this would wait for it.
      for (const socket of open) if (!socket.readableEnded) socket.resetAndDestroy();
      await new Promise((closed) => void server.close(closed));
    }
  });
