// Signed certificate timestamps: a log of certificates promises that it has the one that they stand in. Specification: RFC 6962, sections
// 3.2 and 3.3.
import { asBuffer } from "#base/bytes.ts";
import { sha256 } from "#nix/hash.ts";
import { EXTENSION, type Certificate } from "./certificate.ts";
import { derContent, contextTag, elementsOf, oidOf, readDer, TAG } from "./der.ts";
import { derOf, sequenceOf } from "./der-writer.ts";
import { pipeliteError } from "./errors.ts";
import { isInPeriod, type TrustedLog } from "./trusted-root.ts";

interface LogPromise {
  logId: Buffer;
  /** ms since 1970. */
  time: number;
  extensions: Buffer;
  signature: Buffer;
}

/**
 * That each promise in a certificate is by a log that is trusted, and that there is one.
 * @param issuer of the certificate: the promise is of what it issued, and of nobody else's
 * @returns addresses of the logs
 * @throws PipeliteError SCT_INVALID, DER_INVALID
 */
export function verifyScts(
  certificate: Certificate,
  issuer: Certificate,
  logs: readonly TrustedLog[],
): string[] {
  const found = certificate.extensions.get(EXTENSION.scts);
  if (found === undefined) return refuse("the certificate has none");
  const promises = listOf(derContent(readDer(found.value), TAG.octetString)).map(parsePromise);
  if (promises.length === 0) refuse("the certificate has none");
  const ids = promises.map(({ logId }) => logId.toString("hex"));
  if (new Set(ids).size < ids.length) refuse("a log stands twice in the certificate");
  const entry = precertificate(certificate, issuer);
  const { verify } = process.getBuiltinModule("node:crypto");
  return promises.map((promise) => {
    const { logId, time, signature } = promise;
    const log = logs.find(({ id, validFor }) => id.equals(logId) && isInPeriod(validFor, time));
    if (log === undefined) return refuse("it is of a log that is not trusted then");
    if (!["ec", "rsa"].includes(log.key.asymmetricKeyType ?? ""))
      return refuse("its log has a key of another kind than such logs have");
    if (!verify("sha256", signedBytes(promise, entry), log.key, signature))
      refuse("its signature is not by its log");
    return log.baseUrl;
  });
}

const [VERSION_1, SHA256, ECDSA, RSA] = [0, 4, 3, 1];

function parsePromise(bytes: Buffer): LogPromise {
  const HEAD = 43;
  if (bytes.length < HEAD || bytes[0] !== VERSION_1) return refuse("it is not of version 1");
  const [extensions, rest] = opaqueOf(bytes.subarray(HEAD - 2));
  const [hash, algorithm] = rest;
  if (hash !== SHA256 || (algorithm !== ECDSA && algorithm !== RSA))
    refuse("it is signed by no algorithm that is known");
  const [signature, more] = opaqueOf(rest.subarray(2));
  if (more.length > 0) refuse("something follows it");
  const time = Number(bytes.readBigUInt64BE(33));
  return { logId: bytes.subarray(1, 33), time, extensions, signature };
}

/** Members of a list in the encoding of TLS, each after its length in two bytes. */
function listOf(bytes: Buffer): Buffer[] {
  const [list, more] = opaqueOf(bytes);
  if (more.length > 0) refuse("something follows the list");
  const members: Buffer[] = [];
  for (let rest = list; rest.length > 0;) {
    const [member, next] = opaqueOf(rest);
    members.push(member);
    rest = next;
  }
  return members;
}

function opaqueOf(bytes: Buffer): [content: Buffer, rest: Buffer] {
  if (bytes.length < 2) return refuse("it is cut off");
  const end = 2 + bytes.readUInt16BE(0);
  return end > bytes.length ? refuse("it is cut off") : [bytes.subarray(2, end), bytes.subarray(end)];
}

/** What the log was shown: the certificate without its promises, and who would issue it. */
function precertificate({ tbs }: Certificate, issuer: Certificate): Buffer {
  const members = elementsOf(tbs).map((member) => {
    if (member.tag !== contextTag(3)) return member.raw;
    const [list] = elementsOf(member, contextTag(3));
    const others = (list === undefined ? [] : elementsOf(list)).filter(
      (each) => oidOf(elementsOf(each)[0]) !== EXTENSION.scts,
    );
    return derOf(contextTag(3), sequenceOf(...others.map(({ raw }) => raw)));
  });
  const bytes = sequenceOf(...members);
  const length = Buffer.alloc(3);
  length.writeUIntBE(bytes.length, 0, 3);
  return Buffer.concat([asBuffer(sha256(issuer.spki)), length, bytes]);
}

function signedBytes({ time, extensions }: LogPromise, entry: Buffer): Buffer {
  const [CERTIFICATE_TIMESTAMP, PRECERTIFICATE] = [0, 1];
  const head = Buffer.alloc(12);
  head.writeUInt8(VERSION_1 ?? 0, 0);
  head.writeUInt8(CERTIFICATE_TIMESTAMP ?? 0, 1);
  head.writeBigUInt64BE(BigInt(time), 2);
  head.writeUInt16BE(PRECERTIFICATE ?? 0, 10);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(extensions.length);
  return Buffer.concat([head, entry, length, extensions]);
}

function refuse(problem: string): never {
  throw pipeliteError("SCT_INVALID", { problem });
}
