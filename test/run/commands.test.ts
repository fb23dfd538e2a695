// Commands of every kind, as they run: standard input and output, files of the output, programs that stages made, scripts,
// programs on the PATH, copies that may be written; the same by both engines; and what is wrong said in words.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { peer, sweep } from "../rig/peer.ts";
import { Project, type ProjectFiles } from "../rig/project.ts";

const HEAD = 'import { command, out, param, pipeline, sh, source, stage, tool } from "pipelite";\n';

function pipelineOf(lines: string, more: ProjectFiles = {}): Project {
  return new Project({ "pipeline.ts": `${HEAD}${lines}\n`, ...more });
}

/** Runs it, which must pass. @returns reads a file of a result */
async function results(project: Project, options: Parameters<Project["run"]>[0] = {}) {
  const ran = await project.run({ ...options, out: join(project.folder, "result") });
  const failed = ran.events.filter((event) => event.type === "stage-finished" && event.status === "failed");
  assert.equal(ran.status, "passed", JSON.stringify(failed));
  return (...path: string[]) => readFileSync(join(project.folder, "result", ...path), "utf8");
}

/** Runs it, of which the stage `a` must fail. @returns what it logged */
async function failureOf(project: Project): Promise<string> {
  const ran = await project.run();
  assert.equal(ran.ends["a"], "failed");
  const stage = project.record().stages.find(({ name }) => name === "a");
  return [...(stage?.failure?.logTail ?? []), stage?.failure?.message].join("\n");
}

test("standard output becomes a file of the output, or the output; standard input comes from a file", async () => {
  using project = pipelineOf(
    `const data = source("data.txt");
const a = command(tool("sort"), [data], { stdout: "by name/sorted.txt" });
const b = command(tool("sort"), ["-r"], { stdin: a.file("by name/sorted.txt"), stdout: out });
const c = command(tool("sort"), ["-u", "-o", out("it's.txt"), b]);
export default pipeline({ a, b, c });`,
    { "data.txt": "b\na\nb\n" },
  );
  const read = await results(project);
  assert.equal(read("a/by name/sorted.txt"), "a\nb\nb\n");
  assert.equal(read("b"), "b\nb\na\n");
  assert.equal(read("c/it's.txt"), "a\nb\n");
  const { ends } = await project.run();
  assert.deepEqual(ends, { a: "cached", b: "cached", c: "cached" });
});

test("a command works on copies that it may write, and keeps what it leaves", async () => {
  using project = pipelineOf(
    `const a = command(tool("sort"), ["-o", "new/data.txt", "new/data.txt"], {
  copies: { "new/data.txt": source("data.txt"), tree: source("tree") }, keep: ["new", "tree/x.txt"] });
export default pipeline({ a });`,
    { "data.txt": "b\na\n", "tree/x.txt": "x" },
  );
  const read = await results(project);
  assert.equal(read("a/new/data.txt"), "a\nb\n");
  assert.equal(read("a/tree/x.txt"), "x");
});

test("very many words, and very many copies", { skip: sweep() }, async () => {
  const count = 3000;
  using project = pipelineOf(
    `const data = source("data");
const names = Array.from({ length: ${count} }, (_, index) => "part-of-a-long-list-" + index);
const a = command(tool("cat"), [...names.map((name) => data.file(name))], { stdout: out });
const b = command(tool("cat"), names, { stdout: out, copies: Object.fromEntries(names.map((name) => [name, data.file(name)])) });
export default pipeline({ a, b });`,
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`data/part-of-a-long-list-${index}`, `${index}\n`]),
    ),
  );
  const read = await results(project);
  assert.equal(read("a").split("\n").length, count + 1);
  assert.equal(read("b"), read("a"));
});

test("parameters and numbers are words; a changed one is the reason in the plan", async () => {
  using project = pipelineOf(
    `const n = param.integer({ default: 1, name: "lines" });
export default pipeline({ a: command(tool("head"), ["-n", n, source("data.txt")], { stdout: out }) });`,
    { "data.txt": "a\nb\nc\n" },
  );
  assert.equal((await results(project))("a"), "a\n");
  assert.equal((await results(project, { params: { lines: "2" } }))("a"), "a\nb\n");
  const { stages } = await project.plan({ params: { lines: "3" } });
  assert.match(stages[0]?.reason?.text ?? "", /param command: "-n 2 data.txt" -> "-n 3 data.txt"/);
});

