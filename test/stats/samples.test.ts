// Files as spreadsheets and instruments write them: read when there is one way to read them, else the message names the flag.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { isPipeliteError } from "#base/errors.ts";
import { DELIMITERS, type Delimiter } from "#stats/delimited.ts";
import { readSamples, type SampleRequest } from "#stats/samples.ts";
import { createRig } from "../cli/rig.ts";
import { normals } from "./rig.ts";
import { sweep } from "../rig/peer.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

function utf16(text: string, { big = false, mark = true } = {}): Uint8Array {
  const bytes = Buffer.from(mark ? `\uFEFF${text}` : text, "utf16le");
  return big ? bytes.swap16() : bytes;
}

function read(bytes: Uint8Array, request: Partial<SampleRequest> = {}) {
  const { groups, reading } = readSamples(bytes, { name: "v.csv", column: "Länge", ...request });
  return { values: groups.flat(), ...reading };
}

const refused = (bytes: Uint8Array, problem: RegExp, request: Partial<SampleRequest> = {}) =>
  assert.throws(
    () => read(bytes, request),
    (error) => isPipeliteError(error, "SAMPLES_INVALID") && problem.test(error.message),
  );

const GERMAN = "Tag;Länge\r\n1;1,5\r\n2;-0,25\r\n3;12\r\n";

test("semicolons and decimal commas are seen, and said", () => {
  assert.deepEqual(read(utf8(GERMAN)), {
    values: [1.5, -0.25, 12],
    format: "csv",
    delimiter: "semicolon",
    decimal: "comma",
    encoding: "utf-8",
  });
  assert.deepEqual(read(utf8(`sep=;\r\n${GERMAN}`)).values, [1.5, -0.25, 12]);
  assert.deepEqual(read(utf8('"Länge"\n"1,5"\n"2,25"\n')).values, [1.5, 2.25]);
  assert.equal(read(utf8("Tag,Länge\n1,1.5\n")).delimiter, "comma");
  assert.equal(read(utf8("Tag\tLänge\n1\t1.5\n")).delimiter, "tab");
  assert.equal(read(utf8("a,b;c\tLänge\n1,2;3\t1.5\n")).delimiter, "tab");
});

test("UTF-16 and marks of byte order are seen; Latin-1 is asked for", () => {
  for (const bytes of [
    utf16(GERMAN),
    utf16(GERMAN, { big: true }),
    utf16(GERMAN, { mark: false }),
    utf16(GERMAN, { big: true, mark: false }),
    utf8(`\uFEFF${GERMAN}`),
  ])
    assert.deepEqual(read(bytes).values, [1.5, -0.25, 12]);
  const latin1 = Buffer.from(GERMAN, "latin1");
  refused(latin1, /it is no UTF-8: name its encoding by --encoding/);
  assert.deepEqual(read(latin1, { encoding: "latin1" }).values, [1.5, -0.25, 12]);
  refused(utf8("Länge\n1\n\0\n"), /NUL characters/);
  refused(utf16(GERMAN).subarray(0, 31), /it is no UTF-16LE/);
});

test("what may be read in two ways is not guessed", () => {
  refused(utf8("Tag;Länge\n1;1,500\n2;2,250\n"), /line 2: 'Länge' may have a decimal comma .*--decimal/);
  refused(
    utf8("Tag;Länge\n1;1,5\n2;2.5\n"),
    /line 2: 'Länge' has a comma where others have a point.*--decimal/,
  );
  refused(utf8("Länge\n1,5\n2,25\n"), /line 2: it has 2 fields.*--delimiter tab --decimal comma/);
  refused(utf8("Länge,a;Länge\n1,2;3\n"), /more than one sign: name it by --delimiter/);
  const thousands = utf8("Tag;Länge\n1;1,500\n2;2,250\n");
  assert.deepEqual(read(thousands, { decimal: "comma" }).values, [1.5, 2.25]);
  refused(thousands, /'Länge' is not a number: "1,500"/, { decimal: "point" });
  refused(utf8("Tag;Länge\n1;1.500\n"), /'Länge' is not a number/, { decimal: "comma" });
  assert.deepEqual(read(utf8("Länge\n1,5\n"), { delimiter: "tab", decimal: "comma" }).values, [1.5]);
});

test("there is one zero, and no number beyond the range of numbers", () => {
  const { values } = read(utf8('[{"Länge":-0},{"Länge":"-0.0"},{"Länge":-1e-400}]'), { name: "v.json" });
  assert.ok(values.every((value) => Object.is(value, 0)));
  refused(utf8('[{"Länge":1e400}]'), /element 1: 'Länge' is not a number: out of range/, { name: "v.json" });
});

