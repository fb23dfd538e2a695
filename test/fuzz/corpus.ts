// Inputs that targets begin with, and ways to give them to parsers.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** `abcabc`, packed by xz: Node packs no such thing. */
export const XZ = "/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAFYWJjYWJjAAAA6RJwVAu3EucAAR4GwS+kHR+2830BAAAAAARZWg==";

const tests = join(import.meta.dirname, "..");

export function vectors(folder: string, ending: string, sizeMax = 16 * 1024): Uint8Array[] {
  return readdirSync(join(tests, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(join(tests, folder, name)))
    .filter((bytes) => bytes.length <= sizeMax);
}

export function texts(...all: string[]): Uint8Array[] {
  return all.map((text) => Buffer.from(text));
}

/** Values as documents of JSON. */
export function documents(...values: unknown[]): Uint8Array[] {
  return texts(...values.map((value) => JSON.stringify(value)));
}

/** A parser of text, given the bytes as UTF-8. */
export function ofText(parse: (text: string) => unknown): (input: Uint8Array) => void {
  return (input) => void parse(Buffer.from(input).toString("utf8"));
}

let folder: string | undefined;

/** A parser of files, given the bytes as the file of this name. */
export function ofFile(name: string, parse: (file: string) => unknown): (input: Uint8Array) => void {
  return (input) => {
    if (folder === undefined) {
      const made = mkdtempSync(join(tmpdir(), "pipelite-fuzz-"));
      folder = made;
      process.on("exit", () => rmSync(made, { recursive: true, force: true }));
    }
    const file = join(folder, name);
    writeFileSync(file, input);
    parse(file);
  };
}

/** Of a value out of JSON: an input that is none is refused before. */
export const isRange = (error: unknown): boolean =>
  error instanceof RangeError && !/call stack|Invalid (array|string|typed array) length/.test(error.message);

/** How readers of documents say what is wrong, to be told by who knows the file. */
export const isSyntax = (error: unknown): boolean => error instanceof SyntaxError;
