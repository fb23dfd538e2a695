// The small things that everybody uses.
import { shownJson } from "#base/shown-json.ts";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  chmodSync,
  existsSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { byteStringOf, fromByteString, textOf, toByteString } from "#base/bytes.ts";
import { canonicalJson, documentJson, linedJson, linesOfJson, prettyJson } from "#base/canonical-json.ts";
import { firstProblem, isPipeliteError } from "#base/errors.ts";
import { filesBelow, removeTree, statSignature, temporaryFor, writeFileAtomically } from "#base/files.ts";
import { flock, tryFlock } from "#base/libc.ts";
import { isProcessAlive } from "#base/process.ts";
import { syncFileSystem } from "#base/sync-file.ts";

test("canonical JSON parses back, and does not depend on the order of keys", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = canonicalJson(value);
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
      assert.deepEqual(JSON.parse(prettyJson(value)), JSON.parse(text));
    }),
  );
  assert.equal(canonicalJson({ b: 1, a: [true, null, "\u00e9"] }), '{"a":[true,null,"\u00e9"],"b":1}');
  // By UTF-8 bytes: U+FF5E before U+1F600, though UTF-16 orders them the other way.
  assert.equal(canonicalJson({ "\u{1f600}": 1, "\uff5e": 2 }), '{"\uff5e":2,"\u{1f600}":1}');
});

test("canonical JSON has its members in order at every depth, numbers and odd names among them", () => {
  const value = {
    z: [{ b: 1, a: { d: [], c: null } }, 2],
    "9": 1,
    "10": { y: 1, x: 2 },
    a: { x: -0, w: "" },
  };
  assert.equal(
    canonicalJson(value),
    '{"10":{"x":2,"y":1},"9":1,"a":{"w":"","x":0},"z":[{"a":{"c":null,"d":[]},"b":1},2]}',
  );
  const odd = JSON.parse('{"b":{"d":1,"__proto__":{"g":1,"f":2}},"a":1}') as unknown;
  assert.equal(canonicalJson(odd), '{"a":1,"b":{"__proto__":{"f":2,"g":1},"d":1}}');
});

test("canonical JSON in blocks is the same text", () => {
  const member = fc.jsonValue({ noUnicodeString: false });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), member), (value) => {
      assert.equal([...linesOfJson(value)].join(""), linedJson(value));
      assert.deepEqual(JSON.parse(linedJson(value)), JSON.parse(prettyJson(value)));
    }),
  );
  const long = { list: Array.from({ length: 20_000 }, (_, index) => ({ b: "text", a: index })), z: [] };
  assert.equal([...linesOfJson(long)].join(""), linedJson(long));
  assert.ok([...linesOfJson(long)].length > 1);
});

test("canonical JSON refuses what JSON would change silently: JSON_NOT_CANONICAL, with the place", () => {
  for (const value of [Number.NaN, Infinity, undefined, "\ud800", new Date(0), new Map(), () => 1, 1n]) {
    assert.throws(
      () => canonicalJson({ a: [0, value] }),
      (error) => isPipeliteError(error, "JSON_NOT_CANONICAL") && error.details["at"] === "$.a[1]",
    );
  }
});

test("byte strings keep every byte, and every text", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) =>
      assert.deepEqual([...fromByteString(toByteString(bytes))], [...bytes]),
    ),
  );
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => assert.equal(textOf(byteStringOf(text)), text)),
  );
});

function withFolder(action: (folder: string) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), "pipelite-base-"));
    try {
      await action(folder);
    } finally {
      removeTree(folder);
    }
  };
}

test(
  "an exclusive lock keeps others out until it is given back; waiting ends then, or at the time limit",
  withFolder(async (folder) => {
    const file = join(folder, "lock");
    const [ours, theirs] = [openSync(file, "w"), openSync(file, "w")];
    assert.ok(tryFlock(ours, "exclusive"));
    assert.equal(tryFlock(theirs, "shared"), false);
    await assert.rejects(flock(theirs, "exclusive", { timeoutMs: 30 }), (error) =>
      isPipeliteError(error, "LOCK_TIMEOUT"),
    );
    const waiting = flock(theirs, "exclusive");
    setTimeout(() => closeSync(ours), 20);
    await waiting;
    closeSync(theirs);
  }),
);

