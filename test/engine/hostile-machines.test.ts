// Machines that lie about what they built: nothing of it is registered, and the stage moves to one that does not.
import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { hex } from "#base/bytes.ts";
import type { DaemonConnection } from "#engine/daemon/connection.ts";
import { copyFrom } from "#engine/daemon/copy.ts";
import { nixEngine } from "#engine/nix-engine.ts";
import type { Derivation, DerivationOutput } from "#nix/aterm.ts";
import { sha256 } from "#nix/hash.ts";
import { makeFixedPath, makeTextPath, storePathBase, type StorePath } from "#nix/store-path.ts";
import { WireReader, WireWriter } from "#nix/wire.ts";
import type { PathInfo } from "#store/query.ts";
import { absentPath, coded, StoreRig } from "../store/rig.ts";

const [LAST, VERSION_1_34] = [0x616c7473, 0x122];

interface Claim {
  outPath: StorePath;
  status?: number;
  info: (path: StorePath) => PathInfo;
  nar: (path: StorePath) => AsyncIterable<Uint8Array>;
  /** It never stops talking while it builds. */
  isEndless?: boolean;
}

/** A line of a log, again and again: the result 101 of an activity, with one field that is a text. */
async function talk(socket: Socket): Promise<void> {
  const line = new WireWriter().number(0x52534c54).number(1).number(101).number(1).number(1).string("on");
  while (!socket.destroyed) {
    socket.write(line.bytes());
    await new Promise(setImmediate);
  }
}

/** A daemon that has all that it is asked about, and whose builds give what the test says. */
async function daemon(socket: Socket, claim: Claim): Promise<void> {
  const { outPath, status = 0, info, nar, isEndless = false } = claim;
  const reader = new WireReader(socket);
  const say = (writer: WireWriter): void => void socket.write(writer.bytes());
  const done = (): WireWriter => new WireWriter().number(LAST);
  for (let count = 0; count < 2; count++) await reader.number();
  say(new WireWriter().number(0x6478696f).number(VERSION_1_34));
  for (let count = 0; count < 2; count++) await reader.number();
  say(new WireWriter().string("2.8.0").number(LAST));
  for (;;) {
    switch (await reader.number()) {
      case 19:
        for (let count = 0; count < 12; count++) await reader.number();
        for (let left = 2 * (await reader.count()); left > 0; left--) await reader.string();
        say(done());
        break;
      case 31: {
        const paths = await reader.strings();
        await reader.number();
        say(done().strings(paths));
        break;
      }
      case 46: {
        const [wanted = ""] = await reader.strings();
        await reader.number();
        if (isEndless) return talk(socket);
        const built = done().number(1).string(wanted).number(status).string("it says no");
        for (let count = 0; count < 4; count++) built.number(0);
        say(
          built
            .number(1)
            .string("sha256:0!out")
            .string(JSON.stringify({ outPath: storePathBase(outPath) })),
        );
        break;
      }
      case 26: {
        const {
          narHash,
          narSize,
          references,
          contentAddress = "",
        } = info((await reader.string()) as StorePath);
        const told = done().number(1).string("").string(hex(narHash)).strings(references).number(0);
        say(told.number(narSize).number(0).strings([]).string(contentAddress));
        break;
      }
      case 38: {
        const path = (await reader.string()) as StorePath;
        say(done());
        for await (const chunk of nar(path)) socket.write(chunk);
        break;
      }
      default:
        throw new Error("the test's daemon does not know that");
    }
  }
}

interface Lie {
  what: string;
  /** Of the derivation; floating by default. */
  output?: (rig: Liar) => DerivationOutput;
  claim: (rig: Liar) => Promise<Partial<Claim> & { outPath: StorePath }>;
  words: RegExp;
}

class Liar extends StoreRig {
  readonly theirs = new StoreRig();

  override [Symbol.dispose](): void {
    this.theirs[Symbol.dispose]();
    super[Symbol.dispose]();
  }
}

const LINK = sha256(Buffer.from("link"));
const FIXED = { method: "flat", hash: { algorithm: "sha256", bytes: new Uint8Array(32) } } as const;
const CONTENTLESS =
  ({ theirs }: Liar) =>
  (path: StorePath) => {
    const { contentAddress: _, ...info } = theirs.store.info(path) as PathInfo;
    return info;
  };

