// Statements signed and logged, by whoever is to sign: a key, with timestamps or without, or somebody whom an authority certifies; and
// what others need to verify them.
import type { Environment } from "#base/environment.ts";
import { readNamedText } from "#base/files.ts";
import { isObject, messageOf, parseStrictJson } from "#base/strict-json.ts";
import type { Home } from "#home/home.ts";
import { TransparencyLog } from "#home/log.ts";
import { readSecret, type SecretSource } from "#secrets/sources.ts";
import { pipeliteError as sigstoreError } from "#sigstore/errors.ts";
import { writePublicKey, type Bundle, type SigningKey, type Statement } from "#sigstore/index.ts";
import { parseSigningConfig } from "#sigstore/signing-config.ts";
import { parseTrustedRoot, type TrustedRoot } from "#sigstore/trusted-root.ts";
import { attest, builderKey, trustedRoot } from "#supply/attest.ts";
import { pipeliteError as supplyError } from "#supply/errors.ts";
import { signKeyless } from "#supply/keyless.ts";
import { stamp } from "#supply/stamp.ts";
import { writeVerifier } from "#tlog/note.ts";
import { prettyJson } from "#base/canonical-json.ts";

/** Who signs. */
export type Signer = KeySigner | IdentitySigner;

export interface KeySigner {
  by: "key";
  /** Default: that of the home, which is made on first use. */
  key: SigningKey | undefined;
  /** Authorities that stamp each signature, by their addresses, and the file that says which are believed. */
  timestamps?: { urls: readonly string[]; rootFile: string } | undefined;
}

export interface IdentitySigner {
  by: "identity";
  /** Where the identity token comes from. */
  token: SecretSource;
  /** Sigstore's signing config and trusted root. */
  configFile: string;
  rootFile: string;
  env: Environment;
}

export interface AttestedStatements {
  bundles: Bundle[];
  /** Whom to believe of it, as members of a trust file. */
  trust: object;
  /** Name -> content: what verifiers of others need. */
  files: Readonly<Record<string, string>>;
}

/**
 * @throws PipeliteError LOG_DAMAGED, LOG_REWRITTEN, BUILDER_KEY_OPEN, TRUSTED_ROOT_INVALID, SIGNING_CONFIG_INVALID, TIMESTAMP_FAILED,
 * SECRET_SOURCE_FAILED, IDENTITY_TOKEN_INVALID, SIGSTORE_FAILED
 */
export async function attestBy(
  home: Home,
  statements: readonly Statement[],
  signer: Signer,
  signal: AbortSignal,
): Promise<AttestedStatements> {
  return signer.by === "key"
    ? byKey(home, statements, signer, signal)
    : byIdentity(statements, signer, signal);
}

async function byKey(
  home: Home,
  statements: readonly Statement[],
  { key: given, timestamps }: KeySigner,
  signal: AbortSignal,
): Promise<AttestedStatements> {
  const read = timestamps && readTrustedRoot(timestamps.rootFile);
  const key = given ?? builderKey(home);
  const bundles = await attest(
    home,
    statements,
    key,
    read &&
      ((signature) => {
        const source = { urls: timestamps?.urls ?? [], authorities: read.root.timestampAuthorities };
        return stamp(signature, source, signal);
      }),
  );
  const log = new TransparencyLog(home).verifier;
  if (log === undefined) throw new Error("a log that has signed has a key");
  const authorities = read?.file["timestampAuthorities"];
  return {
    bundles,
    trust: {
      keys: [{ key: writePublicKey(key.publicKey) }],
      logs: [writeVerifier(log)],
      // Of those that were asked for times nothing more was believed here.
      ...(read !== undefined && {
        timestamps: "required",
        trustedRoot: { mediaType: read.file["mediaType"], timestampAuthorities: authorities },
      }),
    },
    files: {
      "builder.pub": writePublicKey(key.publicKey),
      "trusted_root.json": trustedRoot(log, authorities),
    },
  };
}

const TOKEN = "identity token";

async function byIdentity(
  statements: readonly Statement[],
  { token: source, configFile, rootFile, env }: IdentitySigner,
  signal: AbortSignal,
): Promise<AttestedStatements> {
  const { root, file } = readTrustedRoot(rootFile);
  const services = parseSigningConfig(
    readJson(configFile, (problem) => sigstoreError("SIGNING_CONFIG_INVALID", { problem })),
    Date.now(),
  );
  const token = readSecret(TOKEN, source, env);
  if (token === undefined) throw supplyError("IDENTITY_TOKEN_INVALID", { problem: "there is none" });
  const { bundles, identity } = await signKeyless(statements, { token, services, root, signal });
  return {
    bundles,
    trust: { keys: [], identities: identity === undefined ? [] : [identity], trustedRoot: file },
    files: { "trusted_root.json": prettyJson(file) },
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
    throw refused(messageOf(error));
  }
}
