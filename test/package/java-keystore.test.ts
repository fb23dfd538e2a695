// Keystores of Java: their times are made the same, and Java takes them still (test/environment has a root with one).
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { withTime } from "#package/java-keystore.ts";

interface Entry {
  tag?: number;
  alias: string;
  timeMs: number;
  content: string;
}

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
};
const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

function keystore(entries: readonly Entry[], password = "changeit", version = 2): Buffer {
  const parts = entries.flatMap(({ tag = 2, alias, timeMs, content }) => {
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(timeMs));
    return [number(tag), text(alias), time, text("X.509"), number(content.length), Buffer.from(content)];
  });
  const body = Buffer.concat([number(0xfeedfeed), number(version), number(entries.length), ...parts]);
  const digest = createHash("sha1")
    .update(Buffer.from(password, "utf16le").swap16())
    .update("Mighty Aphrodite")
    .update(body)
    .digest();
  return Buffer.concat([body, digest]);
}

const made = (timeMs: number) =>
  keystore([
    { alias: "debian:a.pem", timeMs, content: "certificate" },
    { alias: "debian:b.pem", timeMs: timeMs + 7, content: "another" },
  ]);

test("two that were made at different times become one, signed by the usual password", () => {
  const [first, second] = [withTime(made(1), 5000), withTime(made(99_999_999), 5000)];
  const same = [
    { alias: "debian:a.pem", timeMs: 5000, content: "certificate" },
    { alias: "debian:b.pem", timeMs: 5000, content: "another" },
  ];
  assert.deepEqual(first, keystore(same));
  assert.deepEqual(second, first);
  assert.deepEqual(withTime(keystore([]), 5000), keystore([]));
});

test("what is none, has keys in it, another password, or is cut off stays as it is", () => {
  const one = { alias: "a", timeMs: 1, content: "c" };
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from("PKCS"),
    keystore([one], "secret"),
    keystore([{ ...one, tag: 1 }]),
    keystore([one], "changeit", 1),
    made(1).subarray(0, 60),
    Buffer.concat([made(1), Buffer.from("x")]),
  ])
    assert.equal(withTime(bytes, 5000), undefined);
  for (let length = 0; length < made(1).length; length += 1)
    assert.equal(withTime(made(1).subarray(0, length), 1), undefined);
});
