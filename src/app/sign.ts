// Keys that sign, signatures on runs, and what verifies them.
import { existsSync } from "node:fs";
import { readNamedFile } from "#base/files.ts";
import { generateKey, readPublicKey, readSigningKey, writeSigningKey, type ReadKey } from "#keys/key-file.ts";
import { readPolicy } from "#release/policy.ts";
import { signRun, type SignRun } from "#release/signatures.ts";
import type { SignatureView } from "#release/signature-view.ts";
import { verifyBundleFile, verifyRun, type VerifiedBundle, type VerifiedRun } from "#release/verify.ts";
import type { Home } from "#home/home.ts";
import type { WhichRun } from "#home/runs.ts";
import { writePublicKey } from "#sigstore/index.ts";

/** @param passphraseFile holds the passphrase; a newline at its end is none of it */
export function readKey(file: string, passphraseFile: string | undefined): ReadKey {
  return readSigningKey(file, passphraseOf(passphraseFile));
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
  return file === undefined ? undefined : readText(file).replace(/\r?\n$/, "");
}

export interface Signed extends SignatureView {
  runId: string;
}

export async function sign(
  home: Home,
  which: WhichRun,
  { meaning, name, reason, key }: Omit<SignRun, "home" | "runId">,
): Promise<Signed> {
  const { runId } = home.runs.find(which);
  return { runId, ...(await signRun({ home, runId, meaning, name, reason, key })) };
}

export interface Verify {
  home: Home;
  which: WhichRun;
  /** Public keys that count; undefined: those known here. */
  keyFiles: readonly string[] | undefined;
  /** The policy in force; default: the one beside the pipeline.ts of this folder, whatever the record says. */
  policyFile: string | undefined;
}

/** Checks the record, the outputs, all signatures of a run, and its release. */
export function verify({ home, which, keyFiles, policyFile }: Verify): VerifiedRun {
  const { runId } = home.runs.find(which);
  const { policy } = readPolicy(which.pipelineFile, policyFile);
  return verifyRun(home, runId, { keys: keyFiles?.map(readPublicKey), policy });
}

/** Checks one bundle. */
export function verifyBundle(
  home: Home,
  file: string,
  keyFiles: readonly string[] | undefined,
): VerifiedBundle {
  return verifyBundleFile(home, readText(file), keyFiles?.map(readPublicKey));
}

function readText(file: string): string {
  return new TextDecoder().decode(readNamedFile(file));
}

/** Whether a word means a bundle on disk, and not a run. */
export function isBundleFile(word: string, file: string): boolean {
  return existsSync(file) && (word.includes("/") || word.includes("."));
}
