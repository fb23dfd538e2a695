// The flagship as its users meet it: it runs, runs again without building anything, comes out the same elsewhere and for
// somebody else, and real Nix builds the derivations that it wrote to the same paths.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { removeTree } from "../../../src/base/files.ts";
import type { AuditReport } from "../../../src/evidence/audit-file.ts";
import { claimsOfFile } from "../../../test/rig/claims-file.ts";
import { readLogs } from "../../../src/evidence/result-tree.ts";
import { evidenceDocuments } from "../../../src/report/documents.ts";
import { gatherAtEnd } from "../../../src/report/gather.ts";
import { openHome } from "../../../src/home/home.ts";
import type { RunRecord } from "../../../src/home/run-record.ts";
import { pipelite } from "../../../test/rig/command.ts";
import { forbiddenWords, readDocuments, walkDocuments } from "../../../test/rig/document-walk.ts";
import { assertNixAccepts, nix } from "../../../test/rig/nix.ts";
import { peer, sweep } from "../../../test/rig/peer.ts";

const root = join(import.meta.dirname, "../../..");
const DETERMINISTIC = ["proof", "audio", "prompts", "song", "validation", "tuned", "tuned-gate"];

let folder: string;
let home: string;
let result: string;
let first: RunRecord;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "pipelite-walk-"));
  chmodSync(folder, 0o755);
  home = join(folder, "home");
  result = join(folder, "result");
  const { code, stderr } = await run();
  assert.equal(code, 0, stderr);
  first = recordIn(result);
});
after(() => removeTree(folder));

function run() {
  return pipelite(["run", join(root, "examples/monster-walk"), "--store", home, "--out", result]);
}

function recordIn(tree: string): RunRecord {
  const read = (name: string): object =>
    JSON.parse(readFileSync(join(tree, "evidence", name), "utf8")) as object;
  return { ...read("run.json"), claims: claimsOfFile(read("claims.json")) } as RunRecord;
}

function outputs({ stages }: RunRecord): Record<string, string | undefined> {
  const shown = stages.filter(({ name }) => DETERMINISTIC.includes(name));
  return Object.fromEntries(shown.map(({ name, outPath }) => [name, outPath]));
}

test("the result has the folders and files that the mission names", () => {
  assert.deepEqual(readdirSync(result).toSorted(), [
    "agreed",
    "audio",
    "balanced",
    "clean",
    "evidence",
    "perf",
    "prompts",
    "proof",
    "song",
    "tuned",
    "validation",
    "walked",
  ]);
  const wanted = [
    "proof/certificate.json",
    "proof/MonsterWalk.lean",
    "proof/MonsterWalk.ndjson",
    "proof/kernel-report.json",
    "audio/monster_walk.wav",
    "audio/monster_walk_metadata.json",
    "audio/monster_walk_60s.spectrogram.svg",
    "prompts/text_prompt.txt",
    "prompts/music_prompt.txt",
    "prompts/vision_prompt.txt",
    "prompts/song_reference.md",
    "song/monster_walk_lyrics.md",
    "song/melody.mid",
    "song/score.musicxml",
    "song/score.svg",
    "validation/six_sigma_cpk.json",
    "perf/pipeline_trace.json",
    "evidence/run.json",
    "evidence/claims.json",
  ];
  for (const file of wanted) assert.ok(readFileSync(join(result, file)).length > 0, file);
});

test(
  "the audit computes every claim again, the measured ones from the measurements",
  { skip: sweep() },
  async () => {
    const { code, stdout, stderr } = await pipelite(["audit", first.runId, "--store", home, "--json"]);
    const { claims, rebuilds } = JSON.parse(stdout) as AuditReport;
    const reasons = [...claims, ...rebuilds].flatMap(({ reason }) => reason ?? []);
    assert.deepEqual([code, reasons], [0, []], stderr);
    const ofMeasurements = claims.filter(({ evidence: [place = ""] }) =>
      place.includes("/measurements.json#/"),
    );
    assert.deepEqual(ofMeasurements.map(({ id }) => id).toSorted(), [
      "agreed/check",
      "balanced/check",
      "clean/check",
      "tuned/check",
      "validation/capability.cpk",
      "validation/capability.gauge",
      "walked/check",
    ]);
    for (const { formula } of ofMeasurements) assert.doesNotMatch(formula, /realise/);
  },
);

