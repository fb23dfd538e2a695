// Bills of materials in each format: golden documents, the standards' own schemas, and what holds whatever strangers wrote.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as CycloneDX from "@cyclonedx/cyclonedx-library";
import fc from "fast-check";
import { isPipeliteError } from "#base/errors.ts";
import type { Bom, BomPackage } from "#sbom/bom.ts";
import { licenceOf } from "#sbom/licence.ts";
import { npmFacts } from "#sbom/metadata.ts";
import { minimumElements } from "#sbom/minimum.ts";
import { readBom } from "#sbom/read.ts";
import { inputs, sweep } from "../rig/peer.ts";
import { golden, SAMPLE, WRITERS } from "./sample.ts";

for (const [name, write] of Object.entries(WRITERS)) {
  test(`${name} is the document that it was`, () => {
    assert.equal(write(SAMPLE), golden(name));
  });

  test(`${name} says what the bill says`, () => {
    const read = readBom(write(SAMPLE));
    assert.equal(read.main?.name, "song");
    assert.equal(read.author, "Example Ltd");
    const stored = read.components.filter(({ path }) => path !== undefined);
    assert.deepEqual(
      stored.map(({ path, hash, narSize }) => ({ path, narHash: hash, narSize })).toSorted(byPath),
      SAMPLE.objects.map(({ path, narHash, narSize }) => ({ path, narHash, narSize })),
    );
    assert.equal(read.components.length, 5);
    const [audio, tools] = ["audio", "tools"].map(
      (each) => stored.find((one) => one.name === each)?.ref ?? "",
    );
    assert.deepEqual(read.dependencies.get(audio ?? ""), [tools]);
    assert.deepEqual(read.dependencies.get(tools ?? ""), []);
    const licences = read.components.flatMap(({ licence }) => licence ?? []).toSorted();
    const alone = name.startsWith("cyclonedx") ? "mine" : "LicenseRef-mine";
    assert.deepEqual(licences, ["GPL-2.0-or-later AND LicenseRef-as-is", alone]);
  });
}

function byPath(a: { path?: string | undefined }, b: { path?: string | undefined }): number {
  return (a.path ?? "") < (b.path ?? "") ? -1 : 1;
}

test("every format has the same of each minimum element, and what nobody knows is not met", () => {
  const tables = Object.values(WRITERS).map((write) =>
    minimumElements(readBom(write(SAMPLE))).map(({ element, status, has, of }) => [element, status, has, of]),
  );
  for (const table of tables) assert.deepEqual(table, tables[0]);
  assert.deepEqual(tables[0], [
    ["supplier", "not met", 3, 6],
    ["component name", "met", 6, 6],
    ["version", "not met", 5, 6],
    ["other identifiers", "not met", 4, 6],
    ["dependency relationship", "met", 6, 6],
    ["author of the document", "met", undefined, undefined],
    ["timestamp", "not met", undefined, undefined],
    ["component hash", "not met", 2, 5],
    ["licence", "not met", 2, 6],
    ["tool name", "met", undefined, undefined],
    ["generation context", "met", undefined, undefined],
  ]);
  const { supplier: _, ...anonymous } = { ...SAMPLE, isTimeKnown: true };
  for (const write of Object.values(WRITERS)) {
    const rows = minimumElements(readBom(write(anonymous)));
    const statusOf = (wanted: string) => rows.find(({ element }) => element === wanted)?.status;
    assert.equal(statusOf("author of the document"), "not met");
    assert.equal(statusOf("timestamp"), "met");
  }
});

/** What a stranger may have put into the metadata of a package. */
const words = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(
    "MIT",
    "GPL-2.0+ OR (MIT",
    "\u001b[31mred\u202e",
    "LicenseRef-x",
    "DocumentRef-a:LicenseRef-b",
    "x".repeat(5000),
  ),
);
const stranger = fc.oneof(words, fc.constant(null), fc.integer(), fc.array(words, { maxLength: 2 }));
const manifest = fc.record(
  {
    name: stranger,
    version: stranger,
    license: stranger,
    licenses: stranger,
    author: stranger,
    repository: stranger,
  },
  { requiredKeys: [] },
);
const hostile = fc.array(
  fc.oneof(manifest, stranger).map((written): BomPackage => npmFacts(written, "folder")),
  { maxLength: 4 },
);

