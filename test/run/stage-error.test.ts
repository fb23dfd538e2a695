// A log says what was wrong with an environment.
import assert from "node:assert/strict";
import { test } from "node:test";
import { errorOf } from "#run/stage-error.ts";
import { PipeliteError } from "#base/errors.ts";

const failed = new PipeliteError("STAGE_FAILED", { exit: 1, message: "it failed" }, {});
const ofLog = (...lines: string[]) => errorOf({ name: "one", kind: "command" }, { error: failed }, lines);
const codeOf = (...lines: string[]) => ofLog(...lines).code;

test("namespaces that the kernel refuses are a missing capability", () => {
  const error = ofLog(
    "pipelite: cannot enter the environment: make a user namespace: error ENOSPC, a limit of the kernel is reached",
  );
  assert.equal(error.code, "ENVIRONMENT_NOT_ENTERED");
  assert.equal(error.exitCode, 4);
  assert.match(error.message, /make a user namespace: error ENOSPC/);
});

test("a program that is not there, and a package that can't be configured", () => {
  assert.equal(
    codeOf(
      "pipelite: cannot enter the environment: the program cannot be started there: error ENOENT, it is not there",
    ),
    "ENVIRONMENT_PROGRAM_MISSING",
  );
  assert.equal(
    codeOf(
      "pipelite: cannot enter the environment: the program cannot be started there: error ENOENT, it is not there",
      "Error: cannot configure dbus: dpkg ended with 1",
      "    at",
    ),
    "ENVIRONMENT_PACKAGE_FAILED",
  );
  assert.equal(codeOf("gcc: error"), "STAGE_FAILED");
});

test("a command that did not find what it looked for is told what it sees; others and other stages are not", () => {
  const ended = { error: failed, ending: { kind: "exited", code: 127 } } as const;
  const of = (kind: "command" | "stage", line: string) => errorOf({ name: "one", kind }, ended, [line]);
  for (const line of [
    "/nix/store/x-t: line 1: ls: command not found",
    "sh: 1: ls: not found",
    "Can't locate POSIX.pm in @INC (you may need to install the POSIX module)",
    "gcc: fatal error: cannot execute 'cc1': execvp: No such file or directory",
    "ModuleNotFoundError: No module named 'encodings'",
    "go: cannot find GOROOT directory: 'go' binary is trimmed and GOROOT is not set",
  ]) {
    const error = of("command", line);
    assert.deepEqual([error.code, error.exitCode], ["COMMAND_LACKS", 1], line);
    assert.equal(error.message, "Stage 'one' failed: it exited with 127");
    assert.match(error.hint ?? "", /inputs only: programs come by `path/);
    assert.equal(of("stage", line).code, "STAGE_FAILED");
  }
  assert.equal(of("command", "the value is 3, wanted is 4").code, "STAGE_FAILED");
});
