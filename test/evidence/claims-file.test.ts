// The claims as the result tree has them: nothing of them is lost, and the evidence of many stages stays small.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { claimsOfFile } from "../rig/claims-file.ts";
import type { Claim } from "#home/run-record.ts";
import { removeTree } from "#base/files.ts";
import { sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const STAGE = `export default function s({ n }: { n: number }) { return { "a.txt": \`\${n}\\n\` }; }`;
const JUDGE = `export default () => ({ "verdict.json": { status: "passed", checks: [
  { id: "one", statement: "One is one", value: 1, status: "passed", formula: "$1", evidence: "judge/one.json#/one" },
] }, "one.json": { one: 1 } });`;

function pipelineOf(count: number): string {
  const stages = Array.from(
    { length: count },
    (_, n) => `s${n}: stage(() => import("./s.ts"), { n: ${n} }),`,
  );
  return `import { pipeline, stage } from "pipelite";
const judge = stage(() => import("./judge.ts"));
export default pipeline({ judge, ${stages.join("\n")} });`;
}

let project: Project;
before(() => (project = new Project({ "pipeline.ts": pipelineOf(1), "s.ts": STAGE, "judge.ts": JUDGE })));
after(() => removeTree(project.folder));

const evidence = (): string => join(project.folder, "result/evidence");
const claimsThere = (): unknown => JSON.parse(readFileSync(join(evidence(), "claims.json"), "utf8"));

test("claims.json has every claim of the record, whole, without what most of them repeat", async () => {
  await project.run({ out: join(project.folder, "result") });
  const { claims } = project.record();
  const { claims: short, otherwise } = claimsThere() as { claims: Partial<Claim>[]; otherwise: object };
  assert.deepEqual(otherwise, { formula: "$1", kind: "figure", status: "recorded", value: null });
  const byId = new Map(short.map((claim) => [claim.id, claim]));
  assert.deepEqual(Object.keys(byId.get("s0/duration") ?? {}), [
    "evidence",
    "id",
    "statement",
    "unit",
    "value",
  ]);
  assert.partialDeepStrictEqual(byId.get("judge/one"), { kind: "check", status: "passed" });
  assert.deepEqual(claimsOfFile(claimsThere()), claims);
});

test("a claims.json of before, the list of whole claims, is read; what holds none is refused", () => {
  const { claims } = project.record();
  assert.deepEqual(claimsOfFile(claims), claims);
  for (const odd of [null, 1, {}, { claims: [] }, { claims: {}, otherwise: {} }])
    assert.throws(() => claimsOfFile(odd), SyntaxError);
});

test("the evidence of 300 stages takes at most 2.7 MB", { skip: sweep() }, async () => {
  project.write({ "pipeline.ts": pipelineOf(300) });
  const { status } = await project.run({ out: join(project.folder, "result") });
  assert.equal(status, "passed");
  const files = readdirSync(evidence(), { recursive: true, withFileTypes: true }).filter((each) =>
    each.isFile(),
  );
  const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  assert.equal(files.length, 301 + 5);
  assert.ok(bytes <= 2_700_000, `${bytes} bytes`);
  assert.ok(statSync(join(evidence(), "report.html")).size <= 1_500_000);
});
