// Key files: the private half as PKCS #8 in PEM, readable by its owner only, encrypted where a passphrase is given; the
// public half as SPKI in PEM beside it. Specification: RFC 5958, RFC 7468.
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import {
  closeSync,
  existsSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { systemErrorCode } from "#base/errors.ts";
import { readNamedText, temporaryFor } from "#base/files.ts";
import {
  CURVE,
  parsePublicKey,
  signingKeyOf,
  writePublicKey,
  type LocalKey,
  type PublicKey,
} from "#sigstore/key.ts";
import { pipeliteError as sigstoreError } from "#sigstore/errors.ts";
import { pipeliteError } from "./errors.ts";

export interface ReadKey {
  key: LocalKey;
  /** What is wrong with how the file is kept, for the user to be told. */
  warnings: string[];
}

/** Read and write for the owner. */
const PRIVATE_MODE = 0o600;
const OTHERS = 0o077;

/** A new key, in memory only. */
export function generateKey(): LocalKey {
  return signingKeyOf(generateKeyPairSync("ec", { namedCurve: CURVE }).privateKey, "a new key");
}

/**
 * Reads a private key.
 * @throws PipeliteError SIGNING_KEY_NOT_FOUND, SIGNING_KEY_INVALID, SIGNING_KEY_KIND, PASSPHRASE_MISSING, PASSPHRASE_WRONG
 */
export function readSigningKey(file: string, passphrase?: string): ReadKey {
  return { key: parseSigningKey(readKeyFile(file), file, passphrase), warnings: warningsOf(file) };
}

/**
 * A private key in PEM, wherever it is from.
 * @param from for messages
 * @throws PipeliteError SIGNING_KEY_INVALID, SIGNING_KEY_KIND, PASSPHRASE_MISSING, PASSPHRASE_WRONG
 */
export function parseSigningKey(pem: string, from: string, passphrase?: string): LocalKey {
  const text = pem.replaceAll("\r\n", "\n");
  const isEncrypted = /^-----BEGIN ENCRYPTED PRIVATE KEY-----$/m.test(text);
  if (!isEncrypted && !/^-----BEGIN (EC |RSA )?PRIVATE KEY-----$/m.test(text)) {
    throw sigstoreError("SIGNING_KEY_INVALID", { file: from, problem: "it is no private key in PEM" });
  }
  if (isEncrypted && passphrase === undefined) throw pipeliteError("PASSPHRASE_MISSING", { file: from });
  return signingKeyOf(decrypt(from, pem, passphrase), from);
}

function decrypt(
  file: string,
  text: string,
  passphrase: string | undefined,
): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey({ key: text, ...(passphrase !== undefined && { passphrase }) });
  } catch (error) {
    if (passphrase !== undefined && text.includes("ENCRYPTED")) {
      throw pipeliteError("PASSPHRASE_WRONG", { file }, error);
    }
    throw sigstoreError("SIGNING_KEY_INVALID", { file, problem: "its PEM holds no key" }, error);
  }
}

/** @throws PipeliteError SIGNING_KEY_NOT_FOUND, SIGNING_KEY_INVALID, SIGNING_KEY_KIND */
export function readPublicKey(file: string): PublicKey {
  return parsePublicKey(readKeyFile(file), file);
}

/**
 * Writes both halves: `file`, and `file` with `.pub` behind it. Overwrites nothing.
 * @throws PipeliteError SIGNING_KEY_EXISTS
 */
export function writeSigningKey(
  file: string,
  { privateKey, publicKey }: LocalKey,
  passphrase?: string,
): { publicFile: string } {
  const encryption = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  const pem = privateKey.export({ format: "pem", type: "pkcs8", ...encryption });
  return writeKeyPair(file, pem, writePublicKey(publicKey));
}

/** Writes the two halves of a key, whatever its form. Overwrites nothing. @throws PipeliteError SIGNING_KEY_EXISTS */
export function writeKeyPair(
  file: string,
  secret: string | Buffer,
  publicHalf: string,
): { publicFile: string } {
  const publicFile = `${file}.pub`;
  if (existsSync(publicFile)) throw pipeliteError("SIGNING_KEY_EXISTS", { file: publicFile });
  writeNew(file, secret, PRIVATE_MODE);
  try {
    writeNew(publicFile, publicHalf, 0o644);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  }
  return { publicFile };
}

/** The file is there whole, also after a loss of power, or not at all: what a key has signed is worth nothing without it. */
export function writeNew(file: string, content: string | Buffer, mode: number): void {
  const unfinished = temporaryFor(file);
  try {
    writeFileSync(unfinished, content, { mode, flag: "wx", flush: true });
    nameNew(unfinished, file);
  } catch (error) {
    if (systemErrorCode(error) === "EEXIST") throw pipeliteError("SIGNING_KEY_EXISTS", { file }, error);
    throw error;
  } finally {
    rmSync(unfinished, { force: true });
  }
}

/** @throws the system's EEXIST */
function nameNew(unfinished: string, file: string): void {
  try {
    linkSync(unfinished, file);
  } catch (error) {
    // The file system of a stick has no links.
    if (!/^(EPERM|ENOTSUP|EOPNOTSUPP|ENOSYS)$/.test(systemErrorCode(error) ?? "")) throw error;
    closeSync(openSync(file, "wx"));
    renameSync(unfinished, file);
  }
}

/** Bytes; a key has some hundreds. */
const KEY_FILE_MAX = 1 << 20;

/** @throws PipeliteError SIGNING_KEY_NOT_FOUND */
export function readKeyFile(file: string): string {
  try {
    return readNamedText(file, KEY_FILE_MAX);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") throw pipeliteError("SIGNING_KEY_NOT_FOUND", { file }, error);
    throw error;
  }
}

function warningsOf(file: string): string[] {
  const { mode } = statSync(file);
  if ((mode & OTHERS) === 0) return [];
  const shown = (mode & 0o777).toString(8).padStart(4, "0");
  return [
    `others can read the key ${file} (mode ${shown}): run \`chmod 600\` on it, and think of replacing it`,
  ];
}
