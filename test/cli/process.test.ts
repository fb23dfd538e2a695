// The process around a command where it is started without what a command has: no folder, no home, nowhere to write.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { EXIT } from "#base/errors.ts";
import { removeTree } from "#base/files.ts";
import { peer, sweep } from "../rig/peer.ts";

const PIPELITE = join(import.meta.dirname, "../../bin/pipelite");
const folder = mkdtempSync(join(tmpdir(), "pipelite-process-"));
after(() => removeTree(folder));

/** By a line of the shell, in which $PIPELITE is the command. */
function shell(line: string) {
  const env = { ...process.env, PIPELITE, PIPELITE_HOME: join(folder, "home"), NO_COLOR: "1" };
  const { status, stdout, stderr } = spawnSync("sh", ["-c", line], { cwd: folder, env, encoding: "utf8" });
  return { status, stdout, stderr };
}

test("in a folder that was removed a command says so, and help helps", { skip: sweep() }, () => {
  const gone = 'mkdir gone; cd gone; rmdir "$PWD"; ';
  const { status, stderr } = shell(`${gone} "$PIPELITE" runs --json`);
  assert.equal(status, EXIT.usage);
  assert.doesNotMatch(stderr, /node:internal/);
  assert.match(shell(`${gone} "$PIPELITE" runs --json`).stdout, /"code":"FOLDER_GONE"/);
  assert.equal(shell(`${gone} "$PIPELITE" help`).status, EXIT.ok);
});

test(
  "a user whom the machine does not know is told what to set, and needs no more than that",
  { skip: process.getuid?.() === 0 ? peer("setpriv") : "not run: needs root to become another user" },
  () => {
    const asUnknown = "setpriv --reuid 54321 --regid 54321 --clear-groups env -u HOME -u XDG_DATA_HOME";
    const { status, stdout } = shell(`${asUnknown} -u PIPELITE_HOME "$PIPELITE" runs --json`);
    assert.match(stdout, /"code":"HOME_FOLDER_UNKNOWN"/);
    assert.equal(status, EXIT.usage);
    assert.equal(shell(`${asUnknown} "$PIPELITE" help`).status, EXIT.ok);
  },
);

test("where nothing can be written the exit code is what it always is", { skip: sweep() }, () => {
  const full = shell('"$PIPELITE" runs --json > /dev/full');
  assert.equal(full.status, EXIT.failed);
  assert.match(full.stderr, /^error: Cannot write standard output: no space left on device$/m);
  assert.equal(shell('"$PIPELITE" help > /dev/full 2> /dev/full').status, EXIT.failed);
  assert.equal(shell('"$PIPELITE" nonsense 2> /dev/full').status, EXIT.usage);
  assert.equal(shell('"$PIPELITE" nonsense --json > /dev/full 2> /dev/full').status, EXIT.usage);
  assert.equal(shell('"$PIPELITE" nonsense >&- 2>&-').status, EXIT.usage);
});

test("a home, or a folder for temporary files, that can't be used is named", { skip: sweep() }, () => {
  const nowhere = shell('"$PIPELITE" init demo; cd demo; PIPELITE_HOME=/proc/1 "$PIPELITE" run --json');
  assert.equal(nowhere.status, EXIT.usage, nowhere.stderr);
  assert.match(nowhere.stdout, /"code":"STORE_READ_ONLY".*no folder can be made there/);
  const noTemporary = shell('cd demo; TMPDIR=/proc/none "$PIPELITE" run --json');
  assert.equal(noTemporary.status, EXIT.usage, noTemporary.stderr);
  assert.match(noTemporary.stdout, /"code":"TEMPORARY_FOLDER_UNUSABLE"/);
});

test("a limit on the size of files is named, and no disk that fails", { skip: sweep() }, () => {
  for (const blocks of [0, 16, 4000]) {
    const limited = shell(
      `"$PIPELITE" init demo; cd demo; ulimit -f ${blocks}; PIPELITE_HOME=${folder}/limited-${blocks} "$PIPELITE" run --json 2>&1 | cat`,
    );
    assert.match(limited.stdout, /"code":"STORE_FILE_LIMIT"/, `${blocks}`);
    assert.ok(limited.stdout.includes(`no file of more than ${blocks * 512} bytes`), limited.stdout);
  }
});

