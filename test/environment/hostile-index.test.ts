// An index of packages that somebody with a key made to be costly: choosing from it ends, and says why.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { solve } from "#environment/debian/solver.ts";
import { Universe } from "#environment/debian/universe.ts";

const stanza = (name: string, fields: string[] = []): string =>
  [`Package: ${name}`, "Version: 1", "Architecture: all", ...fields, ""].join("\n");

const listOf = <T>(length: number, at: (index: number) => T): T[] => Array.from({ length }, (_, i) => at(i));

function choose(stanzas: string[], name: string): string[] {
  const universe = new Universe([{ text: stanzas.join("\n"), archive: "own" }], "amd64");
  return solve(universe, [name]).packages.map((each) => each.name);
}

function refusalOf(stanzas: string[], name: string): string {
  let message = "";
  assert.throws(
    () => choose(stanzas, name),
    (error) => {
      assert.ok(isPipeliteError(error), String(error));
      message = `${error.message} ${error.hint ?? ""}`;
      return true;
    },
  );
  assert.ok(message.length < 2000, `${message.length} characters`);
  return message;
}

const row = (length: number): string[] => [
  ...listOf(length, (i) => stanza(`p${i}`, [`Depends: p${i + 1}`])),
  stanza(`p${length}`),
];

test("a row of packages that need each other is followed so far as no archive goes, and no further", () => {
  const packages = choose(row(1000), "p0");
  assert.deepEqual(
    packages,
    listOf(1001, (i) => `p${1000 - i}`),
  );
  assert.match(refusalOf(row(1001), "p0"), /more than 1000 packages need each other/);
  assert.match(refusalOf(row(100_000), "p0"), /more than 1000 packages need each other/);
});

test("a row that only the order of packages shows is put in order, however long it is", () => {
  // When each is chosen, what it needs is there by another name; in the end the first of its names is there, too.
  const all = listOf(20_000, (i) => stanza(`p${i}`, [`Depends: p${i + 1} | other`]));
  const top = stanza("top", [`Depends: other, ${listOf(20_000, (i) => `p${i}`).join(", ")}`]);
  const packages = choose([...all, stanza("other"), top], "top");
  assert.deepEqual(packages.slice(0, 3), ["other", "p19999", "p19998"]);
  assert.equal(packages.length, 20_002);
});

test("packages that need each other in a circle are chosen", () => {
  const circle = listOf(900, (i) => stanza(`p${i}`, [`Pre-Depends: p${(i + 1) % 900}`]));
  assert.equal(choose(circle, "p0").length, 900);
});

test("choices that all fail in the end are not tried in every combination", () => {
  const choices = (length: number): string[] => [
    ...listOf(length, (i) =>
      ["a", "b"].map((each) => stanza(`${each}${i}`, [`Depends: a${i + 1} | b${i + 1}`])),
    ).flat(),
    ...["a", "b"].map((each) => stanza(`${each}${length}`, ["Depends: nowhere"])),
  ];
  assert.match(refusalOf(choices(8), "a0"), /a8 needs nowhere/);
  assert.match(refusalOf(choices(200), "a0"), /more choices open than are tried/);
});

test("names, versions and lists of any length cost what they are long, and are not shown whole", () => {
  const many = listOf(10_000, (i) => `v${i}`).join(", ");
  assert.deepEqual(choose([stanza("p", [`Provides: ${many}`, `Depends: ${many}`])], "p"), ["p"]);
  assert.deepEqual(
    choose(
      listOf(100_000, () => stanza("p")),
      "p",
    ),
    ["p"],
  );
  assert.match(
    refusalOf(
      listOf(20_000, (i) => stanza(`p${i}`, ["Provides: v"])),
      "v",
    ),
    /p0, .* and 19990 others/,
  );
  const long = "1".repeat(1_000_000);
  assert.match(refusalOf([stanza("p", [`Depends: a (>= ${long})`])], "p"), /needs a \(>= 1+\.\.\.,/);
  const bars = listOf(100_000, (i) => `x${i}`).join(" | ");
  assert.match(refusalOf([stanza("p", [`Depends: ${bars}`])], "p"), /needs x0 or x1/);
  assert.match(
    refusalOf([stanza("p", [`Depends: ${"=".repeat(1_000_000)}`])], "p"),
    /Cannot read the relation '=+\.\.\.'/,
  );
  const foes = listOf(900, (i) =>
    stanza(`p${i}`, [`Conflicts: ${listOf(200, (j) => `x${i}-${j}`).join(", ")}`, `Depends: p${i + 1}`]),
  );
  assert.equal(choose([...foes, stanza("p900")], "p0").length, 901);
  assert.match(
    refusalOf([...foes, stanza("p900", ["Provides: x0-3"])], "p0"),
    /p900 and p0 exclude each other/,
  );
});
