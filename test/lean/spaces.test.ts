// A line has one meaning however it is written: as exporters write it, which is read quickly, or with spaces, which the reader
// of JSON reads. Damage to a line is the same damage for both.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { check } from "#lean/index.ts";
import { SOUND } from "./accept.ts";
import { world } from "./reference/world.ts";
import { sweep } from "../rig/peer.ts";

const TEXTS = [world, ...Object.values(SOUND)].map((make) => make().text().trim().split("\n"));
const SCRAPS =
  '0 01 -0 -1 1e0 1.0 1. 4294967296 9007199254740993 null true [] {} " \\ \\u006e , : { } é "ie":0, ,"x":1'.split(
    " ",
  );
const SCRAP = fc.constantFrom(...SCRAPS, " ", "\t", "\r", "\0", "\u{feff}", "\u2028");

const said = (lines: readonly string[]): string => {
  const { status, problem, theorems } = check([`${lines.join("\n")}\n`], { workMax: 2_000_000 });
  return JSON.stringify([status, problem?.reason, problem?.line, theorems]);
};
const spaced = (line: string): string => line.replace(/^\{/, "{ ");

test("a damaged line is the same with a space in it", { skip: sweep() }, () => {
  const counts: Record<string, number> = {};
  fc.assert(
    fc.property(
      fc.constantFrom(...TEXTS),
      fc.nat(),
      fc.nat(),
      fc.nat(3),
      SCRAP,
      (lines, which, where, cut, scrap) => {
        const i = 1 + (which % (lines.length - 1));
        const line = lines[i] ?? "";
        const at = where % line.length;
        const damaged = lines.with(i, `${line.slice(0, at)}${scrap}${line.slice(at + cut)}`);
        const once = said(damaged);
        assert.equal(said(damaged.map((each, place) => (place > 0 ? spaced(each) : each))), once);
        const status = JSON.parse(once)[0] as string;
        counts[status] = (counts[status] ?? 0) + 1;
      },
    ),
    { numRuns: 300, seed: 1 },
  );
  assert.equal(
    (counts["malformed"] ?? 0) > 100 && (counts["accepted"] ?? 0) > 2,
    true,
    JSON.stringify(counts),
  );
});
