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
  BUNDLE_CERTIFICATE: {
    exit: 3,
    message: "Cannot verify the bundle by a key: it is signed under a certificate",
    hint: "A trust file says which identities count: --trust FILE (docs/provenance.md)",
  },
  DER_INVALID: { exit: 3, message: "Cannot read DER: {problem}" },
  ALGORITHM_UNKNOWN: {
    exit: 3,
    message: "Cannot verify anything by the algorithm {algorithm}: it is not known",
  },
  CERTIFICATE_INVALID: { exit: 3, message: "Cannot read the certificate: {problem}" },
  CHAIN_INVALID: { exit: 3, message: "Cannot trust the certificate: {problem}" },
  TIMESTAMP_INVALID: { exit: 3, message: "Cannot accept the timestamp: {problem}" },
  SCT_INVALID: { exit: 3, message: "Cannot accept the promise of a log of certificates: {problem}" },
  SIGNING_CONFIG_INVALID: {
    exit: 2,
    message: "Cannot read the signing config: {problem}",
    hint: "It is Sigstore's, in version 0.2: `cosign signing-config create` makes one (docs/provenance.md)",
  },
  TRUSTED_ROOT_INVALID: { exit: 2, message: "Cannot read the trusted root: {problem}" },
  STATEMENT_INVALID: { exit: 3, message: "Cannot read the signed statement: {problem}" },
});
