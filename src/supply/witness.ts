// Asking a witness to sign the last checkpoint of a log: it does so only for what continues what it has signed before, and
// remembers that. Specification: https://c2sp.org/tlog-witness
import { toBase64 } from "#sigstore/envelope.ts";
import { TransparencyLog } from "#home/log.ts";
import type { Home } from "#home/home.ts";
import { proveConsistency } from "#tlog/merkle.ts";
import { parseNote, verifyNote, writeNote, type NoteSignature, type NoteVerifier } from "#tlog/note.ts";
import { pipeliteError } from "./errors.ts";
import { post, said, type Answer } from "./post.ts";

/**
 * Signs for all that the journal has, and adds the witness's signature to the checkpoint.
 * @param witnesses whose signature counts: one of them must have given it
 * @throws PipeliteError WITNESS_FAILED, and what `TransparencyLog.publish` throws
 */
export async function askWitness(
  home: Home,
  url: string,
  witnesses: readonly NoteVerifier[],
  signal: AbortSignal,
): Promise<void> {
  const log = new TransparencyLog(home);
  const checkpoint = await log.publish();
  const { size, note } = checkpoint;
  const hashes = log.hashes(size);
  const ask = (old: number): Promise<Answer> => {
    const proof = proveConsistency(old, size, hashes).map((hash) => `${toBase64(hash)}\n`);
    const address = new URL("add-checkpoint", url.endsWith("/") ? url : `${url}/`);
    const body = `old ${old}\n${proof.join("")}\n${writeNote(note)}`;
    return post(address, { body, signal }, (problem, cause) => failed(url, problem, cause));
  };
  let answer = await ask(0);
  if (answer.status === 409) {
    const text = answer.bytes.toString("utf8");
    const known = Number(text);
    if (!/^\d{1,15}\n?$/.test(text) || known > size)
      throw failed(url, `it knows ${text.trim()} entries of this log, which has ${size}`);
    answer = await ask(known);
  }
  if (answer.status !== 200) throw failed(url, said(answer));
  const given = signaturesIn(note.text, answer.bytes.toString("utf8"));
  const counted = given.filter((signature) =>
    witnesses.some(
      (witness) => verifyNote({ text: note.text, signatures: [signature] }, witness) !== undefined,
    ),
  );
  if (counted.length === 0) throw failed(url, "its signature is by none of the keys that were given");
  await log.addSignatures(note.text, counted);
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
