// Every parser refuses every malformed input of its set (refuse/), with its code.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { type ErrorCode } from "#cli/error-rows.ts";
import { parseContentAddress } from "#nix/content-address.ts";
import { checkDerivation, derivationPath, parseDerivation, writeDerivation } from "#nix/derivation.ts";
import type { Derivation } from "#nix/derivation.ts";
import { fillOutputPaths } from "#nix/derivation-hash.ts";
import { ExportParser } from "#nix/export-stream.ts";
import { hashBytes, parseHash } from "#nix/hash.ts";
import { NarParser, NarWriter, type NarHandler } from "#nix/nar.ts";
import { parseNarInfo, writeNarInfo } from "#nix/narinfo.ts";
import { decodeNix32 } from "#nix/nix32.ts";
import { makeSecretKey, parseNixPublicKey, parseSecretKey, parseSignature } from "#nix/signature.ts";
import { makeFixedPath, makeTextPath, parseStorePath } from "#nix/store-path.ts";
import { refusedDerivations, validDerivation } from "./refuse/derivation.ts";
import { refusedNars, s, size } from "./refuse/nar.ts";
import type { Refused } from "./refuse/refused.ts";
import * as text from "./refuse/text.ts";

function refuses<Input>(
  parser: string,
  cases: readonly Refused<Input>[],
  parse: (input: Input) => unknown,
): void {
  suite(`${parser} refuses`, () => {
    assert.ok(cases.length > 0);
    for (const [what, input, code] of cases) {
      test(what, () =>
        assert.throws(
          () => parse(input),
          (error) => hasCode(error, code),
        ),
      );
    }
  });
}

function hasCode(error: unknown, code: ErrorCode): boolean {
  assert.ok(isPipeliteError(error), String(error));
  assert.equal(error.code, code);
  assert.doesNotMatch(
    `${error.message} ${error.hint ?? ""}`,
    /\{\w+\}/,
    "every hole of the message is filled",
  );
  return true;
}

/** Checks nothing itself, so that only the parser can refuse. */
const ignore: NarHandler = {
  startFile: () => {},
  content: () => {},
  endFile: () => {},
  symlink: () => {},
  startDirectory: () => {},
  entry: () => {},
  endEntry: () => {},
  endDirectory: () => {},
};

function parseNar(nar: Buffer, chunkSize: number): void {
  const parser = new NarParser(ignore);
  for (let at = 0; at < nar.length; at += chunkSize) parser.push(nar.subarray(at, at + chunkSize));
  parser.end();
}

refuses("decodeNix32", text.refusedNix32, decodeNix32);
refuses("parseHash", text.refusedHashes, (input) => parseHash(input));
refuses("parseStorePath", text.refusedStorePaths, parseStorePath);
refuses("parseContentAddress", text.refusedContentAddresses, parseContentAddress);
refuses("parseSignature", text.refusedSignatures, parseSignature);
refuses("parseNixPublicKey", text.refusedPublicKeys, parseNixPublicKey);
refuses("parseSecretKey", text.refusedSecretKeys, parseSecretKey);
refuses("parseNarInfo", text.refusedNarInfos, parseNarInfo);
refuses("NarParser", refusedNars, (input) => parseNar(input, 4096));
refuses("NarParser, byte by byte,", refusedNars, (input) => parseNar(input, 1));
refuses("parseDerivation", refusedDerivations, (input) => parseDerivation(Buffer.from(input, "latin1"), "x"));

const stream = readFileSync(join(import.meta.dirname, "vectors/chain.export"));
const somePath = `/nix/store/${"0".repeat(32)}-x`;
const oneNar = Buffer.concat([size(1), readFileSync(join(import.meta.dirname, "vectors/nar/hello.nar"))]);

function afterNar(...parts: Buffer[]): Buffer {
  return Buffer.concat([oneNar, ...parts]);
}

const magic = size(0x4558494e);
const refusedStreams: Refused<Buffer>[] = [
  ["nothing", Buffer.alloc(0), "EXPORT_INVALID"],
  ["no end", stream.subarray(0, -8), "EXPORT_INVALID"],
  ["bytes after its end", Buffer.concat([stream, Buffer.alloc(8)]), "EXPORT_INVALID"],
  ["a first number that is neither 0 nor 1", size(2), "EXPORT_INVALID"],
  ["what is no NAR", Buffer.concat([size(1), s("hello")]), "NAR_MAGIC_WRONG"],
  ["a cut NAR", oneNar.subarray(0, -8), "NAR_TRUNCATED"],
  [
    "no magic number after the NAR",
    afterNar(size(1), s(somePath), size(0), s(""), size(0), size(0)),
    "EXPORT_INVALID",
  ],
  ["a path that is none", afterNar(magic, s("/etc/passwd")), "STORE_PATH_INVALID"],
  ["a path of 2^40 bytes", afterNar(magic, size(2 ** 40)), "EXPORT_INVALID"],
  ["padding that is not zero", afterNar(magic, Buffer.from(s("0123456")).fill(1, 15)), "EXPORT_INVALID"],
  ["2^40 references", afterNar(magic, s(somePath), size(2 ** 40)), "EXPORT_INVALID"],
  ["a reference that is none", afterNar(magic, s(somePath), size(1), s("x")), "STORE_PATH_INVALID"],
  ["a deriver that is none", afterNar(magic, s(somePath), size(0), s("x")), "STORE_PATH_INVALID"],
  [
    "a last number that is neither 0 nor 1",
    afterNar(magic, s(somePath), size(0), s(""), size(7)),
    "EXPORT_INVALID",
  ],
];

