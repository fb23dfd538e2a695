// Attestations: statements signed with the home's own key, or one that is given, and entered into the log of the home. Stock
// Sigstore verifiers accept them with the trusted root that is written here.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { isPipeliteError } from "#base/errors.ts";
import { bytesOfFile } from "#base/files.ts";
import { prettyJson } from "#base/canonical-json.ts";
import { textOf, toByteString } from "#base/bytes.ts";
import type { Home } from "#home/home.ts";
import { TransparencyLog, type SignedCheckpoint } from "#home/log.ts";
import { generateKey, readSigningKey, writeSigningKey } from "#keys/key-file.ts";
import type { Bundle } from "#sigstore/bundle.ts";
import { toBase64 } from "#sigstore/envelope.ts";
import type { PublicKey, SigningKey } from "#sigstore/key.ts";
import { signStatement } from "#sigstore/sign.ts";
import type { Statement } from "#sigstore/statement.ts";
import { hashedRekord } from "#tlog/hashed-rekord.ts";
import { proveInclusion, rootHash } from "#tlog/merkle.ts";
import { writeNote, type NoteVerifier } from "#tlog/note.ts";
import { pipeliteError } from "./errors.ts";

/** The key of the home that signs attestations; it is made on first use. @throws PipeliteError BUILDER_KEY_OPEN */
export function builderKey({ layout }: Home): SigningKey {
  const file = join(layout.builder, "builder.key");
  if (bytesOfFile(file) === undefined) {
    mkdirSync(layout.builder, { recursive: true, mode: 0o700 });
    try {
      writeSigningKey(file, generateKey());
    } catch (error) {
      // Another process has made it meanwhile.
      if (!isPipeliteError(error, "SIGNING_KEY_EXISTS") || bytesOfFile(file) === undefined) throw error;
    }
  }
  const { key, warnings } = readSigningKey(file);
  const [open] = warnings;
  if (open !== undefined) throw pipeliteError("BUILDER_KEY_OPEN", { problem: open });
  return key;
}

/** The public half of that key; undefined where there is none yet. */
export function builderPublicKey(home: Home): PublicKey | undefined {
  const file = join(home.layout.builder, "builder.key");
  return bytesOfFile(file) === undefined ? undefined : readSigningKey(file).key.publicKey;
}

export interface Vouching {
  /** Gives the timestamps of a signature; nothing is entered into the log before all have theirs. */
  stamp?: ((signature: Uint8Array) => Promise<Uint8Array[]>) | undefined;
  /** Has others sign the checkpoint that speaks for what was entered, and gives it. */
  witness?: (() => Promise<SignedCheckpoint>) | undefined;
}

/** Signs statements, and enters all of them into the log before the checkpoint that speaks for them. */
export async function attest(
  home: Home,
  statements: readonly Statement[],
  key: SigningKey,
  { stamp, witness }: Vouching = {},
): Promise<Bundle[]> {
  const log = new TransparencyLog(home);
  // A log that can't go on is given nothing more.
  await log.publish();
  const bundles: Bundle[] = [];
  for (const statement of statements) {
    const bundle = signStatement(statement, key);
    bundles.push(stamp === undefined ? bundle : { ...bundle, timestamps: await stamp(bundle.signature) });
  }
  const signed = bundles.map((bundle) => {
    const body = hashedRekord({ ...bundle, key: key.publicKey.key });
    return { bundle, body, index: home.journal.appendRekord(textOf(toByteString(body))) };
  });
  const checkpoint = witness === undefined ? await log.publish() : await witness();
  const { verifier } = log;
  if (verifier === undefined) throw new Error("a log that has signed has a key");
  const hashes = log.hashes(checkpoint.size);
  return signed.map(({ bundle, body, index }) => ({
    ...bundle,
    log: {
      logId: verifier.id,
      index,
      body,
      size: checkpoint.size,
      root: rootHash(checkpoint.size, hashes),
      hashes: proveInclusion(index, checkpoint.size, hashes),
      checkpoint: writeNote(checkpoint.note),
    },
  }));
}

/**
 * A trusted root in Sigstore's form that has the log: keys that sign are given to a verifier beside it.
 * @param timestampAuthorities as another trusted root has them
 */
export function trustedRoot({ name, id, key }: NoteVerifier, timestampAuthorities: unknown = []): string {
  const logId = { keyId: toBase64(id) };
  return prettyJson({
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [
      {
        baseUrl: `https://${name}`,
        hashAlgorithm: "SHA2_256",
        publicKey: {
          rawBytes: toBase64(key.export({ format: "der", type: "spki" })),
          keyDetails: "PKIX_ED25519",
          validFor: { start: "1970-01-01T00:00:00Z" },
        },
        logId,
        checkpointKeyId: logId,
      },
    ],
    certificateAuthorities: [],
    ctlogs: [],
    timestampAuthorities,
  });
}
