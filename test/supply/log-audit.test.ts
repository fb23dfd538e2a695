// The log of a home: what it signs for, what it refuses to sign, and every way to change it that an audit must find.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { isPipeliteError } from "#base/errors.ts";
import { openHome, type Home } from "#home/home.ts";
import { TransparencyLog } from "#home/log.ts";
import { auditLog, type LogAudit } from "#supply/log-audit.ts";
import { askWitnesses } from "#supply/witness.ts";
import { parseNote, signNote, noteSignerOf, writeNote, type NoteVerifier } from "#tlog/note.ts";
import { runHere } from "../cli/rig.ts";
import { startWitness } from "../rig/witness.ts";
import { sweep } from "../rig/peer.ts";

let folder: string;
let homes = 0;
before(() => (folder = mkdtempSync(join(tmpdir(), "pipelite-log-"))));
after(() => removeTree(folder));

function emptyHome(): Home {
  homes += 1;
  return openHome(join(folder, `home-${homes}`));
}

function append({ journal }: Home, count: number): void {
  for (let each = 0; each < count; each += 1)
    journal.append({ kind: "run", subject: "a", file: "runs/a.json", digest: `sha256:${"0".repeat(64)}` });
}

/** A home whose log was signed at these sizes. */
async function homeOf(...sizes: number[]): Promise<Home> {
  const home = emptyHome();
  let size = 0;
  for (const next of sizes) {
    append(home, next - size);
    size = next;
    assert.equal((await new TransparencyLog(home).publish()).size, next);
  }
  return home;
}

function again({ folder: place }: Home): Home {
  return openHome(place);
}

function audit(home: Home, more: Partial<Parameters<typeof auditLog>[0]> = {}): LogAudit {
  return auditLog({ home: again(home), kept: [], witnesses: [], ...more });
}

function failing(report: LogAudit): string[] {
  return report.findings
    .filter(({ status }) => status === "fails")
    .map(({ what, detail }) => `${what}: ${detail}`);
}

function checkpointOf({ layout }: Home): string {
  return readFileSync(layout.checkpoint, "utf8");
}

test("a log that grows holds, and each line names the checkpoint before it", async () => {
  const home = await homeOf(1, 2, 255, 257, 600);
  const report = audit(home);
  assert.deepEqual(failing(report), []);
  assert.deepEqual([report.status, report.size, report.checkpoints], ["holds", 600, 5]);
  assert.equal(home.journal.entries.at(-1)?.checkpoint?.size, 257);
  assert.equal(home.journal.entries[0]?.checkpoint, undefined);
  // Parts of tiles are gone where a wider one is there.
  assert.deepEqual(
    readdirSync(join(home.layout.log, "tile/0")).toSorted(),
    ["000", "001", "002.p"].toSorted(),
  );
  assert.deepEqual(readdirSync(join(home.layout.log, "tile/0/002.p")), ["88"]);
  assert.equal(statSync(join(home.layout.log, "log.key")).mode & 0o777, 0o600);
});

test("without anything new the checkpoint stays; without a key from outside that is said", async () => {
  const home = await homeOf(3);
  const note = checkpointOf(home);
  await new TransparencyLog(home).publish();
  assert.equal(checkpointOf(home), note);
  const untested = audit(home).findings.filter(({ status }) => status === "untested");
  assert.deepEqual(untested.map(({ what }) => what).toSorted(), [
    "anchors",
    "append-only",
    "independence",
    "key",
  ]);
});

test("a home without a log holds nothing; lines that no checkpoint speaks for are named", async () => {
  const none = emptyHome();
  assert.equal(audit(none).status, "untested");
  assert.equal((await runHere(["log-audit", "--store", none.folder], {})).code, 3);
  const home = await homeOf(2);
  append(home, 3);
  assert.match(JSON.stringify(audit(home).findings), /3 lines came after the last checkpoint/);
  const cut = emptyHome();
  append(cut, 1);
  assert.deepEqual(failing(audit(cut)), ["log: 1 entries, and no key of the log"]);
});

/** Writes the journal again: each line as it is changed, with a chain that agrees. */
function rewrite(home: Home, change: (lines: string[]) => string[]): void {
  const lines = readFileSync(home.journal.file, "utf8").split("\n").slice(0, -1);
  const other = emptyHome();
  for (const line of change(lines)) {
    const { kind, subject, file, digest } = JSON.parse(line) as Record<string, string>;
    other.journal.append({
      kind: kind as "run",
      subject: subject ?? "",
      file: file ?? "",
      digest: digest ?? "",
    });
  }
  writeFileSync(home.journal.file, readFileSync(other.journal.file));
}

