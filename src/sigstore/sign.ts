// Signing and verifying: ECDSA over the PAE of a statement. A bundle holds no key that could speak for itself, so who
// verifies says which keys count.
import type { Bundle } from "./bundle.ts";
import { signP256 } from "./ecdsa.ts";
import { STATEMENT_TYPE, preAuthEncoding } from "./envelope.ts";
import type { LocalKey, PublicKey, SigningKey } from "./key.ts";
import { parseStatement, writeStatement, type Statement } from "./statement.ts";
import { pipeliteError } from "./errors.ts";

/**
 * With a key that is at hand the same statement and key give the same bytes: the number that ECDSA takes is made from both (RFC
 * 6979). A key that is kept elsewhere signs as it likes.
 */
export function signStatement(statement: Statement, key: SigningKey): Bundle {
  const payload = writeStatement(statement);
  const bytes = preAuthEncoding(STATEMENT_TYPE, payload);
  const signature = "privateKey" in key ? signHere(bytes, key) : key.sign(bytes);
  return { keyId: key.publicKey.keyId, payloadType: STATEMENT_TYPE, payload, signature };
}

function signHere(bytes: Uint8Array, { privateKey }: LocalKey): Uint8Array {
  const secret = Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url");
  return signP256(bytes, secret);
}

/**
 * The statement of a bundle that one of these keys signed.
 * @throws PipeliteError BUNDLE_KEY_UNKNOWN, BUNDLE_CERTIFICATE, BUNDLE_SIGNATURE_WRONG, BUNDLE_INVALID, STATEMENT_INVALID
 */
export function verifyBundle(bundle: Bundle, publicKeys: readonly PublicKey[]): Statement {
  const { keyId, certificate } = bundle;
  // Its key was made for it alone: that it is the one of a key that is known says nothing of who has the certificate.
  if (certificate !== undefined) throw pipeliteError("BUNDLE_CERTIFICATE");
  const found = publicKeys.find((candidate) => candidate.keyId === keyId);
  if (found === undefined) throw pipeliteError("BUNDLE_KEY_UNKNOWN", { keyId });
  return statementBy(bundle, found);
}

/**
 * The statement of a bundle, if this key signed it: whose it is must be known already.
 * @throws PipeliteError BUNDLE_SIGNATURE_WRONG, BUNDLE_INVALID, STATEMENT_INVALID
 */
export function statementBy(
  { payloadType, payload, signature }: Bundle,
  { key, keyId }: PublicKey,
): Statement {
  const { verify } = process.getBuiltinModule("node:crypto");
  if (!verify("sha256", preAuthEncoding(payloadType, payload), key, signature)) {
    throw pipeliteError("BUNDLE_SIGNATURE_WRONG", { keyId });
  }
  if (payloadType !== STATEMENT_TYPE) {
    throw pipeliteError("BUNDLE_INVALID", { problem: `its payload is not ${STATEMENT_TYPE}` });
  }
  return parseStatement(payload);
}
