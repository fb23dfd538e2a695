// Asking a witness to sign the last checkpoint of a log: it does so only for what continues what it has signed before, and
// remembers that. Specification: https://c2sp.org/tlog-witness
import { toBase64 } from "#sigstore/envelope.ts";
import { TransparencyLog, type SignedCheckpoint } from "#home/log.ts";
import type { Home } from "#home/home.ts";
import { proveConsistency, type SubtreeHashes } from "#tlog/merkle.ts";
import {
  parseNote,
  verifyNote,
  withSignatures,
  writeNote,
  type NoteSignature,
  type NoteVerifier,
} from "#tlog/note.ts";
import { pipeliteError } from "./errors.ts";
import { post, said, type PostResponse } from "./post.ts";

/** Who is asked to sign checkpoints, and whose signatures count. */
export interface Witnesses {
  /** Addresses. */
  urls: readonly string[];
  keys: readonly NoteVerifier[];
}

/**
 * Signs for all that the journal has, and adds the signatures of those who are asked to the checkpoint: each must give one that counts.
 * @returns the checkpoint with their signatures
 * @throws PipeliteError WITNESS_FAILED, and what `TransparencyLog.publish` throws
 */
export async function askWitnesses(
  home: Home,
  { urls, keys }: Witnesses,
  signal: AbortSignal,
): Promise<SignedCheckpoint> {
  const log = new TransparencyLog(home);
  const checkpoint = await log.publish();
  const hashes = log.hashes(checkpoint.size);
  const given: NoteSignature[] = [];
  for (const url of urls) given.push(...(await ask(url, { checkpoint, hashes, keys }, signal)));
  const { note } = checkpoint;
  await log.addSignatures(note.text, given);
  return { ...checkpoint, note: withSignatures(note, given) };
}

interface Asked {
  checkpoint: SignedCheckpoint;
  hashes: SubtreeHashes;
  keys: readonly NoteVerifier[];
}

async function ask(
  url: string,
  { checkpoint: { size, note }, hashes, keys }: Asked,
  signal: AbortSignal,
): Promise<readonly NoteSignature[]> {
  const from = (old: number): Promise<PostResponse> => {
    const proof = proveConsistency(old, size, hashes).map((hash) => `${toBase64(hash)}\n`);
    const address = new URL("add-checkpoint", url.endsWith("/") ? url : `${url}/`);
    const body = `old ${old}\n${proof.join("")}\n${writeNote(note)}`;
    return post(address, { body, signal }, (problem, cause) => failed(url, problem, cause));
  };
  let answer = await from(0);
  if (answer.status === 409) {
    const text = answer.bytes.toString("utf8");
    const known = Number(text);
    if (!/^\d{1,15}\n?$/.test(text) || known > size)
      throw failed(url, `it knows ${text.trim()} entries of this log, which has ${size}`);
    answer = await from(known);
  }
  if (answer.status !== 200) throw failed(url, said(answer));
  const counted = signaturesIn(note.text, answer.bytes.toString("utf8")).filter((signature) =>
    keys.some((witness) => verifyNote({ text: note.text, signatures: [signature] }, witness) !== undefined),
  );
  if (counted.length === 0) throw failed(url, "its signature is by none of the keys that were given");
  return counted;
}

function signaturesIn(text: string, lines: string): readonly NoteSignature[] {
  try {
    return parseNote(`${text}\n${lines}`).signatures;
  } catch {
    return [];
  }
}

function failed(url: string, problem: string, cause?: unknown): Error {
  return pipeliteError("WITNESS_FAILED", { url, problem }, cause);
}
