// Types of a pipeline.ts become blanks without a compiler: as Node does it, or not at all.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { Script } from "node:vm";
import { array, assert as holds, constantFrom, property } from "fast-check";
import { eraseTypes } from "#compile/erase-types.ts";
import { inputs } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const root = join(import.meta.dirname, "../..");

const ERASED = [
  "const a = 1 / 2 / b[0] / c;",
  "const made: ReturnType<typeof command>[] = [];",
  "let a: string | A.B<C, D[]> & E = x, b = 2; var c:number=3;",
  'const text = `${a ? `<${"}"}` : {}}` + "const a: A = <B>c" + \'//\';',
  "for (let i = 0; i < 10; i += 1) if (i < n && n < i) f(i);",
  "// const a: A = 1\nconst b = { const: 1, type: 2 }.type; /* a as b */",
  "x => x >= 1 ? [y, ...z] : { a: 1 };",
];

test("types of what is declared are blanks, as Node makes them", () => {
  for (const text of ERASED) assert.equal(eraseTypes(text), stripTypeScriptTypes(text), text);
});

const LEFT = [
  "f(a < b, c > (d));",
  "f<A>(b);",
  "new A<B>();",
  "const a = <T>(b) => b;",
  "const a = b as c;",
  "type A = 1;",
  "type\nA = 1;",
  "interface A {}",
  "const a = b satisfies C;",
  "const a: (b) => c = d;",
  "const a: { b: c } = d;",
  "const a: A<B>= c;",
  "const a:\n  A = b;",
  "const a: É = b;",
  "const a: = b;",
  "const a: A B = c;",
  "const a: typeof = b;",
  "const a: public = b;",
  "let a: A;",
  "const a = /b: c/;",
  "if (a) /b/.test(c);",
  "return / b /;",
  "a << b;",
  "a @ b;",
  "`${a",
  '"a',
];

test("what may be something else in TypeScript is left to Node", () => {
  for (const text of LEFT) assert.equal(eraseTypes(text), undefined, text);
});

test("the pipelines there are come out as Node has them, the examples without Node", () => {
  const files = globSync("{examples,test/everyday}/**/pipeline.ts", { cwd: root });
  assert.ok(files.length > 10);
  for (const file of files) {
    const text = readFileSync(join(root, file), "utf8");
    const erased = eraseTypes(text);
    if (file.startsWith("examples")) assert.notEqual(erased, undefined, file);
    if (erased !== undefined) assert.equal(erased, stripTypeScriptTypes(text), file);
  }
});

/** What a reader of words might take for something else. */
const PIECES =
  "a b A 1 'c' `d` `${ } < > ( ) [ ] { : = => ? , ; . / * + ! && | & const let type as is of in new typeof async public #e".split(
    " ",
  );

test("whatever is JavaScript afterwards is what Node makes of it, or Node refuses it", () => {
  let same = 0;
  holds(
    property(
      array(constantFrom(...PIECES, ...ERASED, "\n", " "), { minLength: 1, maxLength: 8 }),
      (pieces) => {
        const text = pieces.join(pieces.length % 2 === 0 ? " " : "");
        const erased = eraseTypes(text);
        if (erased === undefined || !isScript(erased)) return;
        const byNode = strippedByNode(text);
        if (byNode !== undefined) assert.equal(erased, byNode);
        same += 1;
      },
    ),
    { numRuns: inputs(20_000) },
  );
  assert.ok(same > 0);
});

function isScript(text: string): boolean {
  try {
    return new Script(`"use strict"; ${text}`) instanceof Script;
  } catch {
    return false;
  }
}

function strippedByNode(text: string): string | undefined {
  try {
    return stripTypeScriptTypes(text);
  } catch {
    return undefined;
  }
}

const stages = { "a.ts": "export default () => ({ 'x.json': {} });\n" };
const HEAD = 'import { pipeline, stage } from "pipelite";\n';
const TAIL = 'export default pipeline({ a: stage(() => import("./a.ts")) });\n';

async function namesOf(middle: string): Promise<string[]> {
  using project = new Project({ ...stages, "pipeline.ts": `${HEAD}${middle}\n${TAIL}` });
  return (await project.plan()).stages.map(({ name }) => name);
}

test("a pipeline with types anywhere is loaded, by Node where it takes that", async () => {
  assert.deepEqual(await namesOf("const numbers: Array<number> = [1];"), ["a"]);
  assert.deepEqual(await namesOf("const twice = (n: number): number => 2 * n; twice(1);"), ["a"]);
  assert.deepEqual(await namesOf("interface A { b: number } const a = { b: 1 } as const satisfies A;"), [
    "a",
  ]);
});

test("a pipeline that throws a SyntaxError itself runs once", async () => {
  const count = "globalThis.began = (globalThis.began ?? 0) + 1;";
  await assert.rejects(namesOf(`${count}\nJSON.parse("{");`), { code: "PIPELINE_FAILED" });
  assert.equal((globalThis as { began?: number }).began, 1);
});

test("a place behind a type is the one in the file", async () => {
  await assert.rejects(namesOf('const a: Array<string> = []; throw new Error("no");'), {
    code: "PIPELINE_FAILED",
    message: /pipeline\.ts:2:36/,
  });
});
