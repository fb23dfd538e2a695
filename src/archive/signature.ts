// The signature over SHA256SUMS, and so over every file of an archive: an in-toto statement whose subject it is. Who changes a file can
// write the sums again, and not the signature of a key that somebody else trusts.
import { hexDigestOf } from "#base/digest.ts";
import { textOf, toByteString } from "#base/bytes.ts";
import { isPipeliteError } from "#base/errors.ts";
import { messageOf } from "#base/strict-json.ts";
import type { ReadRun } from "#home/runs.ts";
import { parseCertificate } from "#sigstore/certificate.ts";
import { parsePublicKey, publicKeyOf, type PublicKey } from "#sigstore/key.ts";
import { statementBy, verifyBundle } from "#sigstore/sign.ts";
import { parseBundle, writeBundle, type Bundle, type Statement } from "#sigstore/index.ts";
import { MEMBER_NAMES } from "./manifest.ts";
import type { ArchiveReader } from "./read.ts";

const ARCHIVE_TYPE = "https://pipelite.dev/archive/v1";

/** What is signed of an archive. @param sums the bytes of SHA256SUMS */
export function archiveStatement(
  sums: Uint8Array,
  { runId, digest, record }: Pick<ReadRun, "runId" | "digest" | "record">,
): Statement {
  return {
    subject: [{ name: MEMBER_NAMES.sums, digest: { sha256: hexDigestOf(sums) } }],
    predicateType: ARCHIVE_TYPE,
    predicate: { runId, recordDigest: digest, finishedOn: record.finishedAt },
  };
}

/**
 * That the signature is of this SHA256SUMS and of this run, by a key that is in the archive or that its certificate has: whose that is
 * only somebody outside can tell.
 * @throws PipeliteError RUN_ARCHIVE_INVALID
 */
export function verifySums(reader: ArchiveReader): Bundle {
  const { sums, signature } = reader.signed;
  const wrong = (problem: string, cause?: unknown): never =>
    reader.fail(`${MEMBER_NAMES.signature}: ${problem}`, cause);
  const keys = keysIn(reader);
  try {
    const text = textOf(toByteString(signature));
    const bundle = parseBundle(text);
    if (writeBundle(bundle) !== text) return wrong("it is not as it is written");
    const { certificate } = bundle;
    const { subject, predicateType, predicate } =
      certificate === undefined
        ? verifyBundle(bundle, keys)
        : statementBy(bundle, publicKeyOf(parseCertificate(certificate).key, "its certificate"));
    const { run, record } = reader.manifest;
    const isOfThis =
      predicateType === ARCHIVE_TYPE && predicate["runId"] === run && predicate["recordDigest"] === record;
    if (!isOfThis) return wrong("it is of another archive");
    if (subject.length !== 1 || subject[0]?.digest["sha256"] !== hexDigestOf(sums))
      return wrong("SHA256SUMS is not the one that was signed");
    return bundle;
  } catch (error) {
    if (!isPipeliteError(error) || error.code === "RUN_ARCHIVE_INVALID") throw error;
    return wrong(messageOf(error), error);
  }
}

function keysIn(reader: ArchiveReader): PublicKey[] {
  return reader.below("home/keys").flatMap((name) => {
    if (!name.endsWith(".pub")) return [];
    try {
      return [parsePublicKey(textOf(toByteString(reader.bytes(name))), name)];
    } catch (error) {
      return reader.fail(`${name}: ${messageOf(error)}`, error);
    }
  });
}
