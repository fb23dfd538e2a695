// What the tests of signatures share: a folder that goes away, and a statement.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Statement } from "#sigstore/index.ts";

export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "pipelite-sign-"));

  file(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

export const STATEMENT: Statement = {
  subject: [{ name: "run.json", digest: { sha256: "ab".repeat(32) } }],
  predicateType: "https://example.org/test/v1",
  predicate: { meaning: "review", reason: "größer als 0", nested: { list: [1, true, null] } },
};
