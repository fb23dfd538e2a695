import assert from "node:assert/strict";
import { test } from "node:test";
import { EXIT } from "#base/errors.ts";
import { VERSION } from "#base/version.ts";
import { isCommandGroup, type CommandEntry } from "#cli/command.ts";
import { findCommand, readCommandLine } from "#cli/command-line.ts";
import { commands } from "#cli/commands.ts";
import { homeOf, type Host } from "#cli/context.ts";
import { reportProblem } from "#cli/problem.ts";
import { parseAssignment, parseCount, parseSpan } from "#cli/flags.ts";
import { formatTable } from "#cli/table.ts";
import { createRig, scrub } from "./rig.ts";

/** What a command line that cannot be understood ends with. */
async function refusal(...words: string[]): Promise<{ code: string; message: string; hint?: string }> {
  using rig = createRig();
  const { code, stdout, stderr } = await rig(...words, "--json");
  assert.equal(code, EXIT.usage);
  assert.equal(stderr, "");
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint?: string } };
  return error;
}

test("pipelite alone prints help on stdout and ends well", async () => {
  using rig = createRig();
  const { code, stdout, stderr } = await rig();
  assert.equal(code, EXIT.ok);
  assert.equal(stderr, "");
  assert.match(stdout, /^Pipelines that can prove what they did\n\nExamples\n {2}pipelite init /);
  for (const name of Object.keys(commands.commands)) assert.match(stdout, new RegExp(`^  ${name} `, "m"));
});

test("help of a command is the same by `help COMMAND`, --help and -h, and has examples before flags", async () => {
  using rig = createRig();
  for (const command of commandNames()) {
    const words = command.split(" ");
    const byHelp = await rig("help", ...words);
    assert.equal(byHelp.code, EXIT.ok, command);
    assert.deepEqual(await rig(...words, "--help"), byHelp);
    assert.deepEqual(await rig(...words, "-h"), byHelp);
    const examples = byHelp.stdout.indexOf("\nExamples\n");
    const flags = byHelp.stdout.indexOf("\nFlags");
    assert.ok(examples > 0, `${command} has no examples`);
    assert.ok(flags < 0 || examples < flags);
    assert.ok(
      byHelp.stdout.split("\n").every((line) => line.length <= 100),
      `${command} is too wide`,
    );
  }
});

test("every example in help is a command line that can be understood, and shows its own command", async () => {
  using rig = createRig();
  for (const [path, entry] of entriesOf(commands)) {
    const { examples } = isCommandGroup(entry) ? entry : await entry();
    assert.ok(examples.length > 0, path.join(" "));
    for (const [line] of examples) {
      assert.ok(line.startsWith(["pipelite", ...path].join(" ")), line);
      // What stands behind `--` is a command line of its own.
      const [own = ""] = line.split(" -- ");
      const { stdout, code } = await rig(...own.split(" ").slice(1), "--help");
      assert.equal(code, EXIT.ok, line);
      for (const flag of own.match(/--[a-z-]+/g) ?? []) assert.ok(stdout.includes(` ${flag}`), line);
    }
  }
});

/** Every command and group with the words that lead to it. */
function entriesOf(
  entry: CommandEntry,
  path: readonly string[] = [],
): (readonly [readonly string[], CommandEntry])[] {
  const below = isCommandGroup(entry) ? Object.entries(entry.commands) : [];
  return [[path, entry], ...below.flatMap(([name, next]) => entriesOf(next, [...path, name]))];
}

function commandNames(): string[] {
  return entriesOf(commands).flatMap(([path, entry]) => (isCommandGroup(entry) ? [] : [path.join(" ")]));
}

