// A Sigstore of our own for tests, that speaks the protocols of the real one: an authority for certificates with a log of certificates
// (Fulcio v2), a log with tiles (Rekor v2), and a timestamp authority. Each can be wrong in one place.
import { createHash, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text as readText } from "node:stream/consumers";
import { p256 } from "@noble/curves/nist.js";
import { isObject, memberAt } from "#base/strict-json.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { EXTENSION, parseCertificate, PURPOSE } from "#sigstore/certificate.ts";
import { bytesOfBits, contextTag, elementsOf, readDer, TAG } from "#sigstore/der.ts";
import { derOf, sequenceOf } from "#sigstore/der-writer.ts";
import { toBase64 } from "#sigstore/envelope.ts";
import { writeCheckpoint } from "#tlog/checkpoint.ts";
import { hashesOfLeaves, leafHash, proveInclusion, rootHash } from "#tlog/merkle.ts";
import { noteSignerOf, signNote, writeNote, type NoteSigner } from "#tlog/note.ts";
import { bundlePath, tilePath, tilesBetween, writeEntryBundle } from "#tlog/tiles.ts";
import {
  authorityExtensions,
  extensionOf,
  issue,
  leafExtensions,
  newKey,
  signedTbs,
  spkiOf,
  tbsOf,
  keyIdentifier,
  type Issued,
} from "./certificates.ts";
import { authorityEntry, startTimestampAuthority, type TimestampAuthority } from "./timestamp-authority.ts";

const EPOCH = "2020-01-01T00:00:00Z";
const ISSUER = "https://issuer.pipelite.test";
const LOG_NAME = "localhost";

/** What the authority for certificates puts in place of what is right. */
export interface WrongCertificate {
  purposes?: readonly string[];
  subject?: Buffer;
  issuer?: string;
  notBefore?: number;
  notAfter?: number;
  /** The promise is of another certificate, by another key, or absent. */
  promise?: "another" | "stranger" | "none" | "twice";
  key?: KeyObject;
  byStranger?: boolean;
}

export interface WrongEntry {
  body?: (body: Buffer) => Buffer;
  index?: number;
  /** Signs the checkpoint. */
  signer?: NoteSigner;
  origin?: string;
}

export interface Sigstore extends AsyncDisposable {
  url: string;
  timestamps: TimestampAuthority;
  certificate: WrongCertificate;
  entry: WrongEntry;
  /** Answers of its own to a path. */
  lies: Map<string, { status: number; body: string }>;
  log: NoteSigner & { logId: Buffer };
  chain: { root: Issued; between: Issued };
  entries: Buffer[];
  /** Asked of it, with the token that was shown. */
  asked: { path: string; token: string | undefined }[];
  trustedRoot(): Record<string, unknown>;
  signingConfig(): object;
  /** A certificate for a key, without being asked by anybody. */
  certificateFor(key: KeyObject): Buffer;
  /** Enters what nobody looked at, and answers as to a request. */
  enter(body: Buffer): Record<string, unknown>;
  /** A token of OpenID Connect that it takes. */
  token(claims?: object): string;
}

