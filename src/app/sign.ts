// Keys that sign, and signatures on runs.
import { own } from "#base/own.ts";
import { readNamedText } from "#base/files.ts";
import type { Variables } from "#base/environment.ts";
import { commandKey } from "#keys/command-key.ts";
import {
  generateKey,
  parseSigningKey,
  readPublicKey,
  readSigningKey,
  writeSigningKey,
} from "#keys/key-file.ts";
import { signRun, type SignRun } from "#release/signatures.ts";
import type { SignatureView } from "#release/signature-view.ts";
import type { Home } from "#home/home.ts";
import type { WhichRun } from "#home/runs.ts";
import { writePublicKey, type SigningKey } from "#sigstore/index.ts";
import { personBy, type AttestationSigner } from "./attest.ts";
import { pipeliteError } from "./errors.ts";

/** Where the key that signs is: in a file, in a variable, or with a program that signs what it is given. */
export type KeySource =
  | { from: "file"; file: string; passphraseFile?: string | undefined }
  | { from: "environment"; variable: string; passphraseFile?: string | undefined }
  | { from: "command"; command: string; publicFile: string };

/**
 * @param passphraseFile holds the passphrase; a newline at its end is none of it
 * @throws PipeliteError SIGNING_VARIABLE_EMPTY, and those of `readSigningKey`
 */
export function readKey(source: KeySource, env: Variables): { key: SigningKey; warnings: string[] } {
  switch (source.from) {
    case "file":
      return readSigningKey(source.file, passphraseOf(source.passphraseFile));
    case "environment": {
      const { variable, passphraseFile } = source;
      const pem = own(env, variable) ?? "";
      if (pem === "") throw pipeliteError("SIGNING_VARIABLE_EMPTY", { variable });
      return { key: parseSigningKey(pem, `in ${variable}`, passphraseOf(passphraseFile)), warnings: [] };
    }
    case "command": {
      const { command, publicFile } = source;
      return { key: commandKey(command, readPublicKey(publicFile), env), warnings: [] };
    }
  }
}

/** Without a sandbox a stage can read the variables of who started it. @throws PipeliteError SIGNING_KEY_EXPOSED */
export function refuseExposed(variable: string): never {
  throw pipeliteError("SIGNING_KEY_EXPOSED", { variable });
}

export interface NewKey {
  file: string;
  publicFile: string;
  keyId: string;
  /** PEM. */
  publicKey: string;
}

/** Makes a key and writes it, its public half beside it. */
export function newKey(file: string, passphraseFile: string | undefined): NewKey {
  const key = generateKey();
  const { publicFile } = writeSigningKey(file, key, passphraseOf(passphraseFile));
  return { file, publicFile, keyId: key.publicKey.keyId, publicKey: writePublicKey(key.publicKey) };
}

function passphraseOf(file: string | undefined): string | undefined {
  return file === undefined ? undefined : readNamedText(file).replace(/\r?\n$/, "");
}

export interface SignedRun extends SignatureView {
  runId: string;
}

export interface Signing extends Omit<SignRun, "home" | "runId" | "key"> {
  signer: AttestationSigner;
  signal: AbortSignal;
}

/** @throws PipeliteError those of `signRun` and of `attestBy` */
export async function sign(
  home: Home,
  which: WhichRun,
  { meaning, name, reason, signer, signal }: Signing,
): Promise<SignedRun> {
  const { runId } = home.runs.find(which);
  const key = personBy(signer, signal);
  return { runId, ...(await signRun({ home, runId, meaning, name, reason, key })) };
}