test("an unknown command, flag or word is refused with what was meant", async () => {
  assert.deepEqual(await refusal("rnu"), {
    code: "COMMAND_UNKNOWN",
    message: "There is no command 'rnu'",
    hint: "Did you mean `pipelite run`?",
    details: { command: "rnu", suggestion: "Did you mean `pipelite run`?" },
  });
  assert.equal((await refusal("store", "inof")).hint, "Did you mean `pipelite store info`?");
  assert.equal((await refusal("store", "qqqqqqqqqqqqqqqq")).hint, "`pipelite help store` lists all commands");
  assert.equal((await refusal("lean", "chekc")).hint, "Did you mean `pipelite lean check`?");
  assert.equal((await refusal("help", "rnu")).code, "COMMAND_UNKNOWN");
  assert.equal((await refusal("run", "--jbos", "3")).hint, "Did you mean --jobs?");
  for (const far of ["build", "xyz", "wat"]) {
    assert.equal((await refusal(far)).hint, "`pipelite help` lists all commands", far);
  }
  assert.equal((await refusal("run", "--frobnicate")).hint, "`pipelite help run` explains the command");
  assert.equal((await refusal("show", "--jobs=3")).code, "FLAG_UNKNOWN");
  assert.equal((await refusal("run", "-Z")).message, "There is no flag -Z");
  assert.equal((await refusal("run", "-Z")).code, "FLAG_UNKNOWN");
  assert.equal((await refusal("show", "a", "b")).code, "ARGUMENT_UNEXPECTED");
  assert.equal((await refusal("log")).message, "The argument STAGE is missing");
  assert.equal((await refusal("store", "info")).code, "ARGUMENT_MISSING");
});

test("a wrong value is refused with what would be right", async () => {
  const message = async (...words: string[]): Promise<string> => (await refusal(...words)).message;
  assert.equal(
    await message("run", "--jobs", "0"),
    "Cannot use '0' for --jobs: it must be a whole number of at least 1",
  );
  assert.equal(
    await message("run", "--engine", "nx"),
    "Cannot use 'nx' for --engine: it must be embedded or nix",
  );
  assert.equal(
    await message("run", "--param", "seconds"),
    "Cannot use 'seconds' for --param: it must be NAME=VALUE",
  );
  assert.match(await message("run", "--timeout", "soon"), /it must be a time such as/);
  assert.equal(await message("run", "--out"), "The flag --out needs a value");
  assert.equal(await message("sign", "latest", "--as", "Anna"), "The argument --meaning is missing");
  assert.equal(
    await message("run", "--out", "a", "--out", "b"),
    "Cannot use the flag --out twice: 'a' and 'b'",
  );
  assert.equal((await refusal("run", "--out")).code, "FLAG_VALUE_MISSING");
  assert.equal((await refusal("run", "--out", "a", "--out", "b")).code, "FLAG_REPEATED");
  assert.equal(await message("run", "--no-json=yes"), "Cannot use 'yes' for --no-json: it takes no value");
  assert.equal(
    await message("completion", "tcsh"),
    "Cannot use 'tcsh' for SHELL: it must be bash, zsh or fish",
  );
  assert.equal(await message("run", "--model", "http://x"), "The argument --model-name is missing");
});

test("flags are read as people type them: apart, joined, after letters, and before the command", async () => {
  const read = (...words: string[]): Promise<unknown> => readFlags("run", words);
  for (const words of [["-j", "3"], ["-j3"], ["-j=3"], ["--jobs", "3"], ["--jobs=3"], ["-vj3"]]) {
    assert.equal((await readFlags("run", words))["jobs"], 3, words.join(" "));
  }
  assert.deepEqual((await readFlags("run", ["-kq", "-p", "a=1", "-pb=2"]))["param"], [
    ["a", "1"],
    ["b", "2"],
  ]);
  assert.equal((await readFlags("run", ["--no-link", "--no-json"]))["noLink"], true);
  assert.equal((await readFlags("run", ["--no-link", "--no-json"]))["json"], false);
  assert.equal((await readFlags("capability", ["f.csv", "-c", "x", "--lsl", "-5", "--usl=-1"]))["lsl"], -5);
  await assert.rejects(read("-j"), { code: "FLAG_VALUE_MISSING" });
  await assert.rejects(read("-j0"), { code: "ARGUMENT_INVALID" });
  for (const empty of [["--store", ""], ["--store="], ["-o", ""], [""], ["a", ""]])
    await assert.rejects(read(...empty), { code: "ARGUMENT_INVALID", message: /'' for .*: it is empty/ });
  await assert.rejects(read("--no-jobs"), { code: "FLAG_UNKNOWN" });
});

