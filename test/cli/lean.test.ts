// `pipelite lean check` as a stranger uses it: what it prints for people and for programs, what it ends with, and what it
// says to files that are no exports. Whether the kernel is right is the matter of test/lean.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { EXIT } from "#base/errors.ts";
import { arithmetic, Nat, start, zero } from "../lean/prelude.ts";
import { ap, c, eq, lam, nat, pi, refl, v, type Export } from "#lean/source/terms.ts";
import { createRig, type Ended, type Rig, type RigOptions } from "./rig.ts";
import { sweep } from "../rig/peer.ts";

const False = c("False");

function sound(): Export {
  const e = arithmetic(start("False", "Eq", "Nat"));
  const binders = [["n", Nat]] as const;
  const statement = pi(binders, eq(1, Nat, ap(c("Nat.add"), v("n"), zero), v("n")));
  e.thm("add_zero", statement, lam(binders, refl(1, Nat, v("n"))));
  e.thm("sum", eq(1, Nat, ap(c("Nat.add"), nat(20), nat(22)), nat(42)), refl(1, Nat, nat(42)));
  return e;
}

/** A proof of False by an axiom of this name. */
const falseBy = (axiom: string): Export => sound().axiom(axiom, False).thm("bad", False, c(axiom));

function put(rig: Rig, content: string | Uint8Array): string {
  writeFileSync(join(rig.folder, "x.ndjson"), content);
  return "x.ndjson";
}

async function check(e: Export, options: RigOptions = {}, ...words: string[]): Promise<Ended> {
  using rig = createRig();
  return await rig.with(options, "lean", "check", put(rig, e.text()), ...words);
}

interface Theorem {
  name: string;
  statement?: string;
  axioms: string[];
  status: string;
  line: number;
}

interface Document {
  status: string;
  problem: { kind: string; reason: string; line: number; declaration: string | null } | null;
  theorems: Theorem[];
  missing: string[];
  allowedAxioms: string[];
  meta: { formatVersion: string } | null;
}

/** The lines of --json put together. */
function documentOf(stdout: string): Document {
  const lines = stdout.trimEnd().split("\n");
  const values = lines.map((line) => JSON.parse(line) as Partial<Document> & { theorem?: Theorem });
  const [first] = values;
  assert.deepEqual(first, { ...first, schema: "pipelite/lean-check", version: 1 });
  const theorems = values.flatMap(({ theorem }) => theorem ?? []);
  return Object.assign({}, first, values.at(-1), { theorems }) as Document;
}

const ACCEPTED = `\
checked   add_zero
checked   sum

accepted: 2 theorems; none rests on an axiom
declared: 2 theorems, 5 definitions, 3 inductive types, 3 constructors, 3 recursors
computed directly: Nat.add, Nat.sub, Nat.mul, Nat.pow
export: LINES lines, format 3.1.0 of test 1, Lean 4.29.0
`;

test("an accepted export: each theorem on a line, then the verdict and what was looked at", async () => {
  const { code, stdout, stderr } = await check(sound());
  assert.equal(code, EXIT.ok);
  assert.equal(stderr, "");
  assert.equal(stdout.replace(/\d+ lines/, "LINES lines"), ACCEPTED);
});

test("--print NAME prints a statement, and ends with 2 for what the export does not have", async () => {
  const { code, stdout } = await check(sound(), {}, "--print", "sum");
  assert.equal(code, EXIT.ok);
  assert.match(stdout, /^checked {3}add_zero\nchecked {3}sum : 20 \+ 22 = 42\n/);
  const other = await check(sound(), {}, "--print", "sum", "--print", "__proto__");
  assert.equal(other.code, EXIT.usage);
  assert.match(other.stdout, /^not found: __proto__ is not a theorem or axiom of the export$/m);
  const { theorems, missing } = documentOf(
    (await check(sound(), {}, "--json", "--print", "sum", "--print", "x")).stdout,
  );
  assert.deepEqual(
    theorems.map(({ statement }) => statement),
    [undefined, "20 + 22 = 42"],
  );
  assert.deepEqual(missing, ["x"]);
});

test("--axioms lists what each theorem rests on", async () => {
  const e = sound().axiom("mine", False).thm("bad", False, c("mine"));
  const words = ["--allow-axiom", "mine"];
  assert.match((await check(e, {}, ...words)).stdout, /^checked {3}bad$/m);
  assert.match((await check(e, {}, ...words, "--axioms")).stdout, /^checked {3}bad {2}\[axioms: mine\]$/m);
});

