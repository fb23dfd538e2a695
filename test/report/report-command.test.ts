// `pipelite report`: what it writes, what it refuses, and the printed form.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createRig, type Rig } from "../cli/rig.ts";
import { peer } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const files = {
  "pipeline.ts": `
import { param, pipeline, stage } from "pipelite";
const one = stage(() => import("./one.ts"), { mode: param.text({ default: "fine" }) });
export default pipeline({ one });
`,
  "one.ts": `export default function one({ mode }: { mode: string }) {
  if (mode === "broken") throw new Error("broken on purpose");
  return { "one.txt": "1" };
}
`,
};

const DOCUMENTS = [
  "SHA256SUMS",
  "annex11.json",
  "attestations.cdx.json",
  "batch-record.json",
  "deviations.json",
  "iso9001-2015.json",
  "master-record.json",
  "part11.json",
  "report.html",
];

let rig: Rig;
let project: Project;
let built: string;
let idle: string;
let failed: string;
before(async () => {
  rig = createRig();
  project = new Project(files, rig.home);
  built = (await project.run()).runId;
  idle = (await project.run()).runId;
  failed = (await project.run({ params: { mode: "broken" } })).runId;
});
after(() => {
  project[Symbol.dispose]();
  rig[Symbol.dispose]();
});

test("it writes the documents of any run: one that built, one that built nothing, one that failed", async () => {
  for (const [run, verdict] of [
    [built, "passed"],
    [idle, "passed"],
    [failed, "failed"],
  ] as const) {
    const { code, stdout, stderr } = await rig("report", run);
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`documents of run ${run} \\(${verdict}\\)`));
    const folder = join(rig.folder, `report-${run}`);
    assert.deepEqual(readdirSync(folder).toSorted(), DOCUMENTS);
    const html = readFileSync(join(folder, "report.html"), "utf8");
    assert.match(html, new RegExp(`data-claim="run/status">${verdict}<`));
    assert.match(stdout, /report\.html +[0-9a-f]{64}/);
  }
  const html = readFileSync(join(rig.folder, `report-${failed}`, "report.html"), "utf8");
  assert.match(html, /broken on purpose/);
});

test(
  "sha256sum agrees with the list of digests, and --json prints the same",
  { skip: peer("sha256sum") },
  async () => {
    const { stdout } = await rig("report", built, "--out", "listed", "--json");
    const { runId, folder, documents } = JSON.parse(stdout) as {
      runId: string;
      folder: string;
      documents: { name: string; sha256: string }[];
    };
    assert.equal(runId, built);
    assert.equal(folder, join(rig.folder, "listed"));
    const { status } = spawnSync("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: folder });
    assert.equal(status, 0);
    const list = readFileSync(join(folder, "SHA256SUMS"), "utf8");
    assert.equal(list, documents.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join(""));
  },
);

test("what it was stopped in the middle of is its own", async () => {
  assert.equal((await rig("report", built, "--out", "stopped")).code, 0);
  const inTheWay = join(rig.folder, `stopped/attestations.cdx.json.${process.pid}.tmp`);
  mkdirSync(inTheWay);
  assert.notEqual((await rig("report", failed, "--out", "stopped")).code, 0);
  rmSync(inTheWay, { recursive: true });
  const { code, stderr } = await rig("report", failed, "--out", "stopped");
  assert.equal(code, 0, stderr);
  assert.deepEqual(readdirSync(join(rig.folder, "stopped")).toSorted(), DOCUMENTS);
});

test("what it wrote is replaced; what somebody else wrote, or changed, is not", async () => {
  assert.equal((await rig("report", built, "--out", "mine")).code, 0);
  assert.equal((await rig("report", failed, "--out", "mine")).code, 0);
  appendFileSync(join(rig.folder, "mine/report.html"), "<!-- a note -->");
  const refused = await rig("report", failed, "--out", "mine", "--json");
  assert.equal(refused.code, 2);
  assert.equal((JSON.parse(refused.stdout) as { error: { code: string } }).error.code, "REPORT_FILE_FOREIGN");

  mkdirSync(join(rig.folder, "other"));
  writeFileSync(join(rig.folder, "other/SHA256SUMS"), "of something else\n");
  assert.equal((await rig("report", built, "--out", "other")).code, 2);
  rmSync(join(rig.folder, "other/SHA256SUMS"));
  writeFileSync(join(rig.folder, "other/notes.txt"), "notes");
  assert.equal((await rig("report", built, "--out", "other")).code, 0);
  assert.equal(readFileSync(join(rig.folder, "other/notes.txt"), "utf8"), "notes");
});

test("without a browser, or with one that prints nothing, --pdf ends with 4 and writes nothing", async () => {
  const codeOf = ({ stdout }: { stdout: string }) =>
    (JSON.parse(stdout) as { error: { code: string } }).error.code;
  const none = await rig.with(
    { env: { PATH: rig.folder } },
    "report",
    built,
    "--pdf",
    "--out",
    "p",
    "--json",
  );
  assert.deepEqual([none.code, codeOf(none)], [4, "BROWSER_NOT_FOUND"]);
  const bin = join(rig.folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "chromium"), "#!/bin/sh\necho no display >&2\nexit 1\n", { mode: 0o755 });
  const silent = await rig.with({ env: { PATH: bin } }, "report", built, "--pdf", "--out", "p", "--json");
  assert.deepEqual([silent.code, codeOf(silent)], [4, "PDF_NOT_PRINTED"]);
  assert.match(silent.stdout, /no display/);
  assert.ok(!readdirSync(rig.folder).includes("p"));
});

test(
  "Chromium prints the report, each page with its number",
  { skip: peer("chromium", "pdftotext") },
  async () => {
    const PATH = process.env["PATH"] ?? "";
    const { code, stderr } = await rig.with({ env: { PATH } }, "report", built, "--pdf", "--out", "printed");
    assert.equal(code, 0, stderr);
    const pdf = join(rig.folder, "printed/report.pdf");
    assert.equal(readFileSync(pdf).subarray(0, 5).toString(), "%PDF-");
    const { stdout } = spawnSync("pdftotext", ["-layout", pdf, "-"], { encoding: "utf8" });
    const pages = stdout.split("\f").slice(0, -1);
    assert.ok(pages.length > 1);
    for (const [index, page] of pages.entries())
      assert.match(page, new RegExp(`${index + 1} / ${pages.length}\\b`));
    assert.match(stdout, new RegExp(`run ${built}`));
    assert.match(stdout, /narHash\(realise\(/, "what is folded on the screen is printed");
  },
);