test("no document of the run has a number without a claim, and each says what the record says", () => {
  const evidence = join(result, "evidence");
  const door = openHome(home);
  const input = gatherAtEnd(door, first, readLogs(door, first));
  const wanted = evidenceDocuments(input);
  const documents = readDocuments(evidence, wanted.keys());
  assert.deepEqual(walkDocuments(documents, input), []);
  assert.deepEqual(forbiddenWords(documents), []);
  for (const [name, bytes] of wanted) assert.ok(documents.get(name)?.equals(bytes), name);
});

test("the commands that the report prints do what it says", { skip: peer("nix-store", "nix") }, () => {
  const html = readFileSync(join(result, "evidence/report.html"), "utf8");
  const printed = [...html.matchAll(/<code data-identifier="command">([^<]*)<\/code>/g)].map(
    ([, text = ""]) => text.replaceAll("&quot;", '"').replaceAll("&amp;", "&"),
  );
  const commands = printed.filter((text) => /^(nix |nix-store |\(cd result )/.test(text));
  assert.equal(commands.length, 3);
  const place = 'export PIPELITE_HOME="$0"; cd "$1"; eval "$2"';
  for (const command of commands) {
    const { status, stdout, stderr } = nix("sh", "-e", "-c", place, home, folder, command);
    assert.equal(status, 0, `${command}\n${stderr}`);
    if (command.includes("--realise")) assert.equal(stdout.trim(), first.stages[0]?.outPath);
  }
});

test("a second run builds nothing and says so; its result is the same tree", async () => {
  const { code, stderr } = await run();
  assert.equal(code, 0, stderr);
  assert.match(stderr, /\b0 built/);
  assert.equal(recordIn(result).runId, first.runId);
});

test("real Nix accepts the store, and opens the result", { skip: peer("nix-store", "nix") }, () => {
  assertNixAccepts(home);
  const { status, stdout } = nix("nix", "--store", home, "path-info", "--all");
  assert.equal(status, 0);
  for (const path of Object.values(outputs(first))) assert.ok(path !== undefined && stdout.includes(path));
});

test(
  "real Nix builds the derivations that the run wrote, to the same paths",
  { skip: peer("nix-store", "nix") },
  () => {
    const other = join(folder, "nix-home");
    const stages = first.stages.filter(({ name }) => DETERMINISTIC.includes(name));
    const derivations = stages.map(({ graphDrvPath }) => graphDrvPath ?? "none");
    const copied = nix(
      "nix",
      "copy",
      "--derivation",
      "--no-check-sigs",
      "--from",
      home,
      "--to",
      other,
      ...derivations,
    );
    assert.equal(copied.status, 0, copied.stderr);
    const built = nix("nix-store", "--store", other, "--realise", ...derivations);
    assert.equal(built.status, 0, built.stderr);
    assert.deepEqual(
      built.stdout.trim().split("\n"),
      stages.map(({ outPath }) => outPath),
    );
  },
);

test("another folder, user, home, time zone and locale give the same paths", { skip: sweep() }, async () => {
  const elsewhere = join(folder, "somewhere else");
  mkdirSync(elsewhere, { recursive: true });
  cpSync(join(root, "examples/monster-walk"), join(elsewhere, "walk"), { recursive: true });
  rmSync(join(elsewhere, "walk/node_modules"), { recursive: true, force: true });
  symlinkSync(join(root, "node_modules"), join(elsewhere, "node_modules"));
  chmodSync(elsewhere, 0o777);
  const args = [
    "run",
    join(elsewhere, "walk"),
    "--store",
    join(elsewhere, "home"),
    "--out",
    join(elsewhere, "result"),
  ];
  const env = {
    TZ: "Asia/Kathmandu",
    LC_ALL: "tr_TR.UTF-8",
    LANG: "tr_TR.UTF-8",
    HOME: elsewhere,
    USER: "somebody",
  };
  const ended = await (process.getuid?.() === 0
    ? asNobody(args, { ...env, PATH: process.env["PATH"] ?? "" })
    : pipelite(args, { env }));
  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual(outputs(recordIn(join(elsewhere, "result"))), outputs(first));
});

function asNobody(args: string[], env: Record<string, string>): { code: number | null; stderr: string } {
  const command = ["--reuid=65534", "--regid=65534", "--clear-groups", join(root, "bin/pipelite"), ...args];
  const { status, stderr } = spawnSync("setpriv", command, { env, encoding: "utf8" });
  return { code: status, stderr };
}
