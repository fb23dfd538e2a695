// Parsers of what authorities issue and answer, and of the file that says whom to believe.
import { isPipeliteError } from "#base/errors.ts";
import { EXTENSION, isIssuedBy, parseCertificate, purposesOf } from "#sigstore/certificate.ts";
import { contextTag, TAG } from "#sigstore/der.ts";
import { derOf, sequenceOf } from "#sigstore/der-writer.ts";
import { identityOf } from "#sigstore/identity.ts";
import { verifyScts } from "#sigstore/sct.ts";
import { parseSigningConfig } from "#sigstore/signing-config.ts";
import { timestampRequest, verifyTimestamp } from "#sigstore/timestamp.ts";
import { parseTrustedRoot } from "#sigstore/trusted-root.ts";
import { extensionOf, issue } from "../rig/certificates.ts";
import { answerTo, authorityEntry, timestampChain } from "../rig/timestamp-authority.ts";
import { documents } from "./corpus.ts";
import type { Target } from "./fuzz.ts";

const BYTES = Buffer.from("a signature");
const chain = timestampChain();
const root = parseCertificate(chain.root.der);
const authorities = [
  { uri: "", certificates: [root], validFor: { start: 0, end: Number.POSITIVE_INFINITY } },
];
const entry = authorityEntry("https://tsa.test", [chain.signer, chain.root]);

const LIST = Buffer.from(`0079007700${"11".repeat(32)}00000190000000000000040300${"30".repeat(72)}`, "hex");
const promised = issue({
  name: "",
  extensions: [
    extensionOf(
      EXTENSION.subjectNames,
      sequenceOf(derOf(contextTag(1, false), Buffer.from("a@b.test"))),
      true,
    ),
    extensionOf("1.3.6.1.4.1.57264.1.8", derOf(TAG.utf8, Buffer.from("https://issuer.test"))),
    extensionOf(EXTENSION.scts, derOf(TAG.octetString, LIST)),
  ],
});
const service = (majorApiVersion: number) => ({
  url: "https://sigstore.test",
  majorApiVersion,
  validFor: { start: "2020-01-01T00:00:00Z" },
});

export const trustTargets: readonly Target[] = [
  {
    name: "certificate",
    parse: (input) => {
      const certificate = parseCertificate(input);
      purposesOf(certificate);
      isIssuedBy(certificate, root);
    },
    corpus: [chain.root.der, chain.signer.der, promised.der],
  },
  {
    name: "certificate-identity",
    parse: (input) => {
      const certificate = parseCertificate(input);
      identityOf(certificate);
      try {
        verifyScts(certificate, root, []);
      } catch (error) {
        // No log is trusted here: each promise that can be read is refused.
        if (!isPipeliteError(error)) throw error;
      }
    },
    corpus: [promised.der],
  },
  {
    name: "signing-config",
    parse: (input) => void parseSigningConfig(jsonOf(input), Date.now()),
    isRefusal: (error) => error instanceof SyntaxError,
    corpus: documents({
      mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
      caUrls: [service(1)],
      rekorTlogUrls: [service(2)],
      rekorTlogConfig: { selector: "ANY" },
      tsaUrls: [service(1), service(1)],
      tsaConfig: { selector: "EXACT", count: 2 },
    }),
  },
  {
    name: "timestamp",
    parse: (input) => void verifyTimestamp(input, BYTES, authorities),
    corpus: [answerTo(timestampRequest(BYTES, Buffer.of(1)), chain, Date.now())],
  },
  {
    name: "trusted-root",
    parse: (input) => void parseTrustedRoot(jsonOf(input)),
    isRefusal: (error) => error instanceof SyntaxError,
    corpus: documents({
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      certificateAuthorities: [entry],
      timestampAuthorities: [entry],
    }),
  },
];

function jsonOf(input: Uint8Array): unknown {
  return JSON.parse(Buffer.from(input).toString("utf8"));
}
