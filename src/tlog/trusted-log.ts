// A log of a trusted root as what verifies its checkpoints.
import type { TrustedLog } from "#sigstore/trusted-root.ts";
import { verifierOf, type NoteVerifier } from "./note.ts";

/** The name of a log is the host that it is at; what was logged must name the log's whole id. */
export function verifierOfLog({ baseUrl, key, id }: TrustedLog): NoteVerifier & { logId: Buffer } {
  return { ...verifierOf(URL.parse(baseUrl)?.hostname ?? "", "log", key), logId: id };
}
