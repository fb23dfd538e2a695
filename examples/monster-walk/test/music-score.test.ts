import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { rememberAccidentals } from "../music/accidentals.ts";
import { engraveScore } from "../music/engrave.ts";
import { headingOf, writeMusicXml } from "../music/musicxml.ts";
import { splitAtFeet } from "../music/musicxml-notes.ts";
import { escapeXml } from "../music/xml.ts";
import { peer } from "../../../test/rig/peer.ts";
import { song } from "./music-matter.ts";

const score = writeMusicXml(song);

function values(text: string, name: string): string[] {
  return [...text.matchAll(new RegExp(`<${name}(?: [^>]*)?>([^<]*)</${name}>`, "gu"))].map(
    (match) => match[1] ?? "",
  );
}

test("every measure adds up to eight quavers", () => {
  const measures = score.split("<measure ").slice(1);
  assert.equal(measures.length, 20);
  for (const [index, measure] of measures.entries()) {
    const sum = values(measure, "duration").reduce((total, duration) => total + Number(duration), 0);
    assert.equal(sum, 8, `measure ${index + 1}`);
  }
});

test("durations agree with note types and dots", () => {
  const quavers: Record<string, number> = { eighth: 1, quarter: 2, half: 4, whole: 8 };
  for (const note of score.split("<note>").slice(1)) {
    const body = note.slice(0, note.indexOf("</note>"));
    const dots = body.split("<dot/>").length - 1;
    const type = quavers[values(body, "type")[0] ?? ""] ?? 0;
    assert.equal(Number(values(body, "duration")[0]), type * (2 - 0.5 ** dots));
  }
});

test("the score carries words, dynamics, chords, tempo and the tuning of each prime", () => {
  for (const line of ["1", "2"]) {
    const lyrics = score.split(`<lyric number="${line}">`).slice(1);
    const wanted = song.bars
      .flatMap((bar) => bar.voice)
      .filter(({ lyrics: sung }) => sung[line === "1" ? 0 : 1] !== null);
    assert.equal(lyrics.length, wanted.length);
  }
  for (const mark of ["pp", "p", "mp", "mf", "f", "ff"]) assert.ok(score.includes(`<${mark}/>`), mark);
  assert.deepEqual(values(score, "per-minute"), ["80"]);
  assert.deepEqual(
    values(score, "rehearsal"),
    song.steps.map(({ digits }) => digits),
  );
  for (const { prime } of song.primes)
    assert.ok(new RegExp(`>\u2002${prime}: [+\u2212]`, "u").test(score), `${prime}`);
  assert.deepEqual([...new Set(values(score, "kind"))].toSorted(), [
    "augmented",
    "dominant",
    "major",
    "minor",
    "pedal",
    "power",
  ]);
});

test("the score is well-formed XML", { skip: peer("xmllint") }, () => {
  const { status, stderr } = spawnSync("xmllint", ["--nonet", "--noout", "-"], {
    input: score,
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
});

test("it is engraved on one page, the same bytes each time, with all notes and words", async () => {
  const { svg, engraver } = await engraveScore(score, headingOf(song));
  assert.equal((await engraveScore(score, headingOf(song))).svg, svg);
  assert.match(engraver, /^Verovio \d/u);
  assert.match(svg, /^<svg width="210mm" height="297mm" viewBox="0 0 \d+ \d+"/u);
  const count = (name: string): number => svg.split(new RegExp(`class="${name}[ "]`, "u")).length - 1;
  assert.equal(count("measure"), 20);
  assert.equal(count("system"), 5);
  assert.equal(count("note"), score.split("<pitch>").length - 1);
  assert.equal(count("syl"), score.split("<lyric ").length - 1);
  assert.equal(count("dynam"), 6);
});

test("a score that Verovio can't read, or that is too long for the page, is refused", async () => {
  const heading = headingOf(song);
  await assert.rejects(engraveScore("<score-partwise", heading), /Cannot engrave/u);
  const paged = score.replaceAll('new-system="yes"', 'new-page="yes"');
  await assert.rejects(engraveScore(paged, heading), /takes 5 pages/u);
});

test("accidentals: by the key, once a bar, with a reminder in the next", () => {
  const memory = rememberAccidentals(3);
  const [sharp, natural] = [
    { note: 67 + 1, letter: 4, alter: 1 },
    { note: 67, letter: 4, alter: 0 },
  ];
  memory.startBar();
  assert.equal(memory.accidentalFor(sharp), undefined);
  assert.equal(memory.accidentalFor(natural), "natural");
  assert.equal(memory.accidentalFor(natural), undefined);
  assert.equal(memory.accidentalFor(sharp), "sharp");
  memory.startBar();
  assert.equal(memory.accidentalFor(natural), "natural");
  memory.startBar();
  assert.equal(memory.accidentalFor(sharp), "sharp");
  const flats = rememberAccidentals(-1);
  assert.equal(flats.accidentalFor({ note: 70, letter: 6, alter: -1 }), undefined);
});

test("lengths that no note value shows are split at the feet of the bar", () => {
  const lengths = (onset: number, quavers: number): number[] =>
    splitAtFeet(onset, quavers).map((piece) => piece.quavers);
  assert.deepEqual(lengths(0, 8), [8]);
  assert.deepEqual(lengths(3, 5), [3, 2]);
  assert.deepEqual(lengths(1, 7), [2, 3, 2]);
  assert.deepEqual(lengths(2, 2), [1, 1]);
});

test("XML is escaped, and what XML can't hold is refused", () => {
  assert.equal(escapeXml(`<a b="c">&`), "&lt;a b=&quot;c&quot;&gt;&amp;");
  assert.throws(() => escapeXml("\u0000"), RangeError);
  assert.throws(() => escapeXml("\ud800"), RangeError);
});
