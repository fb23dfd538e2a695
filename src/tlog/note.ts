// Signed notes: a text, and below it a line for each signature. Ed25519 signatures of logs (ECDSA, too, of those of others), and the
// cosignatures of witnesses, which are over the note with a time before it. Others are kept and prove nothing here.
// Specification: https://c2sp.org/signed-note, https://c2sp.org/tlog-cosignature
import type { KeyObject } from "node:crypto";
import { asBuffer, utf8 } from "#base/bytes.ts";
import { sha256 } from "#nix/hash.ts";
import { fromBase64, toBase64 } from "#sigstore/envelope.ts";
import { pipeliteError } from "./errors.ts";

/** What a key signs: a note as it is, or as a witness of a log. */
export type NoteKeyKind = "log" | "witness";

export interface NoteVerifier {
  name: string;
  kind: NoteKeyKind;
  /** The first four bytes of a digest of name and key. */
  id: Buffer;
  key: KeyObject;
}

export interface NoteSigner extends NoteVerifier {
  privateKey: KeyObject;
}

export interface Note {
  /** With the newline at its end. */
  text: string;
  signatures: readonly NoteSignature[];
}

export interface NoteSignature {
  name: string;
  id: Buffer;
  bytes: Buffer;
}

const ALGORITHM = { log: 1, witness: 4 } as const;
const KEY_SIZE = 32;
const SIGNATURE_SIZE = 64;
/** Before the raw bytes of an Ed25519 key in SPKI (RFC 8410). */
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");
const NOTE_MAX = 1_000_000;
const SIGNATURES_MAX = 100;
/** Up to the year 9999: a time that no calendar has is none. */
const SECONDS_MAX = 253_402_300_799;

/** `name+hash+key`, as C2SP writes a key that verifies. */
export function writeVerifier({ name, kind, id, key }: NoteVerifier): string {
  return `${name}+${id.toString("hex")}+${toBase64(Buffer.concat([Buffer.of(ALGORITHM[kind]), rawKey(key)]))}`;
}

/**
 * @param wanted whose key it must be: that of a witness in the place of a log's would let anybody's log pass
 * @throws PipeliteError NOTE_KEY_INVALID
 */
export function parseVerifier(text: string, wanted?: NoteKeyKind): NoteVerifier {
  const refuse = (problem: string) => pipeliteError("NOTE_KEY_INVALID", { key: `'${text.trim()}'`, problem });
  const [, name = "", hash = "", encoded = ""] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text.trim()) ?? [];
  const [algorithm, ...key] = fromBase64(encoded) ?? [];
  const kind = algorithm === ALGORITHM.log ? "log" : algorithm === ALGORITHM.witness ? "witness" : undefined;
  if (kind === undefined || key.length !== KEY_SIZE)
    throw refuse("it is not NAME+HASH+KEY with an Ed25519 key");
  if (kind !== (wanted ?? kind)) throw refuse(`it is the key of a ${kind}, not of a ${wanted}`);
  const verifier = verifierOf(name, kind, keyOfRaw(Buffer.from(key)));
  if (verifier.id.toString("hex") !== hash) throw refuse("its hash is not that of name and key");
  return verifier;
}

export function verifierOf(name: string, kind: NoteKeyKind, key: KeyObject): NoteVerifier {
  // The id of an ECDSA key is of the key alone.
  if (kind === "log" && key.asymmetricKeyType === "ec")
    return {
      name,
      kind,
      id: asBuffer(sha256(key.export({ format: "der", type: "spki" }))).subarray(0, 4),
      key,
    };
  const head = Buffer.concat([utf8(`${name}\n`), Buffer.of(ALGORITHM[kind]), rawKey(key)]);
  return { name, kind, id: asBuffer(sha256(head)).subarray(0, 4), key };
}

/** @param privateKey Ed25519 */
export function noteSignerOf(name: string, kind: NoteKeyKind, privateKey: KeyObject): NoteSigner {
  const { createPublicKey } = process.getBuiltinModule("node:crypto");
  return { ...verifierOf(name, kind, createPublicKey(privateKey)), privateKey };
}

