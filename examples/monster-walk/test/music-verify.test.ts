import assert from "node:assert/strict";
import { test } from "node:test";
import { writeLyrics } from "../music/lyrics.ts";
import { judgeSong, songRules, splitVerses, verifySong } from "../music/verify-song.ts";
import verifyAnswer from "../stages/verify-song.ts";
import { facts, song } from "./music-matter.ts";
import { proofFiles } from "./proof-files.ts";
import { inputOf } from "./proof-input.ts";

const rules = songRules(facts);
const lyrics = writeLyrics(song);

test("the composer's lyrics pass every rule", () => {
  const { status, checks } = verifySong(lyrics, rules);
  assert.equal(status, "verified");
  assert.equal(checks.length, 7);
  assert.equal(splitVerses(lyrics).length, 15);
});

const verse = (number: number): RegExp => new RegExp(`### Verse ${number}:[^]*?(?=\\n##|$)`, "u");

const refusals: { name: string; lyrics: string; says: RegExp }[] = [
  { name: "nothing", lyrics: " \n", says: /answer: the text is empty/u },
  {
    name: "an error text",
    lyrics: "pull model manifest: file does not exist",
    says: /answer: the text has no verse: "pull model/u,
  },
  { name: "an error page", lyrics: "<!DOCTYPE html><html>502</html>", says: /no verse: "<!DOCTYPE/u },
  { name: "JSON", lyrics: '{"lyrics": "la"}', says: /no verse/u },
  { name: "broken text", lyrics: `${lyrics}\ufffd`, says: /not valid UTF-8/u },
  { name: "a flood", lyrics: lyrics + "la ".repeat(40_000), says: /more than 100000/u },
  { name: "a missing verse", lyrics: lyrics.replace(verse(9), ""), says: /found 14 of 15 verses/u },
  {
    name: "a sixteenth verse",
    lyrics: `${lyrics}\n## Verse 16\nla la la\nla la la la.`,
    says: /found 16 of 15/u,
  },
  {
    name: "verses in disorder",
    lyrics: lyrics.replace("Verse 3:", "Verse 4:"),
    says: /verse 3 has the heading "Verse 4"/u,
  },
  {
    name: "a first verse without 2",
    lyrics: lyrics.replace("Two is the", "It is the"),
    says: /every-prime: .*2 \(verse 1\)/u,
  },
  {
    name: "a last verse without 71",
    lyrics: lyrics.replace("Seventy-one", "Seventeen"),
    says: /every-prime: .*71 \(verse 15\)/u,
  },
  {
    name: "a prime within another's name",
    lyrics: lyrics.replace("Three is a fifth", "Thirty-three, a fifth"),
    says: /every-prime: .*3 \(verse 2\)/u,
  },
  {
    name: "no Monster",
    lyrics: lyrics.replace("the Monster's", "everyone's"),
    says: /missing in the verses: Monster/u,
  },
  {
    name: "a group of digits gone",
    lyrics: lyrics.replaceAll("5990", "59900"),
    says: /missing groups of digits: 5990/u,
  },
  {
    name: "an end cut off",
    lyrics: lyrics.trimEnd().slice(0, -6),
    says: /the text is cut off: it ends with/u,
  },
];

for (const { name, lyrics: bad, says } of refusals) {
  test(`lyrics are refused: ${name}`, () => {
    assert.notEqual(bad, lyrics);
    assert.equal(judgeSong(bad, rules).status, "rejected");
    assert.throws(() => verifySong(bad, rules), says);
  });
}

test("digits, other headings and notes in a model's style are understood", () => {
  const plain = rules.primes.map(
    (prime, index) =>
      `**Verse ${index + 1}**\nThe Monster walks by ${prime}, verse ${wordFor(index)}\nand on it goes, on it goes.`,
  );
  const text = `${plain.join("\n\n")}\n\n${rules.requiredDigits.join(" ")}.`;
  assert.equal(verifySong(text, rules).status, "verified");
  const onlyNoted = lyrics.replace("Two is the", "> 2\nIt is the");
  assert.equal(judgeSong(onlyNoted, rules).status, "rejected");
});

function wordFor(index: number): string {
  return String.fromCodePoint(97 + index).repeat(3);
}

test("the stage gives the lyrics of a good answer and fails on a bad one", async () => {
  const proof = inputOf(proofFiles);
  const answer = (text: string) => ({ ...inputOf({ answer: text }), bytes: async () => Buffer.from(text) });
  const files = await verifyAnswer({ answer: answer(lyrics), proof });
  assert.equal(files["lyrics.md"], lyrics);
  assert.equal(files["verification.json"].status, "verified");
  assert.match(files["verification.json"].answerSha256, /^[0-9a-f]{64}$/u);
  await assert.rejects(
    verifyAnswer({ answer: answer("pull model manifest: file does not exist"), proof }),
    /no verse: "pull model/u,
  );
});
