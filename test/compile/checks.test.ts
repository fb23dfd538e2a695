// Checks that are said once: value, status, claim, gate and audit come from one formula.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { documents } from "#app/documents.ts";
import { PipeliteError } from "#base/errors.ts";
import { auditRun } from "#evidence/audit.ts";
import { Project, type RanOnce } from "../rig/project.ts";
import { sweep } from "../rig/peer.ts";

const HEAD = 'import { check, gate, param, pipeline, source, stage } from "pipelite";\n';
const FILES = {
  "numbers.ts":
    'export default () => ({ "n.json": { list: [1, -8, 3], name: "x" }, "log.txt": "a\\nb\\n" });\n',
  "next.ts": 'export default async ({ numbers }) => ({ "r.txt": await numbers.text("log.txt") });\n',
};
const NUMBERS = 'const numbers = stage(() => import("./numbers.ts"));\n';
const PIPELINE = `${HEAD}${NUMBERS}
const largest = check({
  statement: "No number is larger than the limit",
  evidence: numbers.file("n.json").at("/list/*"),
  formula: "max(abs($1))",
  accept: "value <= limit",
  limit: param.number({ default: 10 }),
  unit: "V",
});
export default pipeline({ next: stage(() => import("./next.ts"), { numbers: gate(numbers, largest) }) });
`;

function checkClaims({ events }: RanOnce) {
  return events.filter((event) => event.type === "claim").filter(({ kind }) => kind === "check");
}

test("a check is a claim of the run, opens the gate, and holds in the audit, though it is no result", async () => {
  using project = new Project({ ...FILES, "pipeline.ts": PIPELINE });
  const ran = await project.run();
  assert.deepEqual(ran.ends, {
    numbers: "built",
    "numbers-check": "built",
    "numbers-check-gate": "built",
    next: "built",
  });
  const [claim, ...others] = checkClaims(ran);
  assert.deepEqual(others, []);
  const evidence = [`${ran.outputs["numbers"]}/n.json#/list/*`];
  assert.deepEqual(
    [claim?.id, claim?.value, claim?.limit, claim?.unit, claim?.status, claim?.formula, claim?.accept],
    ["numbers-check/check", 8, 10, "V", "passed", "max(abs($1))", "value <= limit"],
  );
  assert.deepEqual(claim?.evidence.slice(0, 1), evidence);
  const report = await auditRun(project.door, project.door.runs.read(ran.runId), { documents });
  assert.equal(report.status, "holds");
});

test("a check that fails shuts the gate and fails the run; the audit agrees", async () => {
  using project = new Project({ ...FILES, "pipeline.ts": PIPELINE });
  const ran = await project.run({ params: { limit: "7.5" } });
  assert.deepEqual([ran.status, ran.exitCode], ["failed", 1]);
  assert.equal(ran.ends["numbers-check-gate"], "failed");
  assert.equal(ran.ends["next"], "skipped");
  assert.equal(checkClaims(ran)[0]?.status, "failed");
  const report = await auditRun(project.door, project.door.runs.read(ran.runId), { documents });
  assert.equal(report.status, "holds");
});

test(
  "formulas read whole files and outputs, several entries, and texts; two gates hold one stage",
  { skip: sweep() },
  async () => {
    using project = new Project({
      ...FILES,
      "data.csv": "a\nb\nc\n",
      "pipeline.ts": `${HEAD}${NUMBERS}
const evidence = [numbers.file("log.txt"), source("data.csv"), numbers.file("n.json").at("/name")];
const lines = check({ name: "lines", statement: "Lines", evidence, formula: 'lines($1) + lines($2) + if($3 == "x", 0, 1)', accept: "value == 5" });
const named = check({ statement: "Name", evidence: evidence[2], formula: "$1", accept: 'value == "x"' });
const whole = check({ statement: "Files", evidence: numbers, formula: "files($1)", accept: "value == limit", limit: 2 });
const held = gate(gate(numbers, lines), named);
export default pipeline({ named, whole, next: stage(() => import("./next.ts"), { numbers: held }) });
`,
    });
    const ran = await project.run();
    assert.equal(ran.status, "passed");
    assert.deepEqual(
      checkClaims(ran)
        .toSorted((one, other) => (one.id < other.id ? -1 : 1))
        .map(({ id, value, status }) => [id, value, status]),
      [
        ["lines/check", 5, "passed"],
        ["named/check", "x", "passed"],
        ["whole/check", 2, "passed"],
      ],
    );
    const report = await auditRun(project.door, project.door.runs.read(ran.runId), { documents });
    assert.equal(report.status, "holds");
  },
);

