// Logs of other homes that the journal of this one was in before it came here, as out of an archive: their keys and checkpoints.
// Nobody here can sign for them any more; what they signed for are the first lines of the journal.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { bytesOfFile, isDirectory } from "#base/files.ts";
import { messageOf } from "#base/strict-json.ts";
import { parseVerifier, type NoteVerifier } from "#tlog/note.ts";
import { pipeliteError } from "./errors.ts";
import type { Home } from "./home.ts";
import { TransparencyLog } from "./log.ts";

export interface FormerLog {
  verifier: NoteVerifier;
  /** Its signed notes, smallest first; the text is empty where a file is gone. */
  checkpoints: { name: string; note: string }[];
}

/** @throws PipeliteError LOG_DAMAGED where a key can't be read */
export function formerLogs({ layout }: Home): FormerLog[] {
  return namesIn(layout.formerLogs).map((name) => {
    const folder = join(layout.formerLogs, name);
    const text = (file: string): string => bytesOfFile(join(folder, file))?.toString("utf8") ?? "";
    const sizes = namesIn(join(folder, "checkpoints")).filter((size) => /^\d{1,15}$/.test(size));
    const files = [
      ...sizes.toSorted((a, b) => Number(a) - Number(b)).map((size) => `checkpoints/${size}`),
      "checkpoint",
    ];
    return {
      verifier: verifierOf(join(folder, "log.pub"), text("log.pub")),
      checkpoints: files.map((file) => ({ name: `${name}/${file}`, note: text(file) })),
    };
  });
}

/** Keys of the logs that may have what is kept here: the home's own first. */
export function knownLogs(home: Home): NoteVerifier[] {
  const { verifier } = new TransparencyLog(home);
  const former = formerLogs(home).map((each) => each.verifier);
  return verifier === undefined ? former : [verifier, ...former];
}

function verifierOf(file: string, text: string): NoteVerifier {
  try {
    return parseVerifier(text, "log");
  } catch (error) {
    throw pipeliteError("LOG_DAMAGED", { file, problem: messageOf(error) }, error);
  }
}

function namesIn(folder: string): string[] {
  return isDirectory(folder) ? readdirSync(folder).toSorted() : [];
}
