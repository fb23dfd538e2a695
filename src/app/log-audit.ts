// Holding the log of a home to its checkpoints, and handing the last one out so that somebody else can.
import { readNamedText, writeFileAtomically } from "#base/files.ts";
import type { Home } from "#home/home.ts";
import { TransparencyLog } from "#home/log.ts";
import { auditLog, type LogAudit } from "#supply/log-audit.ts";
import { askWitnesses } from "#supply/witness.ts";
import { parseVerifier, writeNote, writeVerifier } from "#tlog/note.ts";

export interface LogAuditRequest {
  home: Home;
  /** Keys as `NAME+HASH+KEY`. */
  key: string | undefined;
  witnesses: readonly string[];
  /** Witnesses that are asked to sign first, by their addresses. */
  ask: readonly string[];
  signal: AbortSignal;
  /** Files with checkpoints that were kept. */
  checkpoints: readonly string[];
  /** Where the checkpoint goes that is signed now. */
  save: string | undefined;
}

export interface AuditedLog extends LogAudit {
  /** The log's key, for others to keep. */
  key?: string;
}

/** @throws PipeliteError NOTE_KEY_INVALID, LOG_DAMAGED, WITNESS_FAILED, and the system's error of a file that can't be read or written
 */
export async function logAudit(request: LogAuditRequest): Promise<AuditedLog> {
  const { home, save } = request;
  const key = request.key === undefined ? undefined : parseVerifier(request.key, "log");
  const witnesses = request.witnesses.map((text) => parseVerifier(text, "witness"));
  const kept = request.checkpoints.map((file) => ({ name: file, note: readNamedText(file) }));
  if (request.ask.length > 0)
    await askWitnesses(home, { urls: request.ask, keys: witnesses }, request.signal);
  const audited = auditLog({ home, key, kept, witnesses });
  if (save !== undefined && audited.status === "holds") {
    const { note } = await new TransparencyLog(home).publish();
    writeFileAtomically(save, writeNote(note));
  }
  const own = new TransparencyLog(home).verifier;
  return { ...audited, ...(own !== undefined && { key: writeVerifier(own) }) };
}
