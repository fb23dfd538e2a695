// Scripts that run in a process of their own, with a fault in what they ask of the file system of one folder (faults.c).
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { removeTree } from "#base/files.ts";
import { compileFaults } from "./work.ts";

const SOURCE = join(import.meta.dirname, "../../src");

/** Where a script imports one of our modules from, as text of JavaScript. */
export function moduleText(path: string): string {
  return JSON.stringify(pathToFileURL(join(SOURCE, path)).href);
}

export interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

export class FaultyScript implements Disposable {
  /** For whatever a test keeps beside the folders of the script. */
  readonly work = mkdtempSync(join(tmpdir(), "pipelite-faulty-"));
  readonly #file = join(this.work, "script.ts");
  readonly #library = compileFaults(this.work);

  /** @param text of TypeScript; its one argument is the folder */
  constructor(text: string) {
    writeFileSync(this.#file, text);
  }

  [Symbol.dispose](): void {
    removeTree(this.work);
  }

  run(folder: string, fault: Readonly<Record<string, string>>): Ended {
    const env = { ...process.env, LD_PRELOAD: this.#library, FAULT_HOME: folder, ...fault };
    return spawnSync(process.execPath, [this.#file, folder], { env, encoding: "utf8" });
  }

  /**
   * Runs it on one new folder after the other, of whose calls the first fails, then the second, and so on, until `judge` says that
   * none did.
   * @param prepare makes what the folder holds before
   * @returns how many failed
   */
  failEachCall(
    kind: string,
    judge: (folder: string, ended: Ended, at: number) => boolean,
    prepare: (folder: string) => void = () => {},
  ): number {
    for (let at = 1; ; at += 1) {
      const folder = join(this.work, `${kind}-${at}`);
      mkdirSync(folder);
      prepare(folder);
      if (judge(folder, this.run(folder, { FAULT_AT: String(at), FAULT_KIND: kind }), at)) return at - 1;
    }
  }

  /**
   * The same with the fault at each of the calls that it makes where there is none, also those that it can do without.
   * @returns how many
   */
  tryEachCall(
    kind: string,
    judge: (folder: string, ended: Ended, at: number) => void,
    prepare: (folder: string) => void = () => {},
  ): number {
    const count = join(this.work, "count");
    for (let at = 0, calls = 0; ; at += 1) {
      const folder = join(this.work, `${kind}-${at}`);
      mkdirSync(folder);
      prepare(folder);
      const ended = this.run(folder, { FAULT_AT: String(at), FAULT_KIND: kind, FAULT_COUNT: count });
      if (at === 0) calls = Number(readFileSync(count, "utf8"));
      judge(folder, ended, at);
      if (at === calls) return calls;
    }
  }
}
