// Signing as somebody whom an authority knows, without a key of one's own: a key is made for one statement, Fulcio certifies who has it,
// the signature is stamped and entered into Rekor, and the key is forgotten. Specification: sigstore/fulcio, fulcio.proto (v2);
// sigstore/rekor-tiles, api/proto/rekor/v2.
import { canonicalJson } from "#base/canonical-json.ts";
import { isPipeliteError } from "#base/errors.ts";
import { isObject, memberAt, messageOf, parseStrictJson } from "#base/strict-json.ts";
import { generateKey } from "#keys/key-file.ts";
import { sha256 } from "#nix/hash.ts";
import { parseLogEntry, type Bundle, type LogInclusion } from "#sigstore/bundle.ts";
import { parseCertificate } from "#sigstore/certificate.ts";
import { preAuthEncoding, toBase64 } from "#sigstore/envelope.ts";
import type { Identity } from "#sigstore/identity.ts";
import { writePublicKey, type LocalKey } from "#sigstore/key.ts";
import { signStatement, statementBy } from "#sigstore/sign.ts";
import type { SigningConfig } from "#sigstore/signing-config.ts";
import type { Statement } from "#sigstore/statement.ts";
import type { TrustedRoot } from "#sigstore/trusted-root.ts";
import { verifierIn } from "#tlog/hashed-rekord.ts";
import { certifiedFindings } from "./certified.ts";
import { pipeliteError } from "./errors.ts";
import { post, said } from "./post.ts";
import { stamp } from "./stamp.ts";

export interface KeylessSigner {
  /** Of OpenID Connect: whoever has it is the subject. It goes to the authority for certificates alone. */
  token: string;
  services: SigningConfig;
  /** All that they answer must hold by it. */
  root: TrustedRoot;
  signal: AbortSignal;
}

export interface SignedAs {
  bundles: Bundle[];
  /** Whom the certificates name; undefined where nothing was signed. */
  identity: Identity | undefined;
}

/**
 * One key and one certificate for each statement. What a verifier would refuse is not handed out.
 * @throws PipeliteError IDENTITY_TOKEN_INVALID, SIGSTORE_FAILED, TIMESTAMP_FAILED
 */
export async function signKeyless(
  statements: readonly Statement[],
  signer: KeylessSigner,
): Promise<SignedAs> {
  const bundles: Bundle[] = [];
  let identity: Identity | undefined;
  for (const statement of statements) {
    const signed = await signAs(() => statement, signer);
    bundles.push(signed.bundle);
    ({ identity } = signed);
  }
  return { bundles, identity };
}

/** One statement, which may name the key that is made for it. @throws PipeliteError as `signKeyless` */
export async function signAs(
  make: (keyId: string) => Statement,
  signer: KeylessSigner,
): Promise<{ bundle: Bundle; identity: Identity }> {
  const { services, root } = signer;
  const bundle = await askAll(make, signer);
  const { findings, key, identity } = certifiedFindings(bundle, root);
  const open = findings.find(({ status }) => status !== "holds");
  if (open !== undefined || identity === undefined)
    throw failed(services.certificateAuthority, `${open?.what ?? ""}: ${open?.detail ?? ""}`);
  statementBy(bundle, key);
  return { bundle, identity };
}

/** What the services make of a statement; but for its timestamps nothing of it is verified. */
export async function askAll(
  make: (keyId: string) => Statement,
  signer: KeylessSigner,
): Promise<Bundle & { certificate: Uint8Array }> {
  const { services, root, signal } = signer;
  const key = generateKey();
  const certificate = await certify(key, signer);
  const signed = { ...signStatement(make(key.publicKey.keyId), key), certificate };
  const source = { urls: services.timestampAuthorities, authorities: root.timestampAuthorities };
  const timestamps = await stamp(signed.signature, source, signal);
  return { ...signed, timestamps, log: await enter(signed, key, signer) };
}

