// Lists of machines, the wire, and daemons that say what none should.
import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough, Writable } from "node:stream";
import { describe, test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { DaemonConnection, type Transport } from "#engine/daemon/connection.ts";
import { DAEMON_SILENCE } from "#engine/daemon/silence.ts";
import { parseMachines } from "#engine/daemon/machines.ts";
import { WireReader, WireWriter } from "#nix/wire.ts";
import { absentPath, coded, StoreRig } from "../store/rig.ts";

const HERE = "x86_64-linux";

describe("lists of machines", () => {
  test("all fields, comments, semicolons, files in files", () => {
    using rig = new StoreRig();
    rig.write({ inner: "ssh-ng://b aarch64-linux\n", list: `# all\n@${rig.path("inner")}\nc - - 3` });
    const text = `ssh-ng://anna@a:22?remote-store=/s x86_64-linux,i686-linux /key 4 2.5 kvm,big-parallel kvm c3No ; @${rig.path("list")}`;
    assert.deepEqual(parseMachines(text, HERE), [
      {
        uri: "ssh-ng://anna@a:22?remote-store=/s",
        systems: ["x86_64-linux", "i686-linux"],
        key: "/key",
        jobs: 4,
        speed: 2.5,
        features: ["kvm", "big-parallel"],
        mandatoryFeatures: ["kvm"],
        hostKey: "c3No",
      },
      {
        uri: "ssh-ng://b",
        systems: ["aarch64-linux"],
        jobs: 1,
        speed: 1,
        features: [],
        mandatoryFeatures: [],
      },
      { uri: "ssh-ng://c", systems: [HERE], jobs: 3, speed: 1, features: [], mandatoryFeatures: [] },
    ]);
    assert.deepEqual(parseMachines("", HERE), []);
  });

  for (const line of [
    "a b c d",
    "a - - -1",
    "a - - 1 0",
    "a - - 1 nan",
    "ssh://a",
    "ftp://a",
    "ssh-ng://-oProxyCommand=x",
    "a b c 1 1 f m k more",
    "@/none",
    "@/dev/zero",
  ]) {
    test(`refused: ${line}`, () => {
      assert.throws(() => parseMachines(line, HERE), coded("MACHINES_INVALID"));
    });
  }
});

test("a file of machines that names itself is refused by its name", () => {
  using rig = new StoreRig();
  rig.write({ list: `@${rig.path("list")}` });
  assert.throws(() => parseMachines(`@${rig.path("list")}`, HERE), coded("MACHINES_INVALID"));
});

describe("the wire", () => {
  test("what is written is read, in pieces of any size", async () => {
    const bytes = new WireWriter()
      .number(2 ** 40)
      .string("abc")
      .strings(["", "12345678", "ä"])
      .boolean(true)
      .bytes();
    for (const size of [1, 3, 8, 1000]) {
      const reader = new WireReader(pieces(bytes, size));
      assert.equal(await reader.number(), 2 ** 40);
      assert.equal(await reader.string(), "abc");
      assert.deepEqual(await reader.strings(), ["", "12345678", "ä"]);
      assert.equal(await reader.boolean(), true);
      await assert.rejects(reader.number(), coded("WIRE_ENDED"));
    }
  });

  test("lengths without sense, and padding that is not zero", async () => {
    const long = new WireWriter().number(2 ** 50).bytes();
    await assert.rejects(new WireReader(pieces(long, 8)).string(), coded("WIRE_INVALID"));
    await assert.rejects(new WireReader(pieces(long, 8)).strings(), coded("WIRE_INVALID"));
    await assert.rejects(new WireReader(pieces(Buffer.alloc(8, 255), 8)).number(), coded("WIRE_INVALID"));
    const half = Buffer.alloc(2 ** 25 + 8);
    const list = async function* () {
      yield new WireWriter().number(2).bytes();
      for (let count = 0; count < 2; count += 1) {
        yield new WireWriter().number(half.length).bytes();
        yield half;
      }
    };
    await assert.rejects(new WireReader(list()).strings(), coded("WIRE_INVALID"));
    const dirty = Buffer.from(new WireWriter().string("a").bytes());
    dirty[15] = 1;
    await assert.rejects(new WireReader(pieces(dirty, 16)).string(), coded("WIRE_INVALID"));
  });
});

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const MAGIC = 0x6478696f;
const LAST = 0x616c7473;
const ERROR = 0x63787470;

/** A daemon that says these bytes, whatever it hears. */
async function greet(bytes: Uint8Array, lastWords = ""): Promise<DaemonConnection> {
  const input = new PassThrough();
  input.resume();
  const transport: Transport = {
    input,
    output: pieces(bytes, 8),
    lastWords: async () => lastWords,
    close: () => undefined,
  };
  return DaemonConnection.open(transport, "ssh-ng://m");
}

describe("daemons", () => {
  const hello = (minor: number) => new WireWriter().number(MAGIC).number(0x100 + minor);

  test("of 1.34, 1.35 and newer are spoken to in what both understand", async () => {
    assert.equal((await greet(hello(34).string("2.8.0").number(LAST).bytes())).protocol, "1.34");
    const trusted = await greet(hello(35).string("2.15").number(1).number(LAST).bytes());
    assert.deepEqual([trusted.protocol, trusted.isObeyed], ["1.35", true]);
    const untrusted = await greet(hello(39).string("2.35").number(2).number(LAST).bytes());
    assert.deepEqual([untrusted.protocol, untrusted.nixVersion, untrusted.isObeyed], ["1.37", "2.35", false]);
  });

  for (const [what, bytes, code] of [
    ["too old", hello(33).bytes(), "MACHINE_PROTOCOL"],
    ["of another major version", new WireWriter().number(MAGIC).number(0x222).bytes(), "MACHINE_PROTOCOL"],
    ["no daemon at all", Buffer.from("SSH-2.0-OpenSSH_9.2 and so on\r\n"), "MACHINE_PROTOCOL"],
    ["another magic", new WireWriter().number(1).number(0x122).bytes(), "MACHINE_PROTOCOL"],
    ["gone in mid-word", hello(34).bytes(), "MACHINE_LOST"],
    ["an unknown message", hello(34).string("2.8.0").number(77).bytes(), "MACHINE_PROTOCOL"],
    [
      "an error",
      hello(34)
        .string("2.8.0")
        .number(ERROR)
        .string("Error")
        .number(0)
        .string("")
        .string("no")
        .number(0)
        .number(0)
        .bytes(),
      "MACHINE_REFUSES",
    ],
  ] as const) {
    test(`${what}: ${code}`, async () => {
      await assert.rejects(greet(bytes), coded(code));
    });
  }

  test("that are gone while they are sent something are lost", { timeout: 60_000 }, async () => {
    const input = new Writable({
      highWaterMark: 1,
      write(chunk: Uint8Array, _, done) {
        if (chunk.length < 1000) done();
        else this.destroy();
      },
    });
    const output = async function* () {
      yield* pieces(hello(34).string("2.8.0").number(LAST).bytes(), 8);
      await once(input, "close");
    };
    const transport = { input, output: output(), lastWords: async () => "", close: () => undefined };
    const connection = await DaemonConnection.open(transport, "ssh-ng://m");
    const path = absentPath();
    const nar = { path, narHash: new Uint8Array(32), narSize: 3000, references: [] };
    const slowly = async function* () {
      for (const piece of [1000, 1000, 1000]) {
        await new Promise(setImmediate);
        yield Buffer.alloc(piece);
      }
    };
    const sent = connection.addPaths([nar], slowly, new AbortController().signal);
    await assert.rejects(sent, coded("MACHINE_LOST"));
  });

  for (const [what, ask] of [
    ["answers nothing", (connection) => connection.validPaths([])],
    [
      "takes nothing",
      (connection) => {
        const path = absentPath();
        const nar = { path, narHash: new Uint8Array(32), narSize: 2 ** 20, references: [] };
        const bytes = async function* () {
          yield Buffer.alloc(2 ** 20);
        };
        return connection.addPaths([nar], bytes, new AbortController().signal);
      },
    ],
  ] as const satisfies [string, (connection: DaemonConnection) => Promise<unknown>][])
    test(`that ${what} are lost after a while`, async () => {
      const input = new Writable({
        highWaterMark: 1000,
        write: (chunk: Uint8Array, _, done) => void (chunk.length < 1000 && done()),
      });
      const output = async function* () {
        yield* pieces(hello(34).string("2.8.0").number(LAST).bytes(), 8);
        await new Promise(() => undefined);
      };
      const transport = { input, output: output(), lastWords: async () => "", close: () => undefined };
      const connection = await DaemonConnection.open(transport, "ssh-ng://m");
      const { maxMs } = DAEMON_SILENCE;
      DAEMON_SILENCE.maxMs = 50;
      try {
        await assert.rejects(
          ask(connection),
          (error) => isPipeliteError(error, "MACHINE_LOST") && error.message.includes("silent for 0.05 s"),
        );
      } finally {
        DAEMON_SILENCE.maxMs = maxMs;
      }
    });

  test("what ssh says last is what is told", async () => {
    await assert.rejects(
      greet(new Uint8Array(), "Permission denied (publickey)."),
      (error) => isPipeliteError(error, "MACHINE_LOST") && error.message.includes("Permission denied"),
    );
  });
});
