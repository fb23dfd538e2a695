// Derivations as text: what a .drv file holds. All lists but the arguments are sorted by bytes; strings are bytes, held
// here as byte strings. Specification: Nix manual, "Derivation: ATerm format"; cases as in `libstore/derivations.cc`.
import { compareByteStrings, fromByteString, toByteString } from "#base/bytes.ts";
import { ATermReader } from "./aterm-reader.ts";
import { formatHash, isHashAlgorithm, parseHash, type Hash, type HashAlgorithm } from "./hash.ts";
import { checkStorePathName, isDerivationPath, METHOD_PREFIXES, parseStorePath } from "./store-path.ts";
import { sortPaths, type ContentMethod, type StorePath } from "./store-path.ts";
import { pipeliteError } from "./errors.ts";

/** How the path of an output comes about. */
export type DerivationOutput =
  /** From the derivation itself. */
  | { readonly kind: "input-addressed"; readonly path: StorePath }
  /** From the content, whose hash is known in advance. */
  | {
      readonly kind: "fixed";
      readonly path: StorePath;
      readonly method: ContentMethod;
      readonly hash: Hash;
    }
  /** From the content, once it is built. */
  | { readonly kind: "floating"; readonly method: ContentMethod; readonly algorithm: HashAlgorithm }
  /** From the derivation, once the paths of its inputs are known. */
  | { readonly kind: "deferred" }
  /** From the content, which may differ at each build. */
  | { readonly kind: "impure"; readonly method: ContentMethod; readonly algorithm: HashAlgorithm };

export interface Derivation {
  /** Without `.drv`. Not in the file itself: its store path carries it. */
  readonly name: string;
  readonly outputs: ReadonlyMap<string, DerivationOutput>;
  /** Which outputs of which derivations are inputs. */
  readonly inputDrvs: ReadonlyMap<StorePath, readonly string[]>;
  readonly inputSrcs: readonly StorePath[];
  readonly system: string;
  readonly builder: string;
  readonly args: readonly string[];
  readonly env: ReadonlyMap<string, string>;
}

/**
 * Reads a .drv file. Strict: only what `writeDerivation` would write is accepted.
 * @throws PipeliteError DRV_SYNTAX, DRV_NOT_CANONICAL, DRV_VERSION_UNSUPPORTED, DRV_OUTPUTS_INVALID, DRV_INPUT_INVALID,
 * and those of store paths and hashes
 */
export function parseDerivation(bytes: Uint8Array, name: string): Derivation {
  checkStorePathName(`${name}.drv`);
  const reader = new ATermReader(toByteString(bytes));
  if (reader.startsWith("DrvWithVersion(")) {
    throw pipeliteError("DRV_VERSION_UNSUPPORTED", { name });
  }
  reader.expect("Derive(");
  const outputs = reader.map("an output", () => parseOutput(reader));
  reader.expect(",");
  const inputDrvs = reader.map("an input derivation", () => parseInput(reader));
  reader.expect(",");
  const inputSrcs = reader.sortedStrings("an input source").map(parseStorePath);
  reader.expect(",");
  const system = reader.plainString("a system");
  reader.expect(",");
  const builder = reader.string();
  reader.expect(",");
  const args = reader.list(() => reader.string());
  reader.expect(",");
  const env = reader.map("a variable", () => {
    const key = reader.string();
    reader.expect(",");
    return [key, reader.string()];
  });
  reader.expect(")");
  reader.end();
  const derivation = { name, outputs, inputDrvs, inputSrcs, system, builder, args, env };
  checkOutputs(derivation);
  return derivation;
}

function parseOutput(reader: ATermReader): [string, DerivationOutput] {
  const output = reader.plainString("an output name");
  reader.expect(",");
  const path = reader.plainString("a path");
  reader.expect(",");
  const method = reader.plainString("a hash method");
  reader.expect(",");
  const digest = reader.plainString("a hash");
  return [output, makeOutput({ output, path, method, digest })];
}

interface OutputFields {
  output: string;
  path: string;
  method: string;
  digest: string;
}

function makeOutput({ output, path, method: methodText, digest }: OutputFields): DerivationOutput {
  if (methodText === "" && digest === "") {
    return path === "" ? { kind: "deferred" } : { kind: "input-addressed", path: parseStorePath(path) };
  }
  const { method, algorithm } = parseMethod(output, methodText);
  if (digest === "impure") {
    if (path !== "") refuseOutput(output, "an impure output can't have a path");
    return { kind: "impure", method, algorithm };
  }
  if (digest === "") {
    if (path !== "") refuseOutput(output, "a floating output can't have a path");
    return { kind: "floating", method, algorithm };
  }
  if (path === "") refuseOutput(output, "a fixed output must have a path");
  const hash = parseHash(digest, algorithm);
  if (formatHash(hash, "hex") !== digest) {
    throw pipeliteError("DRV_NOT_CANONICAL", {
      reason: `the hash of output '${output}' is not lower-case hex`,
    });
  }
  return { kind: "fixed", path: parseStorePath(path), method, hash };
}

function parseMethod(output: string, text: string): { method: ContentMethod; algorithm: HashAlgorithm } {
  const colon = text.indexOf(":") + 1;
  const algorithm = text.slice(colon);
  const method = METHODS.get(text.slice(0, colon));
  if (method === undefined || !isHashAlgorithm(algorithm)) {
    return refuseOutput(output, `its hash method '${text}' is unknown`);
  }
  return { method, algorithm };
}

