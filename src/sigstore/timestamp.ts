// Timestamps: an authority signs that some bytes were there at a time. The token is CMS SignedData over a TSTInfo. Specification: RFC
// 3161, RFC 5652, RFC 5816.
import { isPipeliteError } from "#base/errors.ts";
import { hashNameOf, isSignedBy, type HashName } from "./algorithms.ts";
import {
  authorityOf,
  EXTENSION,
  parseCertificate,
  PURPOSE,
  purposesOf,
  type Certificate,
} from "./certificate.ts";
import { verifyChain } from "./chain.ts";
import {
  derContent,
  contextTag,
  countOf,
  elementsOf,
  integerOf,
  oidOf,
  readDer,
  TAG,
  readDerTime,
  type Der,
} from "./der.ts";
import { derInteger, derOf, derOid, sequenceOf } from "./der-writer.ts";
import { pipeliteError } from "./errors.ts";
import { isInPeriod, type CertificateAuthority } from "./trusted-root.ts";

const OID = {
  sha256: "2.16.840.1.101.3.4.2.1",
  signedData: "1.2.840.113549.1.7.2",
  timestamp: "1.2.840.113549.1.9.16.1.4",
  contentType: "1.2.840.113549.1.9.3",
  messageDigest: "1.2.840.113549.1.9.4",
  signingCertificate: "1.2.840.113549.1.9.16.2.12",
  signingCertificateV2: "1.2.840.113549.1.9.16.2.47",
} as const;

/** A request to have these bytes stamped, with the authority's certificate in the answer. @param nonce that must come back */
export function timestampRequest(bytes: Uint8Array, nonce: Uint8Array): Buffer {
  const imprint = sequenceOf(
    sequenceOf(derOid(OID.sha256)),
    derOf(TAG.octetString, digestOf("sha256", bytes)),
  );
  const [VERSION, TRUE] = [Buffer.of(1), Buffer.of(0xff)];
  return sequenceOf(derInteger(VERSION), imprint, derInteger(nonce), derOf(TAG.boolean, TRUE));
}

export interface Timestamp {
  /** When it was signed, by the clock of the authority; ms since 1970. */
  time: number;
  /** Who signed, as the trusted root calls it. */
  authority: string;
  /** What was asked with; empty where nothing was. */
  nonce: Buffer;
}

/**
 * The time of an answer (TimeStampResp) by one of the authorities that are trusted.
 * @param bytes what must be stamped
 * @throws PipeliteError TIMESTAMP_INVALID
 */
export function verifyTimestamp(
  response: Uint8Array,
  bytes: Uint8Array,
  authorities: readonly CertificateAuthority[],
): Timestamp {
  const token = reading(() => parseResponse(response));
  const problems: string[] = [];
  for (const authority of authorities) {
    try {
      const { uri } = authority;
      const { time, nonce } = verifyToken(token, bytes, authority);
      return { time, authority: uri, nonce };
    } catch (error) {
      if (!isPipeliteError(error)) throw error;
      const { problem } = error.details;
      problems.push(typeof problem === "string" ? problem : error.message);
    }
  }
  return refuse(problems.length === 0 ? "no authority is trusted" : [...new Set(problems)].join("; "));
}

interface Token {
  /** TSTInfo, as it is signed. */
  content: Buffer;
  info: Info;
  certificates: Certificate[];
  signer: Der;
}

interface Info {
  imprint: { hash: HashName; digest: Buffer };
  time: number;
  nonce: Buffer;
}

function parseResponse(response: Uint8Array): Token {
  const [status, token, other] = elementsOf(readDer(response));
  if (status === undefined || other !== undefined) return refuse("it has other members");
  const code = countOf(elementsOf(status)[0]);
  if (code !== 0) refuse(`the authority answered with the status ${code}`);
  if (token === undefined) return refuse("it has no token");
  const [type, wrapped] = elementsOf(token);
  if (oidOf(type) !== OID.signedData || wrapped === undefined) return refuse("it is not signed");
  const [data] = elementsOf(wrapped, contextTag(0));
  if (data === undefined) return refuse("it is not signed");
  const [version, , encapsulated, ...rest] = elementsOf(data);
  const V3 = 3;
  if (countOf(version) !== V3 || encapsulated === undefined) return refuse("it is not of version 3");
  const [contentType, explicit] = elementsOf(encapsulated);
  if (oidOf(contentType) !== OID.timestamp || explicit === undefined)
    return refuse("what is signed is no timestamp");
  const content = derContent(elementsOf(explicit, contextTag(0))[0], TAG.octetString);
  const signers = rest.at(-1);
  const [signer, more] = signers === undefined ? [] : elementsOf(signers, TAG.set);
  if (signer === undefined || more !== undefined) return refuse("it must have exactly one signer");
  const certificates = rest
    .slice(0, -1)
    .filter(({ tag }) => tag === contextTag(0))
    .flatMap((set) => elementsOf(set, contextTag(0)))
    .map(({ raw }) => parseCertificate(raw));
  return { content, info: parseInfo(content), certificates, signer };
}

function parseInfo(content: Buffer): Info {
  const [version, policy, imprint, serial, time, ...rest] = elementsOf(readDer(content));
  oidOf(policy);
  integerOf(serial);
  if (countOf(version) !== 1 || imprint === undefined) return refuse("it is not of version 1");
  const [algorithm, digest] = elementsOf(imprint);
  if (algorithm === undefined) return refuse("it has no imprint");
  const nonce = rest.find(({ tag }) => tag === TAG.integer);
  const KNOWN: readonly number[] = [TAG.sequence, TAG.boolean, TAG.integer, contextTag(0)];
  if (rest.some(({ tag }) => !KNOWN.includes(tag))) refuse("it has members that are not known");
  return {
    imprint: { hash: hashNameOf(algorithm), digest: derContent(digest, TAG.octetString) },
    time: readDerTime(time),
    nonce: nonce === undefined ? Buffer.alloc(0) : integerOf(nonce),
  };
}