test("what is said does not depend on how many threads judge", { skip: sweep() }, async () => {
  const wrong = sound().thm("wrong", eq(1, Nat, nat(2), nat(3)), refl(1, Nat, nat(2)));
  for (const e of [sound(), wrong.thm("never", False, c("nothing")), falseBy("mine")]) {
    for (const words of [[], ["--json"], ["--axioms", "--print", "sum"]]) {
      const one = await check(e, {}, ...words);
      const three = await check(e, {}, ...words, "--jobs", "3");
      assert.deepEqual([three.code, three.stdout, three.stderr], [one.code, one.stdout, one.stderr]);
    }
  }
  const cut = sound().text().slice(0, -20);
  using rig = createRig();
  const one = await rig("lean", "check", put(rig, cut));
  assert.equal((await rig("lean", "check", "x.ndjson", "--jobs", "2")).stdout, one.stdout);
});

test("a limit of time, work or memory ends with 4, and says nothing of the proof", async () => {
  const deep = sound();
  const many = ap(
    c("Nat.rec", 1),
    lam([["_", Nat]], Nat),
    zero,
    lam(
      [
        ["_", Nat],
        ["ih", Nat],
      ],
      v("ih"),
    ),
    nat(10 ** 9),
  );
  deep.thm("slow", eq(1, Nat, many, zero), refl(1, Nat, zero));
  for (const words of [
    ["--time", "0.3s"],
    ["--work", "100000"],
    ["--memory", "300K"],
  ]) {
    const { code, stdout } = await check(deep, {}, ...words);
    assert.equal(code, EXIT.unavailable, stdout);
    assert.match(stdout, /^gave up: resource-limit at line \d+, in \w+\n {4}Cannot check within /m);
    // A busy machine may get no further than what stands before it.
    if (words[0] === "--time") continue;
    assert.match(stdout, /, in slow$/m);
    const two = await check(deep, {}, ...words, "--jobs", "2");
    assert.deepEqual([two.code, two.stdout], [code, stdout]);
  }
});

test("--json is a line for each theorem, with axioms and status, and one for the verdict", async () => {
  const e = sound();
  const { code, stdout } = await check(e, {}, "--json");
  assert.equal(code, EXIT.ok);
  const { status, problem, theorems, allowedAxioms, meta } = documentOf(stdout);
  assert.deepEqual([status, problem, meta?.formatVersion], ["accepted", null, "3.1.0"]);
  assert.deepEqual(allowedAxioms, ["propext", "Classical.choice", "Quot.sound"]);
  assert.deepEqual(
    theorems.map(({ name, axioms, status: each }) => [name, axioms, each]),
    [
      ["add_zero", [], "checked"],
      ["sum", [], "checked"],
    ],
  );
  assert.equal(theorems[1]?.line, e.records.length);
});

test("a rejection has its place, its reason and a kind word, and ends with 3", async () => {
  const e = sound().thm("wrong", eq(1, Nat, nat(2), nat(3)), refl(1, Nat, nat(2)));
  const { code, stdout } = await check(e);
  assert.equal(code, EXIT.verification);
  const place = `\nrejected: type-mismatch at line ${e.records.length}, in wrong\n    Cannot declare wrong: `;
  assert.ok(stdout.includes(place), stdout);
  assert.match(stdout, /^checked before that: 2 theorems; what follows was not looked at$/m);
  const quiet = await check(e, {}, "--quiet");
  assert.match(quiet.stdout, /^rejected: type-mismatch .*\n {4}Cannot declare wrong: .*\n$/);
  const { problem } = documentOf((await check(e, {}, "--json")).stdout);
  assert.deepEqual(
    [problem?.kind, problem?.reason, problem?.line, problem?.declaration],
    ["rejected", "type-mismatch", e.records.length, "wrong"],
  );
});

test("sorryAx is never allowed unless it is asked for, and then the verdict says so", async () => {
  const { code, stdout } = await check(falseBy("sorryAx"));
  assert.equal(code, EXIT.verification);
  assert.match(stdout, /^rejected {2}bad {2}\[axioms: sorryAx\]$/m);
  assert.match(stdout, /^rejected: axiom-not-allowed at line \d+, in bad$/m);
  assert.match(stdout, /^hint: a sorry stands where a proof should be$/m);
  assert.match(stdout, /^axioms: sorryAx \(not allowed\)$/m);
  const granted = await check(falseBy("sorryAx"), {}, "--allow-axiom", "sorryAx");
  assert.equal(granted.code, EXIT.ok);
  assert.match(granted.stdout, /^accepted: 3 theorems; they rest on sorryAx \(1\)$/m);
  assert.match(granted.stdout, /^taken for granted: sorryAx$/m);
  assert.match(
    (await check(falseBy("mine"))).stdout,
    /^hint: --allow-axiom NAME takes an axiom for granted$/m,
  );
  const several = await check(falseBy("mine"), {}, "--allow-axiom", "other", "--allow-axiom", "mine");
  assert.equal(several.code, EXIT.ok);
});

