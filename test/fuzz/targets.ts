// Every parser of foreign bytes: what comes from a store, a cache, another person, another machine, or a file that a user
// names. A new format adds a line here.
import { parseReference } from "#evidence/evidence-files.ts";
import { evaluateAccept } from "#formula/accept.ts";
import { readsOf, parseFormula } from "#formula/syntax.ts";
import { check } from "#lean/index.ts";
import { parseDerivation } from "#nix/aterm.ts";
import { parseContentAddress } from "#nix/content-address.ts";
import { ExportParser } from "#nix/export-stream.ts";
import { parseHash } from "#nix/hash.ts";
import { NarParser } from "#nix/nar-parser.ts";
import type { NarHandler } from "#nix/nar-format.ts";
import { parseNarInfo } from "#nix/narinfo.ts";
import { parseNixPublicKey, parseSecretKey, parseSignature } from "#nix/signature.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { nameProblem } from "#release/names.ts";
import { parseAppliedPolicy } from "#release/policy.ts";
import { parseBundle, parsePublicKey, parseStatement } from "#sigstore/index.ts";
import { readSamples } from "#stats/samples.ts";
import { arithmetic, start } from "../lean/prelude.ts";
import { isRange, ofText, texts, vectors } from "./corpus.ts";
import type { Target } from "./fuzz.ts";
import { homeTargets } from "./targets-home.ts";
import { trustTargets } from "./targets-trust.ts";
import { imageTargets } from "./targets-images.ts";
import { distributionTargets } from "./targets-distributions.ts";
import { packageTargets } from "./targets-packages.ts";
import { proofTargets } from "./targets-proof.ts";
import { pythonTargets } from "./targets-python.ts";
import { wireTargets } from "./targets-wire.ts";

const ignored: NarHandler = {
  startFile: () => undefined,
  content: () => undefined,
  endFile: () => undefined,
  symlink: () => undefined,
  startDirectory: () => undefined,
  entry: () => undefined,
  endEntry: () => undefined,
  endDirectory: () => undefined,
};

/** Gives the bytes in two pieces: where a chunk ends must not matter. */
function inPieces(input: Uint8Array, push: (chunk: Uint8Array) => void): void {
  const middle = Math.floor(input.length / 3);
  push(input.subarray(0, middle));
  push(input.subarray(middle));
}

const DIGEST = "1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s";
const PATH = `/nix/store/${DIGEST.slice(0, 32)}-x-1.0`;
const POLICY = {
  audit: "fresh",
  sandboxes: ["bubblewrap"],
  deviations: { blocking: ["critical"], until: "closed" },
  signatures: [{ meaning: "review" }],
  signers: "any",
  fourEyes: ["closing"],
};

export const targets: readonly Target[] = [
  {
    name: "nar",
    parse: (input) => {
      const parser = new NarParser(ignored);
      inPieces(input, (chunk) => parser.push(chunk));
      parser.end();
    },
    corpus: vectors("nix/vectors/nar", ".nar"),
  },
  {
    name: "export-stream",
    parse: (input) => {
      const parser = new ExportParser({ startPath: () => ignored, endPath: () => undefined });
      inPieces(input, (chunk) => parser.push(chunk));
      parser.end();
    },
    corpus: vectors("nix/vectors", ".export"),
  },
  {
    name: "derivation",
    parse: (input) => void parseDerivation(input, "x"),
    corpus: vectors("nix/vectors/drv", ".drv"),
  },
  { name: "narinfo", parse: ofText(parseNarInfo), corpus: vectors("nix/vectors/narinfo", ".narinfo") },
  {
    name: "nix-words",
    parse: ofText((text) => {
      const kind = text.slice(0, 1);
      const rest = text.slice(1);
      if (kind === "h") parseHash(rest);
      if (kind === "p") parseStorePath(rest);
      if (kind === "c") parseContentAddress(rest);
      if (kind === "k") parseNixPublicKey(rest);
      if (kind === "s") parseSecretKey(rest);
      if (kind === "g") parseSignature(rest);
    }),
    corpus: texts(
      `hsha256:${DIGEST}`,
      "hsha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
      `p${PATH}`,
      `cfixed:r:sha256:${DIGEST}`,
      `ctext:sha256:${DIGEST}`,
      "kkey-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
      "gkey-1:AAAA",
    ),
  },
  {
    name: "bundle",
    parse: ofText(parseBundle),
    corpus: vectors("sigstore/vectors", ".json"),
  },
  ...trustTargets,
  {
    name: "statement",
    parse: (input) => void parseStatement(input),
    corpus: texts(
      '{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"00"}}],"predicateType":"x","predicate":{"a":1}}',
    ),
  },
  {
    name: "public-key",
    parse: ofText((text) => parsePublicKey(text)),
    corpus: vectors("sigstore/vectors", ".pub"),
  },
  {
    name: "formula",
    parse: ofText((text) => {
      readsOf(parseFormula(text));
      evaluateAccept(text, { value: 1, limit: 2 }, "x");
    }),
    corpus: texts(
      "value <= limit",
      "a = abs(value - 4); max(a) + 1e3 * -2 ^ 2",
      'if(value == 1 and not false, sum(json("a\\"")), sd(value))',
      'cpk(transpose(value), 0, 1, "pooled") >= 1.33 or significant(ln(value), 3) != 2',
    ),
  },
  {
    name: "reference",
    parse: ofText(parseReference),
    corpus: texts("run.json#/a/0", `${PATH}/a/b.json#/c~1d/*`, PATH),
  },
  { name: "name", parse: ofText(nameProblem), corpus: texts("Anna Meier", "山田 太郎", "O’Neill") },
  {
    name: "policy",
    parse: ofText((text) => parseAppliedPolicy(jsonOf(text))),
    isRefusal: isRange,
    corpus: texts(JSON.stringify(POLICY)),
  },
  ...(["csv", "json", "ndjson"] as const).map((format) => ({
    name: `samples-${format}`,
    parse: (input: Uint8Array) =>
      void readSamples(input, { name: `x.${format}`, column: "x", subgroup: "g" }),
    corpus: texts(
      {
        csv: "g,x\n1,74.03\n1,74.002\n2,7e1\n",
        json: '[{"g":1,"x":74.03},{"g":2,"x":1}]',
        ndjson: '{"g":1,"x":7}\n{"g":2,"x":8}\n',
      }[format],
      "g;x\n1;2,5\n",
      "\ufeffg\tx\n1\t2\n",
    ),
  })),
  {
    name: "lean",
    parse: (input) => void check([input], { workMax: 20_000 }),
    corpus: texts(arithmetic(start("Nat")).text()),
  },
  ...homeTargets,
  ...imageTargets,
  ...distributionTargets,
  ...packageTargets,
  ...proofTargets,
  ...pythonTargets,
  ...wireTargets,
];

/** JSON, or an input that is not for this target. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RangeError("it is not JSON");
  }
}
