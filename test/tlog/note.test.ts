// Signed notes against those of the specification and of Go's checksum database.
import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { parseCheckpoint, writeCheckpoint } from "#tlog/checkpoint.ts";
import {
  parseNote,
  parseVerifier,
  signNote,
  noteSignerOf,
  verifyNote,
  writeNote,
  writeVerifier,
} from "#tlog/note.ts";

const KEYS = {
  spec: "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
  peter: "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
  enoch: "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop",
  witness: "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
};
const TEXT =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const PETER = `— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;
const ENOCH = `— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n`;
const SPEC =
  "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

test("keys are read and written as others write them", () => {
  for (const key of Object.values(KEYS)) assert.equal(writeVerifier(parseVerifier(key)), key);
  for (const wrong of [
    KEYS.spec.replace("530d903a", "530d903b"),
    KEYS.spec.replace("/foo", "/bar"),
    "a+b",
    "",
  ])
    assert.throws(() => parseVerifier(wrong), { code: "NOTE_KEY_INVALID" });
});

test("notes of the specification and of Go verify, and are written as they were", () => {
  const both = `${TEXT}\n${PETER}${ENOCH}`;
  assert.equal(writeNote(parseNote(SPEC)), SPEC);
  assert.equal(writeNote(parseNote(both)), both);
  assert.equal(verifyNote(parseNote(SPEC), parseVerifier(KEYS.spec)), 0);
  assert.equal(verifyNote(parseNote(both), parseVerifier(KEYS.peter)), 0);
  assert.equal(verifyNote(parseNote(both), parseVerifier(KEYS.enoch)), 0);
  assert.equal(verifyNote(parseNote(both), parseVerifier(KEYS.spec)), undefined);
  const changed = parseNote(both.replace("cryptography", "Cryptography"));
  assert.equal(verifyNote(changed, parseVerifier(KEYS.peter)), undefined);
});

test("a key signs as Go's does, byte for byte", () => {
  // PRIVATE+KEY+PeterNeumann+c74f20a3+AYEK... of golang.org/x/mod/sumdb/note.
  const seed = Buffer.from("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz", "base64").subarray(1);
  const head = Buffer.from("302e020100300506032b657004220420", "hex");
  const privateKey = createPrivateKey({ key: Buffer.concat([head, seed]), format: "der", type: "pkcs8" });
  const signer = noteSignerOf("PeterNeumann", "log", privateKey);
  assert.equal(writeVerifier(signer), KEYS.peter);
  assert.equal(writeNote({ text: TEXT, signatures: [signNote(TEXT, signer)] }), `${TEXT}\n${PETER}`);
});

test("a witness signs a note with the time, and neither is taken for the other's", () => {
  const signer = noteSignerOf("witness.example", "witness", generateKeyPairSync("ed25519").privateKey);
  const text = writeCheckpoint({ origin: "log.example", size: 3, root: Buffer.alloc(32, 7) });
  const signature = signNote(text, signer, 1_700_000_000);
  const note = parseNote(writeNote({ text, signatures: [signature] }));
  assert.equal(verifyNote(note, signer), 1_700_000_000);
  const later = Buffer.from(signature.bytes);
  later[7] = (later[7] ?? 0) ^ 1;
  assert.equal(verifyNote({ text, signatures: [{ ...signature, bytes: later }] }, signer), undefined);
  assert.equal(verifyNote(note, { ...signer, kind: "log" }), undefined);
  // A time that no calendar has is none, whoever signed it.
  const late = { text: note.text, signatures: [signNote(note.text, signer, 10_000_000_000_000)] };
  assert.equal(verifyNote(late, signer), undefined);
  assert.throws(() => parseVerifier(writeVerifier(signer), "log"), { code: "NOTE_KEY_INVALID" });
});

test("what is no note is refused", () => {
  const wrong = [
    "",
    "text\n",
    "text\n\n",
    `${SPEC}\n`,
    SPEC.slice(0, -1),
    SPEC.replace("— ", "- "),
    SPEC.replace("Uw2Q", "Uw2*"),
    SPEC.replace("This", "Th\u0000is"),
    SPEC.replace("This", "Th\ud800is"),
    `${TEXT}\n${PETER.repeat(101)}`,
  ];
  for (const note of wrong) assert.throws(() => parseNote(note), { code: "NOTE_INVALID" }, note);
});

test("a checkpoint is read as it was written; others are refused", () => {
  const text = writeCheckpoint({ origin: "log.example", size: 12, root: Buffer.alloc(32, 1) });
  assert.deepEqual(parseCheckpoint(text), { origin: "log.example", size: 12, root: Buffer.alloc(32, 1) });
  assert.equal(parseCheckpoint(`${text}an extension\n`).size, 12);
  for (const wrong of [
    "",
    text.replace("12", "012"),
    text.replace("12", "-1"),
    text.replace("AQ", "A"),
    `\n${text}`,
  ])
    assert.throws(() => parseCheckpoint(wrong), { code: "NOTE_INVALID" });
});