export async function startSigstore(): Promise<Sigstore> {
  const root = issue({
    name: "sigstore root",
    extensions: authorityExtensions(),
    notAfter: Date.now() + 10 ** 11,
  });
  const between = issue({
    name: "sigstore",
    issuer: root,
    extensions: authorityExtensions(0),
    notAfter: Date.now() + 10 ** 11,
  });
  const stranger = issue({ name: "sigstore", extensions: authorityExtensions() });
  const [ctKey, strangeKey, oidc] = [newKey(), newKey(), newKey()];
  const log = noteSignerOf(LOG_NAME, "log", generateKeyPairSync("ed25519").privateKey);
  const logId = logIdOf(LOG_NAME, log.key);
  const timestamps = await startTimestampAuthority();
  const sigstore: Omit<Sigstore, "url"> & { url: string } = {
    url: "",
    timestamps,
    certificate: {},
    entry: {},
    lies: new Map(),
    log: { ...log, logId },
    chain: { root, between },
    entries: [],
    asked: [],
    trustedRoot: () => ({
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: [logEntry(`https://${LOG_NAME}`, log.key, logId, "PKIX_ED25519")],
      certificateAuthorities: [authorityEntry(sigstore.url, [between, root])],
      ctlogs: [
        logEntry(`${sigstore.url}/ct`, createPublicKey(ctKey), idOf(ctKey), "PKIX_ECDSA_P256_SHA_256"),
      ],
      timestampAuthorities: [
        authorityEntry(timestamps.url, [timestamps.chain.signer, timestamps.chain.root]),
      ],
    }),
    signingConfig: () => {
      const service = (url: string, majorApiVersion: number) => [
        { url, majorApiVersion, validFor: { start: EPOCH }, operator: "pipelite.test" },
      ];
      return {
        mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        caUrls: service(sigstore.url, 1),
        oidcUrls: service(ISSUER, 1),
        rekorTlogUrls: service(sigstore.url, 2),
        tsaUrls: service(timestamps.url, 1),
        rekorTlogConfig: { selector: "ANY" },
        tsaConfig: { selector: "ANY" },
      };
    },
    certificateFor: (key) =>
      certificateFor(key, { subject: "anna@pipelite.test", issuer: ISSUER, wrong: sigstore.certificate }),
    enter: (body) => {
      sigstore.entries.push(body);
      return answerOf(sigstore, sigstore.entry);
    },
    token: (claims = {}) => writeToken({ ...DEFAULT_CLAIMS(), ...claims }, oidc),
    [Symbol.asyncDispose]: async () => {
      await timestamps[Symbol.asyncDispose]();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  const certify = (token: string, request: unknown): Answer => {
    const claims = claimsOf(token, oidc);
    if (claims === undefined)
      return { status: 401, body: '{"message":"the token is not by a known issuer"}' };
    const subject = typeof claims["email"] === "string" ? claims["email"] : String(claims["sub"]);
    const spki = requestedKey(request, subject);
    if (spki === undefined) return { status: 400, body: '{"message":"no proof of possession"}' };
    const wrong = sigstore.certificate;
    const key = wrong.key ?? createPublicKey({ key: spki, format: "der", type: "spki" });
    const der = certificateFor(key, { subject, issuer: String(claims["iss"]), wrong });
    const chain = [der, between.der, root.der].map(pemOf);
    return {
      status: 200,
      body: JSON.stringify({ signedCertificateEmbeddedSct: { chain: { certificates: chain } } }),
    };
  };
  const certificateFor = (
    key: KeyObject,
    { subject, issuer, wrong }: { subject: string; issuer: string; wrong: WrongCertificate },
  ): Buffer => {
    const by = wrong.byStranger === true ? stranger : between;
    const name = subject.includes("@") ? contextTag(1, false) : contextTag(6, false);
    const said = wrong.issuer ?? issuer;
    const extensions = [
      ...leafExtensions(wrong.purposes ?? [PURPOSE.codeSigning]),
      extensionOf("2.5.29.14", derOf(TAG.octetString, keyIdentifier(key))),
      extensionOf("2.5.29.35", sequenceOf(derOf(contextTag(0, false), keyIdentifier(by.key)))),
      extensionOf(
        EXTENSION.subjectNames,
        sequenceOf(wrong.subject ?? derOf(name, Buffer.from(subject))),
        true,
      ),
      extensionOf("1.3.6.1.4.1.57264.1.1", Buffer.from(said)),
      extensionOf("1.3.6.1.4.1.57264.1.8", derOf(TAG.utf8, Buffer.from(said))),
    ];
    const { notBefore = Date.now() - 5000, notAfter = Date.now() + 600_000 } = wrong;
    const serial = createHash("sha256").update(spkiOf(key)).digest().subarray(0, 8);
    serial[0] = 0x40;
    const tbs = (all: readonly Buffer[]) =>
      tbsOf({ name: "", key, serial, extensions: all, notBefore, notAfter }, by);
    if (wrong.promise === "none") return signedTbs(tbs(extensions), by.key);
    const shown = tbs(wrong.promise === "another" ? extensions.slice(1) : extensions);
    const promise = promiseOf(shown, by, wrong.promise === "stranger" ? strangeKey : ctKey, idOf(ctKey));
    const promises = wrong.promise === "twice" ? [promise, promise] : [promise];
    const list = opaque(Buffer.concat(promises.map(opaque)));
    const withPromise = [...extensions, extensionOf(EXTENSION.scts, derOf(TAG.octetString, list))];
    return signedTbs(tbs(withPromise), by.key);
  };
  const enter = (request: unknown): Answer => {
    const asked = memberAt(request, "hashedRekordRequestV002");
    if (!isObject(asked) || !isVerified(asked))
      return { status: 400, body: '{"message":"the signature is not right"}' };
    const { signature, digest } = asked;
    const data = { algorithm: "SHA2_256", digest };
    const spec = { hashedRekordV002: { data, signature } };
    const right = Buffer.from(canonicalJson({ apiVersion: "0.0.2", kind: "hashedrekord", spec }));
    const wrong = sigstore.entry;
    const body = wrong.body?.(right) ?? right;
    sigstore.entries.push(body);
    return { status: 201, body: JSON.stringify(answerOf(sigstore, wrong)) };
  };

  const server: Server = createServer((request, response) => {
    void readText(request).then((body) => {
      const path = request.url ?? "";
      const token = tokenIn(request, body);
      sigstore.asked.push({ path, token });
      const lie = sigstore.lies.get(path);
      const { status, body: answer } = lie ?? answerTo(path, token, body);
      response.writeHead(status, { "content-type": "application/json", connection: "close" }).end(answer);
    });
  });
  const answerTo = (path: string, token: string | undefined, body: string): Answer => {
    if (path === "/api/v2/signingCert") return certify(token ?? "", JSON.parse(body));
    if (path === "/api/v2/log/entries") return enter(JSON.parse(body));
    const file = filesOf(sigstore).get(path.slice(1));
    return file === undefined ? { status: 404, body: "" } : { status: 200, body: file };
  };
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  sigstore.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return sigstore;
}

interface Answer {
  status: number;
  body: string | Buffer;
}

const DEFAULT_CLAIMS = (): object => ({
  iss: ISSUER,
  sub: "anna@pipelite.test",
  email: "anna@pipelite.test",
  email_verified: true,
  aud: "sigstore",
  iat: Math.floor(Date.now() / 1000) - 5,
  nbf: Math.floor(Date.now() / 1000) - 5,
  exp: Math.floor(Date.now() / 1000) + 600,
});

function logEntry(baseUrl: string, key: KeyObject, id: Buffer, keyDetails: string): object {
  return {
    baseUrl,
    hashAlgorithm: "SHA2_256",
    publicKey: { rawBytes: toBase64(spkiOf(key)), keyDetails, validFor: { start: EPOCH } },
    logId: { keyId: toBase64(id) },
  };
}

function idOf(key: KeyObject): Buffer {
  return createHash("sha256").update(spkiOf(key)).digest();
}

/** The whole of the digest whose first bytes are the id of the key of a note. */
function logIdOf(name: string, key: KeyObject): Buffer {
  const raw = spkiOf(key).subarray(-32);
  return createHash("sha256").update(`${name}\n`).update(Buffer.of(1)).update(raw).digest();
}

function writeToken(claims: object, key: KeyObject): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "ES256", typ: "JWT" })}.${part(claims)}`;
  const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

function claimsOf(token: string, key: KeyObject): Record<string, unknown> | undefined {
  const [head = "", payload = "", signature = ""] = token.split(".");
  const bytes = Buffer.from(`${head}.${payload}`);
  const isBy = verify(
    "sha256",
    bytes,
    { key: createPublicKey(key), dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  const claims: unknown = isBy ? JSON.parse(Buffer.from(payload, "base64url").toString()) : undefined;
  return isObject(claims) && claims["aud"] === "sigstore" && Number(claims["exp"]) * 1000 > Date.now()
    ? claims
    : undefined;
}

function tokenIn({ headers }: IncomingMessage, body: string): string | undefined {
  const [, shown] = /^Bearer (.+)$/.exec(headers.authorization ?? "") ?? [];
  if (shown !== undefined || !body.includes("oidcIdentityToken")) return shown;
  const token = memberAt(JSON.parse(body), "credentials", "oidcIdentityToken");
  return typeof token === "string" ? token : undefined;
}

/** The key that somebody shows to have: by a signature over who they are, or a signed request (PKCS #10). */
function requestedKey(request: unknown, subject: string): Buffer | undefined {
  const content = memberAt(request, "publicKeyRequest", "publicKey", "content");
  const proof = memberAt(request, "publicKeyRequest", "proofOfPossession");
  if (typeof content === "string" && typeof proof === "string") {
    const key = createPublicKey(content);
    return verify("sha256", Buffer.from(subject), key, Buffer.from(proof, "base64"))
      ? spkiOf(key)
      : undefined;
  }
  const wanted = memberAt(request, "certificateSigningRequest");
  const pem = Buffer.from(String(wanted), "base64")
    .toString()
    .replaceAll(/-----[^-]+-----|\s/g, "");
  const [info, , signature] = elementsOf(readDer(Buffer.from(pem, "base64")));
  const spki = info === undefined ? undefined : elementsOf(info)[2]?.raw;
  if (info === undefined || spki === undefined) return undefined;
  const key = createPublicKey({ key: spki, format: "der", type: "spki" });
  return verify("sha256", info.raw, key, bytesOfBits(signature)) ? spki : undefined;
}

/** As Rekor does, before it enters anything. */
function isVerified({ digest, signature }: Record<string, unknown>): boolean {
  const certificate = memberAt(signature, "verifier", "x509Certificate", "rawBytes");
  const spki = memberAt(signature, "verifier", "publicKey", "rawBytes");
  const content = memberAt(signature, "content");
  if (typeof digest !== "string" || typeof content !== "string") return false;
  const bytes = Buffer.from(String(certificate ?? spki), "base64");
  const key =
    certificate === undefined
      ? createPublicKey({ key: bytes, format: "der", type: "spki" })
      : parseCertificate(bytes).key;
  const { x = "", y = "" } = key.export({ format: "jwk" });
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  const options = { prehash: false, lowS: false, format: "der" } as const;
  return p256.verify(Buffer.from(content, "base64"), Buffer.from(digest, "base64"), point, options);
}

function answerOf({ entries, log }: Sigstore, wrong: WrongEntry): Record<string, unknown> {
  const size = entries.length;
  const hashes = hashesOfLeaves(entries.map(leafHash));
  const root = rootHash(size, hashes);
  const text = writeCheckpoint({ origin: wrong.origin ?? log.name, size, root });
  const note = writeNote({ text, signatures: [signNote(text, wrong.signer ?? log)] });
  const index = String(wrong.index ?? size - 1);
  return {
    logIndex: index,
    logId: { keyId: toBase64(log.logId) },
    kindVersion: { kind: "hashedrekord", version: "0.0.2" },
    integratedTime: "0",
    inclusionPromise: null,
    inclusionProof: {
      logIndex: index,
      rootHash: toBase64(root),
      treeSize: String(size),
      hashes: proveInclusion(size - 1, size, hashes).map(toBase64),
      checkpoint: { envelope: note },
    },
    canonicalizedBody: toBase64(entries.at(-1) ?? Buffer.alloc(0)),
  };
}

/** The log as a web server of tiles has it. */
function filesOf({ entries, log }: Sigstore): Map<string, Buffer> {
  const size = entries.length;
  const hashes = hashesOfLeaves(entries.map(leafHash));
  const text = writeCheckpoint({ origin: log.name, size, root: rootHash(size, hashes) });
  const files = new Map([
    ["checkpoint", Buffer.from(writeNote({ text, signatures: [signNote(text, log)] }))],
  ]);
  for (const tile of tilesBetween(0, size)) {
    const { level, index, width } = tile;
    const from = index * 256;
    const nodes = Array.from({ length: width }, (_, at) => hashes(8 * level, from + at));
    files.set(tilePath(tile), Buffer.concat(nodes));
    if (level === 0)
      files.set(bundlePath(tile), Buffer.from(writeEntryBundle(entries.slice(from, from + width))));
  }
  return files;
}

/** What a log of certificates says of one that is about to be issued (RFC 6962). */
function promiseOf(tbs: Buffer, issuer: Issued, key: KeyObject, logId: Buffer): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(Date.now()));
  const length = Buffer.alloc(3);
  length.writeUIntBE(tbs.length, 0, 3);
  const entry = Buffer.concat([idOf(issuer.key), length, tbs]);
  const signed = Buffer.concat([Buffer.of(0, 0), time, Buffer.of(0, 1), entry, Buffer.of(0, 0)]);
  return Buffer.concat([
    Buffer.of(0),
    logId,
    time,
    Buffer.of(0, 0, 4, 3),
    opaque(sign("sha256", signed, key)),
  ]);
}

function opaque(bytes: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

export function pemOf(der: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replaceAll(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
}
