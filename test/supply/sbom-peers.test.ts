// Bills of materials of a run before the tools of others, each where it is on the PATH: SPDX's own, the checker of NTIA's minimum
// elements, and syft.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { sbom } from "#app/sbom.ts";
import { BOM_FORMATS } from "#sbom/bom.ts";
import { readBom } from "#sbom/read.ts";
import { peer } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const skips = {
  pyspdxtools: peer("pyspdxtools"),
  ntia: peer("ntia-checker"),
  syft: peer("syft"),
};

let project: Project;
let out: string;
before(async () => {
  project = new Project({
    "pipeline.ts":
      'import { pipeline, stage } from "pipelite";\nexport default pipeline({ one: stage(() => import("./one.ts")) });\n',
    "one.ts": 'import left from "left";\nexport default () => ({ "a.json": left });\n',
    "node_modules/left/package.json": JSON.stringify({ name: "left", version: "1.2.3", license: "its own" }),
    "node_modules/left/index.js": "module.exports = 1;\n",
  });
  if (Object.values(skips).every(Boolean)) return;
  await project.run();
  for (const supplier of [undefined, "Example Ltd"]) {
    out = join(project.folder, supplier === undefined ? "anonymous" : "named");
    await sbom({
      home: project.door,
      which: { word: "latest" },
      closures: ["runtime", "build"],
      formats: BOM_FORMATS,
      time: "run",
      supplier,
      out,
    });
  }
});
after(() => project[Symbol.dispose]());

function call(command: string, ...args: string[]): { status: number | null; stdout: string } {
  const { status, stdout } = spawnSync(command, args, { cwd: out, encoding: "utf8" });
  return { status, stdout };
}

test(
  "SPDX's own tools take SPDX 2.3, and no document with a wrong relation",
  { skip: skips.pyspdxtools },
  () => {
    for (const file of ["runtime.spdx.json", "build.spdx.json"])
      assert.equal(call("pyspdxtools", "--infile", file).status, 0, file);
    const text = sbomText("build.spdx.json").replace("DEPENDS_ON", "DEPENDS_UPON");
    writeFileSync(join(out, "wrong.spdx.json"), text);
    assert.notEqual(call("pyspdxtools", "--infile", "wrong.spdx.json").status, 0);
  },
);

function sbomText(file: string): string {
  const { stdout } = call("cat", file);
  return stdout;
}

/** What it calls the elements, and what we do. */
const ELEMENTS = {
  "All component names": "component name",
  "All component versions": "version",
  "All component identifiers": "other identifiers",
  "All component suppliers": "supplier",
  "Dependency relationships": "dependency relationship",
};

test("the checker of NTIA's elements finds met and not met what we do", { skip: skips.ntia }, async () => {
  for (const supplier of [undefined, "Example Ltd"])
    for (const format of ["spdx", "spdx3"] as const) {
      const { documents } = await sbom({
        home: project.door,
        which: { word: "latest" },
        closures: ["runtime", "build"],
        formats: [format],
        time: "run",
        supplier,
        out,
      });
      for (const { file = "", minimum } of documents) {
        const { stdout } = call("ntia-checker", "--sbom-spec", format === "spdx" ? "spdx2" : format, file);
        assert.doesNotMatch(stdout, /missing element/);
        for (const [theirs, ours] of Object.entries(ELEMENTS)) {
          const found = new RegExp(`^${theirs}.*\\| (True|False)`, "m").exec(stdout)?.[1];
          const status = minimum.find(({ element }) => element === ours)?.status;
          assert.equal(found, status === "met" ? "True" : "False", `${file}: ${theirs}`);
        }
      }
    }
});

test("syft reads the packages of every format", { skip: skips.syft }, () => {
  for (const file of ["build.cdx.json", "build.cdx16.json", "build.spdx.json", "build.spdx3.json"]) {
    const { status, stdout } = call("syft", "convert", file, "-o", "syft-json");
    assert.equal(status, 0, file);
    const { artifacts } = JSON.parse(stdout) as { artifacts: { purl: string }[] };
    const read = new Set(artifacts.map(({ purl }) => purl));
    const { components } = readBom(sbomText(file));
    const packages = components
      .filter(({ path }) => path === undefined)
      .flatMap(({ identifiers }) => identifiers);
    assert.ok(packages.includes("pkg:npm/left@1.2.3"));
    for (const purl of packages.filter((each) => each.startsWith("pkg:npm/")))
      assert.ok(read.has(purl), purl);
  }
});
