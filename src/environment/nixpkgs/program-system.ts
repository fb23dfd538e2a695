// For which machines programs are, told by the first of them in a NAR: neither a store path nor a cache says it.
import { messageOf } from "#base/strict-json.ts";
import { isPipeliteError } from "#base/errors.ts";
import { pipeliteError as cacheError } from "#cache/errors.ts";
import type { Offer } from "#cache/substituter.ts";
import type { NarHandler } from "#nix/nar.ts";
import { NarParser } from "#nix/nar.ts";
import type { StorePath } from "#nix/store-path.ts";

/** Machines of ELF (System V ABI, `e_machine`) as Nix calls them. */
const ELF_MACHINES: Readonly<Record<number, string>> = {
  3: "i686",
  21: "powerpc64le",
  40: "armv7l",
  62: "x86_64",
  183: "aarch64",
  243: "riscv64",
};
const HEAD_BYTES = 20;

/** @param head the first bytes of a file @returns `x86_64-linux`; undefined for what is no program of a machine */
export function systemOfProgram(head: Uint8Array): string | undefined {
  const bytes = Buffer.from(head);
  if (bytes.length < HEAD_BYTES) return undefined;
  if (bytes.toString("latin1", 0, 4) === "\x7fELF") {
    const machine = bytes[5] === 2 ? bytes.readUInt16BE(18) : bytes.readUInt16LE(18);
    return `${ELF_MACHINES[machine] ?? `machine-${machine}`}-linux`;
  }
  // Mach-O, one machine or several in one file.
  const magic = bytes.readUInt32LE(0);
  return magic === 0xfeedfacf || (magic === 0xbebafeca && bytes.readUInt32BE(4) < 20) ? "darwin" : undefined;
}

/** For which system the programs of a path are; undefined where neither it nor what it needs has a program of a machine. */
export async function systemOf(
  path: StorePath,
  offers: ReadonlyMap<StorePath, Offer>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const open = [path];
  const seen = new Set(open);
  for (const next of open) {
    const offer = offers.get(next);
    if (offer === undefined) continue;
    const system = await systemInNar(offer, signal);
    if (system !== undefined) return system;
    for (const reference of offer.info.references) {
      if (seen.has(reference)) continue;
      seen.add(reference);
      open.push(reference);
    }
  }
  return undefined;
}

/** Reads on until the first program. */
async function systemInNar({ info, cache }: Offer, signal: AbortSignal): Promise<string | undefined> {
  const programs = new FirstProgram();
  const parser = new NarParser(programs);
  try {
    for await (const chunk of cache.nar(info, signal)) {
      parser.push(chunk);
      if (programs.system !== undefined) break;
    }
  } catch (error) {
    if (!isPipeliteError(error) || !error.code.startsWith("NAR_")) throw error;
    throw cacheError(
      "CACHE_ANSWER_WRONG",
      { url: cache.url, file: info.url, problem: messageOf(error) },
      error,
    );
  }
  return programs.system;
}

class FirstProgram implements NarHandler {
  system: string | undefined;
  #head: number[] | undefined;

  startFile(executable: boolean): void {
    this.#head = executable ? [] : undefined;
  }

  content(chunk: Uint8Array): void {
    if (this.#head === undefined || this.#head.length >= HEAD_BYTES) return;
    this.#head.push(...chunk.subarray(0, HEAD_BYTES - this.#head.length));
  }

  endFile(): void {
    if (this.#head !== undefined) this.system ??= systemOfProgram(Uint8Array.from(this.#head));
  }

  symlink(): void {}
  startDirectory(): void {}
  entry(): void {}
  endEntry(): void {}
  endDirectory(): void {}
}
