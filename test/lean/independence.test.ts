// The verdict on a declaration is a function of it and of what it rests on: not of what else was checked before, and not of
// the order.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { check, type Report } from "#lean/index.ts";
import { SOUND } from "./accept.ts";
import { closure, exportOf, ordered, partsOf, type Parts } from "./depends.ts";
import { AWAITED } from "./public/awaited.ts";
import { PUBLIC } from "./public/index.ts";
import { world } from "./reference/world.ts";
import { inputs, sweep } from "../rig/peer.ts";

const OPTIONS = { allowAxioms: ["sound_here"], workMax: 50_000_000 };
const ask = (parts: Parts, order: readonly number[]): Report => check([exportOf(parts, order)], OPTIONS);

/** What is said of each theorem, wherever it stands. */
const said = ({ theorems, axioms }: Report): string[] =>
  [
    ...theorems.map(({ name, statement, axioms: of, status }) =>
      JSON.stringify([name, statement, of, status]),
    ),
    ...axioms.map(({ name, statement, allowed }) => JSON.stringify([name, statement, allowed])),
  ].toSorted();

const SMALL = Object.entries({ ...SOUND, world }).map(([name, make]) => [name, make().text()] as const);
/** Of public reports: those that are refused are so for what one declaration is, not for how the file is written. */
const OTHERS = PUBLIC.flatMap(({ name, ours, make }) => {
  const made = make();
  const isFormat = ours?.includes("malformed") === true || ours?.includes("duplicate-declaration") === true;
  const text = typeof made === "string" ? made : made.text();
  return isFormat || name in AWAITED || name.startsWith("levels") ? [] : [[name, text] as const];
});

test("accepted exports are so in every order, and the same is said of each theorem", () => {
  fc.assert(
    fc.property(fc.constantFrom(...SMALL), fc.gen(), ([name, text], draw) => {
      const parts = partsOf(text);
      const all = new Set(parts.declarations.keys());
      const order = ordered(parts, all, (of) => draw(fc.nat, of - 1));
      const report = ask(parts, order);
      assert.equal(report.status, "accepted", `${name}: ${JSON.stringify(report.problem)}`);
      assert.deepEqual(said(report), said(ask(parts, [...all])));
    }),
    { numRuns: inputs(60), seed: 1 },
  );
});

test("what is accepted in an export is so with nothing but what it needs", { skip: sweep() }, () => {
  for (const [name, text] of [...SMALL, ...OTHERS]) {
    const parts = partsOf(text);
    const { problem } = check([text], OPTIONS);
    const bad = text.split("\n")[(problem?.line ?? 0) - 1];
    for (const [at, { line }] of parts.declarations.entries()) {
      if (line === bad) break;
      const report = ask(
        parts,
        [...closure(parts, [at])].toSorted((a, b) => a - b),
      );
      assert.equal(report.status, "accepted", `${name}, ${line}: ${JSON.stringify(report.problem)}`);
    }
  }
});

test("a refused declaration is refused for the same with nothing but what it needs, and after more", () => {
  let refused = 0;
  fc.assert(
    fc.property(fc.constantFrom(...OTHERS), fc.gen(), ([name, text], draw) => {
      const whole = check([text], OPTIONS);
      if (whole.status !== "rejected") return;
      const parts = partsOf(text);
      const before = [...parts.declarations.keys()];
      const bad = parts.declarations.findIndex(
        ({ line }) => line === text.split("\n")[(whole.problem?.line ?? 0) - 1],
      );
      const others = before.slice(0, bad).filter(() => draw(fc.boolean));
      const wanted = closure(parts, draw(fc.boolean) ? [bad] : [bad, ...others]);
      const order = ordered(parts, wanted, (of) => draw(fc.nat, of - 1));
      const { status, problem } = ask(parts, order);
      assert.equal(status, "rejected", `${name}: ${exportOf(parts, order).slice(-300)}`);
      assert.equal(problem?.reason, whole.problem?.reason, `${name}: ${problem?.message}`);
      refused++;
    }),
    { numRuns: inputs(400), seed: 1 },
  );
  assert.equal(refused > inputs(400) / 2, true);
});
