// The page of benchmarks has a place for each table that is measured, and each name is that of one measurement.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { JOBS } from "../bench/jobs.ts";
import { ENVIRONMENT_JOBS } from "../bench/environment-jobs.ts";
import { SCALE_JOBS } from "../bench/scale-jobs.ts";
import { STORE_JOBS } from "../bench/store-jobs.ts";

const PAGE = join(import.meta.dirname, "../docs/benchmarks.md");

test("each table has its place", () => {
  const page = readFileSync(PAGE, "utf8");
  for (const name of Object.keys(JOBS))
    for (const mark of [`<!-- bench ${name} -->\n`, `\n<!-- end of ${name} -->`])
      assert.equal(page.split(mark).length, 2, `${mark.trim()} stands once`);
});

test("no measurement hides another one of its name", () => {
  for (const part of [ENVIRONMENT_JOBS, SCALE_JOBS, STORE_JOBS])
    for (const [name, jobs] of Object.entries(part)) assert.equal(JOBS[name], jobs, name);
});