const LIES: readonly Lie[] = [
  {
    what: "another path for a hash that is known",
    output: () => ({ kind: "fixed", path: makeFixedPath({ name: "made", ...FIXED }), ...FIXED }),
    claim: async ({ theirs }) => ({ outPath: await theirs.text("made") }),
    words: /no output of/,
  },
  {
    what: "a path of another name",
    claim: async ({ theirs }) => ({ outPath: await theirs.text("other") }),
    words: /no output of/,
  },
  {
    what: "a path without its content address",
    claim: async (rig) => ({ outPath: await rig.theirs.text("made"), info: CONTENTLESS(rig) }),
    words: /without its content address/,
  },
  {
    what: "beside its output one that nobody asked for",
    claim: async (rig) => {
      const other = await rig.theirs.text("of-another-stage");
      const outPath = await rig.theirs.text("made", [other]);
      const info = (path: StorePath): PathInfo =>
        path === other ? CONTENTLESS(rig)(path) : (rig.theirs.store.info(path) as PathInfo);
      return { outPath, info };
    },
    words: /without its content address/,
  },
  {
    what: "another content",
    claim: async ({ theirs }) => {
      const [outPath, other] = [await theirs.text("made"), await theirs.text("evil")];
      return { outPath, nar: () => theirs.store.narOf(other) };
    },
    words: /refuses/,
  },
  {
    what: "half of it, and is gone",
    claim: async ({ theirs }) => ({
      outPath: await theirs.text("made"),
      nar: async function* half() {
        yield Buffer.alloc(16);
        throw new Error("gone");
      },
    }),
    words: /./,
  },
];

/** Builds at a machine that lies, by itself. */
async function buildAt({ what: _, output, claim }: Lie, rig: Liar) {
  const { store } = rig;
  const made = await claim(rig);
  const out = output?.(rig) ?? { kind: "floating", method: "recursive", algorithm: "sha256" };
  const derivation: Derivation = {
    name: "made",
    outputs: new Map([["out", out]]),
    inputDrvs: new Map(),
    inputSrcs: [],
    system: "x86_64-linux",
    builder: "/bin/sh",
    args: [],
    env: new Map(),
  };
  const { theirs } = rig;
  const full: Claim = {
    info: (path) => theirs.store.info(path) as PathInfo,
    nar: (path) => theirs.store.narOf(path),
    ...made,
  };
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    daemon(socket, full).catch(() => socket.destroy());
  });
  const path = join(rig.path(), "s");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const engine = await nixEngine({ store, env: {}, builders: `unix://${path} x86_64-linux` });
  try {
    // What the machine is sent does not matter to it.
    const drvPath = await rig.text("made-drv");
    const before = store.validPaths();
    const outcome = await engine.build({
      name: "stage",
      drvPath,
      derivation,
      onLog: () => undefined,
      limits: { logBytes: 10_000 },
      signal: new AbortController().signal,
    });
    return { outcome, made, before, after: store.validPaths() };
  } finally {
    await engine.close();
    server.close();
  }
}

describe("a machine that gives", () => {
  for (const lie of LIES)
    test(`${lie.what} is refused, and nothing of that is kept`, async () => {
      using rig = new Liar();
      const { outcome, before, after } = await buildAt(lie, rig);
      assert.equal(outcome.status, "failed");
      const { error } = outcome;
      assert.match(error.code, /^MACHINE_(REFUSES|LOST)$/);
      assert.match(error.message, lie.words);
      assert.deepEqual(after, before);
    });

  test("a closure that is one long chain, and then nothing, is refused", async () => {
    using rig = new StoreRig();
    const chain: StorePath[] = [];
    const before = new Map<StorePath, StorePath[]>();
    for (let at = 0; at < 12_000; at += 1) {
      const references = chain.slice(-1);
      const path = makeTextPath({ name: `link-${at}`, sha256: LINK, references });
      before.set(path, references);
      chain.push(path);
    }
    const connection = {
      machine: "ssh-ng://m",
      pathInfo: async (path: StorePath) => ({
        path,
        narHash: new Uint8Array(32),
        narSize: 120,
        references: before.get(path) ?? [],
      }),
      async *nar() {
        yield Buffer.alloc(120);
      },
    } as unknown as DaemonConnection;
    const root = chain.at(-1) ?? absentPath();
    await assert.rejects(
      copyFrom(connection, rig.store, root, () => undefined),
      coded("MACHINE_REFUSES"),
    );
    assert.deepEqual(rig.store.validPaths(), []);
  });

  test("a log without end is ended, and the stage fails by its limit", async () => {
    using rig = new Liar();
    const claim = async ({ theirs }: Liar) => ({ outPath: await theirs.text("made"), isEndless: true });
    const { outcome } = await buildAt({ what: "", claim, words: /./ }, rig);
    assert.equal(outcome.status === "failed" && outcome.error.code, "STAGE_LOG_LIMIT");
  });

  test("what it should is believed, and a failure with an output is a failure", async () => {
    using rig = new Liar();
    const honest = async ({ theirs }: Liar) => ({ outPath: await theirs.text("made") });
    const failed: Lie = { what: "", claim: async (r) => ({ ...(await honest(r)), status: 3 }), words: /./ };
    assert.equal((await buildAt(failed, rig)).outcome.status, "failed");
    using second = new Liar();
    const good = await buildAt({ what: "", claim: honest, words: /./ }, second);
    assert.equal(good.outcome.status, "built");
    assert.ok(good.after.includes(good.made.outPath));
  });
});
