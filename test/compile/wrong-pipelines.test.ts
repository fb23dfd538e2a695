// Wrong pipelines are refused before anything is built, with a code, and with the place in pipeline.ts.
import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PipeliteError } from "#base/errors.ts";
import type { ErrorCode } from "#cli/error-rows.ts";
import { Project } from "../rig/project.ts";

const STAGE = "export default function a() { return { 'x.json': { n: 1 } }; }\n";
const HEAD =
  'import { answer, command, download, each, gate, matrix, out, param, pipeline, range, source, stage, tool } from "pipelite";\n';

interface Wrong {
  name: string;
  /** Lines after the import, so that the first of them is line 2. */
  lines: string[];
  code: ErrorCode;
  place?: string;
  says?: RegExp;
  hint?: RegExp;
  params?: Record<string, string>;
  stages?: string[];
  files?: Record<string, string>;
  executable?: Record<string, string>;
}

const a = 'const a = stage(() => import("./a.ts"));';

const wrong: Wrong[] = [
  {
    name: "an each that says not what to make",
    lines: [a, 'export default pipeline({ list: each(a.file("x.json"), a) });'],
    code: "EACH_WITHOUT_FUNCTION",
    place: "pipeline.ts:3:33",
    hint: /\(tile\) => stage/,
  },
  {
    name: "an option of each that there is not",
    lines: [a, 'export default pipeline({ list: each(a.file("x.json"), () => a, { keys: "n" }) });'],
    code: "OPTION_UNKNOWN",
    place: "pipeline.ts:3:33",
    hint: /Did you mean key\?/,
  },
  {
    name: "a matrix of no values",
    lines: [a, "export default pipeline({ a, b: matrix({ n: [] }, () => a)[0] });"],
    code: "MATRIX_EMPTY",
    place: "pipeline.ts:3:33",
    says: /'n'/,
  },
  {
    name: "a range that ends before it begins",
    lines: [a, "export default pipeline({ a, b: matrix({ n: range(3, 1) }, () => a)[0] });"],
    code: "RANGE_INVALID",
    place: "pipeline.ts:3:45",
    says: /from 3 to 1/,
  },
  {
    name: "a cycle",
    lines: [
      'const a = stage(() => import("./a.ts"), { b });',
      'const b = stage(() => import("./a.ts"), { a });',
      "export default pipeline({ a, b });",
    ],
    code: "PIPELINE_CYCLE",
    place: "pipeline.ts:2:43",
    says: /'b'/,
  },
  {
    name: "an input that is undefined",
    lines: [
      "const other = {};",
      'const a = stage(() => import("./a.ts"), { input: other.proof });',
      "export default pipeline({ a });",
    ],
    code: "STAGE_INPUT_UNDEFINED",
    place: "pipeline.ts:3:11",
    says: /'input' of stage 'a'/,
  },
  {
    name: "an input that is no data",
    lines: ['const a = stage(() => import("./a.ts"), { f: () => 1 });', "export default pipeline({ a });"],
    code: "STAGE_INPUT_NOT_JSON",
    place: "pipeline.ts:2:11",
  },
  {
    name: "a duplicate name",
    lines: [
      a,
      'const b = stage(() => import("./a.ts"), { a: stage(() => import("./a.ts"), undefined, { name: "a" }), x: 1 });',
      "export default pipeline({ a, b });",
    ],
    code: "STAGE_NAME_DUPLICATE",
    place: "pipeline.ts:3:46",
    says: /pipeline\.ts:2:11/,
  },
  {
    name: "an option that there is not",
    lines: [
      'const a = stage(() => import("./a.ts"), {}, { timeout: 5 });',
      "export default pipeline({ a });",
    ],
    code: "OPTION_UNKNOWN",
    place: "pipeline.ts:2:11",
    says: /no option 'timeout'/,
  },
  {
    name: "a cost of the whole pipeline that there is not",
    lines: ['const a = stage(() => import("./a.ts"));', "export default pipeline({ a }, { retry: 3 });"],
    code: "OPTION_UNKNOWN",
    place: "pipeline.ts:3:16",
    says: /no option 'retry'/,
  },
  {
    name: "a cost that is no number",
    lines: [
      'const a = stage(() => import("./a.ts"), {}, { memoryBytes: "2G" });',
      "export default pipeline({ a });",
    ],
    code: "COST_INVALID",
    place: "pipeline.ts:2:11",
    says: /cannot use "2G" as memoryBytes: it must be a whole number from 1/,
  },
  {
    name: "an option of a source that there is not",
    lines: ['const a = source(".", { ignored: ["x"] });', "export default pipeline({ a });"],
    code: "OPTION_UNKNOWN",
    place: "pipeline.ts:2:11",
  },
  {
    name: "a name as the program of a command",
    lines: ['const b = command("ls", []);', "export default pipeline({ b });"],
    code: "COMMAND_PROGRAM_INVALID",
    place: "pipeline.ts:2:11",
  },
  {
    name: "a text as the words of a command",
    lines: ['const b = command(tool("ls"), "-l");', "export default pipeline({ b });"],
    code: "COMMAND_WORDS_INVALID",
    place: "pipeline.ts:2:11",
  },
  {
    name: "a list among the words of a command",
    lines: ['const b = command(tool("ls"), ["-l", ["a"]]);', "export default pipeline({ b });"],
    code: "COMMAND_WORD_INVALID",
    place: "pipeline.ts:2:11",
    says: /word 2 of this command: it is a list/,
    hint: /\.\.\.list/,
  },
  {
    name: "a variable that Nix reads",
    lines: [
      'const b = command(tool("ls"), [], { env: { outputHash: "x" } });',
      "export default pipeline({ b });",
    ],
    code: "COMMAND_VARIABLE_INVALID",
    place: "pipeline.ts:2:11",
    says: /'outputHash'/,
  },
  {
    name: "two programs of one name on the PATH of a command",
    lines: [
      'const b = command(tool("ls"), [], { path: [tool("cat"), tool("./cat")] });',
      "export default pipeline({ b });",
    ],
    code: "COMMAND_PATH_TWICE",
    place: "pipeline.ts:2:11",
  },
  {
    name: "a file of the output that would lie elsewhere",
    lines: ['const b = command(tool("ls"), [], { stdout: "../x" });', "export default pipeline({ b });"],
    code: "COMMAND_FILE_INVALID",
    place: "pipeline.ts:2:11",
    says: /'\.\.\/x'/,
  },
  {
    name: "an output that is both a file and a folder",
    lines: [
      'const b = command(tool("ls"), [], { stdout: out, keep: ["x"] });',
      "export default pipeline({ b });",
    ],
    code: "COMMAND_OUTPUT_MIXED",
    place: "pipeline.ts:2:11",
    says: /with x/,
  },
  {
    name: "a parameter without a name as a word of a command",
    lines: [
      'const b = command(tool("ls"), [param.integer({ default: 1 })]);',
      "export default pipeline({ b });",
    ],
    code: "PARAM_UNNAMED",
    place: "pipeline.ts:2:38",
  },
  {
    name: "a tool that can't be captured: the way is an environment",
    lines: ['const b = command(tool("python3"), []);', "export default pipeline({ b });"],
    code: "TOOL_NEEDS_FILES",
    place: "pipeline.ts:2:19",
    says: /standard library/,
    hint: /debian\(\["python3"\]\)\.tool\("python3"\)/,
  },
  {
    name: "a text of the source tree as a program",
    lines: ['const b = command(source("x.txt"), []);', "export default pipeline({ b });"],
    files: { "x.txt": "text" },
    code: "TOOL_NOT_A_PROGRAM",
    place: "pipeline.ts:2:11",
  },
  {
    name: "a list as a pipeline",
    lines: [a, "export default pipeline([a]);"],
    code: "PIPELINE_IS_LIST",
    place: "pipeline.ts:3:16",
  },
  {
    name: "a list in which not all are nodes",
    lines: [
      a,
      'const b = stage(() => import("./a.ts"), { parts: [a, 1] });',
      "export default pipeline({ b });",
    ],
    code: "STAGE_INPUT_NOT_JSON",
    place: "pipeline.ts:3:11",
  },
  {
    name: "a name that no store path can have",
    lines: [a, 'export default pipeline({ "a b": a });'],
    code: "STAGE_NAME_INVALID",
    place: "pipeline.ts:2:11",
  },
  {
    name: "a result in the place of the evidence",
    lines: [a, "export default pipeline({ evidence: a });"],
    code: "STAGE_NAME_RESERVED",
    place: "pipeline.ts:2:11",
  },
  {
    name: "a source that is not there",
    lines: [
      'const a = stage(() => import("./a.ts"), { data: source("data.csv") });',
      "export default pipeline({ a });",
    ],
    code: "SOURCE_NOT_FOUND",
    place: "pipeline.ts:2:49",
    says: /data\.csv/,
  },
  {
    name: "a module that is not there",
    lines: ['const a = stage(() => import("./nothing.ts"));', "export default pipeline({ a });"],
    code: "STAGE_MODULE_NOT_FOUND",
    place: "pipeline.ts:2:11",
  },
  {
    name: "a stage that imports nothing",
    lines: [
      "const a = stage(() => Promise.resolve({ default: () => ({}) }));",
      "export default pipeline({ a });",
    ],
    code: "STAGE_NOT_AN_IMPORT",
    place: "pipeline.ts:2:11",
  },
  {
    name: "a stage whose code cannot be bundled",
    lines: [a, "export default pipeline({ a });"],
    files: { "a.ts": 'import { x } from "./gone.ts";\nexport default () => ({ x });\n' },
    code: "STAGE_BUNDLE_FAILED",
    place: "a.ts:1:19",
  },
  {
    name: "a parameter that does not exist",
    lines: [a, "export default pipeline({ a });"],
    params: { speed: "3" },
    code: "PARAM_UNKNOWN",
    says: /'speed'/,
    hint: /^There is none$/,
  },
  {
    name: "a parameter whose name is a slip away from one",
    lines: [
      'const a = stage(() => import("./a.ts"), { seconds: param.integer({ default: 2 }) });',
      "export default pipeline({ a });",
    ],
    params: { second: "3" },
    code: "PARAM_UNKNOWN",
    hint: /^Did you mean seconds\?$/,
  },
  {
    name: "an option of a parameter that there is not",
    lines: [
      'const a = stage(() => import("./a.ts"), { n: param.integer({ defualt: 2 }) });',
      "export default pipeline({ a });",
    ],
    code: "OPTION_UNKNOWN",
    place: "pipeline.ts:2:52",
    hint: /^Did you mean default\?$/,
  },
  {
    name: "a parameter that is given under two names and has none of its own",
    lines: [
      "const n = param.integer({ default: 2 });",
      'const a = stage(() => import("./a.ts"), { n });',
      'const b = stage(() => import("./a.ts"), { a, size: n });',
      "export default pipeline({ b });",
    ],
    code: "PARAM_NAME_UNCLEAR",
    place: "pipeline.ts:2:17",
    says: /inputs 'n' and 'size'/,
  },
  {
    name: "a result whose name no record can hold",
    lines: ['export default pipeline({ ["__proto__"]: stage(() => import("./a.ts")) });'],
    code: "STAGE_NAME_INVALID",
    place: "pipeline.ts:2:42",
  },
  {
    name: "an input whose name no record can hold",
    lines: [
      'const n = stage(() => import("./a.ts"));',
      'export default pipeline({ a: stage(() => import("./a.ts"), { ["__proto__"]: n }) });',
    ],
    code: "INPUT_NAME_INVALID",
    place: "pipeline.ts:3:30",
    says: /'__proto__'/,
  },
  {
    name: "a parameter whose name no record can hold",
    lines: [
      'const n = param.integer({ default: 2, name: "__proto__" });',
      'export default pipeline({ a: stage(() => import("./a.ts"), { n }) });',
    ],
    code: "INPUT_NAME_INVALID",
    place: "pipeline.ts:2:17",
  },
  {
    name: "two inputs that come to one name",
    lines: [
      'const n = stage(() => import("./a.ts"));',
      'const a = stage(() => import("./a.ts"), { "x.y": n, x: { y: stage(() => import("./a.ts"), { n }) } });',
      "export default pipeline({ a });",
    ],
    code: "INPUT_NAME_INVALID",
    place: "pipeline.ts:3:11",
    says: /'x\.y'/,
  },
  {
    name: "a word of pipelite that has another name now",
    lines: ['import { fetch } from "pipelite";', "export default pipeline({ a: fetch({}) });"],
    code: "PIPELINE_WORD_UNKNOWN",
    says: /cannot import 'fetch'/,
    hint: /^It is called `download` now$/,
  },
  {
    name: "a word of pipelite that is misspelt",
    lines: ['import { sourse } from "pipelite";', "export default pipeline({ a: sourse() });"],
    code: "PIPELINE_WORD_UNKNOWN",
    hint: /^Did you mean source\?$/,
  },
  {
    name: "a model's answer as a word of a command",
    lines: [
      a,
      'const b = answer(a.file("x.json"), () => import("./a.ts"));',
      'export default pipeline({ c: command(tool("cat"), [b]) });',
    ],
    code: "ANSWER_ABSENT",
    place: "pipeline.ts:4:30",
  },
  {
    name: "a model's answer in a list",
    lines: [
      a,
      'const b = answer(a.file("x.json"), () => import("./a.ts"));',
      'export default pipeline({ c: stage(() => import("./a.ts"), { parts: [a, b] }) });',
    ],
    code: "ANSWER_ABSENT",
    place: "pipeline.ts:4:30",
  },
  {
    name: "a parameter out of its bounds",
    lines: [
      'const a = stage(() => import("./a.ts"), { n: param.integer({ default: 2, min: 1, max: 9 }) });',
      "export default pipeline({ a });",
    ],
    params: { n: "10" },
    code: "PARAM_INVALID",
    place: "pipeline.ts:2:52",
    says: /an integer from 1 to 9/,
  },
  {
    name: "a parameter of the wrong kind",
    lines: [
      'const a = stage(() => import("./a.ts"), { n: param.integer({ default: 2 }) });',
      "export default pipeline({ a });",
    ],
    params: { n: "two" },
    code: "PARAM_INVALID",
    place: "pipeline.ts:2:52",
  },
  {
    name: "a parameter that must be set",
    lines: [
      'const a = stage(() => import("./a.ts"), { mode: param.choice(["fast", "safe"]) });',
      "export default pipeline({ a });",
    ],
    code: "PARAM_MISSING",
    place: "pipeline.ts:2:55",
    says: /one of fast, safe/,
  },
  {
    name: "a default that the schema refuses",
    lines: [
      'const a = stage(() => import("./a.ts"), { n: param.integer({ default: 2, min: 3 }) });',
      "export default pipeline({ a });",
    ],
    code: "PARAM_DEFAULT_INVALID",
    place: "pipeline.ts:2:52",
  },
  {
    name: "two parameters of one name",
    lines: [
      'const a = stage(() => import("./a.ts"), { n: param.integer({ default: 2 }) });',
      'const b = stage(() => import("./a.ts"), { a, n: param.integer({ default: 3 }) });',
      "export default pipeline({ a, b });",
    ],
    code: "PARAM_AMBIGUOUS",
    place: "pipeline.ts:3:55",
  },
  {
    name: "a result that is no node",
    lines: [a, "export default pipeline({ a, b: 3 });"],
    code: "PIPELINE_RESULT_INVALID",
    place: "pipeline.ts:3:16",
  },
  {
    name: "no result at all",
    lines: ["export default pipeline({});"],
    code: "PIPELINE_EMPTY",
    place: "pipeline.ts:2:16",
  },
  {
    name: "a line that cannot be parsed",
    lines: [a, "export default pipeline({ a }));"],
    code: "PIPELINE_FAILED",
    place: "pipeline.ts:3:31",
  },
  {
    name: "something else than a node as the subject of a gate",
    lines: [a, 'export default pipeline({ a, g: gate("a", "x") });'],
    code: "PIPELINE_INPUT_UNKNOWN",
    place: "pipeline.ts:3:33",
  },
  {
    name: "a program that is not there",
    lines: ['const a = command(tool("no-such-program"), []);', "export default pipeline({ a });"],
    code: "TOOL_NOT_FOUND",
    place: "pipeline.ts:2:19",
  },
  {
    name: "a program that needs more than itself, by its path",
    lines: ['const a = command(tool("./bin/python3"), []);', "export default pipeline({ a });"],
    executable: { "bin/python3": "what it is does not matter" },
    code: "TOOL_NEEDS_FILES",
    hint: /debian\(\["python3"\]\)\.tool\("python3"\)/,
  },
  {
    name: "a folder as a program",
    lines: ['const a = command(tool("./bin"), []);', "export default pipeline({ a });"],
    executable: { "bin/x": "" },
    code: "TOOL_NOT_EXECUTABLE",
    says: /\.\/bin as a program: it is not a file/,
  },
  {
    name: "a file that may not be executed as a program",
    lines: ['const a = command(tool("./a.ts"), []);', "export default pipeline({ a });"],
    code: "TOOL_NOT_EXECUTABLE",
    says: /nobody may execute it/,
  },
  {
    name: "a tool that is a script",
    lines: ['const a = command(tool("./script.sh"), []);', "export default pipeline({ a });"],
    executable: {
      "script.sh": "#!/bin/sh\necho a script has no ELF header, however long it is, and cannot be captured\n",
    },
    code: "TOOL_IS_SCRIPT",
    place: "pipeline.ts:2:19",
  },
  {
    name: "a hash that is none",
    lines: [
      'const a = download({ url: "https://example.org/x", hash: "sha256-none" });',
      "export default pipeline({ a });",
    ],
    code: "FETCH_HASH_INVALID",
    place: "pipeline.ts:2:11",
  },
  {
    name: "a URL that is none",
    lines: [
      `const a = download({ url: "x", hash: "${"0".repeat(64)}" });`,
      "export default pipeline({ a });",
    ],
    code: "FETCH_URL_INVALID",
    place: "pipeline.ts:2:11",
  },
  ...["ftp://example.org/x", "data:,x", "file://example.org/x", "gopher:x"].map((url) => ({
    name: `a download of ${url}`,
    lines: [
      `const a = download({ url: "${url}", hash: "${"0".repeat(64)}", name: "a" });`,
      "export default pipeline({ a });",
    ],
    code: "FETCH_URL_INVALID" as const,
    says: /it must be http, https or file|a file is on this machine/,
  })),
  ...(
    [
      ['stage(a, {}, { addressing: "inputs" })', /"inputs" as addressing: it must be "content" or "input"/],
      ["stage(a, {}, { name: 5 })", /5 as name: it must be a text/],
      ["stage(a, {}, 5)", /5 as options: it must be an object/],
      ["stage(a, { x: param.text({ pattern: '(' }) })", /"\(" as pattern: it must be a regular expression/],
      ["stage(a, { x: param.choice([]) })", /a list as the values of a choice: it must be a list of texts/],
      ['command(tool("ls"), [out], { stdin: "x" })', /"x" as `stdin`: it must be a node or a file of one/],
      ['command(tool("ls"), [out], { path: "ls" })', /"ls" as `path`: it must be a list of tools/],
      ['command(tool("ls"), [out], { path: ["ls"] })', /"ls" as a program of `path`: it must be a tool/],
    ] as const
  ).map(([value, says]) => ({
    name: `an option of another kind: ${value}`,
    lines: ['const a = () => import("./a.ts");', `export default pipeline({ b: ${value} });`],
    code: "OPTION_INVALID" as const,
    says,
  })),
  {
    name: "an option of a tool, which has none",
    lines: [`const b = command(tool("ls", { with: "lib" }), [out]);`, "export default pipeline({ b });"],
    code: "OPTION_UNKNOWN",
  },
  {
    name: "a stage in the place of the results",
    lines: [a, "export default pipeline(a);"],
    code: "OPTION_INVALID",
    says: /an object as the results of a pipeline: it must be an object of names and nodes/,
  },
  {
    name: "a path in the place of the import of a stage",
    lines: ['export default pipeline({ a: stage("./a.ts") });'],
    code: "STAGE_NOT_AN_IMPORT",
  },
  {
    name: "code that throws",
    lines: ["const settings = undefined;", "settings.x;", "export default 1;"],
    code: "PIPELINE_FAILED",
    place: "pipeline.ts:3:10",
  },
  ...["0", "null", 'Symbol("x")', "new Proxy({}, { get() { throw 1; } })", "Object.create(null)"].map(
    (value) => ({
      name: `code that throws ${value}`,
      lines: [`throw ${value};`],
      code: "PIPELINE_FAILED" as const,
      place: "pipeline.ts",
    }),
  ),
  { name: "no pipeline as the default export", lines: ["export default 1;"], code: "PIPELINE_NOT_EXPORTED" },
  {
    name: "a stage on the command line that is not there",
    lines: [a, "export default pipeline({ a });"],
    stages: ["b"],
    code: "STAGE_NOT_FOUND",
    says: /'b'/,
    hint: /^Did you mean a\?$/,
  },
];