test("a value that can't be had is no pass: the check fails as a stage does, with the reason", async () => {
  for (const [formula, says] of [
    ["max($1)", /max/],
    ["$1", /gives a list/],
  ] as const) {
    using project = new Project({
      ...FILES,
      "numbers.ts": 'export default () => ({ "n.json": { list: [] } });\n',
      "pipeline.ts": PIPELINE.replace("max(abs($1))", formula),
    });
    const ran = await project.run();
    assert.equal(ran.status, "failed");
    const end = ran.events.find((event) => event.type === "stage-finished" && event.status === "failed");
    assert.match(JSON.stringify(end), says);
  }
});

test("a gate is not opened by a verdict whose own checks do not pass, and the run fails", async () => {
  const verdicts = {
    "a check that failed": { checks: [{ id: "a", statement: "A", value: 1, status: "failed" }] },
    "a condition that is false": {
      checks: [{ id: "a", statement: "A", value: 9, limit: 1, status: "passed", accept: "value <= limit" }],
    },
    "a condition that is none": {
      checks: [{ id: "a", statement: "A", value: 9, status: "passed", accept: "value is good" }],
    },
  };
  for (const [name, verdict] of Object.entries(verdicts)) {
    using project = new Project({
      ...FILES,
      "numbers.ts": `export default () => (${JSON.stringify({ "log.txt": "", "verdict.json": { status: "passed", ...verdict } })});\n`,
      "pipeline.ts": `${HEAD}${NUMBERS}
export default pipeline({ numbers, next: stage(() => import("./next.ts"), { numbers: gate(numbers, "verdict.json") }) });\n`,
    });
    const ran = await project.run();
    assert.deepEqual([ran.status, ran.ends["next"]], ["failed", "skipped"], name);
  }
});

test("a stage that says passed where its own formula does not fails the run, without a gate, too", async () => {
  const check = { id: "a", statement: "A", value: 3, limit: 5, status: "passed", accept: "value <= limit" };
  const lie = { ...check, formula: "max($1)", evidence: "numbers/n.json#/list/*" };
  using project = new Project({
    "numbers.ts": `export default () => (${JSON.stringify({ "n.json": { list: [1, 8] }, "verdict.json": { status: "passed", checks: [lie] } })});\n`,
    "pipeline.ts": `${HEAD}${NUMBERS}export default pipeline({ numbers });\n`,
  });
  const ran = await project.run();
  assert.deepEqual([ran.status, ran.exitCode], ["failed", 1]);
  assert.deepEqual(
    checkClaims(ran).map(({ status, problem }) => [status, problem]),
    [["failed", "max($1) gives 8, the check says 3"]],
  );
});

const CHECK = 'statement: "S", evidence: numbers.file("n.json").at("/name")';
const wrong: [name: string, check: string, code: string, says: RegExp][] = [
  ["an option that there is not", `${CHECK}, formula: "$1", acept: "value"`, "OPTION_UNKNOWN", /acept/],
  ["no statement", 'evidence: numbers, formula: "files($1)", accept: "value"', "CHECK_INVALID", /statement/],
  ["no evidence", 'statement: "S", formula: "1", accept: "value"', "CHECK_INVALID", /evidence/],
  [
    "a path as evidence",
    'statement: "S", evidence: "n.json", formula: "$1", accept: "value"',
    "CHECK_INVALID",
    /evidence/,
  ],
  ["a formula that is none", `${CHECK}, formula: "max of $1", accept: "value"`, "CHECK_INVALID", /max of/],
  ["no formula", `${CHECK}, accept: "value"`, "CHECK_INVALID", /no .formula/],
  [
    "a formula that reads nothing",
    `${CHECK}, formula: "2", accept: "value"`,
    "CHECK_INVALID",
    /reads no evidence/,
  ],
  ["a formula that reads too much", `${CHECK}, formula: "$1 + $2", accept: "value"`, "CHECK_INVALID", /\$2/],
  [
    "evidence that is not read",
    `statement: "S", evidence: [numbers, numbers.file("n.json")], formula: "size($2)", accept: "value > 1"`,
    "CHECK_INVALID",
    /does not read \$1/,
  ],
  [
    "a formula that builds",
    `${CHECK}, formula: 'realise("x", "y") + $1', accept: "value"`,
    "CHECK_INVALID",
    /realise/,
  ],
  ["no condition", `${CHECK}, formula: "$1"`, "CHECK_INVALID", /no .accept/],
  [
    "a condition that reads evidence",
    `${CHECK}, formula: "$1", accept: "value == $1"`,
    "CHECK_INVALID",
    /value and limit only/,
  ],
  [
    "a condition over another name",
    `${CHECK}, formula: "$1", accept: "value == max"`,
    "CHECK_INVALID",
    /value and limit only/,
  ],
  [
    "a condition without the value",
    `${CHECK}, formula: "$1", accept: "true"`,
    "CHECK_INVALID",
    /does not read the value/,
  ],
  [
    "a condition without its limit",
    `${CHECK}, formula: "$1", accept: "value <= limit"`,
    "CHECK_INVALID",
    /no limit/,
  ],
  [
    "a limit that is not read",
    `${CHECK}, formula: "$1", accept: "value <= 3", limit: 3`,
    "CHECK_INVALID",
    /does not read the limit/,
  ],
  [
    "a function that there is not",
    `${CHECK}, formula: "maximum($1)", accept: "value > 1"`,
    "CHECK_FUNCTION_UNKNOWN",
    /maximum/,
  ],
];