test(
  "a run that has failed has failed, whatever its pipeline does when the process ends",
  { skip: sweep() },
  () => {
    const endings = [
      "process.abort()",
      "process.kill(process.pid, 9)",
      "process.reallyExit(0)",
      "process.exit(0)",
      "process.exitCode = 0",
    ];
    for (const ending of endings) {
      const pipeline = `import { pipeline, stage } from "pipelite";
process.on("exit", () => { ${ending}; });
export default pipeline({ bad: stage(() => import("./bad.ts")) });`;
      const { status, stderr } = shell(
        `mkdir -p ended; echo '${pipeline}' > ended/pipeline.ts
echo 'export default () => { throw new Error("no"); };' > ended/bad.ts; "$PIPELITE" run ended`,
      );
      assert.equal(status, EXIT.failed, `${ending}\n${stderr}`);
    }
  },
);

test("a pipeline that ends the process, or never ends its loading, is no success", { skip: sweep() }, () => {
  const codes = [
    "process.exit(0)",
    "process.exit(70)",
    "await new Promise(() => {})",
    "process.abort()",
    'import { abort } from "node:process"; abort()',
    "process.reallyExit(0)",
    'process.execve("/bin/true", ["true"])',
    "process.kill(process.pid, 9)",
    'process.removeAllListeners("exit"); process.exit(0)',
    "process.removeAllListeners(); await new Promise(() => {})",
    'process.on("exit", () => { process.exitCode = 0 }); process.exit(0)',
    'process.on("exit", () => process.abort()); process.exit(0)',
  ];
  for (const code of codes) {
    const { status, stdout, stderr } = shell(
      `mkdir -p short; echo '${code}' > short/pipeline.ts; "$PIPELITE" run short`,
    );
    assert.deepEqual([status, stdout], [EXIT.usage, ""], code);
    assert.equal(stderr.match(/^error: The command was cut short/gm)?.length, 1, `${code}\n${stderr}`);
  }
});

test("what a pipeline's module leaves to fail later is the fault of that module", { skip: sweep() }, () => {
  const rejected = shell(
    `mkdir -p late; echo 'export default Promise.reject(new Error("late"))' > late/pipeline.ts; "$PIPELITE" plan late`,
  );
  assert.equal(rejected.status, EXIT.usage);
  assert.doesNotMatch(rejected.stderr, /node:internal|at file:/);
  const good = `import { pipeline, stage } from "pipelite";
const a = stage(() => import("./a.ts"));
export default pipeline({ a });`;
  for (const [line, said] of [
    ['Promise.reject(new Error("late"));', "pipeline.ts:4:16: cannot evaluate the pipeline: Error: late"],
    ["Promise.reject(3);", "pipeline.ts: cannot evaluate the pipeline: it threw what is no Error"],
    ['Array.prototype.map = () => { throw new Error("none"); };', "The command was cut short"],
  ] as const) {
    writeFileSync(join(folder, "late/pipeline.ts"), `${good}\n${line}\n`);
    writeFileSync(join(folder, "late/a.ts"), "export default () => ({ x: '1' });\n");
    const { status, stderr } = shell('"$PIPELITE" plan late');
    assert.equal(status, EXIT.usage, `${line}\n${stderr}`);
    assert.ok(stderr.includes(`error: ${said}`), stderr);
    assert.doesNotMatch(stderr, /node:internal|at file:/);
  }
});

test("a word that is no text is refused, and names no other file", { skip: sweep() }, () => {
  const { status, stdout } = shell(`"$PIPELITE" show "$(printf 'a\\355\\240\\200')" --json`);
  assert.match(stdout, /"code":"ARGUMENT_NOT_TEXT"/);
  assert.equal(status, EXIT.usage);
  // What Node puts in such a place may be meant.
  assert.match(
    shell(`"$PIPELITE" show "$(printf 'a\\357\\277\\275')" --json`).stdout,
    /"code":"RUN_NOT_FOUND"/,
  );
});

test(
  "nobody but owner and group may write what a command makes, whatever the umask",
  { skip: sweep() },
  () => {
    writeFileSync(join(folder, "added"), "1");
    const { status, stderr } = shell('umask 000; "$PIPELITE" store add added --store "$PWD/masked"');
    assert.equal(status, EXIT.ok, stderr);
    const { stdout } = shell("find masked -perm -002 -not -type l");
    assert.equal(stdout, "");
    assert.equal(shell("stat -c %a masked/nix/store").stdout, "775\n");
  },
);