const tamperings: Record<string, [change: (home: Home) => void, finding: RegExp]> = {
  "an entry is rewritten, and the chain with it": [
    (home) => rewrite(home, (lines) => lines.with(1, (lines[1] ?? "").replace("runs/a.json", "runs/b.json"))),
    /of the first 3 entries at least one is another/,
  ],
  "its end is cut off": [
    (home) => rewrite(home, (lines) => lines.slice(0, 4)),
    /it is of 6 entries, and the journal has 4: its end is lost/,
  ],
  "entries are swapped": [
    (home) => {
      const lines = readFileSync(home.journal.file, "utf8").split("\n");
      [lines[0], lines[1]] = [lines[1] ?? "", lines[0] ?? ""];
      writeFileSync(home.journal.file, lines.join("\n"));
    },
    /at least one is another/,
  ],
  "a byte of a tile is another": [
    (home) => flip(join(home.layout.log, "tile/0/000.p/6"), 40),
    /tile\/0\/000\.p\/6 is not what the journal comes to/,
  ],
  "a byte of the entries is another": [
    (home) => flip(join(home.layout.log, "tile/entries/000.p/6"), 40),
    /tile\/entries\/000\.p\/6 is not what the journal has/,
  ],
  "a tile is gone": [(home) => rmSync(join(home.layout.log, "tile/0/000.p/6")), /tile\/0\/000\.p\/6 is gone/],
  "the last checkpoint is gone": [
    (home) => rmSync(home.layout.checkpoint),
    /the last checkpoint: it is gone/,
  ],
  "a checkpoint says another size": [
    (home) => edit(join(home.layout.log, "checkpoints/3"), (text) => text.replace("\n3\n", "\n4\n")),
    /checkpoint of 3: it is not signed/,
  ],
  "a checkpoint is signed by another key": [
    (home) =>
      edit(join(home.layout.log, "checkpoints/3"), (text) => {
        const note = parseNote(text);
        const name = note.text.split("\n")[0] ?? "";
        const other = noteSignerOf(name, "log", generateKeyPairSync("ed25519").privateKey);
        return writeNote({ text: note.text, signatures: [signNote(note.text, other)] });
      }),
    /checkpoint of 3: it is not signed/,
  ],
  "a checkpoint is no note": [
    (home) => writeFileSync(join(home.layout.log, "checkpoints/3"), "\0"),
    /checkpoint of 3: Cannot accept the signed note/,
  ],
  "the key of the log is another": [
    (home) => {
      const other = emptyHome();
      rmSync(home.layout.log, { recursive: true });
      append(other, 1);
      writeFileSync(home.journal.file, readFileSync(other.journal.file));
    },
    /log: 1 entries, and no key of the log/,
  ],
};

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, "utf8")));
}

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

for (const [name, [change, finding]] of Object.entries(tamperings))
  test(`found: ${name}`, async () => {
    const home = await homeOf(3, 6);
    change(home);
    const report = audit(home);
    assert.equal(report.status, "fails");
    assert.match(failing(report).join("\n"), finding);
  });

test("a log made again by who has its key is a fork to everybody who kept a checkpoint", async () => {
  const home = await homeOf(3, 6);
  const kept = { name: "kept", note: checkpointOf(home) };
  const key = new TransparencyLog(home).verifier;
  assert.equal(audit(home, { kept: [kept], key }).status, "holds");
  rewrite(home, (lines) => lines.with(0, (lines[0] ?? "").replace("runs/a.json", "runs/b.json")));
  for (const name of ["checkpoint", "checkpoints", "tile"])
    rmSync(join(home.layout.log, name), { recursive: true });
  // The key signs what it has signed otherwise before: nothing in the home tells.
  writeFileSync(home.layout.checkpoint, "");
  rmSync(home.layout.checkpoint);
  const fork = again(home);
  await new TransparencyLog(fork).publish();
  assert.equal(audit(fork).status, "holds");
  assert.match(
    failing(audit(fork, { kept: [kept] })).join("\n"),
    /kept: of the first 6 entries at least one is another/,
  );
});

