// A key that a program has: a token by PKCS #11, an agent, a service. The program gets the bytes that are to be signed on its standard
// input and writes the signature to its standard output; it hashes them itself, as `openssl dgst -sha256 -sign` does.
import { spawnSync } from "node:child_process";
import { verify } from "node:crypto";
import type { Variables } from "#base/environment.ts";
import { systemErrorCode } from "#base/errors.ts";
import { fromBase64 } from "#sigstore/envelope.ts";
import type { KeptKey, PublicKey } from "#sigstore/key.ts";
import { pipeliteError } from "./errors.ts";

/** Somebody may have to touch a token. */
const COMMAND_MS_MAX = 120_000;
const ANSWER_MAX = 64 * 1024;

/**
 * What it answers is believed only when the public key says that it is a signature over these bytes.
 * @param command a line of the shell
 */
export function commandKey(command: string, publicKey: PublicKey, env: Variables): KeptKey {
  return {
    publicKey,
    sign: (bytes) => {
      const signature = signatureIn(answerOf(command, bytes, env));
      if (signature !== undefined && verify("sha256", bytes, publicKey.key, signature)) return signature;
      throw failed(
        command,
        "what it wrote is no signature (ECDSA over SHA-256, in DER or its base64) by that key over what it got",
      );
    },
  };
}

function answerOf(command: string, input: Uint8Array, env: Variables): Buffer {
  const { status, signal, stdout, stderr, error } = spawnSync("sh", ["-c", command], {
    env,
    input,
    stdio: ["pipe", "pipe", "pipe"],
    timeout: COMMAND_MS_MAX,
    // One that takes no notice of being asked to end would be waited for without an end.
    killSignal: "SIGKILL",
    maxBuffer: ANSWER_MAX,
  });
  // It need not have read all that it got.
  const code = error === undefined ? "EPIPE" : (systemErrorCode(error) ?? error.message);
  if (status === 0 && code === "EPIPE") return stdout;
  const ending = signal === null ? `it exited with ${status}` : `it was ended by ${signal}`;
  const [said = ""] = stderr.toString("utf8").trim().split("\n");
  throw failed(command, code === "EPIPE" ? `${ending}${said === "" ? "" : `: ${said.slice(0, 200)}`}` : code);
}

/** DER as it is, or as one text of base64. */
function signatureIn(answer: Buffer): Uint8Array | undefined {
  const SEQUENCE = 0x30;
  const text = answer.toString("latin1").trim();
  return answer[0] === SEQUENCE ? answer : fromBase64(text);
}

/** The program alone is named: the words behind it may have the PIN that opens a token. */
function failed(command: string, problem: string): Error {
  const [program = ""] = command.split(/\s+/).filter((word) => word !== "" && !word.includes("="));
  return pipeliteError("SIGNING_COMMAND_FAILED", { command: program, problem });
}