async function readFlags(name: string, words: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { path, target, rest } = findCommand(commands, [name, ...words]);
  assert.ok(!isCommandGroup(target));
  return readCommandLine(await target(), path, rest).flags;
}

test("an error is `error:` and `hint:` on stderr, nothing on stdout, and readable without colour", async () => {
  using rig = createRig();
  const plain = await rig("rnu");
  assert.equal(plain.stdout, "");
  assert.equal(plain.stderr, "error: There is no command 'rnu'\nhint: Did you mean `pipelite run`?\n");
  const colored = await rig("rnu", "--color", "always");
  assert.ok(colored.stderr.startsWith(`${String.fromCharCode(27)}[`));
});

test("nothing in a message moves the cursor, whatever a file is called", async () => {
  using rig = createRig();
  const { stderr } = await rig("run", `./no\u001b[2Jwhere\u0007`);
  assert.match(stderr, /^error: Cannot find the pipeline: no file \S+\/nowhere\nhint: /);
  assert.doesNotMatch(stderr.replaceAll("\n", ""), /\p{Cc}/u);
});

test("a table on a narrow terminal goes on below its rows; elsewhere no row is ever broken", () => {
  const rows = [
    ["STAGE", "TIME", "OUTPUT"],
    ["fit", "0.44s", "/nix/store/vadlnkzxp0chyybb8rl6hr7sbqpm3blf-fit"],
    ["sum", "12ms", "-"],
  ];
  assert.equal(
    formatTable(rows, { right: [1], columns: 40 }),
    "STAGE   TIME  OUTPUT\nfit    0.44s\n    /nix/store/vadlnkzxp0chyybb8rl6hr7sbqpm3blf-fit\nsum     12ms  -",
  );
  assert.equal(formatTable(rows, { right: [1] }).split("\n").length, 3);
  const rebuilt =
    "reproduced 3 of 3 times on 2 machines, by the engine embedded and by nix, signed by 2 keys";
  assert.equal(
    formatTable([["a", rebuilt]], { columns: 40 }),
    "a\n    reproduced 3 of 3 times on 2\n    machines, by the engine embedded and\n    by nix, signed by 2 keys",
  );
  assert.equal(formatTable([["a", rebuilt]]), `a  ${rebuilt}`);
});

test("flags that every command takes may stand before it", async () => {
  using rig = createRig();
  const { stdout, code } = await rig("--json", "--store", rig.home, "runs");
  assert.equal(code, EXIT.ok);
  assert.deepEqual(JSON.parse(stdout), []);
  assert.equal((await rig("--version")).stdout, `pipelite ${VERSION}\n`);
});