const METHODS: ReadonlyMap<string, ContentMethod> = new Map([
  [METHOD_PREFIXES.flat, "flat"],
  [METHOD_PREFIXES.recursive, "recursive"],
  [METHOD_PREFIXES.text, "text"],
  [METHOD_PREFIXES.git, "git"],
]);

function parseInput(reader: ATermReader): [StorePath, string[]] {
  const path = parseStorePath(reader.plainString("a derivation path"));
  if (!isDerivationPath(path)) {
    throw pipeliteError("DRV_INPUT_INVALID", { path, reason: "it is not a derivation" });
  }
  reader.expect(",");
  return [path, reader.sortedStrings("an output of an input")];
}

/**
 * The bytes of the .drv file. The order of maps and lists (but `args`) does not matter.
 * @throws PipeliteError DRV_OUTPUTS_INVALID, DRV_UNWRITABLE
 */
export function writeDerivation(derivation: Derivation): Uint8Array {
  return fromByteString(derivationText(derivation));
}

/** The same as a byte string. */
export function derivationText(derivation: Derivation): string {
  let text = texts.get(derivation);
  if (text === undefined) {
    checkOutputs(derivation);
    const inputs = [...derivation.inputDrvs].toSorted(byKey);
    texts.set(derivation, (text = writeATerm(derivation, { inputs, maskOutputs: false })));
  }
  return text;
}

/** Made for the path of a derivation, and again for its file. */
const texts = new WeakMap<Derivation, string>();

export interface ATermChoices {
  /** What stands in the list of input derivations, sorted: their paths, or hashes instead of them. */
  inputs: readonly (readonly [string, readonly string[]])[];
  /** Leave out the output paths, and the variables named after outputs. */
  maskOutputs: boolean;
}

/** The text of a derivation as a byte string, in the form it has in its file or in one of those that are hashed. */
export function writeATerm(derivation: Derivation, { inputs, maskOutputs }: ATermChoices): string {
  const { outputs, system, env } = derivation;
  if (/["\\]/.test(system)) {
    throw pipeliteError("DRV_UNWRITABLE", {
      name: derivation.name,
      reason: "its system holds a quote",
    });
  }
  const outputTexts = [...outputs].toSorted(byKey).map(([name, output]) => {
    const [path, method, digest] = outputFields(output);
    return `("${name}","${maskOutputs ? "" : path}","${method}","${digest}")`;
  });
  const inputTexts = inputs.map(([key, names]) => `("${key}",${writeList(sortStrings(names))})`);
  const envTexts = [...env].toSorted(byKey).map(([key, value]) => {
    return `(${quote(key)},${maskOutputs && outputs.has(key) ? '""' : quote(value)})`;
  });
  const text = [
    `Derive([${outputTexts.join()}]`,
    `[${inputTexts.join()}]`,
    writeList(sortPaths(derivation.inputSrcs)),
    `"${system}"`,
    quote(derivation.builder),
    writeList(derivation.args),
    `[${envTexts.join()}])`,
  ].join();
  if (!isByteString(text)) {
    const reason = "it holds a character that is not a byte";
    throw pipeliteError("DRV_UNWRITABLE", { name: derivation.name, reason });
  }
  return text;
}

function outputFields(output: DerivationOutput): [path: string, method: string, digest: string] {
  if (output.kind === "deferred") return ["", "", ""];
  if (output.kind === "input-addressed") return [output.path, "", ""];
  if (output.kind === "fixed") {
    return [output.path, writeMethod(output.method, output.hash.algorithm), formatHash(output.hash, "hex")];
  }
  return ["", writeMethod(output.method, output.algorithm), output.kind === "impure" ? "impure" : ""];
}

/** `sha256`, `r:sha256` ... */
export function writeMethod(method: ContentMethod, algorithm: HashAlgorithm): string {
  return `${METHOD_PREFIXES[method]}${algorithm}`;
}

function checkOutputs({ name, outputs }: Derivation): void {
  // Nothing of it can be wrong.
  if (outputs.size === 1 && outputs.has("out")) return;
  const kinds = new Set([...outputs.values()].map((output) => output.kind));
  if (outputs.size === 0) throw pipeliteError("DRV_OUTPUTS_INVALID", { output: name, reason: "it has none" });
  for (const output of outputs.keys()) {
    try {
      checkStorePathName(output);
    } catch (error) {
      throw pipeliteError("DRV_OUTPUTS_INVALID", { output, reason: "no path can carry its name" }, error);
    }
  }
  if (kinds.size > 1) refuseOutput(name, `it mixes kinds: ${[...kinds].join(", ")}`);
  if (kinds.has("fixed") && (outputs.size > 1 || !outputs.has("out"))) {
    refuseOutput(name, "a fixed output must be the only one and be named out");
  }
}

function refuseOutput(output: string, reason: string): never {
  throw pipeliteError("DRV_OUTPUTS_INVALID", { output, reason });
}

function writeList(texts: readonly string[]): string {
  return `[${texts.map(quote).join()}]`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

const ESCAPED = /["\\\n\r\t]/;

function quote(text: string): string {
  if (!ESCAPED.test(text)) return `"${text}"`;
  return `"${text.replaceAll(/["\\\n\r\t]/g, (char) => ESCAPES[char] ?? char)}"`;
}

function isByteString(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return !/[^\x00-\xff]/.test(text);
}

function sortStrings(texts: readonly string[]): string[] {
  return [...new Set(texts)].toSorted(compareByteStrings);
}

function byKey(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return compareByteStrings(a[0], b[0]);
}