function withPackages(contains: BomPackage[]): Bom {
  const [audio, tools] = SAMPLE.objects;
  assert.ok(audio && tools);
  return { ...SAMPLE, objects: [audio, { ...tools, contains }] };
}

test("whatever strangers wrote, names are unique, each leads somewhere, and nothing in a document is not seen", () => {
  fc.assert(
    fc.property(hostile, (contains) => {
      for (const write of Object.values(WRITERS)) {
        const text = write(withPackages(contains));
        // oxlint-disable-next-line no-control-regex
        assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
        const { main, components, dependencies, contents } = readBom(text);
        const refs = [main, ...components].map((each) => each?.ref);
        assert.equal(new Set(refs).size, refs.length);
        assert.equal(components.length, 2 + contains.length);
        for (const [from, to] of [...dependencies, ...contents])
          for (const ref of [from, ...to]) assert.ok(refs.includes(ref), ref);
      }
    }),
    { numRuns: inputs(60) },
  );
});

test("CycloneDX's own schemas take the documents", { skip: sweep() }, async () => {
  for (const [version, name] of [
    [CycloneDX.Spec.Version.v1dot7, "cyclonedx-1.7.json"],
    [CycloneDX.Spec.Version.v1dot6, "cyclonedx-1.6.json"],
  ] as const) {
    const validator = new CycloneDX.Validation.JsonStrictValidator(version);
    const write = WRITERS[name];
    assert.ok(write);
    assert.equal(await validator.validate(write(SAMPLE)), null);
    for (const contains of fc.sample(hostile, { numRuns: 10, seed: 1 }))
      assert.equal(await validator.validate(write(withPackages(contains))), null);
    assert.notEqual(await validator.validate(write(SAMPLE).replace("SHA-256", "SHA-255")), null);
  }
});

test("what is no bill of materials is refused", () => {
  const spdx = golden("spdx-2.3.json");
  for (const text of [
    "",
    "{}",
    "[1]",
    "{",
    spdx.replace("SPDX-2.3", "SPDX-2.2"),
    `{"bomFormat":"CycloneDX","bomFormat":"CycloneDX"}`,
    `{"bomFormat":"CycloneDX",${'"components":[{'.repeat(100_000)}${"}]".repeat(100_000)}}`,
  ])
    assert.throws(
      () => readBom(text),
      (error) => isPipeliteError(error) && error.code === "SBOM_UNREADABLE",
      text.slice(0, 30),
    );
});

test("a licence is an expression of SPDX, or a reference to the words that stand there", () => {
  const cases: [string, string, string?][] = [
    ["MIT", "MIT"],
    [" (MIT OR Apache-2.0)\n", "(MIT OR Apache-2.0)"],
    ["GPL-2.0-or-later WITH Classpath-exception-2.0", "GPL-2.0-or-later WITH Classpath-exception-2.0"],
    ["BSD", "LicenseRef-BSD", "BSD"],
    ["SEE LICENSE IN x.txt", "LicenseRef-SEE-LICENSE-IN-x.txt-3f415b48", "SEE LICENSE IN x.txt"],
    ["MIT\u202e", "MIT"],
  ];
  for (const [written, expression, name] of cases)
    assert.deepEqual(licenceOf(written), {
      expression,
      refs: name === undefined ? {} : { [expression]: name },
    });
  for (const nothing of ["", "  ", "UNKNOWN", "NOASSERTION", null, 7, {}])
    assert.equal(licenceOf(nothing), undefined);
  const long = licenceOf("word ".repeat(10_000));
  assert.ok(JSON.stringify(long).length < 500);
});