test(
  "removeTree removes read-only folders, and leaves nothing of an atomic write behind",
  withFolder((folder) => {
    mkdirSync(join(folder, "a/b"), { recursive: true });
    writeFileSync(join(folder, "a/b/c"), "");
    chmodSync(join(folder, "a/b"), 0o555);
    chmodSync(join(folder, "a"), 0o555);
    removeTree(join(folder, "a"));
    assert.equal(existsSync(join(folder, "a")), false);
    writeFileAtomically(join(folder, "x/y.txt"), "1");
    symlinkSync("/dev/null", join(folder, "nothing"));
    writeFileAtomically(join(folder, "nothing"), "1");
    assert.ok(statSync(join(folder, "nothing")).isCharacterDevice(), "a device stays what it is");
    rmSync(join(folder, "nothing"));
    assert.deepEqual(readdirSync(join(folder, "x")), ["y.txt"]);
  }),
);

test(
  "a link that somebody put where an atomic write begins leads nowhere",
  withFolder((folder) => {
    const place = join(folder, "report.html");
    const temporary = temporaryFor(place);
    writeFileSync(join(folder, "mine"), "mine");
    for (const content of ["1", ["1"]]) {
      symlinkSync(join(folder, "mine"), temporary);
      writeFileAtomically(place, content);
      mkdirSync(join(temporary, "folder"), { recursive: true });
      assert.throws(() => writeFileAtomically(place, content), /EEXIST/);
      assert.deepEqual(readdirSync(temporary), ["folder"]);
      rmSync(temporary, { recursive: true });
    }
    assert.equal(readFileSync(join(folder, "mine"), "utf8"), "mine");
    assert.deepEqual(readdirSync(folder).toSorted(), ["mine", "report.html"]);
  }),
);

test("a file system is waited for; that it could not be is told", async () => {
  // That of the kernel, which is never written to a disk.
  const fd = openSync("/proc", "r");
  try {
    assert.equal(await syncFileSystem(fd), true);
  } finally {
    closeSync(fd);
  }
  assert.equal(await syncFileSystem(2 ** 30), false);
});

test(
  "a stat signature changes with the file",
  withFolder((folder) => {
    const file = join(folder, "f");
    assert.equal(statSignature(file), undefined);
    writeFileSync(file, "1");
    const before = statSignature(file);
    writeFileSync(file, "2");
    assert.notEqual(statSignature(file), before);
  }),
);

test("what went wrong first counts, where giving back what was held went wrong, too", () => {
  const [first, second] = [new Error("no space"), new Error("nor for the lock")];
  const fails = (): void => {
    using _ = {
      [Symbol.dispose]: () => {
        throw second;
      },
    };
    throw first;
  };
  assert.throws(fails, (error) => error instanceof SuppressedError && firstProblem(error) === first);
  assert.equal(firstProblem(second), second);
});

test("a process is alive while it runs, not while it is a zombie, and not after", async () => {
  assert.ok(isProcessAlive(process.pid));
  // The shell does not wait for its child, which is dead at once and stays a zombie as long as the shell sleeps.
  const shell = spawn("sh", ["-c", "true & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = (await once(shell.stdout, "data")) as [Buffer];
  const zombie = line.toString().trim();
  while (isProcessAlive(zombie)) await new Promise((resolve) => setTimeout(resolve, 10));
  shell.kill("SIGKILL");
});

test("JSON that is looked at has the same value, and nothing in it that is not seen", () => {
  const value = { "\u202ename": "\u001b[2J\u009b2J\u2066\u200b\u2028\u{e0041}é😀", n: [1, "\u007f"] };
  for (const text of [shownJson(value), shownJson(value, 2), documentJson(value), linedJson(value)]) {
    assert.deepEqual(JSON.parse(text), value);
    assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}\u2028\u2029]/u);
    assert.match(text, /é😀/u);
  }
});

test("files below a folder are its own: links lead nowhere, be it out, in a circle or to a file", () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-files-"));
  try {
    mkdirSync(join(folder, "a/b"), { recursive: true });
    writeFileSync(join(folder, "a/b/x"), "");
    writeFileSync(join(folder, "y"), "");
    symlinkSync("/usr", join(folder, "out"));
    symlinkSync("..", join(folder, "a/circle"));
    symlinkSync("y", join(folder, "z"));
    assert.deepEqual(filesBelow(folder).toSorted(), ["a/b/x", "y"]);
  } finally {
    removeTree(folder);
  }
});

test("a write that fails names its file", () => {
  assert.throws(() => writeFileAtomically("/dev/full", "x"), { code: "ENOSPC", path: "/dev/full" });
  assert.throws(() => writeFileAtomically("/dev/full", ["x"]), { code: "ENOSPC", path: "/dev/full" });
});
