// Keys of packages and their repositories: RSA, which rpm, apt and apk all know, as PKCS #8 in PEM. Beside the private half lie the
// certificate of OpenPGP (`.asc`, for apt and rpm) and the public half in PEM (`.pub`, for apk).
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { openPgpCertificate, openPgpKey, shortName, type OpenPgpKey } from "#package/openpgp-signer.ts";
import type { ApkKey } from "#package/apk.ts";
import { pipeliteError as sigstoreError } from "#sigstore/errors.ts";
import { readKeyFile, writeKeyPair, writeNew } from "./key-file.ts";
import { pipeliteError } from "./errors.ts";

/** What signs packages and indices, in each way that they have. */
export interface PackageKey {
  openPgp: OpenPgpKey;
  apk: ApkKey;
  /** PEM, for /etc/apk/keys. */
  publicPem: string;
}

const BITS = 3072;

/** @throws PipeliteError SIGNING_KEY_NOT_FOUND, SIGNING_KEY_INVALID, SIGNING_KEY_KIND */
export function readPackageKey(file: string): PackageKey {
  const pem = readKeyFile(file);
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw sigstoreError("SIGNING_KEY_INVALID", { file, problem: "its PEM holds no private key" }, error);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== "rsa" || bits < 2048)
    throw sigstoreError("SIGNING_KEY_KIND", {
      file,
      found: `${key.asymmetricKeyType ?? "unknown"}${bits > 0 ? ` of ${bits} bits` : ""}`,
      wanted: "an RSA key of 2048 bits or more: `pipelite key new FILE --packages USER` makes one",
    });
  return packageKey(key);
}

function packageKey(key: KeyObject): PackageKey {
  const openPgp = openPgpKey(key);
  const publicPem = createPublicKey(key).export({ format: "pem", type: "spki" });
  return { openPgp, apk: { key, name: `pipelite-${shortName(openPgp)}.rsa.pub` }, publicPem };
}

export interface NewPackageKey {
  file: string;
  publicFile: string;
  certificateFile: string;
  /** Of OpenPGP. */
  fingerprint: string;
  /** What the public half is to be called in /etc/apk/keys. */
  apkName: string;
}

/**
 * Makes a key and writes its three files; overwrites nothing.
 * @param user `Anna Example <anna@example.org>`, in the certificate
 * @throws PipeliteError SIGNING_KEY_EXISTS
 */
export function newPackageKey(file: string, user: string): NewPackageKey {
  const certificateFile = `${file}.asc`;
  if (existsSync(certificateFile)) throw pipeliteError("SIGNING_KEY_EXISTS", { file: certificateFile });
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: BITS });
  const { openPgp, apk, publicPem } = packageKey(privateKey);
  const pem = privateKey.export({ format: "pem", type: "pkcs8" });
  const { publicFile } = writeKeyPair(file, pem, publicPem);
  try {
    writeNew(certificateFile, openPgpCertificate(openPgp, user), 0o644);
  } catch (error) {
    for (const half of [file, publicFile]) rmSync(half, { force: true });
    throw error;
  }
  return { file, publicFile, certificateFile, fingerprint: openPgp.fingerprint, apkName: apk.name };
}
