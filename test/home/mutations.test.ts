// A record, an audit or a line of the journal of which any part was changed, with a chain that agrees: every command ends
// with a word about it, never as by a fault of Pipelite (exit 70).
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { inputs, sweep } from "../rig/peer.ts";
import fc from "fast-check";
import { digestOf } from "#base/digest.ts";
import { EXIT, PipeliteError } from "#base/errors.ts";
import { parseAudit } from "#evidence/audit-file.ts";
import { documentsOf, gatherDocuments } from "#report/index.ts";
import { openHome, type Home } from "#home/home.ts";
import { readDeviations } from "#release/deviations.ts";
import { BUILT_IN } from "#release/policy.ts";
import { verifyRun } from "#release/verify.ts";
import { diffRuns } from "#run/records.ts";
import { traceOf } from "#trace/spans.ts";
import { Project } from "../rig/project.ts";

let project: Project;
let runId: string;
before(async () => {
  project = new Project({
    "pipeline.ts": `
import { param, pipeline, stage } from "pipelite";
const a = stage(() => import("./a.ts"), { n: param.integer({ default: 1 }) });
export default pipeline({ a });
`,
    "a.ts": `export default ({ n }: { n: number }) => ({
  "verdict.json": { status: "passed", checks: [{ id: "n", statement: "n", status: "passed", value: n, limit: 2 }] },
});
`,
  });
  runId = (await project.run()).runId;
});
after(() => project[Symbol.dispose]());

const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  "",
  "x",
  "../../etc",
  [],
  {},
  [null],
  { a: 1 },
  "\u0000",
  `/nix/store/${"0".repeat(32)}-x`,
  [[]],
  "\ud800",
  "2026-13-45T99:99:99Z",
];

type Path = (string | number)[];

function placesIn(value: unknown, at: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [[...at, key], ...placesIn(member, [...at, key])]);
}

/** A copy with another value, or none, in one place. */
function changed(value: object, path: Path, odd: unknown): object {
  const copy = structuredClone(value) as Record<string, unknown>;
  let holder = copy;
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
  const last = path.at(-1) ?? "";
  if (odd === undefined) Reflect.deleteProperty(holder, last);
  else holder[last] = odd;
  return copy;
}

const oddities = fc.constantFrom(undefined, ...ODD);

/** Everything that is made of a record without building: each must end well, or with an error of ours of exit 2, 3 or 4. */
function useAll(home: Home): void {
  const uses: (() => unknown)[] = [
    () => home.runs.list(),
    () => home.runs.find({ word: "latest" }),
    () => traceOf(home.runs.read(runId).record),
    () => diffRuns(home.runs.read(runId).record, home.runs.read(runId).record),
    () => documentsOf(gatherDocuments(home, home.runs.read(runId))),
    () => readDeviations(home, { runId }),
    () => verifyRun(home, runId, { policy: BUILT_IN }),
  ];
  for (const use of uses) {
    try {
      use();
    } catch (error) {
      if (!(error instanceof PipeliteError)) throw error;
      assert.ok([EXIT.usage, EXIT.verification, EXIT.unavailable].some((code) => code === error.exitCode));
    }
  }
}

test("a record with another value in any place, and a journal that agrees", { skip: sweep() }, () => {
  const { record, file } = project.door.runs.read(runId);
  const places = placesIn(record);
  const home = openHome(join(project.folder, "changed"));
  fc.assert(
    fc.property(fc.constantFrom(...places), oddities, (path, odd) => {
      const content = JSON.stringify(changed(record, path, odd));
      rmSync(home.layout.own, { recursive: true, force: true });
      home.journal.append({ kind: "run", subject: runId, file, digest: digestOf(content) });
      home.keep({ kind: "run", subject: "other", file, content });
      useAll(home);
    }),
    { numRuns: inputs(300) },
  );
});

test("an audit with another value in any place", () => {
  const audit = {
    runId,
    auditedAt: "2026-11-29T00:00:00.000Z",
    status: "holds",
    sandbox: "none",
    claims: project
      .record(runId)
      .claims.slice(0, 3)
      .map((claim) => ({ ...claim, stated: claim.status, status: "holds" })),
    integrity: [{ id: "journal", status: "holds" }],
    rebuilds: [{ stage: "a", drvPath: "/nix/store/x", status: "holds" }],
  };
  assert.equal(parseAudit(JSON.stringify(audit), "audits/x.json").runId, runId);
  fc.assert(
    fc.property(fc.constantFrom(...placesIn(audit)), oddities, (path, odd) => {
      try {
        parseAudit(JSON.stringify(changed(audit, path, odd)), "audits/x.json");
      } catch (error) {
        assert.ok(error instanceof PipeliteError && error.exitCode === EXIT.verification, String(error));
      }
    }),
  );
});

test("a line of the journal with another value in any place, in a chain that agrees", () => {
  const { record, file, digest } = project.door.runs.read(runId);
  const home = openHome(join(project.folder, "lines"));
  home.runs.write(record);
  home.runs.repeat(
    { runId: "20990101T000000000Z-0a0a0a", startedAt: record.startedAt, durationMs: 1 },
    { runId, digest },
  );
  home.journal.append({
    kind: "signature",
    subject: runId,
    file: `signatures/${runId}/1.sigstore.json`,
    digest,
  });
  const lines = home.journal.entries.map((entry) => ({ ...entry }));
  const places = lines.flatMap((line, index) => placesIn(line).map((path) => [index, path] as const));
  assert.ok(file !== "");
  fc.assert(
    fc.property(fc.constantFrom(...places), oddities, ([index, path], odd) => {
      let previous = "";
      const chain = lines.map((line, at) => {
        const whole = (at === index ? changed(line, path, odd) : line) as Record<string, unknown>;
        const { own: _, ...content }: Record<string, unknown> = { ...whole, previous: digestOf(previous) };
        previous = JSON.stringify({ ...content, own: digestOf(JSON.stringify(content)) });
        return previous;
      });
      writeFileSync(home.journal.file, `${chain.join("\n")}\n`);
      useAll(openHome(home.folder));
    }),
    { numRuns: inputs(200) },
  );
});

test("junk among the records and in the journal blocks nothing that comes after it", async () => {
  using other = new Project({
    "pipeline.ts":
      'import { pipeline, stage } from "pipelite";\nexport default pipeline({ a: stage(() => import("./a.ts")) });\n',
    "a.ts": 'export default () => ({ "a.txt": "a" });\n',
  });
  await other.run();
  const { layout, journal, runs } = other.door;
  writeFileSync(join(layout.runs, "29990101T000000000Z-ffffff.json"), "{");
  writeFileSync(join(layout.runs, "junk.txt"), "");
  writeFileSync(join(layout.runs, "a b.json"), "{}");
  writeFileSync(journal.file, "nothing\n", { flag: "a" });
  const { runId: next } = await other.run({ paranoid: true });
  assert.equal(
    runs.find({ word: "latest" }).runId,
    next,
    "a file that no line is about is not the latest run",
  );
  assert.equal(runs.read(next).problem, undefined);
  const listed = runs.list().map(({ runId: id, problem }) => [id.slice(0, 4), problem === undefined]);
  assert.deepEqual(listed, [
    ["2999", false],
    [next.slice(0, 4), true],
    [next.slice(0, 4), false],
  ]);
});
