// Malformed derivations: each is a valid one in which one piece was replaced.
import type { Refused } from "./refused.ts";

const HASH = "migf3i53pc35bf1lkscgbi243my58ims";
const HEX = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const PATH = `/nix/store/${HASH}-x`;

const valid = {
  head: "Derive(",
  outputs: `[("out","${PATH}","","")]`,
  inputs: `[("${PATH}.drv",["out"])]`,
  sources: `["${PATH}"]`,
  system: '"x86_64-linux"',
  builder: '"/bin/sh"',
  args: '["-c","true"]',
  env: '[("a","1"),("b","2")]',
  tail: ")",
};

function withPiece(change: Partial<typeof valid>): string {
  const { head, outputs, inputs, sources, system, builder, args, env, tail } = { ...valid, ...change };
  return `${head}${[outputs, inputs, sources, system, builder, args, env].join()}${tail}`;
}

function fixed(method: string, digest: string, path = PATH, output = "out"): string {
  return withPiece({ outputs: `[("${output}","${path}","${method}","${digest}")]` });
}

export const validDerivation = withPiece({});

export const refusedDerivations: Refused<string>[] = [
  ["nothing", "", "DRV_SYNTAX"],
  ["another term", withPiece({ head: "Drive(" }), "DRV_SYNTAX"],
  [
    "a dynamic derivation",
    `DrvWithVersion("xp-dyn-drv",${validDerivation.slice(7)}`,
    "DRV_VERSION_UNSUPPORTED",
  ],
  ["a line feed at its end", `${validDerivation}\n`, "DRV_SYNTAX"],
  ["no closing bracket", validDerivation.slice(0, -1), "DRV_SYNTAX"],
  ["a space", withPiece({ sources: `[ "${PATH}"]` }), "DRV_SYNTAX"],
  ["a comma too much", withPiece({ args: '["a",]' }), "DRV_SYNTAX"],
  ["a string without end", 'Derive([("out', "DRV_SYNTAX"],
  ["a string that ends in a backslash", withPiece({ builder: '"\\"' }), "DRV_SYNTAX"],
  ["an unknown escape", withPiece({ builder: '"\\a"' }), "DRV_SYNTAX"],
  ["an escaped slash", withPiece({ builder: '"\\/bin"' }), "DRV_SYNTAX"],
  ["three fields of an output", withPiece({ outputs: '[("out","","")]' }), "DRV_SYNTAX"],
  ["a raw line feed", withPiece({ args: '["a\nb"]' }), "DRV_NOT_CANONICAL"],
  ["a raw tab", withPiece({ env: '[("a\tb","")]' }), "DRV_NOT_CANONICAL"],
  ["an escape in the system", withPiece({ system: '"a\\"b"' }), "DRV_NOT_CANONICAL"],
  ["variables out of order", withPiece({ env: '[("b","2"),("a","1")]' }), "DRV_NOT_CANONICAL"],
  ["a variable twice", withPiece({ env: '[("a","1"),("a","2")]' }), "DRV_NOT_CANONICAL"],
  ["a source twice", withPiece({ sources: `["${PATH}","${PATH}"]` }), "DRV_NOT_CANONICAL"],
  [
    "outputs of an input out of order",
    withPiece({ inputs: `[("${PATH}.drv",["out","dev"])]` }),
    "DRV_NOT_CANONICAL",
  ],
  [
    "outputs out of order",
    withPiece({ outputs: '[("out","","",""),("dev","","","")]' }),
    "DRV_NOT_CANONICAL",
  ],
  ["a hash in upper case", fixed("sha256", HEX.toUpperCase()), "DRV_NOT_CANONICAL"],
  ["no output", withPiece({ outputs: "[]" }), "DRV_OUTPUTS_INVALID"],
  ["an output without name", withPiece({ outputs: '[("","","","")]' }), "DRV_OUTPUTS_INVALID"],
  ["a slash in an output's name", withPiece({ outputs: '[("a/b","","","")]' }), "DRV_OUTPUTS_INVALID"],
  [
    "outputs of two kinds",
    withPiece({ outputs: `[("dev","","",""),("out","${PATH}","","")]` }),
    "DRV_OUTPUTS_INVALID",
  ],
  ["a fixed output not named out", fixed("sha256", HEX, PATH, "dev"), "DRV_OUTPUTS_INVALID"],
  ["a fixed output without path", fixed("sha256", HEX, ""), "DRV_OUTPUTS_INVALID"],
  ["a floating output with a path", fixed("r:sha256", ""), "DRV_OUTPUTS_INVALID"],
  ["an impure output with a path", fixed("r:sha256", "impure"), "DRV_OUTPUTS_INVALID"],
  ["an unknown method", fixed("x:sha256", HEX), "DRV_OUTPUTS_INVALID"],
  ["an unknown algorithm", fixed("sha3", HEX), "DRV_OUTPUTS_INVALID"],
  ["a hash without method", fixed("", HEX), "DRV_OUTPUTS_INVALID"],
  ["a hash of wrong length", fixed("sha256", HEX.slice(2)), "HASH_INVALID"],
  ["a hash that is not hex", fixed("sha256", HEX.replace("2", "x")), "HASH_INVALID"],
  ["an output path that is none", withPiece({ outputs: '[("out","/tmp/x","","")]' }), "STORE_PATH_INVALID"],
  ["a source that is not a store path", withPiece({ sources: '["/etc/passwd"]' }), "STORE_PATH_INVALID"],
  ["a source inside a store path", withPiece({ sources: `["${PATH}/bin"]` }), "STORE_NAME_INVALID"],
  ["an input that is not a derivation", withPiece({ inputs: `[("${PATH}",["out"])]` }), "DRV_INPUT_INVALID"],
];
