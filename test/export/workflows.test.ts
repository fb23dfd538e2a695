// The workflows of forges, held to the schemas that these publish, and to what a workflow must not do.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { parse } from "yaml";
import { isPipeliteError } from "#base/errors.ts";
import { FORGES, workflowFiles, type Forge } from "#app/export-ci.ts";
import { JOBS, JOB_NAMES } from "#export/workflow/jobs.ts";
import { writeYaml, type Yaml } from "#export/workflow/yaml.ts";
import { pipelite } from "../rig/command.ts";
import { Project } from "../rig/project.ts";

const ROOT = join(import.meta.dirname, "../..");

function validatorOf(file: string) {
  const schema = JSON.parse(readFileSync(join(import.meta.dirname, "vectors", file), "utf8")) as object;
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  return ajv.compile(schema);
}

const SCHEMAS: Record<Forge, string> = {
  github: "github-workflow.json",
  forgejo: "github-workflow.json",
  woodpecker: "woodpecker.json",
};

function filesOf(forge: Forge, pipeline = "walks/it's $(one)"): Record<string, string> {
  return workflowFiles({ forge, root: "/repository", pipeline: `/repository/${pipeline}`, branch: "main" });
}

for (const forge of FORGES) {
  test(`workflows for ${forge} are what its schema wants, and a wrong one is not`, () => {
    const validate = validatorOf(SCHEMAS[forge]);
    const files = Object.values(filesOf(forge));
    assert.ok(files.length > 0);
    for (const text of files) {
      const workflow = parse(text) as Record<string, unknown>;
      assert.ok(validate(workflow), JSON.stringify(validate.errors, null, 1));
      assert.ok(!validate({ ...workflow, [forge === "woodpecker" ? "steps" : "jobs"]: 1 }));
    }
  });

  test(`workflows for ${forge} take nothing by a name that can be moved`, () => {
    for (const text of Object.values(filesOf(forge))) {
      for (const [, action = ""] of text.matchAll(/\buses: "([^"]*)"/g))
        assert.match(action, /@[0-9a-f]{40}$/);
      for (const [, image = ""] of text.matchAll(/\bimage: "([^"]*)"/g))
        assert.match(image, /@sha256:[0-9a-f]{64}$/);
    }
  });
}

test("a name that a forge would expand is refused, and another forge takes it as it is", async () => {
  const place = (forge: Forge) => ({ forge, root: "/repository", pipeline: "/repository", branch: "main" });
  for (const [name, refusing] of [
    ["a${{ secrets.TOKEN }}b", FORGES],
    ["a${CI_COMMIT_MESSAGE}b", ["woodpecker"]],
    ["a$$b", ["woodpecker"]],
    ["a$b", []],
  ] as const)
    for (const forge of FORGES)
      for (const named of [{ pipeline: `/repository/${name}` }, { branch: name }]) {
        const write = () => workflowFiles({ ...place(forge), ...named });
        if (!refusing.some((each) => each === forge))
          assert.match(Object.values(write()).join(), /a\$[^a]*b/);
        else
          assert.throws(
            write,
            (error) => isPipeliteError(error, "CI_NAME_EXPANDED") && error.message.includes(`'${name}'`),
          );
      }
  using project = new Project({ "a${{ 1 }}/pipeline.ts": "" });
  const { code, stderr } = await pipelite(["export-ci", "github", "a${{ 1 }}"], {
    cwd: project.root,
    env: { PIPELITE_HOME: project.home },
  });
  assert.equal(code, 2);
  assert.match(stderr, /replaces the '\$\{\{' in the path 'a\$\{\{ 1 \}\}'/);
  assert.ok(!existsSync(join(project.root, ".github")));
});

interface Workflow {
  permissions: unknown;
  jobs: Record<string, { needs?: string[]; permissions?: unknown; steps: { uses?: string; run?: string }[] }>;
}

