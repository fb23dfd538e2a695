// Signing and verifying: ECDSA over the PAE of a statement. A bundle holds no key that could speak for itself, so who
// verifies says which keys count.
import type { Bundle } from "./bundle.ts";
import { STATEMENT_TYPE, preAuthEncoding } from "./envelope.ts";
import type { PublicKey, SigningKey } from "./key.ts";
import { parseStatement, writeStatement, type Statement } from "./statement.ts";
import { pipeliteError } from "./errors.ts";

/** Each call gives other bytes: ECDSA takes a new random number each time. */
export function signStatement(statement: Statement, { privateKey, publicKey }: SigningKey): Bundle {
  const payload = writeStatement(statement);
  const { sign } = process.getBuiltinModule("node:crypto");
  const signature = sign("sha256", preAuthEncoding(STATEMENT_TYPE, payload), privateKey);
  return { keyId: publicKey.keyId, payloadType: STATEMENT_TYPE, payload, signature };
}

/**
 * The statement of a bundle that one of these keys signed.
 * @throws PipeliteError BUNDLE_KEY_UNKNOWN, BUNDLE_SIGNATURE_WRONG, BUNDLE_INVALID, STATEMENT_INVALID
 */
export function verifyBundle(bundle: Bundle, publicKeys: readonly PublicKey[]): Statement {
  const { keyId, payloadType, payload, signature } = bundle;
  const found = publicKeys.find((candidate) => candidate.keyId === keyId);
  if (found === undefined) throw pipeliteError("BUNDLE_KEY_UNKNOWN", { keyId });
  const { verify } = process.getBuiltinModule("node:crypto");
  if (!verify("sha256", preAuthEncoding(payloadType, payload), found.key, signature)) {
    throw pipeliteError("BUNDLE_SIGNATURE_WRONG", { keyId });
  }
  if (payloadType !== STATEMENT_TYPE) {
    throw pipeliteError("BUNDLE_INVALID", { problem: `its payload is not ${STATEMENT_TYPE}` });
  }
  return parseStatement(payload);
}