test("whatever the delimiter and the decimal sign, what was written is read", () => {
  const delimiters = Object.keys(DELIMITERS) as Delimiter[];
  const value = fc.tuple(fc.integer({ min: -9999, max: 9999 }), fc.integer({ min: 10, max: 99 }));
  fc.assert(
    fc.property(
      fc.constantFrom(...delimiters),
      fc.constantFrom(".", ","),
      fc.array(value, { minLength: 1, maxLength: 30 }),
      (delimiter, sign, rows) => {
        const texts = rows.map(([whole, part]) => `${whole}${sign}${part}`);
        const cell = (text: string) => (sign === DELIMITERS[delimiter] ? `"${text}"` : text);
        const lines = texts.map((text, index) => `${index}${DELIMITERS[delimiter]}${cell(text)}`);
        const bytes = utf8([`Tag${DELIMITERS[delimiter]}Länge`, ...lines].join("\n"));
        const { values, ...reading } = read(bytes);
        assert.deepEqual(
          values,
          texts.map((text) => Number(text.replace(",", ".")) + 0),
        );
        assert.deepEqual([reading.delimiter, reading.decimal], [delimiter, sign === "." ? "point" : "comma"]);
      },
    ),
  );
});

test("130,000 values are judged", { skip: sweep() }, async () => {
  using rig = createRig();
  writeFileSync(join(rig.folder, "m.csv"), `x\n${normals(7, 130_000, 10, 0.2).join("\n")}\n`);
  const words = ["m.csv", "-c", "x", "--lsl", "9", "--usl", "11", "--json", "--picture", "m.svg"];
  const { code, stdout, stderr } = await rig("capability", ...words);
  assert.equal(code, 0, stderr);
  const { cpk, n } = JSON.parse(stdout) as { cpk: number; n: number };
  assert.ok(n === 130_000 && Math.abs(cpk - 1 / 0.6) < 0.02, String(cpk));
});

test("a page of charts does not take the place of the values that it is of", async () => {
  using rig = createRig();
  const file = join(rig.folder, "v.csv");
  writeFileSync(file, "x\n1\n2\n");
  symlinkSync("v.csv", join(rig.folder, "same.csv"));
  for (const [read, written] of [
    ["v.csv", "v.csv"],
    ["same.csv", "v.csv"],
  ] as const) {
    const { code, stderr } = await rig("capability", read, "--picture", written, "-c", "x", "--lsl", "0");
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^error: Cannot use 'v\.csv' for --picture: it is a file that this command reads/);
    assert.equal(readFileSync(file, "utf8"), "x\n1\n2\n");
  }
});

test("the name of a column moves no cursor", async () => {
  using rig = createRig();
  writeFileSync(join(rig.folder, "v.csv"), "a\u001b[2K\u202eb,c\n1,2\n2,3\n4,5\n");
  const { stdout } = await rig("capability", "v.csv", "-c", "a\u001b[2K\u202eb", "--usl", "9");
  assert.match(stdout, /^ab: 3 values/);
});

test("a limit is a decimal number, as a value is", async () => {
  using rig = createRig();
  writeFileSync(join(rig.folder, "v.csv"), "x\n1\n2\n");
  for (const text of ["0x5", "0b1", "1e400", "NaN", "Infinity", "", " ", "1_0"]) {
    const { code, stderr } = await rig("capability", "v.csv", "-c", "x", "--usl", text);
    assert.equal(code, 2, text);
    assert.match(stderr, /for --usl: it must be a number/);
  }
});

test("a file that can't be used ends with 2 and its name, and so does one that can't be written", async () => {
  using rig = createRig();
  mkdirSync(join(rig.folder, "folder"));
  writeFileSync(join(rig.folder, "v.csv"), "x\n1\n2\n");
  const long = "n".repeat(300);
  const cases: [word: string, ...words: string[]][] = [
    ["nofile.csv", "nofile.csv"],
    ["folder", "folder"],
    ["v.csv/w", "v.csv/w"],
    [long, long],
    ["folder", "v.csv", "--picture", "folder"],
    [`${long}.svg`, "v.csv", `--picture=${long}.svg`],
  ];
  for (const [name, ...words] of cases) {
    const { code, stderr } = await rig("capability", ...words, "-c", "x", "--lsl", "0");
    assert.equal(code, 2, `${words.join(" ")}: ${stderr}`);
    assert.ok(stderr.startsWith(`error: Cannot use ${name}: `), stderr);
  }
});

test("a file may have very many columns: they are compared in linear time, and the message names a few", () => {
  const names = Array.from({ length: 130_000 }, (_, index) => `c${index}`);
  const text = `${names.join(",")}\n${names.map(() => "1").join(",")}\n`;
  const before = process.cpuUsage();
  assert.deepEqual(read(utf8(text), { column: "c129999" }).values, [1]);
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 8e6, `${(user + system) / 1e6} s; pairs of names took minutes`);
  refused(utf8(text), /there is no 'zz' \(there are: c0, .*, c19 and 129980 more\)$/, { column: "zz" });
});
