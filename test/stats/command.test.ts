import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { isPipeliteError } from "#base/errors.ts";
import { formatBy } from "#base/numbers.ts";
import { drawCapability } from "#chart/capability-page.ts";
import { individuals, judgeCapability } from "#stats/gate.ts";
import { meanOf } from "#stats/moments.ts";
import { signalsByPoint } from "#stats/rules.ts";
import { formatOf, parseSamples } from "#stats/samples.ts";
import { createRig } from "../cli/rig.ts";
import { assertDigits, normals, readRows } from "./rig.ts";

const good = normals(3, 100, 0.2, 1.4);
const csv = (values: readonly number[]) => `v\n${values.join("\n")}\n`;

test("pipelite capability: 0 when capable, 1 when not, with the figures by their usual names", async () => {
  using rig = createRig();
  writeFileSync(join(rig.folder, "good.csv"), csv(good));
  const capable = await rig(
    "capability",
    "good.csv",
    "--column",
    "v",
    "--lsl",
    "-10",
    "--usl",
    "10",
    "--json",
  );
  assert.equal(capable.code, 0, capable.stderr);
  const figures = JSON.parse(capable.stdout) as Record<string, unknown>;
  assert.equal(figures["status"], "capable");
  const own = judgeCapability({ groups: individuals(good) }, { limits: { lower: -10, upper: 10 } });
  for (const [name, value] of [
    ["cp", own.within?.spread?.value],
    ["cpk", own.within?.nearest.value],
    ["cpkLowerBound", own.within?.nearest.lowerBound],
    ["pp", own.overall?.spread?.value],
    ["ppk", own.overall?.nearest.value],
    ["cpm", own.within?.target?.value],
    ["bound", own.bound],
    ["n", 100],
  ] as const) {
    assert.equal(figures[name], value, name);
  }
  const tight = await rig("capability", "good.csv", "--column", "v", "--lsl", "-4", "--usl=4");
  assert.equal(tight.code, 1);
  assert.match(tight.stdout, /not-capable: the lower 95 % bound \S+ is below 1\.33/);
  const modest = await rig(
    "capability",
    "good.csv",
    "-c",
    "v",
    "--lsl",
    "-4",
    "--usl",
    "4",
    "--minimum",
    "0.6",
  );
  assert.equal(modest.code, 0);
  assert.match(modest.stdout, /Cpk +\S+ +Ppk/);
});

test("pipelite capability: Michelson's speeds are not stable, and the signals are named", async () => {
  using rig = createRig();
  writeFileSync(join(rig.folder, "speed.csv"), `v\n${readRows("michelso").flat().join("\n")}\n`);
  const { code, stdout } = await rig(
    "capability",
    "speed.csv",
    "-c",
    "v",
    "--lsl",
    "299.6",
    "--usl",
    "300.1",
  );
  assert.equal(code, 1);
  assert.match(stdout, /Cp +1\.79 +Pp +1\.05/);
  assert.match(stdout, /stability +failed/);
  assert.match(stdout, /^ {2}signal at 4 \(300\.0700\): WER1$/m);
  assert.match(stdout, /^ {2}signal at 11 \(300\.0000\): WER1, WER2, WER3$/m);
  assert.match(stdout, /^ {2}and at \d+ more points: --json lists all$/m);
  assert.match(stdout, /^ {2}WER1: one point beyond 3 sigma, at 6 points$/m);
  assert.match(stdout, /^ {2}moving range beyond its limits at 13, 16, 47$/m);
});

