// nanoda, the checker in Rust, on the same exports: both must accept what is sound, and what nanoda refuses we refuse.
// The other way round we are stricter in a few named ways.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Reason } from "#lean/index.ts";
import { peer } from "../rig/peer.ts";
import { SOUND } from "./accept.ts";
import { FAMILIES } from "./refuse/families.ts";
import { AXIOMS, DECLARATIONS, LEVELS } from "./refuse/levels.ts";
import { LITERALS } from "./refuse/literals.ts";
import { PROJECTIONS } from "./refuse/projections.ts";
import { QUOTIENTS } from "./refuse/quotients.ts";
import { RECURSORS } from "./refuse/recursors.ts";

const skip = peer("nanoda_bin");
const folder = mkdtempSync(join(tmpdir(), "pipelite-nanoda-"));
after(() => rmSync(folder, { recursive: true }));

function isAcceptedByNanoda(text: string): boolean {
  const [file, config] = [join(folder, "export.ndjson"), join(folder, "config.json")];
  writeFileSync(file, text);
  const options = {
    ...{ export_file_path: file, use_stdin: false, unpermitted_axiom_hard_error: false },
    permitted_axioms: ["propext", "Classical.choice", "Quot.sound", "sound_here"],
    ...{ nat_extension: true, string_extension: true, print_success_message: false },
  };
  writeFileSync(config, JSON.stringify(options));
  return spawnSync("nanoda_bin", [config], { timeout: 20_000 }).status === 0;
}

/** Sound, and refused by nanoda: it wants lines numbered in order and does not know these. */
const BEYOND_NANODA = new Set(["indices of lines in any order"]);

test("nanoda accepts what we accept", { skip }, () => {
  const refused = Object.entries(SOUND).filter(([, make]) => !isAcceptedByNanoda(make().text()));
  assert.deepEqual(
    refused.map(([name]) => name),
    [...BEYOND_NANODA],
  );
});

/** What nanoda takes on trust or does not read, for which we still refuse. */
const STRICTER: ReadonlySet<Reason> = new Set<Reason>(["primitive-mismatch"]);

test("what nanoda accepts of the unsound exports, we refuse for a reason that is known", { skip }, () => {
  const all = [
    ...LEVELS,
    ...DECLARATIONS,
    ...AXIOMS,
    ...FAMILIES,
    ...RECURSORS,
    ...PROJECTIONS,
    ...LITERALS,
    ...QUOTIENTS,
  ];
  const accepted = all.filter(({ make }) => {
    const made = make();
    return typeof made === "object" && "records" in made && isAcceptedByNanoda(made.text());
  });
  const unexpected = accepted
    .filter(({ reason }) => !STRICTER.has(reason))
    .map(({ name, reason }) => `${reason}: ${name}`);
  assert.deepEqual(unexpected, []);
});