test(
  "a program that a stage made, or that a file of the source tree is, is started",
  { skip: peer("busybox") },
  async () => {
    using project = pipelineOf(
      `const made = stage(() => import("./made.ts"), { from: source("busybox") });
const a = command(made.file("busybox"), ["echo", "from a file of a stage"], { stdout: out });
const copied = command(tool("busybox"), ["cp", source("busybox"), out("busybox")]);
const b = command(copied.file("busybox"), ["echo", "from a command"], { stdout: out });
const c = command(source("busybox"), ["echo", "from the source tree"], { stdout: out });
const d = command(made.file("script.sh"), [out], { path: [tool("busybox"), tool("sh"), tool("cat")] });
export default pipeline({ a, b, c, d });`,
      {
        "made.ts": `export default async function made({ from }) {
  return { busybox: await from.bytes(), "script.sh": '#!/bin/sh\\nset -e\\nbusybox echo "$0" | cat | busybox sed "s/.*[/]//" > "$1"\\n' };
}`,
      },
    );
    const busybox = execFileSync("sh", ["-c", "command -v busybox"], { encoding: "utf8" }).trim();
    copyFileSync(busybox, join(project.root, "busybox"));
    const read = await results(project);
    assert.equal(read("a"), "from a file of a stage\n");
    assert.equal(read("c"), "from the source tree\n");
    assert.equal(read("d"), "script.sh\n");
  },
);

test(
  "a script of the source tree brings its interpreter, and finds what it is given",
  { skip: peer("bash") },
  async () => {
    using project = pipelineOf(
      `const a = command(source("scripts").file("up.sh"), [source("data.txt"), out], { path: [tool("tr")], env: { LC_ALL: "C" } });
const b = command(source("other"), [a, out("b.txt")], { path: [tool("sort")] });
export default pipeline({ a, b });`,
      {
        "scripts/up.sh": '#!/bin/sh -e\ntr a-z A-Z < "$1" > "$2"\n',
        other: '#!/usr/bin/env -S bash -eu\n[[ $1 == /nix/store/* ]]; sort -r "$1" > "$2"\n',
        "data.txt": "a\nb\n",
      },
    );
    const read = await results(project);
    assert.equal(read("a"), "A\nB\n");
    assert.equal(read("b/b.txt"), "B\nA\n");
    project.write({ "scripts/up.sh": '#!/bin/sh\ntr a-z b-z < "$1" > "$2"\n' });
    assert.equal((await results(project))("a"), "b\nc\n");
  },
);

/** Everything that a command can be, in one pipeline. */
const all: ProjectFiles = {
  "pipeline.ts": `${HEAD}
const data = source("data.txt");
const [sort, uniq, cat] = [tool("sort"), tool("uniq"), tool("cat")];
const counted = sh\`\${sort} \${data} | \${uniq} -c | \${sort} -rn > \${out}\`;
const files = sh({ path: [cat, tool("mkdir")], env: { WHO: "it's me" }, copies: { "w/data": data }, keep: ["w", "list"] })\`
  cat \${counted} >> w/data
  for x in \${["a b", "$(id)", "'"]}; do echo "<$x> $WHO"; done > list
  mkdir w/new; echo $PATH $PWD > w/new/where
\`;
const plain = command(sort, ["-o", out, files.file("list")], { path: [cat] });
const piped = command(cat, ["-"], { stdin: data, stdout: "x.txt", path: [sort] });
const script = command(source("run.sh"), [piped.file("x.txt"), out("a.txt"), out("b.txt")], { path: [cat] });
const made = stage(() => import("./made.ts"));
const again = command(made.file("again.sh"), [data], { stdout: out, path: [cat, tool("bash")], addressing: "input" });
export default pipeline({ counted, files, plain, piped, script, again });
`,
  "data.txt": "b\na\nb\n",
  "run.sh": '#!/bin/bash\nset -e\ncat "$1" > "$2"\necho "$0" | cat > "$3"\n',
  "made.ts": "export default () => ({ 'again.sh': '#!/usr/bin/env bash\\ncat \"$1\" \"$1\"\\n' });",
};

test(
  "each sandbox and real Nix give the same paths",
  { skip: peer("nix-store", "bwrap", "unshare", "bash") },
  async () => {
    let expected: unknown;
    for (const how of [
      { sandbox: "starter" },
      { sandbox: "bubblewrap" },
      { sandbox: "unshare" },
      { engine: "nix" },
    ] as const) {
      using project = new Project(all);
      const read = await results(project, how);
      assert.equal(read("files/w/data"), `${all["data.txt"]}      2 b\n      1 a\n`);
      assert.equal(read("files/list"), "<a b> it's me\n<$(id)> it's me\n<'> it's me\n");
      assert.equal(read("files/w/new/where"), "/build/.pipelite/bin /build/.pipelite/work\n");
      assert.deepEqual(readdirSync(join(project.folder, "result/script")), ["a.txt", "b.txt"]);
      const { outputs } = await project.run(how);
      expected ??= outputs;
      assert.deepEqual(outputs, expected, JSON.stringify(how));
    }
  },
);

