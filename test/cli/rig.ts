// Runs command lines in this process, with streams, folder and environment of their own.
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { removeTree } from "#base/files.ts";
import { runApp } from "#cli/app.ts";
import type { Host } from "#cli/context.ts";
import { giveBack } from "../rig/warm-home.ts";

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
  stdoutBytes: Buffer;
}

export interface Rig extends Disposable {
  /** An empty folder, where commands are run. */
  readonly folder: string;
  readonly home: string;
  /** Runs `pipelite` with these words. */
  (...words: string[]): Promise<Ended>;
  with(options: RigOptions, ...words: string[]): Promise<Ended>;
}

export interface RigOptions {
  stdin?: Uint8Array;
  isTerminal?: boolean;
  env?: Record<string, string | undefined>;
  signal?: AbortSignal;
  /** The folder where the command is run, below `folder`. */
  cwd?: string;
}

/** Runs `pipelite` with these words in this process; `cwd` is absolute, and the environment is `env` alone. */
export async function runHere(
  words: readonly string[],
  { cwd = "/", env = {}, isTerminal = false, stdin, signal }: RigOptions,
): Promise<Ended> {
  const [stdout, stderr] = [capture(isTerminal), capture(isTerminal)];
  const host: Host = {
    stdout: stdout.stream,
    stderr: stderr.stream,
    stdin: Readable.from(stdin === undefined ? [] : [stdin]),
    env,
    cwd,
    writeBytes: (bytes) => void stdout.chunks.push(Buffer.from(bytes)),
    interruption: () => signal ?? new AbortController().signal,
    isInteractive: false,
    leaveInterrupts: () => {},
    onExit: () => {},
  };
  const code = await runApp(words, host);
  const stdoutBytes = Buffer.concat(stdout.chunks);
  return {
    code,
    stdout: stdoutBytes.toString(),
    stderr: Buffer.concat(stderr.chunks).toString(),
    stdoutBytes,
  };
}

export function createRig(): Rig {
  const base = mkdtempSync(join(tmpdir(), "pipelite-cli-"));
  const folder = join(base, "work");
  const home = join(base, "home");
  mkdirSync(folder);
  const withOptions = ({ cwd = "", env, ...options }: RigOptions, ...words: string[]): Promise<Ended> =>
    runHere(words, {
      ...options,
      cwd: join(folder, cwd),
      env: { PIPELITE_HOME: home, LANG: "C.UTF-8", ...env },
    });
  return Object.assign((...words: string[]) => withOptions({}, ...words), {
    folder,
    home,
    with: withOptions,
    [Symbol.dispose]: () => {
      giveBack(home);
      removeTree(base);
    },
  });
}

function capture(isTTY: boolean): {
  stream: Writable & { isTTY: boolean; columns: number };
  chunks: Buffer[];
} {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY, columns: 100 }), chunks };
}

/**
 * What differs between two runs of the same commands, or between two machines, replaced: folders, times, sizes, run
 * ids, hashes of store paths, the machine and its sandbox.
 */
export function scrub(text: string, rig: Pick<Rig, "folder" | "home">): string {
  return text
    .replaceAll(rig.home, "HOME")
    .replaceAll(rig.folder, "FOLDER")
    .replaceAll(/\d{8}T\d{9}Z-[0-9a-f]{6}/g, "RUN")
    .replaceAll(/\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} UTC/g, "TIME")
    .replaceAll(/(\/nix\/store\/)[0-9a-z]{32}/g, "$1HASH")
    .replaceAll(/^([\w-]+ +\w+) .* (\/nix\/store\/HASH\S+)$/gm, "$1 FIGURES $2")
    .replaceAll(/ *\b\d+(?:\.\d+)?(ms|s|m\d\ds)\b/g, " TIME")
    .replaceAll(/ *\b\d+(?:\.\d+)? ([KMG]iB|B)\b/g, " SIZE")
    .replaceAll(/^STAGE .*$/gm, (heads) => heads.replaceAll(/ +/g, " "))
    .replaceAll(/^warning: no sandbox: .*\n/gm, "")
    .replaceAll(/(starter|bubblewrap|unshare) \d+(\.\d+)*|no sandbox/g, "SANDBOX")
    .replaceAll(/^host +.*$/gm, "host HOST");
}
