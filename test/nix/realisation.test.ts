// Realisations in the form of a binary cache, held to what `nix copy` of Nix 2.8 wrote.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRealisation, realisationId, writeRealisation } from "#nix/realisation.ts";

const FIRST = "sha256:301e6f10406b4a1579265d0a982dcfe090b31c1483081cbf592455c264147167!out";
const SECOND = "sha256:eab86d2ed481a2c0dfd780f1193db41126800c1ce6711556a05e086c2fc684aa!out";
const FILES = [
  `{"dependentRealisations":{},"id":"${FIRST}","outPath":"rzw70522yf1icix398z1592ay41xj1if-a","signatures":[]}`,
  `{"dependentRealisations":{"${FIRST}":"rzw70522yf1icix398z1592ay41xj1if-a"},"id":"${SECOND}","outPath":"s1gilikqfb6kwya2b2wi2dll4mxqs0gy-b","signatures":[]}`,
];

test("What Nix wrote is read, and written as the same bytes", () => {
  for (const file of FILES) assert.equal(writeRealisation(parseRealisation(file)), file);
  const [, second = ""] = FILES;
  const { id, outPath, dependencies } = parseRealisation(second);
  assert.equal(id, SECOND);
  assert.equal(outPath, "/nix/store/s1gilikqfb6kwya2b2wi2dll4mxqs0gy-b");
  assert.deepEqual([...dependencies], [[FIRST, "/nix/store/rzw70522yf1icix398z1592ay41xj1if-a"]]);
});

test("An id is the hash of the derivation and the name of the output", () => {
  assert.equal(realisationId(new Uint8Array(32), "doc"), `sha256:${"0".repeat(64)}!doc`);
});

test("Whatever is no realisation is refused", () => {
  const [file = ""] = FILES;
  const wrong = [
    "",
    "[]",
    "null",
    "{}",
    file.replace("sha256:", "sha1:"),
    file.replace("!out", "^out"),
    file.replace("!out", "!a/b"),
    file.replace('"signatures":[]', '"signatures":[1]'),
    file.replace('"signatures":[]', '"signatures":{}'),
    file.replace('"dependentRealisations":{}', '"dependentRealisations":[]'),
    file.replace('"dependentRealisations":{}', '"dependentRealisations":{"x":"y"}'),
  ];
  for (const text of wrong)
    assert.throws(() => parseRealisation(text), { code: "REALISATION_INVALID" }, text);
  assert.throws(() => parseRealisation(file.replace("rzw70522", "../../..")), { code: "STORE_PATH_INVALID" });
});