refuses("ExportParser", refusedStreams, (input) => {
  const parser = new ExportParser({ startPath: () => new NarWriter(() => {}), endPath: () => {} });
  parser.push(input);
  parser.end();
});

test("The derivation from which the refused ones are made is accepted", () => {
  const derivation = parseDerivation(Buffer.from(validDerivation), "x");
  assert.equal(Buffer.from(writeDerivation(derivation)).toString(), validDerivation);
});

test("The signature very old Nix put into an export stream is passed over", () => {
  const paths: string[] = [];
  const parser = new ExportParser({
    startPath: () => new NarWriter(() => {}),
    endPath: ({ path }) => paths.push(path),
  });
  parser.push(afterNar(magic, s(somePath), size(0), s(""), size(1), s("signature"), size(0)));
  parser.end();
  assert.deepEqual(paths, [somePath]);
});

const unfilled = { ...parseDerivation(Buffer.from(validDerivation), "x"), inputDrvs: new Map() };
const sample: Derivation = fillOutputPaths(
  { ...unfilled, env: new Map([...unfilled.env, ["out", ""]]) },
  () => assert.fail(),
);
const sampleOut = sample.outputs.get("out");
const other = parseStorePath(somePath);
const withoutOut = new Map([...sample.env].filter(([key]) => key !== "out"));

const writes: Refused<() => unknown>[] = [
  ["a system with a quote", () => writeDerivation({ ...sample, system: 'a"b' }), "DRV_UNWRITABLE"],
  ["text that is not bytes", () => writeDerivation({ ...sample, builder: "\u0130" }), "DRV_UNWRITABLE"],
  ["no outputs", () => writeDerivation({ ...sample, outputs: new Map() }), "DRV_OUTPUTS_INVALID"],
  [
    "a name too long for .drv",
    () => derivationPath({ ...sample, name: "n".repeat(208) }),
    "STORE_NAME_INVALID",
  ],
  [
    "a name that ends in .drv",
    () =>
      checkDerivation(
        fillOutputPaths({ ...sample, name: "x.drv" }, () => assert.fail()),
        () => assert.fail(),
      ),
    "DRV_INVARIANT_BROKEN",
  ],
  [
    "another output path",
    () => {
      const outputs = new Map([["out", { kind: "input-addressed", path: other } as const]]);
      checkDerivation({ ...sample, outputs }, () => assert.fail());
    },
    "DRV_INVARIANT_BROKEN",
  ],
  [
    "an output path that should not be known",
    () =>
      checkDerivation({ ...sample, outputs: new Map([["out", { kind: "deferred" }]]) }, () => assert.fail()),
    "DRV_INVARIANT_BROKEN",
  ],
  [
    "a variable that is not its output's path",
    () => checkDerivation({ ...sample, env: new Map([...sample.env, ["out", "x"]]) }, () => assert.fail()),
    "DRV_INVARIANT_BROKEN",
  ],
  [
    "no variable for an output",
    () => checkDerivation({ ...sample, env: withoutOut }, () => assert.fail()),
    "DRV_INVARIANT_BROKEN",
  ],
  [
    "an input of which nothing is used",
    () => checkDerivation({ ...sample, inputDrvs: new Map([[other, []]]) }, () => sample),
    "DRV_INPUT_INVALID",
  ],
  [
    "an output its input does not have",
    () => checkDerivation({ ...sample, inputDrvs: new Map([[other, ["doc"]]]) }, () => sample),
    "DRV_INPUT_INVALID",
  ],
  [
    "an input that is its own input",
    () => {
      const cyclic = { ...sample, inputDrvs: new Map([[other, ["out"]]]) };
      checkDerivation(cyclic, () => cyclic);
    },
    "DRV_INPUT_INVALID",
  ],
  [
    "references of a flat path",
    () =>
      makeFixedPath({
        name: "x",
        method: "flat",
        hash: hashBytes("sha256", Buffer.alloc(0)),
        references: [other],
      }),
    "STORE_REFERENCES_FORBIDDEN",
  ],
  [
    "a text object with sha1",
    () => makeFixedPath({ name: "x", method: "text", hash: hashBytes("sha1", Buffer.alloc(0)) }),
    "HASH_INVALID",
  ],
  ["a path without name", () => makeTextPath({ name: "", sha256: Buffer.alloc(32) }), "STORE_NAME_INVALID"],
  ["a hash of another algorithm than wanted", () => parseHash("sha1-x", "sha256"), "HASH_INVALID"],
  ["a seed of 31 bytes", () => makeSecretKey("k", Buffer.alloc(31)), "KEY_INVALID"],
  [
    "a narinfo whose URL breaks the line",
    () =>
      writeNarInfo({
        path: other,
        url: "x\nSig: y",
        compression: "none",
        narHash: Buffer.alloc(32),
        narSize: 1,
        references: [],
        signatures: [],
      }),
    "NARINFO_INVALID",
  ],
];

refuses("What makes or checks a value", writes, (make) => make());

test("An endless list of references, or string, is refused at its size, before it is read", () => {
  for (const start of [
    [s(somePath), size(2 ** 40)],
    [size(2 ** 40)],
    [s(somePath), size(0), s(""), size(1), size(4097)],
  ]) {
    const parser = new ExportParser({ startPath: () => ignore, endPath: () => {} });
    assert.throws(() => parser.push(afterNar(magic, ...start)), { code: "EXPORT_INVALID" });
  }
});

test("The sample itself passes", () => {
  assert.equal(sampleOut?.kind, "input-addressed");
  checkDerivation(sample, () => assert.fail());
});
