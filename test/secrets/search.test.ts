// A secret is found however it is written and cut, and nothing else is.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { removeTree } from "#base/files.ts";
import { Secrets } from "#secrets/secrets.ts";
import { readSecrets } from "#secrets/sources.ts";
import { findInTree } from "#secrets/tree.ts";
import { inputs } from "../rig/peer.ts";

const TOKEN = 'tok/en+"Zx é\\9';
const secrets = new Secrets([{ name: "TOKEN", value: TOKEN }]);

/** What a program may make of a secret. */
const FORMS: Readonly<Record<string, (value: string) => string>> = {
  plain: (value) => value,
  json: (value) => JSON.stringify({ value }),
  url: encodeURIComponent,
  "url, small letters": (value) => encodeURIComponent(value).toLowerCase().replace("zx", "Zx"),
  "url, every character": (value) =>
    [...Buffer.from(value)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
  form: (value) => new URLSearchParams({ value }).toString(),
  ...Object.fromEntries(
    ["", "a", "ab", "abc", "Basic user:"].flatMap((before) =>
      ["", "z", "zz"].flatMap((after) => [
        [
          `base64 ${before} ${after}`,
          (value: string) => Buffer.from(before + value + after).toString("base64"),
        ],
        [
          `base64url ${before} ${after}`,
          (value: string) => Buffer.from(before + value + after).toString("base64url"),
        ],
        [
          `base64 in lines ${before} ${after}`,
          (value: string) =>
            Buffer.from(before + value + after)
              .toString("base64")
              .replaceAll(/(.{5})/g, "$1\r\n"),
        ],
      ]),
    ),
  ),
};

/** Cuts bytes into pieces of these sizes. */
function pieces(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const cut: Buffer[] = [];
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = sizes.length === 0 ? bytes.length : (sizes[index % sizes.length] ?? 1);
    cut.push(bytes.subarray(at, at + size));
    at += size;
  }
  return cut;
}

test("a secret is found in each form, at every place, however the stream is cut", () => {
  for (const [name, form] of Object.entries(FORMS)) {
    for (let before = 0; before < 20; before += 1) {
      const text = Buffer.from("%".repeat(before % 3) + "x".repeat(before) + form(TOKEN) + "\nmore\n");
      for (const size of [1, 2, 3, 7, 64, 1000]) {
        const stream = secrets.stream();
        const found = pieces(text, [size]).map((piece) => stream.push(piece));
        assert.equal(found.at(-1), "TOKEN", `${name}, behind ${before}, in pieces of ${size}`);
      }
    }
  }
});

test("property: any secret is found in any form between any bytes, and nothing of it was passed on before", () => {
  const value = fc
    .string({ minLength: 8, maxLength: 40, unit: "grapheme" })
    .filter((text) => !/^\s|\s$/.test(text));
  const short = Object.entries(FORMS).filter(([name]) => !name.includes("Basic"));
  const forms = fc.constantFrom(...short.map(([, form]) => form));
  const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 6 });
  const bytes = fc.uint8Array({ maxLength: 60 });
  fc.assert(
    fc.property(value, forms, sizes, bytes, bytes, (secret, form, cuts, before, after) => {
      const one = new Secrets([{ name: "S", value: secret }]);
      const written = Buffer.from(form(secret));
      const isWhole = one.in(form(secret)) !== undefined;
      // Small letters of a URL are another secret, unless it has none.
      fc.pre(isWhole);
      const text = Buffer.concat([before, Buffer.from("\n"), written, Buffer.from("\n"), after]);
      const stream = one.stream();
      let shown = Buffer.alloc(0);
      let name: string | undefined;
      for (const piece of pieces(text, cuts)) {
        const { found, safe } = stream.pass(piece);
        shown = Buffer.concat([shown, safe]);
        name ??= found;
      }
      assert.equal(name, "S");
      const start = before.length + 1;
      const leaked = shown.subarray(start).toString("latin1").replaceAll(/\s/g, "");
      // Less than four characters of base64 are in every text.
      assert.ok(leaked.length < 4 + 9, `${JSON.stringify(leaked)} of ${JSON.stringify(form(secret))}`);
    }),
    { numRuns: inputs(3000) },
  );
});

test("property: what is no secret passes unchanged", () => {
  const one = new Secrets([{ name: "S", value: "correct horse" }]);
  const words = fc.constantFrom(
    "correct hors",
    "correct ",
    "%63orrect",
    "Y29ycmVj",
    "dCBob3J",
    "%",
    "%6",
    "\n",
    "horse",
    "co",
    "z",
  );
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(words, { maxLength: 12 }), sizes, (parts, cuts) => {
      const text = Buffer.from(parts.join(""));
      fc.pre(one.in(text) === undefined);
      const stream = one.stream();
      const shown = pieces(text, cuts).map((piece) => stream.pass(piece).safe);
      assert.deepEqual(Buffer.concat([...shown, stream.rest()]), text);
    }),
    { numRuns: inputs(2000) },
  );
});

test("a long stream is handed on as it comes, but for what may be the beginning of a secret", () => {
  const stream = secrets.stream();
  assert.equal(
    stream.pass(Buffer.from("50 %\rprogress [====>   ]\n")).safe.toString(),
    "50 %\rprogress [====>   ]\n",
  );
  assert.equal(stream.pass(Buffer.from("begins tok/e")).safe.toString(), "begins ");
  assert.equal(stream.pass(Buffer.from("x no\n")).safe.toString(), "tok/ex no\n");
});

test("a text is redacted, names of members too; of an encoded one nothing is left", () => {
  const url = `https://host/${encodeURIComponent(TOKEN)}?x`;
  assert.deepEqual(secrets.redactAll({ a: [`an ${TOKEN}!`, 1, null], [TOKEN]: url, fine: "text" }), {
    a: ["an [secret TOKEN]!", 1, null],
    "[secret TOKEN]": "[a text that holds the secret TOKEN]",
    fine: "text",
  });
});

test("names of files, folders together, links and contents are searched", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-secrets-"));
  const one = new Secrets([{ name: "S", value: "abcd/efgh" }]);
  const find = async (make: (root: string) => void) => {
    const root = mkdtempSync(join(folder, "tree-"));
    make(root);
    return findInTree(one, root);
  };
  try {
    assert.deepEqual(await find((root) => mkdirSync(join(root, "abcd/efgh"), { recursive: true })), {
      secret: "S",
      file: "",
    });
    assert.deepEqual(await find((root) => symlinkSync("../abcd/efgh", join(root, "link"))), {
      secret: "S",
      file: "link",
    });
    const deep = await find((root) => {
      mkdirSync(join(root, "sub"));
      writeFileSync(join(root, "sub/file"), "x".repeat(2 ** 20 - 4) + "abcd/efgh");
    });
    assert.deepEqual(deep, { secret: "S", file: "sub/file" });
    assert.equal(await find((root) => writeFileSync(join(root, "file"), "abcd/efg")), undefined);
    writeFileSync(join(folder, "alone"), "abcd%2Fefgh");
    assert.deepEqual(await findInTree(one, join(folder, "alone")), { secret: "S", file: "" });
  } finally {
    removeTree(folder);
  }
});

test("the line feed at the end of a variable is no part of the secret, or what is without it would not be found", () => {
  const secrets = readSecrets({ names: ["TOKEN"], sources: {}, env: { TOKEN: "a-value-of-a-token\n" } });
  assert.equal(secrets.value("TOKEN"), "a-value-of-a-token");
  assert.equal(secrets.in("said: a-value-of-a-token."), "TOKEN");
});