test("a file that cannot be read, or is compressed, ends with 2 and says what it is", async () => {
  using rig = createRig();
  const refused = async (file: string): Promise<string> => {
    const { code, stdout, stderr } = await rig("lean", "check", file);
    assert.equal(code, EXIT.usage, file);
    assert.equal(stdout, "");
    return stderr;
  };
  assert.equal(
    await refused("nowhere"),
    "error: Cannot read the export nowhere: no such file or directory\n",
  );
  mkdirSync(join(rig.folder, "folder"));
  assert.equal(await refused("folder"), "error: Cannot read the export folder: it is a folder\n");
  const packed = put(rig, gzipSync(sound().text()));
  assert.equal(
    await refused(packed),
    "error: Cannot read the export x.ndjson: it is compressed by gzip\n" +
      "hint: `gzip -dc x.ndjson | pipelite lean check -`\n",
  );
  const { stdout } = await rig("lean", "check", packed, "--json");
  assert.match(stdout, /"code":"LEAN_EXPORT_COMPRESSED"/);
  assert.match((await rig("lean", "check", "nowhere", "--json")).stdout, /"code":"LEAN_EXPORT_UNREADABLE"/);
  const misspelled = await rig("lean", "check", packed, "--alow-axiom", "x");
  assert.match(misspelled.stderr, /^hint: Did you mean --allow-axiom\?$/m);
  assert.equal((await rig("lean", "check")).code, EXIT.usage);
  assert.equal((await rig("lean", "check", packed, "--allow-axiom", "")).code, EXIT.usage);
});

test("what is no export is malformed, with the line, and ends with 2", async () => {
  using rig = createRig();
  const first = async (content: string | Uint8Array): Promise<string> => {
    const { code, stdout } = await rig("lean", "check", put(rig, content));
    assert.equal(code, EXIT.usage);
    return stdout.split("\n")[0] ?? "";
  };
  const text = sound().text();
  const lines = text.split("\n").length - 1;
  assert.equal(await first(""), "malformed: not-an-export at line 1");
  assert.equal(await first("theorem x : 1 = 1 := rfl\n"), "malformed: not-json at line 1");
  assert.equal(await first(Uint8Array.of(0x7f, 0x45, 0xff, 0xfe)), "malformed: not-utf8 at line 1");
  const cut = (await rig("lean", "check", put(rig, text.slice(0, -20)))).stdout;
  assert.match(cut, new RegExp(`^malformed: not-json at line ${lines}$`, "m"));
  const old = await rig("lean", "check", put(rig, text.replace("3.1.0", "2.0.0")));
  assert.match(old.stdout, /^malformed: format-version at line 1\n.*\nhint: export it with a lean4export/);
  assert.equal(
    await first(`${text.split("\n")[0]}\n${"x".repeat(3_000_000)}`),
    "malformed: not-json at line 2",
  );
});

test("an export that does not fit into the memory allowed is given up", async () => {
  using rig = createRig();
  const lines = [sound().text(), '{"sort":0,"ie":1000000}\n'];
  for (let i = 1; i <= 60_000; i++) {
    const fields = `{"name":1,"type":${999_999 + i},"body":1000000,"binderInfo":"default"}`;
    lines.push(`{"forallE":${fields},"ie":${1_000_000 + i}}\n`);
  }
  const { code, stdout } = await rig("lean", "check", put(rig, lines.join("")), "--memory", "3M");
  assert.equal(code, EXIT.unavailable);
  assert.match(stdout, /^gave up: resource-limit at line \d+\n {4}Cannot check within the memory allowed$/m);
});

test("- reads from stdin", async () => {
  using rig = createRig();
  const { code, stdout } = await rig.with({ stdin: Buffer.from(sound().text()) }, "lean", "check", "-");
  assert.equal(code, EXIT.ok);
  assert.match(stdout, /^accepted: 2 theorems/m);
});

test("the group `lean` has help, and the shell completes it", async () => {
  using rig = createRig();
  assert.match((await rig("lean")).stdout, /^Check proofs of Lean 4, without Lean\n[^]*\n {2}check {2}/);
  assert.match((await rig("help", "lean", "check")).stdout, /--allow-axiom NAME .*\(may be repeated\)/);
  assert.match((await rig("__complete", "le")).stdout, /^lean\t/);
  assert.match((await rig("__complete", "lean", "")).stdout, /^check\t/m);
  assert.match((await rig("__complete", "lean", "check", "--al")).stdout, /^--allow-axiom\t/);
});
