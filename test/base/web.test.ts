// What is downloaded is written to a file of its own.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { digestOf } from "#base/digest.ts";
import { removeTree } from "#base/files.ts";
import { downloadOnce } from "#base/web.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-web-"));
after(() => removeTree(folder));

test("a download goes through no link that somebody put in its place", async () => {
  const [mine, file] = [join(folder, "mine"), join(folder, "file")];
  writeFileSync(mine, "mine");
  const { signal } = new AbortController();
  for (const content of ["new", ""]) {
    const source = join(folder, `source-${content}`);
    writeFileSync(source, content);
    removeTree(file);
    symlinkSync(mine, file);
    const digest = await downloadOnce(pathToFileURL(source).href, { file, signal });
    assert.equal(`sha256:${digest.toString("hex")}`, digestOf(content));
    assert.equal(readFileSync(file, "utf8"), content);
    assert.equal(readFileSync(mine, "utf8"), "mine");
  }
});
