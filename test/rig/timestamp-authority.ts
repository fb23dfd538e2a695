// A timestamp authority (RFC 3161) for tests: it answers by HTTP as a real one does, and can be wrong in one place.
import { createHash, sign } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { PURPOSE } from "#sigstore/certificate.ts";
import { derContent, contextTag, elementsOf, integerOf, readDer, TAG } from "#sigstore/der.ts";
import { derInteger, derOf, derOid, sequenceOf } from "#sigstore/der-writer.ts";
import { toBase64 } from "#sigstore/envelope.ts";
import {
  authorityExtensions,
  issue,
  leafExtensions,
  SHA256,
  SHA256_WITH_ECDSA,
  type Issued,
} from "./certificates.ts";

const SIGNED_DATA = "1.2.840.113549.1.7.2";
const TIMESTAMP = "1.2.840.113549.1.9.16.1.4";
const EPOCH = "2020-01-01T00:00:00Z";

export interface Chain {
  root: Issued;
  signer: Issued;
}

/** What is put in place of what is right. */
export interface Wrong {
  status?: number;
  type?: string;
  contentType?: string;
  version?: number;
  policy?: Buffer;
  imprint?: Buffer;
  hash?: Buffer;
  digest?: Buffer;
  named?: Buffer;
  /** Without the attribute that names the certificate. */
  isUnnamed?: boolean;
  /** By this key. */
  signer?: Issued;
  signers?: number;
  attributeTwice?: boolean;
  more?: Buffer;
  isBare?: boolean;
}

export function timestampChain(
  purposes: readonly string[] = [PURPOSE.timeStamping],
  isCritical = true,
): Chain {
  const root = issue({ name: "timestamp root", extensions: authorityExtensions() });
  const signer = issue({
    name: "timestamp signer",
    issuer: root,
    extensions: leafExtensions(purposes, isCritical),
  });
  return { root, signer };
}

/** A member of the `timestampAuthorities` of a trusted root. */
export function authorityEntry(
  uri: string,
  chain: readonly Issued[],
  validFor: object = { start: EPOCH },
): object {
  const certificates = chain.map(({ der }) => ({ rawBytes: toBase64(der) }));
  return {
    subject: { organization: "pipelite.test", commonName: "test" },
    uri,
    certChain: { certificates },
    validFor,
  };
}

/** The answer to a request (TimeStampReq). @param at ms since 1970 */
export function answerTo(request: Buffer, { signer }: Chain, at: number, wrong: Wrong = {}): Buffer {
  const [, imprint, ...rest] = elementsOf(readDer(request));
  const asked = rest.find(({ tag }) => tag === TAG.integer);
  const [, digest] = imprint === undefined ? [] : elementsOf(imprint);
  const status = sequenceOf(derInteger(Buffer.of(wrong.status ?? 0)));
  if (wrong.isBare === true) return sequenceOf(status);
  const info = infoOf(
    wrong.imprint ?? derContent(digest, TAG.octetString),
    at,
    wrong,
    asked && integerOf(asked),
  );
  return sequenceOf(status, tokenOf(info, wrong.signer ?? signer, wrong, signer));
}

function infoOf(digest: Buffer, at: number, wrong: Wrong, nonce: Buffer | undefined): Buffer {
  const time = new Date(at).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return sequenceOf(
    derInteger(Buffer.of(wrong.version ?? 1)),
    wrong.policy ?? derOid("1.3.6.1.4.1.57264.2"),
    sequenceOf(wrong.hash ?? SHA256, derOf(TAG.octetString, digest)),
    derInteger(Buffer.of(7)),
    derOf(TAG.generalizedTime, Buffer.from(time)),
    ...(nonce === undefined ? [] : [derInteger(nonce)]),
    ...(wrong.more === undefined ? [] : [wrong.more]),
  );
}

function tokenOf(info: Buffer, signer: Issued, wrong: Wrong, shown: Issued): Buffer {
  const digest = wrong.digest ?? createHash("sha256").update(info).digest();
  const named = wrong.named ?? createHash("sha256").update(shown.der).digest();
  const attribute = (oid: string, value: Buffer): Buffer => sequenceOf(derOid(oid), derOf(TAG.set, value));
  const type = attribute("1.2.840.113549.1.9.3", derOid(wrong.contentType ?? TIMESTAMP));
  const name = sequenceOf(sequenceOf(sequenceOf(derOf(TAG.octetString, named))));
  const attributes = [
    type,
    ...(wrong.attributeTwice === true ? [type] : []),
    attribute("1.2.840.113549.1.9.4", derOf(TAG.octetString, digest)),
    ...(wrong.isUnnamed === true ? [] : [attribute("1.2.840.113549.1.9.16.2.47", name)]),
  ].toSorted((a, b) => Buffer.compare(a, b));
  const signature = sign("sha256", derOf(TAG.set, ...attributes), signer.key);
  const signerInfo = sequenceOf(
    derInteger(Buffer.of(1)),
    sequenceOf(issuerOf(shown), derInteger(shown.serial)),
    SHA256,
    derOf(contextTag(0), ...attributes),
    SHA256_WITH_ECDSA,
    derOf(TAG.octetString, signature),
  );
  const data = sequenceOf(
    derInteger(Buffer.of(3)),
    derOf(TAG.set, SHA256),
    sequenceOf(derOid(wrong.type ?? TIMESTAMP), derOf(contextTag(0), derOf(TAG.octetString, info))),
    derOf(contextTag(0), shown.der),
    derOf(TAG.set, ...Array.from({ length: wrong.signers ?? 1 }, () => signerInfo)),
  );
  return sequenceOf(derOid(SIGNED_DATA), derOf(contextTag(0), data));
}

function issuerOf({ der }: Issued): Buffer {
  const [tbs] = elementsOf(readDer(der));
  const issuer = tbs === undefined ? undefined : elementsOf(tbs)[3];
  return issuer?.raw ?? Buffer.alloc(0);
}

export interface TimestampAuthority extends AsyncDisposable {
  url: string;
  chain: Chain;
  /** ms since 1970; now without it. */
  at?: number;
  wrong: Wrong;
  /** What it answers next in place of its own answer. */
  lie?: { status: number; body: Buffer };
  requests: number;
}

export async function startTimestampAuthority(chain = timestampChain()): Promise<TimestampAuthority> {
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      authority.requests += 1;
      if (request.headers["content-type"] !== "application/timestamp-query")
        return response.writeHead(415).end();
      const { lie, wrong, at = Date.now() } = authority;
      const { status, body: answer } = lie ?? { status: 201, body: answerTo(body, chain, at, wrong) };
      return response
        .writeHead(status, { "content-type": "application/timestamp-reply", connection: "close" })
        .end(answer);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const authority: TimestampAuthority = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/timestamp`,
    chain,
    wrong: {},
    requests: 0,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return authority;
}