test(
  "the plan shows a script as it is written, and a changed value as the reason",
  { skip: peer("bash") },
  async () => {
    using project = pipelineOf(
      'export default pipeline({ a: sh`${tool("sort")} -k ${param.integer({ default: 1, name: "key" })} ${source("d.txt")} > ${out}` });',
      { "d.txt": "1 b\n2 a\n" },
    );
    await results(project);
    const { stages } = await project.plan({ params: { key: "2" } });
    assert.match(stages[0]?.reason?.text ?? "", /"sort -k 1 d.txt > \$out" -> "sort -k 2 d.txt > \$out"/);
  },
);

interface Wrong {
  name: string;
  lines: string;
  says: RegExp;
  files?: ProjectFiles;
  peers?: string[];
}

const wrong: Wrong[] = [
  {
    name: "no output",
    lines: 'const a = command(tool("sort"), [source("d")]);',
    says: /it made no output/,
  },
  {
    name: "a file of out() that was not written, with those that were",
    lines:
      'const a = command(tool("sort"), ["-o", out("x.txt"), source("d")], { env: { Y: out("y.txt") } });',
    says: /did not write 'y\.txt', which it was given by out\(\): there is x\.txt/,
  },
  {
    name: "a file to keep that was not left",
    lines: 'const a = command(tool("sort"), ["d"], { copies: { d: source("d") }, keep: ["e"] });',
    says: /left no 'e': there is d/,
  },
  {
    name: "the exit code of the program",
    lines: 'const a = command(tool("sort"), ["/nothing"], { stdout: out });',
    says: /cannot read: \/nothing[^]*exited with 2/,
  },
  {
    name: "the line of a script that failed",
    lines:
      'const a = sh`\n${tool("cat")} ${source("d")} >&2\n${tool("cat")} /nothing | ${tool("sort")} > ${out}\n`;',
    says: /line 3 ended with 1/,
    peers: ["bash"],
  },
  {
    name: "a program that is not on the PATH of a script",
    lines: "const a = sh`\ndate > ${out}\n`;",
    says: /date: not on the PATH of this script: give it with path: \[tool\("date"\)\]/,
    peers: ["bash"],
  },
  {
    name: "an interpreter that is not there",
    lines: 'const made = stage(() => import("./made.ts"));\nconst a = command(made.file("x"), [out]);',
    files: { "made.ts": "export default () => ({ x: '#!/usr/bin/env awk -f\\n' });" },
    says: /x is a script for awk: give it with `path: \[tool\("awk"\)\]`/,
  },
  {
    name: "a stage's file that is not a program",
    lines: 'const made = stage(() => import("./made.ts"));\nconst a = command(made.file("x"), [out]);',
    files: { "made.ts": "export default () => ({ x: 'text' });" },
    says: /x is no program for this machine, and no script/,
  },
  {
    name: "a stage's folder as a program",
    lines: 'const made = stage(() => import("./made.ts"));\nconst a = command(made, [out]);',
    files: { "made.ts": "export default () => ({ x: 'text' });" },
    says: /its program is not a file: in the folder there is x/,
  },
];

for (const { name, lines, says, files = {}, peers = [] } of wrong) {
  test(`said in words: ${name}`, { skip: peers.length > 0 && peer(...peers) }, async () => {
    using project = pipelineOf(`${lines}\nexport default pipeline({ a });`, { d: "x\n", ...files });
    assert.match(await failureOf(project), says);
  });
}

test(
  "a program that needs a loader of the machine says which, and what to do",
  { skip: peer("cc") },
  async () => {
    using project = pipelineOf(
      'export default pipeline({ a: command(source("bin").file("x"), [], { stdout: out }) });',
    );
    mkdirSync(join(project.root, "bin"));
    writeFileSync(
      join(project.folder, "x.c"),
      '#include <stdio.h>\nint main(void) { puts("compiled"); return 0; }',
    );
    const build = (...more: string[]) =>
      execFileSync("cc", [...more, "-o", join(project.root, "bin/x"), join(project.folder, "x.c")]);
    build();
    assert.match(
      await failureOf(project),
      /linked for the loader \/lib.*ld-linux.*: link it with -static, or run it in the environment/,
    );
    build("-static");
    assert.ok(statSync(join(project.root, "bin/x")).size > 0);
    assert.equal((await results(project))("a"), "compiled\n");
  },
);
