import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { numbersIn, singDigits, syllablesOf, wordsOf } from "../music/numeral.ts";
import { fillLine, setLine } from "../music/prosody.ts";

test("every number to 99 is found again in its words and in its digits", () => {
  for (let value = 0; value <= 99; value++) {
    assert.deepEqual(numbersIn(`Here ${wordsOf(value)}, there.`), [value], wordsOf(value));
    assert.deepEqual(numbersIn(`Here ${wordsOf(value).replace("-", " ")} there.`), [value]);
    assert.deepEqual(numbersIn(`Here ${value}, there.`), [value]);
  }
  assert.throws(() => syllablesOf(100), RangeError);
  assert.throws(() => syllablesOf(1.5), RangeError);
});

test("a part of a number's name is not that part", () => {
  assert.deepEqual(numbersIn("twenty-three of them"), [23]);
  assert.deepEqual(numbersIn("Twenty, three"), [20, 3]);
  assert.deepEqual(numbersIn("one thirteen alone, someone"), [1, 13]);
  assert.deepEqual(numbersIn("2^46 at 440.000 Hz, x2, 1,000"), [2]);
  assert.deepEqual(numbersIn("twenty"), [20]);
});

test("digits are sung one by one, in two feet", () => {
  assert.equal(singDigits("8080"), "eight oh| eight oh");
  assert.equal(singDigits("1742"), "one sev·en| four two");
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9]{3,4}$/), (digits) => {
      const feet = singDigits(digits).split("|");
      assert.equal(feet.length, 2);
      assert.equal(feet.join(" ").trim().split(/\s+/u).length, digits.length);
    }),
  );
});

test("a line is set by its feet: syllables, onsets, hyphens and the prime's name", () => {
  const line = setLine(fillLine("{prime} at the| top,", { prime: 71 }));
  assert.equal(line.text, "Seventy-one at the top,");
  assert.deepEqual(
    line.syllables.map(({ text, place, onset, namesPrime }) => [text, place, onset, namesPrime]),
    [
      ["Sev", "begin", 0, true],
      ["en", "middle", 1, true],
      ["ty", "middle", 2, true],
      ["one", "end", 3, true],
      ["at", "single", 4, false],
      ["the", "single", 5, false],
      ["top,", "single", 6, false],
    ],
  );
  const short = setLine(fillLine("Here comes {prime}, two| strong,", { prime: 11 }));
  assert.deepEqual(
    short.syllables.map(({ onset }) => onset),
    [0, 1, 2, 3, 4, 5, 6],
  );
  assert.equal(short.text, "Here comes eleven, two strong,");
});

test("a line that doesn't fit its bar is refused", () => {
  assert.throws(() => setLine("one two three four| five"), /foot "one two three four" has 4 syllables/u);
  assert.throws(() => setLine("one| two| three four five"), /3 syllables/u);
  assert.throws(() => setLine("one two"), /has 1/u);
  assert.throws(() => setLine("one| two| three| four"), /has 4/u);
  assert.throws(() => fillLine("{prim}| x", { prime: 2 }), /no such value/u);
});
