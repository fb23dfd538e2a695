// A checkpoint: how many entries a log has, and the root of their tree. Specification: https://c2sp.org/tlog-checkpoint
import { asBuffer } from "#base/bytes.ts";
import { fromBase64, toBase64 } from "#sigstore/envelope.ts";
import { pipeliteError } from "./errors.ts";
import type { MerkleHash } from "./merkle.ts";

export interface Checkpoint {
  /** The name of the log. */
  origin: string;
  size: number;
  root: MerkleHash;
}

/** The text of its note. */
export function writeCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/** @throws PipeliteError NOTE_INVALID */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = "", size = "", root = ""] = text.split("\n");
  const bytes = fromBase64(root);
  if (origin === "" || !/^(0|[1-9]\d{0,15})$/.test(size) || bytes?.length !== 32)
    throw pipeliteError("NOTE_INVALID", { problem: "its text is no checkpoint" });
  return { origin, size: Number(size), root: asBuffer(bytes) };
}
