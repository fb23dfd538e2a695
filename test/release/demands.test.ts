// Who fills which required signature: the best that can be had, whoever puts what into a home.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkDemands, type ReleaseFacts } from "#release/demands.ts";
import { BUILT_IN } from "#release/policy.ts";
import type { SignatureView } from "#release/signature-view.ts";
import { looksLike } from "#release/names.ts";
import { recordOf } from "./rig.ts";
import { inputs } from "../rig/peer.ts";

function signature(signer: string, keyId: string, meaning = "approval"): SignatureView {
  const own = { signer, keyId, meaning, reason: "", signedAt: "2026-01-01T00:00:00.000Z", recordDigest: "" };
  return { ...own, isValid: true, isJournalled: true, bundleFile: "" };
}

/** Of each required signature whether there is one. */
function met(required: readonly string[], signatures: readonly SignatureView[]): boolean[] {
  const facts: ReleaseFacts = {
    policy: { ...BUILT_IN, signers: "any", signatures: required.map((meaning) => ({ meaning })) },
    record: recordOf({ runId: "r" }),
    recordDigest: "",
    recordProblem: undefined,
    treeHash: undefined,
    treeProblem: undefined,
    audit: undefined,
    sandboxes: new Map(),
    deviations: [],
    signatures,
    reproductions: new Map(),
    uncountedRebuilds: [],
    lostRebuilds: [],
    releaser: undefined,
  };
  return checkDemands(facts).flatMap(({ name, isMet }) => (name.startsWith("signature/") ? [isMet] : []));
}

/** By trying everything. */
function mostPossible(required: readonly string[], signatures: readonly SignatureView[]): number {
  const [first, ...rest] = required;
  if (first === undefined) return 0;
  const isSame = (a: SignatureView, b: SignatureView) => a.keyId === b.keyId || looksLike(a.signer, b.signer);
  const given = signatures.filter(({ meaning }) => meaning === first);
  const counts = given.map(
    (each) =>
      1 +
      mostPossible(
        rest,
        signatures.filter((other) => !isSame(each, other)),
      ),
  );
  return Math.max(mostPossible(rest, signatures), ...counts);
}

test("as many required signatures are filled as can be filled by different persons", () => {
  const meaning = fc.constantFrom("approval", "review");
  const given = fc.tuple(
    fc.constantFrom("Anna", "ANNA", "anna", "Bert", "Il", "ll", "iL"),
    fc.nat(4),
    meaning,
  );
  fc.assert(
    fc.property(fc.array(meaning, { maxLength: 3 }), fc.array(given, { maxLength: 9 }), (required, list) => {
      const signatures = list.map(([name, key, means]) => signature(name, String(key), means));
      assert.equal(met(required, signatures).filter(Boolean).length, mostPossible(required, signatures));
    }),
    { numRuns: inputs(500) },
  );
});

test("thousands of signatures by a few keys take no more trying than a few, and hide nobody", () => {
  const letters = "abcdefghijklmnopqrst";
  const name = (index: number) =>
    [400, 20, 1].map((size) => letters[Math.floor(index / size) % letters.length]).join("");
  const junk = Array.from({ length: 3_000 }, (_, index) => signature(name(index), `key ${index % 3}`));
  const four = ["approval", "approval", "approval", "approval"];
  assert.deepEqual(met(four, junk), [true, true, true, false]);
  assert.deepEqual(met(four, [...junk, signature("Zoe", "hers")]), [true, true, true, true]);
  assert.deepEqual(met(["approval", "approval", "approval", "review"], junk), [true, true, true, false]);
});
