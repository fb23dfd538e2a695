// What was read of a store and is away while it is judged: somebody who moves folders there and back leaves their content as it was.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { SeenFiles, type SeenChange } from "#evidence/seen.ts";

const base = mkdtempSync(join(tmpdir(), "pipelite-seen-"));
const home = join(base, "above/home");
const store = join(home, "nix/store");
const path = join(store, "abc-output");
mkdirSync(join(path, "folder"), { recursive: true });
writeFileSync(join(path, "folder/verdict.json"), "{}");
after(() => rmSync(base, { recursive: true }));

function changeBy(action: () => void, place = path, of = home): SeenChange | undefined {
  const seen = new SeenFiles(of);
  seen.note(place);
  action();
  return seen.changed();
}

function awayAndBack(place: string): () => void {
  return () => {
    renameSync(place, `${place}.away`);
    renameSync(`${place}.away`, place);
  };
}

test("what nobody touches has not changed", () => {
  assert.equal(
    changeBy(() => {}),
    undefined,
  );
});

describe("what is away and back has changed:", () => {
  for (const place of ["", "/folder", "/folder/verdict.json"])
    test(`an output${place}`, () => {
      assert.deepEqual(changeBy(awayAndBack(`${path}${place}`)), { file: path, isCertain: true });
    });

  for (const place of [store, join(home, "nix"), home])
    test(place.slice(join(base, "above").length + 1), () => {
      assert.deepEqual(changeBy(awayAndBack(place)), { file: place, isCertain: true });
    });

  test("a folder above the home, though not for certain", () => {
    const above = join(base, "above");
    assert.deepEqual(changeBy(awayAndBack(above)), { file: above, isCertain: false });
  });

  test("a link by which the home is reached", () => {
    const link = join(base, "link");
    symlinkSync(home, link);
    const change = changeBy(awayAndBack(link), join(link, "nix/store/abc-output"), link);
    assert.deepEqual(change, { file: link, isCertain: true });
  });
});

test("another path in the store, and another file in the home or beside it, is no change", () => {
  const change = changeBy(() => {
    mkdirSync(join(store, "def-other"));
    writeFileSync(join(home, "file"), "");
    writeFileSync(join(base, "above/file"), "");
    writeFileSync(join(base, "file"), "");
  });
  assert.equal(change, undefined);
});
