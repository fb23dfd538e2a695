// Derivations: text, paths, hashes and resolution, held to what real Nix instantiated and built (vectors/cases.nix).
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { byteStringOf, fromByteString } from "#base/bytes.ts";
import { isPipeliteError } from "#base/errors.ts";
import { checkDerivation, derivationPath, parseDerivation, writeDerivation } from "#nix/derivation.ts";
import type { Derivation, DerivationOutput } from "#nix/derivation.ts";
import { fillOutputPaths, hashModulo, outputVariable, type ModuloMemo } from "#nix/derivation-hash.ts";
import { hashBytes } from "#nix/hash.ts";
import { resolveDerivation } from "#nix/derivation.ts";
import { drvNameOf, ownPlaceholder, scratchPath, upstreamPlaceholder } from "#nix/placeholder.ts";
import {
  isDerivationPath,
  makeFixedPath,
  makeOutputPath,
  parseStorePath,
  parseStorePathBase,
} from "#nix/store-path.ts";
import { makeTextPath, type StorePath } from "#nix/store-path.ts";
import { parseNarInfo } from "#nix/narinfo.ts";
import { inputs, sweep } from "../rig/peer.ts";

const FOLDER = join(import.meta.dirname, "vectors");

interface DrvTable {
  table: Record<string, { drv: string; outputs: Record<string, string> }>;
  placeholders: Record<string, string>;
  chain: {
    resolved: Record<string, string>;
    /** What $out and $doc were when chain-second was built. */
    scratch: string[];
    results: string[];
    closure: { path: string; deriver: string }[];
  };
}

const { table, placeholders, chain }: DrvTable = JSON.parse(readFileSync(join(FOLDER, "drv.json"), "utf8"));

const drvs = new Map<StorePath, Derivation>();
const files = new Map<StorePath, Buffer>();
for (const base of readdirSync(join(FOLDER, "drv"))) {
  const path = parseStorePathBase(base);
  files.set(path, readFileSync(join(FOLDER, "drv", base)));
  drvs.set(path, parseDerivation(files.get(path) ?? Buffer.alloc(0), drvNameOf(path)));
}

function lookup(path: string): Derivation {
  const derivation = drvs.get(parseStorePath(path));
  assert.ok(derivation !== undefined, path);
  return derivation;
}

test("Every derivation real Nix wrote is read, written as the same bytes, and has the same path", () => {
  assert.ok(drvs.size >= 25);
  for (const [path, derivation] of drvs) {
    assert.equal(
      Buffer.from(writeDerivation(derivation)).compare(files.get(path) ?? Buffer.alloc(0)),
      0,
      path,
    );
    assert.equal(derivationPath(derivation), path);
  }
});

test("The vectors hold every kind of output, and bytes that are not UTF-8", () => {
  const kinds = new Set(
    [...drvs.values()].flatMap(({ outputs }) => [...outputs.values()].map(({ kind }) => kind)),
  );
  assert.deepEqual([...kinds].toSorted(), ["deferred", "fixed", "floating", "impure", "input-addressed"]);
  assert.equal(lookup(table["latin1"]?.drv ?? "").env.get("text"), "caf\xe9 \x80\xff\n");
  assert.equal(
    lookup(table["bytes"]?.drv ?? "")
      .env.get("text")
      ?.slice(-5),
    byteStringOf("ä {}"),
  );
});

test("Output paths follow from a derivation whose own were taken out", () => {
  const memo: ModuloMemo = new Map();
  for (const [path, derivation] of drvs) {
    const outputs = new Map([...derivation.outputs].map(([name, output]) => [name, withoutPath(output)]));
    const env = new Map([...derivation.env, ...[...outputs.keys()].map((name) => [name, "x"] as const)]);
    const filled = fillOutputPaths({ ...derivation, outputs, env }, lookup, memo);
    assert.equal(derivationPath(filled), path);
  }
});

function withoutPath(output: DerivationOutput): DerivationOutput {
  if (output.kind === "input-addressed") return { kind: "deferred" };
  return output.kind === "fixed"
    ? { ...output, path: parseStorePath(`/nix/store/${"0".repeat(32)}-x`) }
    : output;
}

test("Paths of outputs, and placeholders of those not known yet, are those Nix's evaluator gives", () => {
  for (const [name, { drv, outputs }] of Object.entries(table)) {
    for (const [output, text] of Object.entries(outputs)) {
      const known = lookup(drv).outputs.get(output);
      const path = known !== undefined && "path" in known ? known.path : undefined;
      assert.equal(path ?? upstreamPlaceholder(parseStorePath(drv), output), text, name);
    }
  }
  for (const [output, text] of Object.entries(placeholders)) assert.equal(ownPlaceholder(output), text);
  assert.equal(ownPlaceholder("out"), "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9");
});

test("Invariants hold for every vector", () => {
  for (const derivation of drvs.values()) checkDerivation(derivation, lookup);
});