/** A certificate for a key, from whoever takes the token; that the key is at hand is shown by signing the token's subject. */
async function certify(
  key: LocalKey,
  { token, services: { certificateAuthority: url }, signal }: KeylessSigner,
): Promise<Uint8Array> {
  const { sign } = process.getBuiltinModule("node:crypto");
  const content = writePublicKey(key.publicKey);
  const proof = sign("sha256", Buffer.from(subjectOf(token)), key.privateKey);
  const answer = await ask(`${url}/api/v2/signingCert`, signal, token, {
    credentials: { oidcIdentityToken: token },
    publicKeyRequest: { publicKey: { algorithm: "ECDSA", content }, proofOfPossession: toBase64(proof) },
  });
  // One whose promise of a log is beside it and not in it is no use: a bundle has no place for that.
  const chain = memberAt(answer, "signedCertificateEmbeddedSct", "chain", "certificates");
  const [first]: unknown[] = Array.isArray(chain) ? chain : [];
  const text = typeof first === "string" ? first : "";
  const [, encoded = ""] =
    /^-----BEGIN CERTIFICATE-----\n([\w+/=\n]+)\n-----END CERTIFICATE-----\s*$/.exec(text) ?? [];
  try {
    const certificate = parseCertificate(Buffer.from(encoded, "base64"));
    if (certificate.key.equals(key.publicKey.key)) return certificate.raw;
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    throw failed(url, messageOf(error), error);
  }
  throw failed(url, "its certificate is for another key");
}

/** As Rekor v2 answers: once the entry is in the tree, with the proof of that. */
async function enter(
  { payloadType, payload, signature, certificate }: Bundle,
  key: LocalKey,
  { services: { log: url }, signal }: KeylessSigner,
): Promise<LogInclusion> {
  const digest = toBase64(sha256(preAuthEncoding(payloadType, payload)));
  const verifier = verifierIn({ key: key.publicKey.key, ...(certificate !== undefined && { certificate }) });
  const answer = await ask(`${url}/api/v2/log/entries`, signal, undefined, {
    hashedRekordRequestV002: { digest, signature: { content: toBase64(signature), verifier } },
  });
  try {
    const entry = isObject(answer) ? parseLogEntry(answer) : undefined;
    if (entry !== undefined) return entry;
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    throw failed(url, messageOf(error), error);
  }
  throw failed(url, "what it answered is no entry of a log");
}

async function ask(
  url: string,
  signal: AbortSignal,
  token: string | undefined,
  body: object,
): Promise<unknown> {
  const wrong = (problem: string, cause?: unknown): Error => failed(url, problem, cause);
  const types = { sent: "application/json", wanted: "application/json" };
  const question = { body: canonicalJson(body), types, signal, ...(token !== undefined && { token }) };
  const answer = await post(url, question, wrong);
  if (answer.status < 200 || answer.status > 299) throw wrong(said(answer, token));
  try {
    return parseStrictJson(answer.bytes);
  } catch (error) {
    throw wrong(messageOf(error), error);
  }
}

function subjectOf(token: string): string {
  return identityInToken(token).subject;
}

/**
 * Who a token is of, as the authority will see a person: the address, where it has one that was verified.
 * @throws PipeliteError IDENTITY_TOKEN_INVALID
 */
export function identityInToken(token: string): Identity {
  const [, payload = "", ...rest] = token.split(".");
  let claims: unknown;
  try {
    claims = parseStrictJson(Buffer.from(payload, "base64url"));
  } catch {
    claims = undefined;
  }
  if (rest.length !== 1 || !isObject(claims)) return refuse("it is no token of OpenID Connect");
  const { email, sub, iss } = claims;
  if (email !== undefined && claims["email_verified"] !== true && claims["email_verified"] !== "true")
    return refuse("its email address is not verified");
  const subject = email ?? sub;
  if (typeof subject !== "string" || subject === "") return refuse("it names no subject");
  return { subject, issuer: typeof iss === "string" ? iss : "" };
}

function refuse(problem: string): never {
  throw pipeliteError("IDENTITY_TOKEN_INVALID", { problem });
}

function failed(url: string, problem: string, cause?: unknown): Error {
  return pipeliteError("SIGSTORE_FAILED", { url, problem }, cause);
}