for (const {
  name,
  lines,
  code,
  place,
  says,
  hint,
  params = {},
  stages = [],
  files = {},
  executable = {},
} of wrong) {
  test(`refuses ${name}: ${code}`, async () => {
    using project = new Project({ "a.ts": STAGE, "pipeline.ts": `${HEAD}${lines.join("\n")}\n`, ...files });
    project.write(executable);
    for (const file of Object.keys(executable)) chmodSync(join(project.root, file), 0o755);
    await assert.rejects(project.plan({ params, stages }), (error) => {
      if (!(error instanceof PipeliteError)) throw error;
      assert.equal(error.code, code, error.message);
      assert.equal(error.exitCode, code === "TOOL_NOT_FOUND" ? 4 : 2);
      if (place !== undefined)
        assert.ok(error.message.startsWith(place), `${error.message}, wanted ${place}`);
      if (says !== undefined) assert.match(error.message, says);
      if (hint !== undefined) assert.match(error.hint ?? "", hint);
      return true;
    });
  });
}

test("a parameter with a name of its own is given to inputs of any name", async () => {
  using project = new Project({
    "a.ts": "export default ({ n, size }) => ({ 'x.json': { n, size } });\n",
    "pipeline.ts": `${HEAD}const n = param.integer({ name: "count", default: 2 });
const a = stage(() => import("./a.ts"), { n });
export default pipeline({ a, b: stage(() => import("./a.ts"), { size: n, a }) });\n`,
  });
  const { events } = await project.run({ params: { count: "7" } });
  const started = events.find((event) => event.type === "run-started");
  assert.deepEqual(started?.params, { count: 7 });
});