test("pipelite capability: wrong input ends with 2 and names the line", async () => {
  using rig = createRig();
  const write = (name: string, text: string) => writeFileSync(join(rig.folder, name), text);
  write("bad.csv", "a,v\n1,2\n2,x\n");
  const bad = await rig("capability", "bad.csv", "-c", "v", "--lsl", "0");
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /Cannot read the values of bad\.csv, line 3: 'v' is not a number: "x"/);
  const refused: [RegExp, ...string[]][] = [
    [/give --lsl, --usl or both/, "bad.csv", "-c", "a"],
    [/--lsl must be below --usl/, "bad.csv", "-c", "a", "--lsl", "3", "--usl", "3"],
    [/must be above 0/, "bad.csv", "-c", "a", "--lsl", "3", "--gauge", "0"],
    [/'-1' for --minimum: it must be above 0/, "bad.csv", "-c", "a", "--lsl", "3", "--minimum=-1"],
    [/it must be a number/, "bad.csv", "-c", "a", "--lsl", "three"],
    [/there is no 'w' \(there are: a, v\)/, "bad.csv", "-c", "w", "--lsl", "3"],
    [/--column is missing/, "bad.csv", "--lsl", "3"],
  ];
  for (const [message, ...words] of refused) {
    const { code, stderr } = await rig("capability", ...words);
    assert.equal(code, 2, words.join(" "));
    assert.match(stderr, message);
  }
  assert.notEqual((await rig("capability", "absent.csv", "-c", "v", "--lsl", "0")).code, 0);
});

test("pipelite capability: subgroups by column and by size, one value and equal values end with 1", async () => {
  using rig = createRig();
  const rows = good.map((value, index) => ({ day: `d${Math.floor(index / 5)}`, v: value }));
  writeFileSync(join(rig.folder, "v.ndjson"), rows.map((row) => JSON.stringify(row)).join("\n"));
  const run = async (...words: string[]) =>
    JSON.parse(
      (await rig("capability", "v.ndjson", "-c", "v", "--lsl", "-30", "--usl", "30", "--json", ...words))
        .stdout,
    );
  const [byColumn, bySize] = [await run("--subgroup", "day"), await run("--subgroup", "5")];
  assert.deepEqual(byColumn, bySize);
  assert.equal(byColumn.subgroups, 20);
  assert.equal(byColumn.sigmaWithinMethod, "pooled");
  assert.equal((await run("--subgroup", "5", "--sigma", "range")).sigmaWithinMethod, "range");
  assert.equal((await run("--size", "99")).status, "not-computable");
  for (const values of [[1], [1, 1, 1]]) {
    writeFileSync(join(rig.folder, "few.csv"), csv(values));
    const { code, stdout } = await rig(
      "capability",
      "few.csv",
      "-c",
      "v",
      "--lsl",
      "0",
      "--picture",
      "few.svg",
    );
    assert.equal(code, 1);
    assert.match(stdout, /not-computable/);
    assert.match(readFileSync(join(rig.folder, "few.svg"), "utf8"), /NOT COMPUTABLE/);
  }
});

test("pipelite capability --json has every figure of the page, and limits by point where subgroups differ in size", async () => {
  using rig = createRig();
  const sizes = [2, 5, 3, 4, 5, 2, 6, 3, 5, 4];
  const rows = sizes.flatMap((size, group) => normals(70 + group, size).map((value) => `${group},${value}`));
  writeFileSync(join(rig.folder, "v.csv"), `g,v\n${rows.join("\n")}\n`);
  const words = ["v.csv", "-c", "v", "--subgroup", "g", "--lsl", "-5", "--usl", "5", "--json"];
  const { stdout } = await rig("capability", ...words);
  const figures = JSON.parse(stdout);
  const { location, spread } = figures.charts;
  assert.deepEqual([location.chart, spread.chart], ["mean", "standard-deviation"]);
  for (const list of [location.points, location.lcl, location.ucl, location.sigma, spread.centre, spread.ucl])
    assert.equal(list.length, 10);
  assert.equal(typeof location.centre, "number");
  const { counts } = figures.histogram;
  assert.equal(
    counts.reduce((sum: number, count: number) => sum + count, 0),
    rows.length,
  );
  const groups = Map.groupBy(rows, (row) => row.split(",")[0])
    .values()
    .toArray();
  const own = judgeCapability(
    { groups: groups.map((group) => group.map((row) => Number(row.split(",")[1]))) },
    { limits: { lower: -5, upper: 5 } },
  );
  const page = drawCapability({ result: own, groups: [], title: "" });
  for (const figure of [
    location.centre,
    location.ucl.at(-1),
    location.lcl.at(-1),
    spread.centre.at(-1),
    spread.ucl.at(-1),
  ])
    assert.ok(
      page.includes(
        ` ${formatBy(figure, spread.centre.includes(figure) || spread.ucl.includes(figure) ? spread.sigma.at(-1) : location.sigma.at(-1))}<`,
      ),
      String(figure),
    );
  writeFileSync(join(rig.folder, "i.csv"), `v\n${good.join("\n")}\n`);
  const single = JSON.parse((await rig("capability", "i.csv", "-c", "v", "--lsl", "-4", "--json")).stdout);
  const ranges = good.slice(1).map((value, index) => Math.abs(value - (good[index] ?? 0)));
  assertDigits(single.charts.spread.centre, meanOf(ranges), 12);
  assert.equal(typeof single.charts.location.ucl, "number");
  assert.deepEqual(single.signalsByPoint, signalsByPoint(single.signals, good));
});

