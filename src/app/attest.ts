// Statements signed and logged, by whoever is to sign: a key, with timestamps or without, or somebody whom an authority certifies; and
// what others need to verify them.
import type { Variables } from "#base/environment.ts";
import { readNamedText } from "#base/files.ts";
import { isObject, messageOf, parseStrictJson } from "#base/strict-json.ts";
import type { Home } from "#home/home.ts";
import { TransparencyLog } from "#home/log.ts";
import { readSecret, type SecretSource } from "#secrets/sources.ts";
import { pipeliteError as sigstoreError } from "#sigstore/errors.ts";
import { writePublicKey, type Bundle, type SigningKey, type Statement } from "#sigstore/index.ts";
import { parseSigningConfig } from "#sigstore/signing-config.ts";
import { parseTrustedRoot, type TrustedRoot } from "#sigstore/trusted-root.ts";
import { builderKey, trustedRoot } from "#supply/attest.ts";
import { keyAttester, type Attester } from "#supply/attestations.ts";
import { pipeliteError as supplyError } from "#supply/errors.ts";
import { signKeyless, type KeylessSigner, type SignedAs } from "#supply/keyless.ts";
import { personAs, personWith, type Person } from "#supply/person.ts";
import { stamp, stampFindings } from "#supply/stamp.ts";
import { askWitnesses } from "#supply/witness.ts";
import { parseNote, parseVerifier, verifyNote, writeVerifier, type NoteVerifier } from "#tlog/note.ts";
import { prettyJson } from "#base/canonical-json.ts";

/** Who signs. */
export type AttestationSigner = KeySigner | IdentitySigner;

export interface KeySigner {
  by: "key";
  /** Default: that of the home, which is made on first use. */
  key: SigningKey | undefined;
  /** Authorities that stamp each signature, by their addresses, and the file that says which are believed. */
  timestamps?: { urls: readonly string[]; rootFile: string } | undefined;
  /** Who signs the checkpoint that speaks for the bundles: addresses, and keys as NAME+HASH+KEY. */
  witnesses?: { urls: readonly string[]; keys: readonly string[] } | undefined;
}

export interface IdentitySigner {
  by: "identity";
  /** Where the identity token comes from. */
  token: SecretSource;
  /** Sigstore's signing config and trusted root. */
  configFile: string;
  rootFile: string;
  env: Variables;
}

export interface AttestedStatements extends Told {
  bundles: Bundle[];
}

interface Told {
  /** Whom to believe of it, as members of a trust file. */
  trust: object;
  /** Name -> content: what verifiers of others need. */
  files: Readonly<Record<string, string>>;
}

/**
 * @throws PipeliteError LOG_DAMAGED, LOG_REWRITTEN, BUILDER_KEY_OPEN, TRUSTED_ROOT_INVALID, SIGNING_CONFIG_INVALID, TIMESTAMP_FAILED,
 * SECRET_SOURCE_FAILED, IDENTITY_TOKEN_INVALID, SIGSTORE_FAILED, NOTE_KEY_INVALID, WITNESS_FAILED
 */
export async function attestBy(
  home: Home,
  statements: readonly Statement[],
  signer: AttestationSigner,
  signal: AbortSignal,
): Promise<AttestedStatements> {
  const attester = attesterOf(home, signer, signal);
  const bundles = await attester.attest(statements);
  return { bundles, ...attester.told() };
}

export interface ToldAttester extends Attester {
  /** What is to be said of what was attested. */
  told(): Told;
}

/**
 * Whoever is to sign, for `attestRun`.
 * @throws PipeliteError as `attestBy`, but for what is only met when something is signed
 */
export function attesterOf(home: Home, signer: AttestationSigner, signal: AbortSignal): ToldAttester {
  return signer.by === "key" ? byKey(home, signer, signal) : byIdentity(signer, signal);
}

function byKey(
  home: Home,
  { key: given, timestamps, witnesses }: KeySigner,
  signal: AbortSignal,
): ToldAttester {
  const read = timestamps && readTrustedRoot(timestamps.rootFile);
  const key = given ?? builderKey(home);
  const keys = (witnesses?.keys ?? []).map((text) => parseVerifier(text, "witness"));
  const stampBy =
    read &&
    ((signature: Uint8Array) => {
      const source = { urls: timestamps?.urls ?? [], authorities: read.root.timestampAuthorities };
      return stamp(signature, source, signal);
    });
  const attester = keyAttester(home, key, {
    stamp: stampBy,
    witness: witnesses && (() => askWitnesses(home, { urls: witnesses.urls, keys }, signal)),
  });
  return {
    ...attester,
    isGood: (bundle) =>
      attester.isGood(bundle) &&
      (read === undefined || isStamped(bundle, read.root)) &&
      keys.every((witness) => isWitnessed(bundle, witness)),
    told: () => toldOfKey(home, key, { root: read?.file, witnesses: keys }),
  };
}

