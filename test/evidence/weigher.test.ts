// Claims are weighed once, and what may take long in a thread that can be left at any time.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { inTurns } from "#base/steps.ts";
import { EvidenceFiles } from "#evidence/evidence-files.ts";
import type { Weighed } from "#evidence/weigh.ts";
import { Weigher } from "#evidence/weigher.ts";
import type { Claim } from "#home/run-record.ts";

const base = mkdtempSync(join(tmpdir(), "pipelite-weigher-"));
after(() => rmSync(base, { recursive: true }));

/** Store path -> where it is. */
const places = new Map<string, string>();
const locate = (path: string): string => places.get(path) ?? "";

/** A claim over a file with a list of numbers. */
function claimOver(numbers: readonly number[], more: Partial<Claim>): { claim: Claim; file: string } {
  const path = `/nix/store/${"0".repeat(32)}-${places.size}`;
  const at = join(base, String(places.size));
  places.set(path, at);
  mkdirSync(at);
  const file = join(at, "x.json");
  writeFileSync(file, JSON.stringify({ numbers }));
  const evidence = [`${path}/x.json#/numbers`];
  const usual = { id: "a/b", kind: "check", statement: "", value: 3, status: "passed" } as const;
  return { claim: { ...usual, formula: "count($1)", evidence, ...more }, file };
}

const LARGE = Array.from({ length: 50_000 }, (_, index) => index);

async function weighed(weigher: Weigher, claim: Claim, signal?: AbortSignal): Promise<Weighed> {
  return inTurns(weigher.weigh(claim, { files: new EvidenceFiles(), locate }), signal);
}

for (const [name, numbers] of [
  ["here", [1, 2, 3]],
  ["in the thread", LARGE],
] as const)
  test(`${name}: value, refusal and what can't be computed are the same`, async () => {
    const weigher = new Weigher(locate, undefined);
    const of = (more: Partial<Claim>) =>
      weighed(weigher, claimOver(numbers, { value: numbers.length, ...more }).claim);
    const shown = String(numbers.length);
    assert.deepEqual(await of({ accept: "value > limit", limit: 2 }), {
      computed: { isSame: true, shown, value: numbers.length },
      accepted: true,
    });
    assert.deepEqual(await of({ value: 7 }), {
      computed: { isSame: false, shown, value: numbers.length },
    });
    const wrong = await of({ formula: "sqrt(0 - count($1))" });
    assert.match(wrong.problem ?? "", /sqrt gives no number/);
    assert.match((await of({ formula: "count($1" })).problem ?? "", /Cannot read the formula/);
    assert.match((await of({ accept: "value + missing" })).acceptProblem ?? "", /nothing is called missing/);
    assert.match((await of({ formula: "7" })).problem ?? "", /reads no evidence/);
    assert.match((await of({ accept: "true" })).problem ?? "", /would accept any value/);
    // A list is no value of a claim, and may have millions of items.
    const list = (await of({ formula: "$1" })).computed;
    assert.deepEqual([list?.isSame, list?.value], [false, undefined]);
    assert.ok((list?.shown.length ?? 0) < 300);
    const realised = await of({ formula: 'realise("/nix/store/x.drv", "x.json#/numbers")' });
    assert.deepEqual(realised, {});
    await weigher.close();
  });

async function mustBeLeft(claim: Claim): Promise<void> {
  const stopped = new AbortController();
  const reason = new Error("stopped");
  setImmediate(() => stopped.abort(reason));
  const weigher = new Weigher(locate, stopped.signal);
  await assert.rejects(weighed(weigher, claim, stopped.signal), reason);
  await weigher.close();
}

test("a formula that computes for seconds is left when the signal comes, and so is a thread", async () => {
  const sums = Array.from({ length: 150 }, () => "sum($1)").join(" + ");
  await mustBeLeft(claimOver(LARGE, { formula: sums }).claim);
});

test("text of an accept that is looked at again and again is, too", async () => {
  const accept = Array.from({ length: 150 }, (_, at) => `json(limit) == "${at}"`).join(" or ");
  await mustBeLeft(claimOver([1, 2, 3], { accept, limit: "x".repeat(900_000) }).claim);
});

test("the same claim is computed once; with builds made again, and of the record, each time", async () => {
  const { claim, file } = claimOver([1, 2, 3], {});
  const weigher = new Weigher(locate, undefined);
  const found = () => ({ files: new EvidenceFiles(), locate, record: { claims: [] } });
  const value = async (of: Claim, again?: Record<string, string>) =>
    (await inTurns(weigher.weigh(of, found(), again))).computed?.value;
  const ofRecord = { ...claim, evidence: [...claim.evidence, "run.json#/claims"] };
  assert.deepEqual([await value(claim), await value(ofRecord)], [3, 3]);
  writeFileSync(file, JSON.stringify({ numbers: [1] }));
  assert.deepEqual([await value(claim), await value(claim, {}), await value(ofRecord)], [3, 3, 1]);
  assert.equal(await value(claim, { "/nix/store/x.drv": "/x" }), 1);
  assert.equal(await value({ ...claim, formula: "count($1) + 0" }), 1);
  await weigher.close();
});