for (const [name, text, code, says] of wrong) {
  test(`refuses a check with ${name}: ${code}`, async () => {
    using project = new Project({
      ...FILES,
      "pipeline.ts": `${HEAD}${NUMBERS}export default pipeline({ c: check({ ${text} }) });\n`,
    });
    await assert.rejects(project.plan(), (error) => {
      if (!(error instanceof PipeliteError)) throw error;
      assert.deepEqual([error.code, error.exitCode], [code, 2], error.message);
      assert.match(error.message, /^pipeline\.ts:3:/);
      assert.match(error.message, says);
      return true;
    });
  });
}

test("refuses a gate without what it is held by: GATE_VERDICT_MISSING", async () => {
  using project = new Project({
    ...FILES,
    "pipeline.ts": `${HEAD}${NUMBERS}export default pipeline({ g: gate(numbers) });\n`,
  });
  await assert.rejects(project.plan(), { code: "GATE_VERDICT_MISSING" });
});

test("the verdict of a check is what its formula gives, to the byte, whatever the run", async () => {
  using project = new Project({ ...FILES, "pipeline.ts": PIPELINE });
  const ran = await project.run();
  const again = await project.run({ force: ["numbers-check"] });
  assert.equal(again.outputs["numbers-check"], ran.outputs["numbers-check"]);
  const path = join(project.home, ran.outputs["numbers-check"] ?? "", "verdict.json");
  assert.equal((JSON.parse(readFileSync(path, "utf8")) as { status: string }).status, "passed");
});

/** How the only stage of a pipeline that gives it `given` ends, and the end of its log. */
async function endOf(body: string, given: string) {
  using project = new Project({
    "a.ts": `export default async function a(${body}\n`,
    "pipeline.ts": `${HEAD}export default pipeline({ a: stage(() => import("./a.ts"), ${given}) });\n`,
  });
  const { events } = await project.run();
  const end = events.find((event) => event.type === "stage-finished");
  return { status: end?.status, log: end?.failure?.logTail?.join("\n") ?? "" };
}

test("a misspelt input is refused when the stage runs, without the compiler; one that may be left out is not", async () => {
  const slip = await endOf("{ limit }) { return { 'x.json': limit ?? null }; }", "{ limti: 3 }");
  assert.equal(slip.status, "failed");
  assert.match(slip.log, /reads an input 'limit' that it is not given, and does not read 'limti'/);
  const thrown = await endOf("inputs) { return { 'x.json': inputs.data.length }; }", "{ dat: 'x' }");
  assert.match(thrown.log, /hint: the stage reads an input 'data'/);
  const optional = await endOf(
    "{ limit = 5, seed }) { return { 'x.json': limit + seed }; }",
    "{ seed: 3, note: 1 }",
  );
  assert.deepEqual(optional, { status: "built", log: "" });
  const spread = await endOf(
    "inputs) { return { 'x.json': { ...inputs, limit: inputs.limit ?? 0 } }; }",
    "{ limti: 3 }",
  );
  assert.equal(spread.status, "built");
});
