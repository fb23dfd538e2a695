// Links in a home: whoever may write into it could have others write, remove and hand on any file of the machine by them.
import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { removeTree } from "#base/files.ts";
import { openHome } from "#home/home.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { logFile } from "#store/layout.ts";
import { openStore } from "#store/store.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-links-"));
after(() => removeTree(folder));
const secret = join(folder, "secret");
writeFileSync(secret, "a secret");
const SUBJECT = "20260101T000000000Z-000001";

let count = 0;

/** A home whose `place` is a link to what was there. */
function linked(place: string): string {
  const home = join(folder, `home-${(count += 1)}`);
  openStore(home).close();
  const path = join(home, place);
  mkdirSync(dirname(path), { recursive: true });
  const elsewhere = join(folder, `elsewhere-${count}`);
  try {
    renameSync(path, elsewhere);
  } catch {
    mkdirSync(elsewhere);
  }
  symlinkSync(elsewhere, path);
  return home;
}

function refuses(action: () => unknown, path: string): void {
  assert.throws(
    action,
    (error) => isPipeliteError(error, "HOME_LINKED") && error.exitCode === 3 && error.message.includes(path),
  );
}

for (const place of [
  "nix",
  "nix/store",
  "nix/store/.links",
  "nix/var",
  "nix/var/nix/db/db.sqlite",
  "nix/var/nix/builds",
])
  test(`a link in the place of ${place} is refused`, () => {
    const home = linked(place);
    const other = readdirSync(folder);
    refuses(() => openStore(home), join(home, place));
    refuses(() => openStore(home, { readOnly: true }), join(home, place));
    assert.deepEqual(readdirSync(folder), other);
  });

for (const place of [
  "pipelite",
  "pipelite/tmp",
  "pipelite/signatures",
  "pipelite/log",
  "pipelite/journal.ndjson",
])
  test(`a link in the place of ${place} is refused`, () => {
    const home = linked(place);
    refuses(() => openHome(home), join(home, place));
  });

test("the home itself may be a link, and lie below one", () => {
  const home = join(folder, "real/home");
  openStore(home).close();
  symlinkSync(join(folder, "real"), join(folder, "above"));
  symlinkSync(home, join(folder, "link"));
  for (const path of [join(folder, "above/home"), join(folder, "link")]) {
    openStore(path).close();
    openHome(path).keep({ kind: "audit", subject: SUBJECT, file: `audits/${SUBJECT}.json`, content: "here" });
  }
});

test("no file that the journal names, and no log, is read or written through a link", () => {
  const home = openHome(join(folder, "named"));
  const file = `audits/${SUBJECT}.json`;
  home.keep({ kind: "audit", subject: SUBJECT, file, content: "a secret" });
  renameSync(home.pathOf(file), join(folder, "kept"));
  symlinkSync(secret, home.pathOf(file));
  assert.equal(home.readFile(file), undefined);
  assert.equal(home.sealed.read(file).problem, "the file is gone");
  symlinkSync(folder, home.pathOf("audits/below"));
  assert.equal(home.readFile("audits/below/secret"), undefined);
  const through = { kind: "audit", subject: SUBJECT, file: "audits/below/new.json", content: "x" } as const;
  refuses(() => home.sealed.seal(through), home.pathOf("audits/below"));

  const drvPath = parseStorePath(`/nix/store/${"0".repeat(32)}-x.drv`);
  const log = logFile(home.folder, drvPath);
  mkdirSync(dirname(log), { recursive: true });
  appendFileSync(log, "printed");
  assert.equal(home.readLog(drvPath)?.toString(), "printed");
  renameSync(log, `${log}.kept`);
  symlinkSync(secret, log);
  assert.equal(home.logOf(drvPath), undefined);
  assert.equal(home.readLog(drvPath), undefined);
});
