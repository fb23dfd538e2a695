// Whether a log has a bundle: its entry is the one that the bundle comes to, it is in the tree of a checkpoint, and the log's
// key signed that.
import type { KeyObject } from "node:crypto";
import { asBuffer } from "#base/bytes.ts";
import type { Bundle } from "#sigstore/bundle.ts";
import { parseCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { pipeliteError } from "./errors.ts";
import { hashedRekord } from "./hashed-rekord.ts";
import { leafHash, verifyInclusion } from "./merkle.ts";
import { parseNote, verifyNote, type Note, type NoteVerifier } from "./note.ts";

/**
 * The checkpoint that speaks for a bundle.
 * @param key of the bundle's signature
 * @param verifier of the log; `logId` where that is more than the id of its key
 * @throws PipeliteError NOT_IN_LOG, NOTE_INVALID
 */
export function verifyLogged(
  bundle: Bundle,
  key: KeyObject,
  verifier: NoteVerifier & { logId?: Buffer },
): Checkpoint & { note: Note } {
  const { log } = bundle;
  if (log === undefined) return refuse("it has no entry of a log");
  if (!asBuffer(log.logId).equals(verifier.logId ?? verifier.id)) refuse("its entry is of another log");
  if (!asBuffer(log.body).equals(hashedRekord({ ...bundle, key })))
    refuse("the log's entry is of another bundle");
  const note = parseNote(log.checkpoint);
  if (verifyNote(note, verifier) === undefined) refuse("the checkpoint is not signed by the log's key");
  const checkpoint = parseCheckpoint(note.text);
  const { origin, size, root } = checkpoint;
  if (origin !== verifier.name) refuse("the checkpoint is of another log");
  if (size !== log.size || !asBuffer(root).equals(log.root))
    refuse("proof and checkpoint are of different trees");
  const isIn = verifyInclusion({ leaf: leafHash(log.body), index: log.index, size, proof: log.hashes, root });
  if (!isIn) refuse("its proof does not lead to the root of the log");
  return { ...checkpoint, note };
}

function refuse(problem: string): never {
  throw pipeliteError("NOT_IN_LOG", { problem });
}
