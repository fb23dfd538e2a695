// The bill of materials of a real run: every path of the closure once, the same in two homes, and each change of it found.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { sbom, type SbomOfRun } from "#app/sbom.ts";
import type { ClosureKind } from "#sbom/bom.ts";
import { BOM_FORMATS } from "#sbom/bom.ts";
import { readBom } from "#sbom/read.ts";
import { openStore } from "#store/store.ts";
import { rootsOf } from "#supply/closure.ts";
import type { Finding } from "#supply/finding.ts";
import { sbomFindings } from "#supply/sbom-check.ts";
import { Project } from "../rig/project.ts";

const FILES = {
  "pipeline.ts": `
import { pipeline, source, stage } from "pipelite";
const one = stage(() => import("./one.ts"), { list: source("list.txt") });
export default pipeline({ one, two: stage(() => import("./two.ts"), { one }) });
`,
  "one.ts": `
import left from "left";
import bare from "bare";
export default async ({ list }) => ({ "a.json": left(bare) + (await list.text()).length });
`,
  "two.ts": 'export default async ({ one }) => ({ "b.txt": `made of ${one.path}` });\n',
  "list.txt": "a list\n",
  "node_modules/left/package.json": JSON.stringify({
    name: "left",
    version: "1.2.3",
    type: "module",
    license: "MIT",
    author: "Anna Ng <anna@example.org>",
  }),
  "node_modules/left/index.js": "export default (x) => x + 1;\n",
  "node_modules/bare/index.js": "module.exports = 1;\n",
};

let projects: Project[];
let made: SbomOfRun[];
before(async () => {
  projects = [new Project(FILES), new Project(FILES)];
  made = [];
  for (const project of projects) {
    await project.run();
    made.push(await documents(project));
  }
});
after(() => {
  for (const project of projects) project[Symbol.dispose]();
});

function documents({ door }: Project, more: Partial<Parameters<typeof sbom>[0]> = {}): Promise<SbomOfRun> {
  return sbom({
    home: door,
    which: { word: "latest" },
    closures: ["runtime", "build"],
    formats: BOM_FORMATS,
    time: undefined,
    supplier: undefined,
    out: undefined,
    ...more,
  });
}

function first(): { project: Project; run: SbomOfRun } {
  const [[project], [run]] = [projects, made];
  assert.ok(project && run);
  return { project, run };
}

/** Its home is changed by tests. */
function second(): Project {
  const [, project] = projects;
  assert.ok(project);
  return project;
}

function check(text: string, closure: ClosureKind, project = first().project): Finding[] {
  using store = openStore(project.home, { readOnly: true });
  return sbomFindings(text, { store, roots: rootsOf(project.record(), closure) });
}

function textOf(format: string, closure: ClosureKind): string {
  const found = first().run.documents.find((each) => each.format === format && each.closure === closure);
  assert.ok(found);
  return found.text;
}

test("two homes with the same run have the same documents, in every format and of both closures", () => {
  const [one, two] = made.map(({ documents: all }) => all);
  assert.deepEqual(one, two);
  assert.equal(one?.length, 8);
  for (const { text } of one ?? [])
    for (const { home, folder } of projects) assert.ok(!text.includes(home) && !text.includes(folder));
});

test("each holds before the store that it is of, and before no other results", () => {
  for (const { text, closure, format } of first().run.documents) {
    for (const { what, status, detail } of check(text, closure))
      assert.equal(status, "holds", `${format}: ${what} ${detail}`);
    const other = closure === "runtime" ? "build" : "runtime";
    assert.ok(check(text, other).some(({ status }) => status === "fails"));
  }
  using store = openStore(first().project.home, { readOnly: true });
  for (const roots of [[], ["/nix/store/00000000000000000000000000000000-gone" as never]])
    assert.deepEqual(
      sbomFindings(textOf("spdx", "runtime"), { store, roots }).map(({ status }) => status),
      ["untested"],
    );
});

test("packages of npm are in the bundle that has their code, with what their package.json says", () => {
  const { components, contents } = readBom(textOf("cyclonedx", "build"));
  const bundle = components.find(({ path = "" }) => path.endsWith("-one.mjs"));
  const inside = (contents.get(bundle?.ref ?? "") ?? []).map((ref) =>
    components.find((each) => each.ref === ref),
  );
  const shown = inside.map((each) => [
    each?.name,
    each?.version,
    each?.licence,
    each?.supplier,
    each?.identifiers,
  ]);
  assert.deepEqual(shown.slice(0, 2), [
    ["bare", undefined, undefined, undefined, ["pkg:npm/bare"]],
    ["left", "1.2.3", "MIT", "Anna Ng", ["pkg:npm/left@1.2.3"]],
  ]);
  assert.deepEqual(shown[2]?.slice(0, 3), ["pipelite", inside[2]?.version, "Apache-2.0"]);
  const node = components.find(({ name, path }) => name === "node" && path !== undefined);
  assert.equal(node?.version, process.versions.node);
});

