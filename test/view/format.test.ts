import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { cleanLine, cleanLines, cutToWidth, displayWidth, formatList, shortHash } from "#view/format.ts";
import { cleanPainted, createPaint, plainLine, renderLine, span, wantsColor, wrapLine } from "#view/paint.ts";

// Every character from NUL past the bidirectional controls; fast-check's own "binary" unit takes a second to set up.
const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0x2fff }).map((code) => String.fromCodePoint(code)),
});

test("short forms keep what tells things apart", () => {
  assert.equal(shortHash("sha256:1b8m03r63zqhnjf7l5wnldhh7c134ap5"), "1b8m03r63zqh");
  assert.equal(shortHash("sha256-LPJNul+wow4m6Dsqxbninhs="), "LPJNul+wow4m");
  assert.equal(formatList(["a", "b", "c"]), "a, b and c");
  assert.equal(formatList(["a", "b", "c", "d"], { limit: 2 }), "a, b and 2 more");
  assert.equal(formatList(["a"]), "a");
});

test("cleanLine() leaves nothing that moves the cursor, colours, or turns the reading order", () => {
  assert.equal(cleanLine("\u001b[31mred\u001b[0m\ttab\u0007\n"), "red    tab");
  assert.equal(cleanLine("10%\r20%\r30%"), "30%");
  assert.equal(cleanLine("safe\u202egnp.exe"), "safegnp.exe");
  assert.equal(cleanLine("a\u061cb\u200bc\ufeffd\u2060e"), "abcde");
  assert.equal(cleanLines("a\u001b[2J\nb\u009b1m\u2066"), "a\nb");
  fc.assert(
    fc.property(anyText, (text) => {
      assert.doesNotMatch(cleanLine(text), /\p{Cc}/u);
    }),
  );
});

test("cutToWidth() never exceeds the width and keeps text that fits", () => {
  assert.equal(displayWidth("日本e\u0301"), 5);
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.nat(40), (text, width) => {
      const cut = cutToWidth(cleanLine(text), width);
      assert.ok(displayWidth(cut) <= width);
      if (displayWidth(cleanLine(text)) <= width) assert.equal(cut, cleanLine(text));
    }),
  );
});

test("renderLine() cuts over the spans of a line and closes every colour", () => {
  const hostile = [span("1 pa\u001b[2Kssed"), span("\u202e\u0085 x\r", "bad")];
  assert.equal(renderLine(hostile, createPaint(false)), "1 passed x");
  const line = [span("proof  ", "name"), span("built", "good"), span(" in a very long time")];
  assert.equal(renderLine(line, createPaint(false), 15), "proof  built...");
  const painted = renderLine(line, createPaint(true), 10);
  assert.equal(painted, "\u001b[1mproof  \u001b[22m\u001b[32m...\u001b[39m");
});

test("cleanPainted() leaves colours and nothing else that a terminal obeys", () => {
  const paint = createPaint(true);
  const painted = `${paint("a", "failure")}\n${paint("b", "faint")}`;
  assert.equal(cleanPainted(painted), painted);
  const hostile = "\u001b[8mhidden\u001b[0m\u001b]0;title\u0007\u001b[2J\u202e\u009b1m";
  assert.equal(cleanPainted(paint(hostile, "name")), paint("hidden", "name"));
});

test("wrapLine() breaks at spaces, indents what follows and loses no word", () => {
  const line = [span("failed: ", "bad"), span("0 built, 1 cached and a few more words")];
  const lines = wrapLine(line, 20, 4).map((part) => renderLine(part, createPaint(false)));
  assert.deepEqual(lines, ["failed: 0 built, 1", "    cached and a few", "    more words"]);
  assert.deepEqual(wrapLine(plainLine("a".repeat(30)), 20, 4).length, 1);
});

test("wantsColor() obeys the user's word before the terminal", () => {
  const stream = process.stderr;
  assert.equal(wantsColor("always", stream), true);
  assert.equal(wantsColor("never", stream), false);
});
