// `pipelite/sigstore`: statements signed with a local key, in the formats of the field: in-toto Statement v1 in a DSSE
// envelope in a Sigstore bundle v0.3. Stock Sigstore verifiers and openssl accept what is made here.
export { parseBundle, writeBundle, type Bundle } from "./bundle.ts";
export { preAuthEncoding } from "./envelope.ts";
export { parsePublicKey, signingKeyOf, writePublicKey } from "./key.ts";
export type { KeptKey, LocalKey, PublicKey, SigningKey } from "./key.ts";
export { signStatement, verifyBundle } from "./sign.ts";
export { parseStatement, type ResourceDigest, type Statement } from "./statement.ts";
