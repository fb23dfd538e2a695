// Entries of the build trace, held to the vectors of Nix's own tests: `src/libstore-tests/data/realisation` of NixOS/nix, files
// `with-signature-structured.json` (commit 26c9a5a2), `unkeyed-simple.json` (30e71b1d), `unkeyed-with-signature.json`,
// `with-signature-unstructured.json`, `simple-fingerprint.txt` and `with-signature-fingerprint.txt` (ac274952). No Nix that writes them
// was at hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildTraceFile, buildTraceFingerprint, parseBuildTrace } from "#nix/build-trace.ts";
import { parseStorePath } from "#nix/store-path.ts";

const HASH = "g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q";
const KEY = { drvPath: parseStorePath(`/nix/store/${HASH}-bar.drv`), output: "foo" };
const ZEROS = `${"A".repeat(86)}==`;
const STRUCTURED = `{
  "key": {
    "drvPath": "${HASH}-bar.drv",
    "outputName": "foo"
  },
  "value": {
    "outPath": "${HASH}-foo",
    "signatures": [
      {
        "keyName": "asdf",
        "sig": "${ZEROS}"
      }
    ]
  }
}
`;
const UNSTRUCTURED = `{
  "key": {
    "drvPath": "${HASH}-bar.drv",
    "outputName": "foo"
  },
  "value": {
    "outPath": "${HASH}-foo.drv",
    "signatures": [
      "asdf:${ZEROS}"
    ]
  }
}
`;
const UNKEYED = `{
  "outPath": "${HASH}-foo",
  "signatures": []
}
`;
const UNKEYED_SIGNED = `{
  "outPath": "${HASH}-foo.drv",
  "signatures": [
    {
      "keyName": "asdf",
      "sig": "${ZEROS}"
    }
  ]
}
`;

test("whole entries and values alone are read, with signatures of either form", () => {
  const [plain, drv] = ["-foo", "-foo.drv"].map((end) => ({
    ...KEY,
    outPath: parseStorePath(`/nix/store/${HASH}${end}`),
    signatures: [`asdf:${ZEROS}`],
  }));
  assert.deepEqual(parseBuildTrace(STRUCTURED, KEY), plain);
  assert.deepEqual(parseBuildTrace(UNSTRUCTURED, KEY), drv);
  assert.deepEqual(parseBuildTrace(UNKEYED, KEY), { ...plain, signatures: [] });
  assert.deepEqual(parseBuildTrace(UNKEYED_SIGNED, KEY), drv);
});

test("what is signed is all but the signatures, and the file is named by derivation and output", () => {
  assert.equal(
    buildTraceFingerprint(parseBuildTrace(UNKEYED, KEY)),
    `{"key":{"drvPath":"${HASH}-bar.drv","outputName":"foo"},"value":{"outPath":"${HASH}-foo"}}`,
  );
  assert.equal(
    buildTraceFingerprint(parseBuildTrace(UNKEYED_SIGNED, KEY)),
    `{"key":{"drvPath":"${HASH}-bar.drv","outputName":"foo"},"value":{"outPath":"${HASH}-foo.drv"}}`,
  );
  assert.equal(buildTraceFile(KEY), `build-trace-v2/${HASH}-bar.drv/foo.doi`);
});

test("whatever is no entry of this derivation is refused", () => {
  for (const text of [
    "",
    "[]",
    "{}",
    STRUCTURED.replace("-bar.drv", "-baz.drv"),
    STRUCTURED.replace('"foo"', '"bar"'),
    STRUCTURED.replace('"value"', '"values"'),
    STRUCTURED.replace('"keyName": "asdf"', '"keyName": "a:b"'),
    STRUCTURED.replace('"keyName"', '"name"'),
    UNKEYED.replace("[]", "{}"),
    UNKEYED.replace("[]", "[1]"),
    UNKEYED.replace('"outPath"', '"path"'),
    // In the older shape.
    `{"dependentRealisations":{},"id":"sha256:${"0".repeat(64)}!foo","signatures":[]}`,
  ])
    assert.throws(() => parseBuildTrace(text, KEY), { code: "REALISATION_INVALID" }, text);
  const outside = UNKEYED.replace(`${HASH}-foo`, "../foo");
  assert.throws(() => parseBuildTrace(outside, KEY), { code: "STORE_PATH_INVALID" });
});