const refusedTexts: [name: string, text: string, problem: RegExp][] = [
  ["v.csv", "", /it has no values/],
  ["v.csv", "v\n", /it has no values/],
  ["v.csv", "v,v\n1,2\n", /line 1: two columns have the name 'v'/],
  ["v.csv", "v,w\n1\n", /line 2: it has 1 fields, the header has 2/],
  ["v.csv", 'v,w\n"1,2\n', /line 2: a quote is not closed/],
  ["v.csv", "v,w\n1,2\n,2\n", /line 3: 'v' is empty/],
  ["v.csv", "v\n1\n0x10\n", /line 3: 'v' is not a number/],
  ["v.csv", "v\nNaN\n", /line 2: 'v' is not a number/],
  ["v.csv", "v\n1e999\n", /line 2: 'v' is not a number/],
  ["v.json", "{}", /it must be an array of objects/],
  ["v.json", '[{"v":1},7]', /element 2: it must be an object, not 7/],
  ["v.json", '[{"v":"1x"}]', /element 1: 'v' is not a number/],
  ["v.json", '[{"v":true}]', /element 1: 'v' is not a number: true/],
  ["v.json", "[\n1,,", /it is not JSON/],
  ["v.ndjson", '{"v":1}\n{"w":1}\n', /line 2: there is no 'v' \(there are: w\)/],
  ["v.ndjson", '{"v":1}\n{"v":\n', /line 2: it is not JSON/],
];

for (const [index, [name, text, problem]] of refusedTexts.entries()) {
  test(`values that can't be read are refused with their place (${index + 1})`, () => {
    assert.throws(
      () => parseSamples(text, { name, column: "v" }),
      (error) => isPipeliteError(error, "SAMPLES_INVALID") && problem.test(error.message),
    );
  });
}

test("what is written as CSV is read back, whatever the names and quotes", () => {
  const cell = fc.string().filter((text) => !/[\r\n]/.test(text));
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          cell.filter((text) => text !== ""),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
        ),
        { minLength: 1 },
      ),
      (rows) => {
        const text = `"the, group",v\r\n${rows.map(([group, value]) => `${quoted(group)},${value}`).join("\r\n")}`;
        const { groups } = parseSamples(text, { name: "x.csv", column: "v", subgroup: "the, group" });
        assert.deepEqual(
          groups.flat().toSorted((a, b) => a - b),
          rows.map(([, value]) => value + 0).toSorted((a, b) => a - b),
        );
        assert.equal(groups.length, new Set(rows.map(([group]) => group)).size);
      },
    ),
  );
  assert.throws(
    () => parseSamples("v\n1\n2\n3\n", { name: "x.csv", column: "v", subgroup: 2 }),
    /not whole subgroups of 2/,
  );
  assert.deepEqual(
    ["[1]", "{}", "a,b"].map((text) => formatOf("data", text)),
    ["json", "ndjson", "csv"],
  );
});
