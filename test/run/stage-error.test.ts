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