test("without its notes a home says less and nothing else", async () => {
  const other = second();
  for (const { key } of other.door.notes.all("contents"))
    other.door.notes.remember("contents", key, { npm: "?" });
  const { documents: all } = await documents(other, { closures: ["build"], formats: ["cyclonedx"] });
  const [bare] = all;
  assert.ok(bare);
  assert.equal(bare.packages, 0);
  for (const { status } of check(bare.text, "build")) assert.equal(status, "holds");
});

type Changed = (document: Record<string, unknown>) => void;
type Part = Record<string, unknown>;
const parts = (value: unknown) => value as Part[];
const at = (value: unknown, index: number): Part => parts(value)[index] ?? {};

const TAMPERED: readonly [string, string, Changed][] = [
  ["a component is left out", "cyclonedx", (bom) => void parts(bom["components"]).pop()],
  [
    "a component is there twice",
    "cyclonedx",
    (bom) => void parts(bom["components"]).push(at(bom["components"], 0)),
  ],
  [
    "one more component",
    "cyclonedx",
    (bom) => void parts(bom["components"]).push({ type: "library", "bom-ref": "x", name: "x" }),
  ],
  [
    "a path of elsewhere",
    "cyclonedx",
    (bom) =>
      void parts(bom["components"]).push({
        type: "library",
        "bom-ref": "x",
        name: "x",
        properties: [{ name: "nix:output_path", value: "/nix/store/00000000000000000000000000000000-x" }],
      }),
  ],
  [
    "another hash",
    "cyclonedx",
    (bom) => void (at(at(bom["components"], 0)["hashes"], 0)["content"] = "0".repeat(64)),
  ],
  ["no hash", "cyclonedx", (bom) => void delete at(bom["components"], 0)["hashes"]],
  [
    "another algorithm",
    "cyclonedx",
    (bom) => void (at(at(bom["components"], 0)["hashes"], 0)["alg"] = "SHA-512"),
  ],
  [
    "a second hash",
    "cyclonedx",
    (bom) => void parts(at(bom["components"], 0)["hashes"]).push({ alg: "SHA-256", content: "0".repeat(64) }),
  ],
  [
    "a hash of another kind beside it",
    "cyclonedx",
    (bom) =>
      void parts(at(bom["components"], 0)["hashes"]).push({ alg: "SHA-512", content: "0".repeat(128) }),
  ],
  [
    "a component within the pipeline",
    "cyclonedx",
    (bom) =>
      void (((bom["metadata"] as Part)["component"] as Part)["components"] = [{ name: "x", "bom-ref": "x" }]),
  ],
  ["a service", "cyclonedx", (bom) => void (bom["services"] = [{ name: "x", "bom-ref": "x" }])],
  ["another size", "cyclonedx", (bom) => void (at(at(bom["components"], 0)["properties"], 0)["value"] = "1")],
  [
    "another path",
    "cyclonedx",
    (bom) => void (at(at(bom["components"], 0)["properties"], 1)["value"] += "x"),
  ],
  ["no path", "cyclonedx", (bom) => void parts(at(bom["components"], 0)["properties"]).pop()],
  [
    "two paths",
    "cyclonedx",
    (bom) => void parts(at(bom["components"], 0)["properties"]).push({ name: "nix:output_path", value: "y" }),
  ],
  [
    "one lies in another",
    "cyclonedx",
    (bom) => void (at(bom["components"], 0)["components"] = [parts(bom["components"]).pop()]),
  ],
  ["a dependency less", "cyclonedx", (bom) => void (at(bom["dependencies"], 0)["dependsOn"] = [])],
  ["no line of the graph", "cyclonedx", (bom) => void parts(bom["dependencies"]).pop()],
  [
    "a dependency more",
    "cyclonedx",
    (bom) =>
      void parts(at(bom["dependencies"], 1)["dependsOn"]).push(at(bom["dependencies"], 1)["ref"] as never),
  ],
  [
    "a name that leads nowhere",
    "cyclonedx",
    (bom) => void parts(at(bom["dependencies"], 1)["dependsOn"]).push("nobody" as never),
  ],
  ["not said of what", "cyclonedx", (bom) => void delete (bom["metadata"] as Part)["component"]],
  ["no components", "cyclonedx", (bom) => void delete bom["components"]],
  ["another format", "cyclonedx", (bom) => void (bom["bomFormat"] = "Other")],
  ["a package is left out", "spdx", (bom) => void parts(bom["packages"]).pop()],
  ["a package more", "spdx", (bom) => void parts(bom["packages"]).push({ SPDXID: "SPDXRef-x", name: "x" })],
  [
    "another checksum",
    "spdx",
    (bom) => void (at(at(bom["packages"], 1)["checksums"], 0)["checksumValue"] = "0".repeat(64)),
  ],
  ["another file name", "spdx", (bom) => void (at(bom["packages"], 1)["packageFileName"] = "x")],
  ["a relation less", "spdx", (bom) => void parts(bom["relationships"]).pop()],
  ...["DEPENDS_ON", "CONTAINS"].map((type): [string, string, Changed] => [
    `a relation ${type} twice`,
    "spdx",
    (bom) => {
      const all = parts(bom["relationships"]);
      const one = all.findLast((each) => each["relationshipType"] === type);
      assert.ok(one, type);
      all.push(one);
    },
  ]),
  [
    "a second checksum",
    "spdx",
    (bom) =>
      void parts(at(bom["packages"], 1)["checksums"]).push({
        algorithm: "MD5",
        checksumValue: "0".repeat(32),
      }),
  ],
  ["a file", "spdx", (bom) => void (bom["files"] = [{ SPDXID: "SPDXRef-x", fileName: "x" }])],
  [
    "said to be of two",
    "spdx",
    (bom) =>
      void parts(bom["relationships"]).push({
        spdxElementId: "SPDXRef-DOCUMENT",
        relationshipType: "DESCRIBES",
        relatedSpdxElement: at(bom["packages"], 1)["SPDXID"],
      }),
  ],
  [
    "a file there, too",
    "spdx3",
    (bom) => void parts(bom["@graph"]).push({ type: "software_File", spdxId: "x", name: "x" }),
  ],
  ["not said of what, either", "spdx", (bom) => void parts(bom["relationships"]).shift()],
  ["no packages", "spdx3", (bom) => void (bom["@graph"] = [])],
  [
    "another hash there, too",
    "spdx3",
    (bom) => {
      const one = parts(bom["@graph"]).find((each) => each["verifiedUsing"] !== undefined);
      at(one?.["verifiedUsing"], 0)["hashValue"] = "0".repeat(64);
    },
  ],
  [
    "a relation that was turned",
    "spdx3",
    (bom) => {
      const one = parts(bom["@graph"]).find((each) => each["relationshipType"] === "dependsOn");
      if (one) one["relationshipType"] = "contains";
    },
  ],
];

