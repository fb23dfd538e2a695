// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  SIGNING_KEY_INVALID: { exit: 2, message: "Cannot read the key {file}: {problem}" },
  SIGNING_KEY_KIND: { exit: 2, message: "Cannot use the key {file}: it is {found}, not {wanted}" },
  BUNDLE_INVALID: { exit: 3, message: "Cannot accept the bundle: {problem}" },
  BUNDLE_KEY_UNKNOWN: {
    exit: 3,
    message: "Cannot verify the bundle: none of the given keys is {keyId}, which it names",
    hint: "Give the signer's public key: --key FILE",
  },
  BUNDLE_SIGNATURE_WRONG: {
    exit: 3,
    message: "Cannot accept the bundle: its signature is not by the key {keyId} over these bytes",
  },
  STATEMENT_INVALID: { exit: 3, message: "Cannot read the signed statement: {problem}" },
});
