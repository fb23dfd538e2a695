// A small witness of logs (https://c2sp.org/tlog-witness): it signs a checkpoint that continues the last one it has signed.
import { generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:http";
import { text as readText } from "node:stream/consumers";
import type { AddressInfo } from "node:net";
import { parseCheckpoint, type Checkpoint } from "#tlog/checkpoint.ts";
import { verifyConsistency } from "#tlog/merkle.ts";
import {
  parseNote,
  signNote,
  noteSignerOf,
  verifyNote,
  writeNote,
  type NoteSigner,
  type NoteVerifier,
} from "#tlog/note.ts";

export interface Witness extends AsyncDisposable {
  url: string;
  signer: NoteSigner;
  /** What it answers next in place of its own answer. */
  lie?: { status: number; body: string };
}

export async function startWitness(log: () => NoteVerifier | undefined): Promise<Witness> {
  const signer = noteSignerOf("witness.example", "witness", generateKeyPairSync("ed25519").privateKey);
  let known: Checkpoint | undefined;
  const answer = (body: string): { status: number; body: string } => {
    const [head = "", ...rest] = body.split("\n\n");
    const [first = "", ...hashes] = head.split("\n");
    const note = parseNote(rest.join("\n\n"));
    const verifier = log();
    if (verifier === undefined || verifyNote(note, verifier) === undefined)
      return { status: 403, body: "unknown key" };
    const { origin, size, root } = parseCheckpoint(note.text);
    const old = Number(first.replace("old ", ""));
    if (old !== (known?.size ?? 0)) return { status: 409, body: `${known?.size ?? 0}\n` };
    const proof = hashes.map((hash) => Buffer.from(hash, "base64"));
    const earlierRoot = known?.root ?? Buffer.alloc(32);
    if (old > 0 && !verifyConsistency({ earlier: old, earlierRoot, size, root, proof }))
      return { status: 422, body: "it does not continue what was signed" };
    known = { origin, size, root };
    const signed = writeNote({ text: note.text, signatures: [signNote(note.text, signer, 1_700_000_000)] });
    return { status: 200, body: signed.slice(note.text.length + 1) };
  };
  const witness: Omit<Witness, "url"> & { url: string } = {
    url: "",
    signer,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
  const server: Server = createServer((request, response) => {
    void readText(request).then((body) => {
      const { status, body: said } = witness.lie ?? answer(body);
      response.writeHead(request.url === "/add-checkpoint" ? status : 404).end(said);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  witness.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return witness;
}