test("each change of a document is found", () => {
  for (const [what, format, change] of TAMPERED) {
    const document = JSON.parse(textOf(format, "build")) as Record<string, unknown>;
    change(document);
    const findings = check(JSON.stringify(document), "build");
    assert.ok(
      findings.some(({ status }) => status === "fails"),
      what,
    );
  }
});

test("the time is fixed unless one is given, and a supplier speaks for what the pipeline made", async () => {
  const { project } = first();
  const one = async (more: object) =>
    (await documents(project, { closures: ["runtime"], formats: ["cyclonedx"], ...more })).documents[0];
  const timeOf = (text = "{}") =>
    (JSON.parse(text) as { metadata: { timestamp: string } }).metadata.timestamp;
  assert.equal(timeOf((await one({}))?.text), "1970-01-01T00:00:01Z");
  assert.equal(timeOf((await one({ time: 1_700_000_000 }))?.text), "2023-11-14T22:13:20Z");
  assert.equal(
    timeOf((await one({ time: "run" }))?.text),
    project.record().finishedAt.replace(/\.\d+Z$/, "Z"),
  );
  const named = await one({ supplier: "Example Ltd", time: "run" });
  assert.ok(named);
  const statusOf = (wanted: string) => named.minimum.find(({ element }) => element === wanted)?.status;
  for (const element of ["supplier", "author of the document", "timestamp"])
    assert.equal(statusOf(element), "met");
});

test("documents are files of a folder, the same as are printed", async () => {
  const { project } = first();
  const out = join(project.folder, "sboms");
  const { documents: written } = await documents(project, { out });
  for (const { file = "", text } of written) assert.equal(readFileSync(join(out, file), "utf8"), text);
  assert.equal(new Set(written.map(({ file }) => file)).size, 8);
});

test("a path that is gone is named", async () => {
  const other = second();
  const { stages } = other.record();
  const drv = stages[0]?.drvPath;
  assert.ok(drv);
  using database = new DatabaseSync(join(other.home, "nix/var/nix/db/db.sqlite"));
  database.exec("pragma foreign_keys = off");
  database.prepare("delete from ValidPaths where path = ?").run(drv);
  await assert.rejects(
    () => documents(other, { closures: ["build"] }),
    (error) => isPipeliteError(error) && error.code === "SBOM_PATH_GONE" && error.message.includes(drv),
  );
});

test("a run without results has nothing that could be listed", async () => {
  const { project } = first();
  project.write({ "one.ts": "export default () => { throw new Error(); };\n" });
  await project.run();
  await assert.rejects(
    () => documents(project),
    (error) => isPipeliteError(error) && error.code === "SBOM_NO_RESULTS",
  );
});
