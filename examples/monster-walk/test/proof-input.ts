// Inputs of stages for tests: the reader that a stage gets in a run, over files that a test gives.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";
import type { FileContent, Reader } from "../../../src/author/files.ts";

/** An input whose files are on disk in a folder that is removed after the tests of the file. */
export function inputOf<F extends Readonly<Record<string, FileContent>>>(files: F): Reader<F> {
  const path = mkdtempSync(join(tmpdir(), "pipelite-monster-walk-"));
  after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    const isRaw = typeof content === "string" || content instanceof Uint8Array;
    writeFileSync(join(path, name), isRaw ? content : JSON.stringify(content));
  }
  const file = (name: string): string => join(path, name);
  return {
    path,
    file,
    json: async (name) => JSON.parse(readFileSync(file(name), "utf8")),
    text: async (name) => readFileSync(name === undefined ? path : file(name), "utf8"),
    bytes: async (name) => readFileSync(name === undefined ? path : file(name)),
  };
}
