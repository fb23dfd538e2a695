// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

// Where nothing that is bundled with a stage throws one, none is bundled.
export const pipeliteError = /* @__PURE__ */ errorsOf({
  NIX32_INVALID: { exit: 2, message: "Cannot read '{text}' as nix32: {reason}" },
  HASH_INVALID: { exit: 2, message: "Cannot read '{text}' as a hash: {reason}" },
  HASH_ALGORITHM_UNKNOWN: {
    exit: 2,
    message: "Cannot use the hash algorithm '{algorithm}': known are {known}",
  },
  STORE_PATH_INVALID: { exit: 2, message: "Cannot use '{path}' as a store path: {reason}" },
  STORE_NAME_INVALID: { exit: 2, message: "Cannot use '{name}' as the name of a store path: {reason}" },
  STORE_REFERENCES_FORBIDDEN: {
    exit: 2,
    message: "Cannot give {name} references: a {kind} path can't have any",
  },
  NAR_MAGIC_WRONG: {
    exit: 3,
    message: "Cannot read the NAR: it does not begin as a NAR must (byte {offset})",
  },
  NAR_TAG_WRONG: {
    exit: 3,
    message: "Cannot read the NAR: {tag} stands at byte {offset} where {wanted} must be",
  },
  NAR_STRING_TOO_LONG: {
    exit: 3,
    message:
      "Cannot read the NAR: a string of {size} bytes stands at byte {offset} where at most {max} are allowed",
  },
  NAR_PADDING_WRONG: { exit: 3, message: "Cannot read the NAR: byte {offset} is padding and must be zero" },
  NAR_SIZE_TOO_LARGE: {
    exit: 3,
    message: "Cannot read the NAR: the file at byte {offset} says it has {size} bytes",
  },
  NAR_TRUNCATED: { exit: 3, message: "Cannot read the NAR: it ends too early, after {offset} bytes" },
  NAR_TRAILING_DATA: {
    exit: 3,
    message: "Cannot read the NAR: {size} bytes follow its end at byte {offset}",
  },
  DRV_SYNTAX: { exit: 2, message: "Cannot read the derivation: byte {offset} is not {wanted}" },
  DRV_NOT_CANONICAL: {
    exit: 2,
    message: "Cannot read the derivation: it is not in canonical form: {reason}",
  },
  DRV_VERSION_UNSUPPORTED: {
    exit: 2,
    message:
      "Cannot read the derivation {name}: it is a dynamic derivation (DrvWithVersion), which Pipelite does not support",
  },
  DRV_OUTPUTS_INVALID: { exit: 2, message: "Cannot use the outputs of the derivation: {output}: {reason}" },
  DRV_INPUT_INVALID: { exit: 2, message: "Cannot use the input {path} of the derivation: {reason}" },
  DRV_INVARIANT_BROKEN: { exit: 2, message: "Cannot use the derivation {name}: {reason}" },
  DRV_UNWRITABLE: { exit: 2, message: "Cannot write the derivation {name}: {reason}" },
  DRV_OUTPUT_UNKNOWN: {
    exit: 2,
    message: "Cannot resolve the derivation: the path of {output} of {drv} is not known",
  },
  NARINFO_INVALID: { exit: 3, message: "Cannot read the narinfo: {field}: {reason}" },
  CONTENT_ADDRESS_INVALID: { exit: 3, message: "Cannot read '{text}' as a content address: {reason}" },
  SIGNATURE_INVALID: { exit: 3, message: "Cannot read '{text}' as a signature: {reason}" },
  KEY_INVALID: { exit: 2, message: "Cannot read the key '{name}': {reason}" },
  REALISATION_INVALID: { exit: 3, message: "Cannot read the realisation: {reason}" },
  WIRE_ENDED: { exit: 1, message: "The connection to the Nix daemon ended" },
  WIRE_INVALID: { exit: 3, message: "The Nix daemon does not speak its protocol: {problem}" },
  EXPORT_INVALID: { exit: 3, message: "Cannot read the export stream at byte {offset}: {reason}" },
});