test("Derivations that differ only in how a fixed file is fetched have equal outputs", () => {
  const [one, other] = [table["overFixed"], table["overFixedCopy"]];
  assert.notEqual(one?.drv, other?.drv);
  assert.deepEqual(one?.outputs, other?.outputs);
});

test("The hash modulo of a derivation as it is gives its paths: its own are masked in the hash", () => {
  for (const derivation of drvs.values()) {
    for (const [output, value] of derivation.outputs) {
      if (value.kind !== "input-addressed") continue;
      const modulo = hashModulo(derivation, lookup);
      assert.equal(modulo.kind, "regular");
      const path = makeOutputPath({ drvName: derivation.name, output, hashModulo: modulo.hash });
      assert.equal(path, value.path);
    }
  }
});

test("A floating input makes a derivation and all above it deferred", () => {
  const kindOf = (name: string): string => hashModulo(lookup(table[name]?.drv ?? ""), lookup).kind;
  assert.equal(kindOf("plain"), "regular");
  assert.equal(kindOf("fixedOverFloating"), "fixed");
  for (const name of ["floatingOne", "deferred", "overDeferred", "impure"])
    assert.equal(kindOf(name), "deferred");
});

/** Output paths of the chain, as real Nix made them. */
function builtOutputs(): Map<StorePath, Map<string, StorePath>> {
  const outputs = new Map<StorePath, Map<string, StorePath>>();
  for (const [name, output, base] of [
    ["chainFirst", "out", "chain-first"],
    ["chainSecond", "doc", "chain-second-doc"],
  ] as const) {
    const path = chain.closure.find((entry) => entry.path.endsWith(`-${base}`))?.path ?? "";
    outputs.set(parseStorePath(table[name]?.drv ?? ""), new Map([[output, parseStorePath(path)]]));
  }
  return outputs;
}

test("A chain of floating outputs resolves to the derivations real Nix resolved it to", () => {
  const outputs = builtOutputs();
  assert.equal(Object.keys(chain.resolved).length, 2);
  for (const [from, to] of Object.entries(chain.resolved)) {
    const resolved = resolveDerivation(lookup(from), outputs);
    assert.equal(derivationPath(resolved), to);
    assert.deepEqual(resolved.inputDrvs, new Map());
    checkDerivation(resolved, lookup);
  }
  const third = resolveDerivation(lookup(table["chainThird"]?.drv ?? ""), outputs);
  const paths = [...third.outputs].map(([name, output]) => outputVariable(name, output));
  assert.deepEqual(paths.toSorted(), chain.results);
});

test("Floating outputs of the chain have the path that follows from their content", () => {
  const infos = readdirSync(join(FOLDER, "narinfo")).map((file) => {
    return parseNarInfo(readFileSync(join(FOLDER, "narinfo", file), "utf8"));
  });
  const floating = infos.filter(({ contentAddress }) => contentAddress !== undefined);
  assert.equal(floating.length, 2);
  for (const { path, narHash, references } of floating) {
    const name = path.slice("/nix/store/".length + 33);
    const hash = { algorithm: "sha256", bytes: narHash } as const;
    assert.equal(makeFixedPath({ name, method: "recursive", hash, references }), path);
  }
});

test("Resolution wants every input's output", () => {
  const second = lookup(table["chainSecond"]?.drv ?? "");
  assert.throws(() => resolveDerivation(second, new Map()), { code: "DRV_OUTPUT_UNKNOWN" });
});

test("A builder under real Nix is given the scratch paths we compute for the resolved derivation", () => {
  const resolved = chain.resolved[table["chainSecond"]?.drv ?? ""] ?? "";
  const paths = ["out", "doc"].map((output) => scratchPath(parseStorePath(resolved), output));
  assert.deepEqual(paths, chain.scratch);
});

test("A graph deeper than the call stack is hashed", { skip: sweep() }, () => {
  const graph = new Map<StorePath, Derivation>();
  let last: StorePath | undefined;
  const memo: ModuloMemo = new Map();
  const find = (path: StorePath): Derivation => graph.get(path) ?? assert.fail(path);
  for (let index = 0; index < 12_000; index++) {
    const inputDrvs = new Map(last === undefined ? [] : [[last, ["out"]]]);
    const derivation = fillOutputPaths({ ...blank, name: `n${index}`, inputDrvs }, find, memo);
    last = derivationPath(derivation);
    graph.set(last, derivation);
  }
  const top = { ...blank, inputDrvs: new Map([[last ?? assert.fail(), ["out"]]]) };
  assert.deepEqual(hashModulo(top, find).hash, hashModulo(top, find, memo).hash);
});

const blank: Derivation = {
  name: "x",
  outputs: new Map([["out", { kind: "deferred" }]]),
  inputDrvs: new Map(),
  inputSrcs: [],
  system: "x86_64-linux",
  builder: "/bin/sh",
  args: [],
  env: new Map(),
};

