// The documents say what the program does: reference pages are those that the program gives, links lead somewhere, and
// every error that a user can meet is raised by a test.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { errorTable } from "#cli/error-rows.ts";
import { referencePages } from "../tools/reference.ts";

const root = join(import.meta.dirname, "..");

function filesBelow(folder: string, suffix: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
    .map((entry) => join(entry.parentPath, entry.name));
}

test("the reference pages are up to date (node tools/reference.ts)", async () => {
  for (const [name, content] of Object.entries(await referencePages())) {
    assert.equal(readFileSync(join(root, "docs/reference", name), "utf8"), content, name);
  }
});

test("every error code is raised by at least one test", () => {
  const tests = [...filesBelow("test", ".ts"), ...filesBelow("examples", ".test.ts")]
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
  const untested = [...errorTable().keys()].filter((code) => !new RegExp(`\\b${code}\\b`).test(tests));
  assert.deepEqual(untested, []);
});

test("no error code stands in two folders", () => {
  const codes = filesBelow("src", "errors.ts").flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/^  ([A-Z][A-Z0-9_]+): \{/gm)].map(([, code]) => code),
  );
  assert.equal(codes.length, new Set(codes).size);
  assert.deepEqual(new Set(codes), new Set(errorTable().keys()));
});

test("every error code is used by the product", () => {
  const source = filesBelow("src", ".ts").filter((file) => !file.endsWith("errors.ts"));
  const text = source.map((file) => readFileSync(file, "utf8")).join("\n");
  const unused = [...errorTable().keys()].filter((code) => !text.includes(`"${code}"`));
  assert.deepEqual(unused, []);
});

test("links in the documents lead to files that are there", () => {
  const documents = [
    ...filesBelow("docs", ".md"),
    ...filesBelow("examples", ".md"),
    ...["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"].map((name) => join(root, name)),
  ];
  const dead = documents.flatMap((document) => {
    const links = [...readFileSync(document, "utf8").matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(
      ([, link]) => link ?? "",
    );
    return links
      .filter((link) => !existsSync(join(dirname(document), link)))
      .map((link) => `${relative(root, document)}: ${link}`);
  });
  assert.deepEqual(dead, []);
});