test("a fault of ours ends with 70, a stack and the version; what the system refuses ends with 1, a path that can't be used with 2", async () => {
  using rig = createRig();
  const chunks: string[] = [];
  assert.equal(reportProblem(new TypeError("x is not a function"), [], hostThatKeeps(chunks)), EXIT.internal);
  assert.match(chunks.join(""), /^TypeError: x is not a function\n {4}at .*app\.test\.ts/);
  assert.match(
    chunks.join(""),
    /error: Internal error: x is not a function\nhint: This is a fault of Pipelite \d/,
  );
  reportProblem(new TypeError("x"), ["--json"], hostThatKeeps(chunks));
  assert.match(chunks.join(""), /"code":"INTERNAL_ERROR"/);
  assert.equal(
    reportProblem(AbortSignal.abort().reason, ["--json"], hostThatKeeps(chunks)),
    EXIT.interrupted,
  );
  assert.match(chunks.at(-1) ?? "", /"code":"INTERRUPTED"/);
  const asFile = await rig("init", "/dev/null/nowhere");
  assert.equal(asFile.code, EXIT.usage);
  assert.equal(
    asFile.stderr,
    "error: Cannot start a pipeline in /dev/null/nowhere: a part of its path is no folder\nhint: Name another folder: `pipelite init FOLDER`\n",
  );
  const refused = Object.assign(new Error("EACCES"), {
    code: "EACCES",
    syscall: "open",
    errno: -13,
    path: "/x",
  });
  assert.equal(reportProblem(refused, ["--json"], hostThatKeeps(chunks)), EXIT.failed);
  assert.match(chunks.at(-1) ?? "", /"code":"SYSTEM_CALL_FAILED"/);
  assert.equal(reportProblem(refused, ["show", "/x", "--json"], hostThatKeeps(chunks)), EXIT.usage);
  assert.match(chunks.at(-1) ?? "", /"code":"PATH_UNUSABLE","message":"Cannot use \/x: permission denied"/);
  const limited = new Error("Cannot read package config /x/package.json: too many open files.");
  assert.equal(reportProblem(limited, ["--json"], hostThatKeeps(chunks)), EXIT.failed);
  assert.match(chunks.at(-1) ?? "", /"message":"Cannot open \/x\/package.json: too many open files"/);
  // As rmSync of Node gives it.
  const unsigned = Object.assign(new Error("EACCES"), {
    code: "EACCES",
    syscall: "rm",
    errno: 13,
    path: "/x",
  });
  assert.equal(reportProblem(unsigned, ["show"], hostThatKeeps(chunks)), EXIT.failed);
  assert.match(chunks.at(-1) ?? "", /Cannot rm \/x: permission denied/);
  const full = Object.assign(new Error("ENOSPC"), {
    code: "ENOSPC",
    syscall: "write",
    errno: -28,
    path: "/x",
  });
  assert.equal(reportProblem(full, ["show", "/x"], hostThatKeeps(chunks)), EXIT.failed);
});

function hostThatKeeps(chunks: string[]): Host {
  const stream = Object.create(process.stderr, {
    write: { value: (text: string) => chunks.push(text) > 0 },
    isTTY: { value: false },
  }) as NodeJS.WritableStream;
  return {
    stdout: stream,
    stderr: stream,
    stdin: process.stdin,
    env: {},
    cwd: "/",
    writeBytes: () => {},
    interruption: () => new AbortController().signal,
    isInteractive: false,
    leaveInterrupts: () => {},
    onExit: () => {},
  };
}

test("the home is --store, else PIPELITE_HOME, else below XDG_DATA_HOME, else below HOME", () => {
  const at = (env: Record<string, string>, store?: string): string => homeOf({ env, cwd: "/w" }, store);
  assert.equal(at({ PIPELITE_HOME: "/p" }, "s"), "/w/s");
  assert.equal(at({ PIPELITE_HOME: "/p", XDG_DATA_HOME: "/x" }), "/p");
  assert.equal(at({ PIPELITE_HOME: "", XDG_DATA_HOME: "/x", HOME: "/h" }), "/x/pipelite");
  assert.equal(at({ HOME: "/h" }), "/h/.local/share/pipelite");
});

test("values of flags are read strictly", () => {
  assert.equal(parseCount("12"), 12);
  for (const wrong of ["", "0", "-1", "1.5", "1e3", "99999999999999999999"]) {
    assert.throws(() => parseCount(wrong), RangeError, wrong);
  }
  assert.deepEqual(["90", "90s", "1.5m", "2h"].map(parseSpan), [90_000, 90_000, 90_000, 7_200_000]);
  for (const wrong of ["", "0", "-1s", "1w", "s"]) assert.throws(() => parseSpan(wrong), RangeError, wrong);
  assert.deepEqual(parseAssignment("a=b=c"), ["a", "b=c"]);
  assert.deepEqual(parseAssignment("a="), ["a", ""]);
  for (const wrong of ["", "a", "=b"]) assert.throws(() => parseAssignment(wrong), RangeError, wrong);
});

test("scrub() takes out what differs between runs and nothing else", () => {
  const text =
    "HOME/x built in 1.23s, 84.0 KiB run 20261121T042647001Z-543bc0 /nix/store/00000000000000000000000000000000-a";
  assert.equal(
    scrub(text, { folder: "/f", home: "/h" }),
    "HOME/x built in TIME, SIZE run RUN /nix/store/HASH-a",
  );
});
