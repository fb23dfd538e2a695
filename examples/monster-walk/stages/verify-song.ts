import { createHash } from "node:crypto";
import type { Input, Source } from "pipelite";
import { songRules, verifySong } from "../music/verify-song.ts";
import type proofStage from "./proof.ts";

interface Inputs {
  answer: Source;
  proof: Input<typeof proofStage>;
}

/** A model's answer as lyrics, if it passes the rules; else the stage fails and says which rule it breaks. */
export default async function verifyAnswer({ answer, proof }: Inputs) {
  const body = await answer.bytes();
  const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
  const verdict = verifySong(text, songRules(await proof.json("facts.json")));
  return {
    "lyrics.md": text.endsWith("\n") ? text : `${text}\n`,
    "verification.json": { ...verdict, answerSha256: createHash("sha256").update(body).digest("hex") },
  };
}