test("a workflow may read the repository and nothing else, has every job, and takes one action at most", () => {
  for (const forge of ["github", "forgejo"] as const) {
    const [text = ""] = Object.values(filesOf(forge));
    const { permissions, jobs } = parse(text) as Workflow;
    assert.deepEqual(permissions, { contents: "read" });
    assert.deepEqual(Object.keys(jobs), [...JOB_NAMES]);
    const actions = new Set<string>();
    for (const [name, job] of Object.entries(jobs)) {
      assert.equal(job.permissions, undefined);
      assert.deepEqual(job.needs ?? [], JOBS.find((each) => each.name === name)?.reads);
      for (const { uses } of job.steps) if (uses !== undefined) actions.add(uses);
      const started = job.steps.map(({ run = "" }) => run).join("\n");
      assert.match(started, new RegExp(`npx pipelite ci 'walks/it'\\\\''s \\$\\(one\\)' --job ${name} `));
    }
    assert.ok(actions.size <= 1);
  }
});

test("both machines and every job are in the workflows of Woodpecker", () => {
  const texts = Object.values(filesOf("woodpecker"));
  const steps = texts.flatMap((text) => (parse(text) as { steps: { name: string }[] }).steps);
  const names = steps.map(({ name }) => name).filter((name) => name !== "prepare");
  assert.deepEqual(names.toSorted(), [...JOB_NAMES].toSorted());
});

test("what YAML is written says what it was written from", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "on",
      "yes",
      "null",
      "~",
      "1",
      "a: b",
      "- a",
      "# a",
      "| a",
      "a\nb",
      "a\n b\n",
      "\n a",
      " a\nb",
      "a\n\n",
      "a\n\nb\n",
      "&a",
      "*a",
      "${{ x }}",
      "'",
      '"',
    ),
  );
  const { value } = fc.letrec<{ value: Yaml; map: Record<string, Yaml> }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      text,
      fc.integer(),
      fc.boolean(),
      fc.array(tie("value"), { maxLength: 3 }),
      tie("map"),
    ),
    map: fc.dictionary<Yaml>(text, tie("value"), { maxKeys: 4 }),
  }));
  fc.assert(
    fc.property(value, (one) => {
      assert.deepEqual(parse(writeYaml({ one }, ["a comment"])), { one: structuredClone(one) });
    }),
  );
});

test("this repository's workflow is the one that is written for it", () => {
  const files = workflowFiles({
    forge: "github",
    root: ROOT,
    pipeline: join(ROOT, "examples/monster-walk"),
    branch: "main",
  });
  for (const [path, text] of Object.entries(files)) {
    assert.ok(existsSync(join(ROOT, path)), path);
    assert.equal(
      readFileSync(join(ROOT, path), "utf8"),
      text,
      "run `pipelite export-ci github examples/monster-walk`",
    );
  }
});

test("workflows are written into the repository, for a pipeline that is in it", async () => {
  using project = new Project({ "pipeline.ts": "" });
  const place = { cwd: project.root, env: { PIPELITE_HOME: project.home } };
  for (const forge of FORGES) {
    const { code, stdout } = await pipelite(["export-ci", forge], place);
    assert.equal(code, 0);
    for (const path of stdout.trim().split("\n")) assert.ok(existsSync(join(project.root, path)));
  }
  const outside = await pipelite(["export-ci", "github", "..", "--json"], place);
  assert.equal(outside.code, 2);
  assert.match(outside.stdout, /"CI_PIPELINE_OUTSIDE"/);
  for (const words of [[], ["gitlab"]]) {
    const refused = await pipelite(["export-ci", ...words], place);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /there are github, forgejo, woodpecker/i);
  }
  writeFileSync(join(project.root, ".github/workflows/pipelite.yml"), "name: mine\n");
  const foreign = await pipelite(["export-ci", "github", "--json"], place);
  assert.equal(foreign.code, 2);
  assert.match(foreign.stdout, /"CI_FILE_FOREIGN"/);
  assert.equal((await pipelite(["export-ci", "github", "nowhere/"], place)).code, 2);
  assert.equal((await pipelite(["ci", "nowhere/", "--job", "check"], place)).code, 2);
});