function isStamped(bundle: Bundle, root: TrustedRoot): boolean {
  return stampFindings(bundle, { root, timestamps: "required" }).findings.every(
    ({ status }) => status === "holds",
  );
}

/** @param bundle that is in the log */
function isWitnessed({ log }: Bundle, witness: NoteVerifier): boolean {
  return log !== undefined && verifyNote(parseNote(log.checkpoint), witness) !== undefined;
}

function toldOfKey(
  home: Home,
  { publicKey }: SigningKey,
  { root, witnesses }: { root: ReadRoot["file"] | undefined; witnesses: readonly NoteVerifier[] },
): Told {
  const log = new TransparencyLog(home).verifier;
  if (log === undefined) throw new Error("a log that has signed has a key");
  const authorities = root?.["timestampAuthorities"];
  return {
    trust: {
      keys: [{ key: writePublicKey(publicKey) }],
      logs: [writeVerifier(log)],
      ...(witnesses.length > 0 && { witnesses: witnesses.map(writeVerifier) }),
      // Of those that were asked for times nothing more was believed here.
      ...(root !== undefined && {
        timestamps: "required",
        trustedRoot: { mediaType: root["mediaType"], timestampAuthorities: authorities },
      }),
    },
    files: {
      "builder.pub": writePublicKey(publicKey),
      "trusted_root.json": trustedRoot(log, authorities),
    },
  };
}

const TOKEN = "identity token";

function keylessOf(
  { token: source, configFile, env }: IdentitySigner,
  { root }: ReadRoot,
  signal: AbortSignal,
): KeylessSigner {
  const services = parseSigningConfig(
    readJson(configFile, (problem) => sigstoreError("SIGNING_CONFIG_INVALID", { problem })),
    Date.now(),
  );
  const token = readSecret(TOKEN, source, env);
  if (token === undefined) throw supplyError("IDENTITY_TOKEN_INVALID", { problem: "there is none" });
  return { token, services, root, signal };
}

/** Somebody who signs in their own name. @param signer by a key: one that is named. @throws PipeliteError as `attestBy` */
export function personBy(signer: AttestationSigner, signal: AbortSignal): Person {
  if (signer.by === "identity") {
    const read = readTrustedRoot(signer.rootFile);
    return personAs(keylessOf(signer, read, signal), read.file);
  }
  const { key, timestamps } = signer;
  if (key === undefined) throw new Error("a person has a key of their own");
  if (timestamps === undefined) return personWith(key);
  const { root, file } = readTrustedRoot(timestamps.rootFile);
  const source = { urls: timestamps.urls, authorities: root.timestampAuthorities };
  return personWith(key, { stamp: (signature) => stamp(signature, source, signal), rootFile: file });
}

function byIdentity(signer: IdentitySigner, signal: AbortSignal): ToldAttester {
  const read = readTrustedRoot(signer.rootFile);
  const { file } = read;
  let signed: SignedAs | undefined;
  return {
    attest: async (statements) => {
      signed = await signKeyless(statements, keylessOf(signer, read, signal));
      return signed.bundles;
    },
    // Whom the authority will name is not known before it does.
    isGood: () => false,
    told: () => ({
      trust: {
        keys: [],
        identities: signed?.identity === undefined ? [] : [signed.identity],
        trustedRoot: file,
      },
      files: { "trusted_root.json": prettyJson(file) },
    }),
  };
}

interface ReadRoot {
  /** As it is in the file. */
  file: Readonly<Record<string, unknown>>;
  root: TrustedRoot;
}

/** @throws PipeliteError TRUSTED_ROOT_INVALID */
function readTrustedRoot(rootFile: string): ReadRoot {
  const file = readJson(rootFile, (problem) => sigstoreError("TRUSTED_ROOT_INVALID", { problem }));
  return { root: parseTrustedRoot(file), file: isObject(file) ? file : {} };
}

function readJson(file: string, refused: (problem: string) => Error): unknown {
  const text = readNamedText(file);
  try {
    return parseStrictJson(text);
  } catch (error) {
    throw refused(`${file}: ${messageOf(error)}`);
  }
}