/**
 * @param text ends with a newline
 * @param seconds of a witness: when it signs, since 1970
 */
export function signNote(text: string, signer: NoteSigner, seconds = 0): NoteSignature {
  const { sign } = process.getBuiltinModule("node:crypto");
  const signature = sign(null, signedBytes(text, signer.kind, seconds), signer.privateKey);
  const bytes = signer.kind === "log" ? signature : Buffer.concat([timeOf(seconds), signature]);
  return { name: signer.name, id: signer.id, bytes };
}

export function writeNote({ text, signatures }: Note): string {
  const lines = signatures.map(
    ({ name, id, bytes }) => `— ${name} ${toBase64(Buffer.concat([id, bytes]))}\n`,
  );
  return `${text}\n${lines.join("")}`;
}

/** The note with these signatures, too: each in the place of an earlier one by the same key. */
export function withSignatures({ text, signatures }: Note, more: readonly NoteSignature[]): Note {
  const others = signatures.filter(
    (each) => !more.some(({ name, id }) => each.name === name && each.id.equals(id)),
  );
  return { text, signatures: [...others, ...more] };
}

/** @throws PipeliteError NOTE_INVALID */
export function parseNote(note: string): Note {
  const end = note.lastIndexOf("\n\n");
  if (note.length > NOTE_MAX || end === -1 || !note.endsWith("\n") || !note.isWellFormed())
    refuse("it is no signed note");
  // oxlint-disable-next-line no-control-regex -- the format has none but the newline
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note)) refuse("it has control characters");
  const lines = note.slice(end + 2, -1).split("\n");
  if (lines.length > SIGNATURES_MAX) refuse(`it has more than ${SIGNATURES_MAX} signatures`);
  const signatures = lines.map((line) => {
    const [, name = "", encoded = ""] = /^— ([^\s+]+) (\S+)$/.exec(line) ?? [];
    const bytes = asBuffer(fromBase64(encoded) ?? new Uint8Array());
    if (bytes.length < 5) return refuse("a line below its text is no signature");
    return { name, id: bytes.subarray(0, 4), bytes: bytes.subarray(4) };
  });
  return { text: note.slice(0, end + 1), signatures };
}

/** When a key signed a note: 0 of a log; undefined where none of the signatures is by that key and right. */
export function verifyNote({ text, signatures }: Note, verifier: NoteVerifier): number | undefined {
  const { verify } = process.getBuiltinModule("node:crypto");
  const own = signatures.filter(({ name, id }) => name === verifier.name && id.equals(verifier.id));
  if (verifier.key.asymmetricKeyType === "ec")
    return own.some(({ bytes }) => verify("sha256", utf8(text), verifier.key, bytes)) ? 0 : undefined;
  for (const { bytes } of own) {
    const head = verifier.kind === "log" ? 0 : 8;
    if (bytes.length !== head + SIGNATURE_SIZE) continue;
    const seconds = head === 0 ? 0 : Number(bytes.readBigUInt64BE(0));
    if (seconds > SECONDS_MAX) continue;
    if (verify(null, signedBytes(text, verifier.kind, seconds), verifier.key, bytes.subarray(head)))
      return seconds;
  }
  return undefined;
}

function signedBytes(text: string, kind: NoteKeyKind, seconds: number): Uint8Array {
  return utf8(kind === "log" ? text : `cosignature/v1\ntime ${seconds}\n${text}`);
}

function timeOf(seconds: number): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(seconds));
  return time;
}

function rawKey(key: KeyObject): Buffer {
  if (key.asymmetricKeyType !== "ed25519")
    throw pipeliteError("NOTE_KEY_INVALID", { key: "this one", problem: "it is no Ed25519 key" });
  return key.export({ format: "der", type: "spki" }).subarray(-KEY_SIZE);
}

function keyOfRaw(raw: Buffer): KeyObject {
  const { createPublicKey } = process.getBuiltinModule("node:crypto");
  return createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), format: "der", type: "spki" });
}

function refuse(problem: string): never {
  throw pipeliteError("NOTE_INVALID", { problem });
}
