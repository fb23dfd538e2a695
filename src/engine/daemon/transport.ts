// What carries the daemon protocol: a socket, or the standard input and output of a program, such as ssh.
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Variables } from "#base/environment.ts";
import { pipeliteError } from "#engine/errors.ts";
import type { Transport } from "./connection.ts";

/** Long enough for what a program says when it ends. */
const LAST_WORDS_MAX = 2000;
/** Its output may end a little before it says why. */
const LAST_WORDS_WAIT_MS = 1000;

/** @throws PipeliteError MACHINE_LOST where nobody listens */
export async function socketTransport(file: string, machine: string): Promise<Transport> {
  const socket = connect(file);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", (error) =>
      reject(pipeliteError("MACHINE_LOST", { machine, problem: error.message }, error)),
    );
  });
  return { input: socket, output: socket, lastWords: async () => "", close: () => void socket.destroy() };
}

export function programTransport(command: string, args: readonly string[], env: Variables): Transport {
  const child = spawn(command, args, { env, stdio: ["pipe", "pipe", "pipe"] });
  let words = "";
  const closed = new Promise((resolve) => child.on("close", resolve));
  child.on("error", (error) => (words = error.message));
  child.stderr.on("data", (chunk: Buffer) => (words = (words + chunk.toString()).slice(-LAST_WORDS_MAX)));
  return {
    input: child.stdin,
    output: child.stdout,
    async lastWords() {
      await Promise.race([closed, sleep(LAST_WORDS_WAIT_MS)]);
      return words.trim().split("\n").at(-1) ?? "";
    },
    close: () => void child.kill("SIGTERM"),
  };
}
