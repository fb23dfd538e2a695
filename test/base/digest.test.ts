// SHA-256 by Node's OpenSSL, called directly, beside node:crypto: in a process that hashes little and in one that hashes much.
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { digestOf, hexDigestOf, sriDigestOf } from "#base/digest.ts";
import { inputs } from "../rig/peer.ts";

test("a digest is that of node:crypto, of texts and bytes, of the first and of the ten thousandth", () => {
  const texts = fc.string({ unit: "binary" });
  const bytes = fc
    .tuple(fc.uint8Array({ maxLength: 300 }), fc.nat(40))
    .map(([all, start]) => all.subarray(Math.min(start, all.length)));
  let count = 0;
  fc.assert(
    fc.property(fc.oneof(texts, bytes), (content) => {
      count += 3;
      assert.equal(hexDigestOf(content), hash("sha256", content));
      assert.equal(digestOf(content), `sha256:${hash("sha256", content)}`);
      assert.equal(sriDigestOf(content), `sha256-${hash("sha256", content, "base64")}`);
    }),
    { numRuns: inputs(1000) },
  );
  assert.ok(count > 2 * inputs(1000), "both ways of hashing were taken");
});