test("a log with another key is not the one that was asked for", async () => {
  const [home, other] = [await homeOf(2), await homeOf(2)];
  const key = new TransparencyLog(other).verifier;
  assert.match(failing(audit(home, { key })).join("\n"), /the home's log has the key of/);
});

test("a witness counts for what it signed, and for nothing else", async () => {
  const home = await homeOf(2, 4);
  const witness = noteSignerOf("witness.example", "witness", generateKeyPairSync("ed25519").privateKey);
  assert.match(
    failing(audit(home, { witnesses: [witness] })).join("\n"),
    /it has not signed the last checkpoint/,
  );
  const note = parseNote(checkpointOf(home));
  const signatures = [...note.signatures, signNote(note.text, witness, 1_700_000_000)];
  writeFileSync(home.layout.checkpoint, writeNote({ ...note, signatures }));
  const report = audit(home, { witnesses: [witness] });
  assert.deepEqual(failing(report), []);
  assert.match(JSON.stringify(report.findings), /signed at 2023-11-14T22:13:20\.000Z/);
});

test("a witness signs what continues what it signed before, and refuses a log that was made again", async () => {
  const home = await homeOf(2);
  await using witness = await startWitness(() => new TransparencyLog(home).verifier);
  const ask = (of: Home) =>
    askWitnesses(again(of), { urls: [witness.url], keys: [witness.signer] }, new AbortController().signal);
  await ask(home);
  append(home, 3);
  await ask(home);
  assert.deepEqual(failing(audit(home, { witnesses: [witness.signer] })), []);
  // Asked twice for the same, it signs once more, and the note has one signature of it.
  await ask(home);
  assert.equal(parseNote(checkpointOf(home)).signatures.length, 2);
  rewrite(home, (lines) => [
    ...lines.with(0, (lines[0] ?? "").replace("runs/a.json", "runs/b.json")),
    lines[0] ?? "",
  ]);
  for (const name of ["checkpoint", "checkpoints", "tile"])
    rmSync(join(home.layout.log, name), { recursive: true });
  await assert.rejects(ask(home), /it answered 422: it does not continue/);
});

test("what a witness that is none answers is refused", async () => {
  const home = await homeOf(2);
  await using witness = await startWitness(() => new TransparencyLog(home).verifier);
  const ask = (keys = [witness.signer as NoteVerifier], url = witness.url) =>
    askWitnesses(again(home), { urls: [url], keys }, new AbortController().signal);
  await assert.rejects(ask([]), { code: "WITNESS_FAILED" });
  const stranger = noteSignerOf("witness.example", "witness", generateKeyPairSync("ed25519").privateKey);
  await assert.rejects(ask([stranger]), /by none of the keys/);
  for (const lie of [
    { status: 409, body: "7\n" },
    { status: 409, body: "-1" },
    { status: 200, body: "" },
    { status: 200, body: "x".repeat(100_000) },
    { status: 500, body: "" },
  ]) {
    witness.lie = lie;
    await assert.rejects(ask(), { code: "WITNESS_FAILED" });
  }
  await assert.rejects(ask(undefined, "http://127.0.0.1:1"), { code: "WITNESS_FAILED" });
});

test("what was signed for and is no longer there is not signed over", async () => {
  const refuses = (home: Home, code: "LOG_REWRITTEN" | "LOG_DAMAGED") =>
    assert.rejects(new TransparencyLog(again(home)).publish(), (error) => isPipeliteError(error, code));
  const cut = await homeOf(5);
  rewrite(cut, (lines) => lines.slice(0, 2));
  await refuses(cut, "LOG_REWRITTEN");
  const other = await homeOf(5);
  rewrite(other, (lines) => [...lines.with(4, (lines[4] ?? "").replace("a.json", "b.json")), lines[0] ?? ""]);
  await refuses(other, "LOG_REWRITTEN");
  const keyless = await homeOf(5);
  append(keyless, 1);
  rmSync(join(keyless.layout.log, "log.key"));
  await refuses(keyless, "LOG_DAMAGED");
});

test("tiles that are damaged are made again from the journal, when that is what was signed for", async () => {
  for (const damage of [
    (file: string) => rmSync(file),
    (file: string) => flip(file, 3),
    (file: string) => writeFileSync(file, ""),
  ]) {
    const home = await homeOf(5);
    append(home, 1);
    damage(join(home.layout.log, "tile/0/000.p/5"));
    await new TransparencyLog(home).publish();
    assert.deepEqual(failing(audit(home)), []);
  }
});

test("a log whose writer was killed at any moment goes on", { skip: sweep() }, async () => {
  const home = await homeOf(3);
  append(home, 300);
  const script = `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    const real = fs.renameSync;
    let left = Number(process.argv[1]);
    fs.renameSync = (...args) => { if (left-- === 0) process.kill(process.pid, "SIGKILL"); real(...args); };
    syncBuiltinESMExports();
    const { openHome } = await import("#home/home.ts");
    const { TransparencyLog } = await import("#home/log.ts");
    await new TransparencyLog(openHome(process.argv[2])).publish();
  `;
  let killed = 0;
  for (let left = 0; ; left += 1) {
    const copy = join(folder, `killed-${left}`);
    cpSync(home.folder, copy, { recursive: true });
    const args = [
      "--input-type=module",
      "--disable-warning=ExperimentalWarning",
      "-e",
      script,
      String(left),
      copy,
    ];
    const { signal, status, stderr } = spawnSync(process.execPath, args, {
      encoding: "utf8",
      cwd: join(import.meta.dirname, "../.."),
    });
    if (signal === null) {
      assert.equal(status, 0, stderr);
      break;
    }
    killed += 1;
    await new TransparencyLog(openHome(copy)).publish();
    assert.deepEqual(failing(audit(openHome(copy))), [], `killed before rename ${left}`);
  }
  assert.ok(killed >= 6, String(killed));
});

test("a line that is longer than an entry may be stands in the log by its digest", async () => {
  const home = await homeOf(1);
  writeFileSync(home.journal.file, `${readFileSync(home.journal.file, "utf8")}${"x".repeat(70_000)}\n`);
  assert.equal((await new TransparencyLog(again(home)).publish()).size, 2);
  assert.deepEqual(failing(audit(home)), [
    "journal: line 2: it is not an entry: Unexpected token 'x', \"xxxxxxxxxx\"... is not valid JSON",
  ]);
});