test("refuses a folder without a pipeline: PIPELINE_NOT_FOUND", async () => {
  using project = new Project({ "readme.txt": "" });
  await assert.rejects(
    project.plan(),
    (error) =>
      error instanceof PipeliteError &&
      error.code === "PIPELINE_NOT_FOUND" &&
      error.message.endsWith("/pipeline.ts"),
  );
});

test("a parameter may be called as what every object has", async () => {
  const lines = [
    "const constructor = param.text();",
    'export default pipeline({ a: stage(() => import("./a.ts"), { constructor }) });',
  ];
  using project = new Project({
    "a.ts": "export default () => ({});\n",
    "pipeline.ts": `${HEAD}${lines.join("\n")}\n`,
  });
  await assert.rejects(
    project.plan(),
    (error) => error instanceof PipeliteError && error.code === "PARAM_MISSING",
  );
  const { stages } = await project.plan({ params: { constructor: "x" } });
  assert.equal(stages.length, 1);
});

test("planning neither loads nor runs the code of a stage", async () => {
  using project = new Project({
    "a.ts": 'throw new Error("loaded"); export default () => ({});\n',
    "pipeline.ts": `${HEAD}${a}\nexport default pipeline({ a });\n`,
  });
  const { stages } = await project.plan();
  assert.deepEqual(
    stages.map(({ name, status }) => [name, status]),
    [["a", "build"]],
  );
});