function verifyToken(
  token: Token,
  bytes: Uint8Array,
  { certificates, validFor }: CertificateAuthority,
): Info {
  const { info, content, signer } = token;
  const { imprint, time } = info;
  if (!digestOf(imprint.hash, bytes).equals(imprint.digest)) refuse("it is of other bytes");
  if (!isInPeriod(validFor, time)) refuse(`its authority is not trusted at ${new Date(time).toISOString()}`);
  const root = certificates.at(-1);
  if (root === undefined) return refuse("its authority has no certificate");
  const [first] = certificates;
  // A chain that begins with the one that signs trusts this one alone. One that issues others signs none itself, whatever it is for.
  const isPinned =
    first !== undefined &&
    first.extensions.has(EXTENSION.extendedKeyUsage) &&
    isForTime(first) &&
    authorityOf(first) === undefined;
  const candidates = isPinned ? [first] : token.certificates;
  const { sid, digestAlgorithm, attributes, algorithm, signature } = signerOf(signer);
  const certificate = candidates.find((each) => isNamed(sid, each));
  if (certificate === undefined) return refuse("it is signed by no authority that is trusted");
  if (!isForTime(certificate)) refuse("its signer is not for timestamps, or not for them alone");
  const between = [...certificates.slice(0, -1), ...(isPinned ? [] : token.certificates)];
  verifyChain(certificate, { root, between }, { at: time, purpose: PURPOSE.timeStamping });
  const hash = hashNameOf(digestAlgorithm);
  const digest = attributeOf(attributes, OID.messageDigest);
  if (!derContent(digest, TAG.octetString).equals(digestOf(hash, content)))
    refuse("its signature is of another time");
  if (oidOf(attributeOf(attributes, OID.contentType)) !== OID.timestamp)
    refuse("what is signed is no timestamp");
  requireCertificate(attributes, certificate);
  // What is signed is the set of the attributes, and not their place in the signer (RFC 5652, section 5.4).
  const signed = Buffer.concat([Buffer.of(TAG.set), attributes.raw.subarray(1)]);
  if (!isSignedBy(certificate.key, { algorithm, bytes: signed, signature, digest: hash }))
    refuse("its signature is not by the authority over this time");
  return info;
}

interface Signer {
  sid: Der;
  digestAlgorithm: Der;
  attributes: Der;
  algorithm: Der;
  signature: Buffer;
}

function signerOf(signer: Der): Signer {
  const [, sid, digestAlgorithm, attributes, algorithm, signature] = elementsOf(signer);
  if (sid === undefined || digestAlgorithm === undefined || algorithm === undefined)
    return refuse("its signer has too few members");
  if (attributes?.tag !== contextTag(0)) return refuse("its signer signs nothing but the time");
  return { sid, digestAlgorithm, attributes, algorithm, signature: derContent(signature, TAG.octetString) };
}

function isNamed(sid: Der, { issuer, serial }: Certificate): boolean {
  const [name, number] = elementsOf(sid);
  return name?.raw.equals(issuer) === true && integerOf(number).equals(serial);
}

/** Critical, and no other purpose beside it (RFC 3161, section 2.3). */
function isForTime(certificate: Certificate): boolean {
  const [purpose, other] = purposesOf(certificate) ?? [];
  const isCritical = certificate.extensions.get(EXTENSION.extendedKeyUsage)?.isCritical === true;
  return isCritical && purpose === PURPOSE.timeStamping && other === undefined;
}

/** The value of an attribute that must be there, once, with one value. */
function attributeOf(attributes: Der, wanted: string): Der {
  return findAttribute(attributes, wanted) ?? refuse(`its signer does not sign the attribute ${wanted}`);
}

function findAttribute(attributes: Der, wanted: string): Der | undefined {
  const found = elementsOf(attributes, contextTag(0)).filter((each) => oidOf(elementsOf(each)[0]) === wanted);
  const [attribute, twice] = found;
  if (attribute === undefined) return undefined;
  const [, values] = elementsOf(attribute);
  const [value, other] = values === undefined ? [] : elementsOf(values, TAG.set);
  if (twice !== undefined || other !== undefined) refuse(`the attribute ${wanted} stands twice`);
  return value;
}

/** The certificate that the signer says is its own: else one of the same name and number could stand in its place. */
function requireCertificate(attributes: Der, { raw }: Certificate): void {
  const modern = findAttribute(attributes, OID.signingCertificateV2);
  const list = modern ?? attributeOf(attributes, OID.signingCertificate);
  const [first] = elementsOf(elementsOf(list)[0] ?? refuse("its signer names no certificate"));
  const members = first === undefined ? [] : elementsOf(first);
  const isNamedHash = modern !== undefined && members[0]?.tag === TAG.sequence;
  const named = members[isNamedHash ? 1 : 0];
  const hash = isNamedHash && members[0] !== undefined ? hashNameOf(members[0]) : modern ? "sha256" : "sha1";
  if (!derContent(named, TAG.octetString).equals(digestOf(hash, raw)))
    refuse("its signer names another certificate");
}

function digestOf(hash: HashName | "sha1", bytes: Uint8Array): Buffer {
  return process.getBuiltinModule("node:crypto").createHash(hash).update(bytes).digest();
}

function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isPipeliteError(error, "TIMESTAMP_INVALID") || !isPipeliteError(error)) throw error;
    throw pipeliteError("TIMESTAMP_INVALID", { problem: error.message }, error);
  }
}

function refuse(problem: string): never {
  throw pipeliteError("TIMESTAMP_INVALID", { problem });
}