const byteText = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const name = fc.stringMatching(/^[a-zA-Z0-9][a-z0-9+._?=-]{0,10}$/);
const path = fc
  .tuple(name, fc.nat())
  .map(([text, seed]) =>
    makeTextPath({ name: text, sha256: hashBytes("sha256", Buffer.from(`${seed}`)).bytes }),
  );
const drvPath = path.map((found) => parseStorePath(`${found}.drv`)).filter(isDerivationPath);
const method = fc.constantFrom("flat", "recursive", "text", "git");
const algorithm = fc.constantFrom("md5", "sha1", "sha256", "sha512");

function outputsOf(kind: fc.Arbitrary<DerivationOutput>): fc.Arbitrary<[string, DerivationOutput][]> {
  return fc.uniqueArray(fc.tuple(name, kind), { minLength: 1, maxLength: 3, selector: ([text]) => text });
}

const anyOutputs: fc.Arbitrary<[string, DerivationOutput][]> = fc.oneof(
  outputsOf(path.map((found) => ({ kind: "input-addressed", path: found }))),
  outputsOf(fc.constant({ kind: "deferred" })),
  outputsOf(fc.record({ kind: fc.constant("floating"), method, algorithm })),
  outputsOf(fc.record({ kind: fc.constant("impure"), method, algorithm })),
  fc.record({ path, method, algorithm }).map((found): [string, DerivationOutput][] => {
    const hash = hashBytes(found.algorithm, Buffer.from(found.path));
    return [["out", { kind: "fixed", path: found.path, method: found.method, hash }]];
  }),
);

const anyDerivation: fc.Arbitrary<Derivation> = fc.record({
  name,
  outputs: anyOutputs.map((entries) => new Map(entries)),
  inputDrvs: fc.array(fc.tuple(drvPath, fc.array(name, { maxLength: 3 }))).map((entries) => new Map(entries)),
  inputSrcs: fc.array(path, { maxLength: 3 }),
  system: fc.constantFrom("x86_64-linux", "builtin", ""),
  builder: byteText,
  args: fc.array(byteText, { maxLength: 3 }),
  env: fc.array(fc.tuple(byteText, byteText), { maxLength: 4 }).map((entries) => new Map(entries)),
});

test("Any derivation: written, read and written again it is the same bytes; the order of maps does not matter", () => {
  fc.assert(
    fc.property(anyDerivation, (derivation) => {
      const bytes = Buffer.from(writeDerivation(derivation));
      const parsed = parseDerivation(bytes, derivation.name);
      assert.equal(Buffer.compare(writeDerivation(parsed), bytes), 0);
      assert.deepEqual(parsed.args, derivation.args);
      assert.deepEqual(parsed.env, derivation.env);
      assert.equal(parsed.outputs.size, derivation.outputs.size);
      const reversed = {
        ...derivation,
        outputs: new Map([...derivation.outputs].toReversed()),
        env: new Map([...derivation.env].toReversed()),
        inputSrcs: derivation.inputSrcs.toReversed(),
      };
      assert.equal(Buffer.compare(writeDerivation(reversed), bytes), 0);
    }),
  );
});

test("One changed byte of a derivation is refused, or read and written as changed", () => {
  const text = files.get(parseStorePath(table["chainSecond"]?.drv ?? "")) ?? Buffer.alloc(0);
  const change = fc.tuple(
    fc.nat(text.length - 1),
    fc.oneof(
      fc.constantFrom(...'"\\,()[]\n\tnrt'.split("")),
      byteText.filter((found) => found.length === 1),
    ),
  );
  fc.assert(
    fc.property(change, ([at, char]) => {
      const changed = Buffer.from(text);
      changed[at] = fromByteString(char)[0] ?? 0;
      try {
        assert.equal(Buffer.compare(writeDerivation(parseDerivation(changed, "x")), changed), 0);
      } catch (error) {
        assert.ok(isPipeliteError(error), String(error));
      }
    }),
    { numRuns: inputs(1000) },
  );
});

test("A variable that an output has not yet is no part of its path, as in Nix 2.35 and newer", () => {
  const derivation: Derivation = {
    name: "filled-in-deferred-no-env-var",
    outputs: new Map([["out", { kind: "deferred" }]]),
    inputDrvs: new Map(),
    inputSrcs: [],
    system: "x86_64-linux",
    builder: "/bin/sh",
    args: [],
    env: new Map([["__doc", "Fill in deferred with missing env var"]]),
  };
  const filled = fillOutputPaths(derivation, () => assert.fail());
  const path = "/nix/store/wpk9qrgg77fyswhailap0gicgw98izx9-filled-in-deferred-no-env-var";
  assert.deepEqual(filled.outputs.get("out"), { kind: "input-addressed", path });
  assert.equal(filled.env.get("out"), path);
});
