// Files of the user: all of it, or an error that has the path; what has no end is refused and not waited for.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isPipeliteError, systemErrorCode } from "#base/errors.ts";
import { readNamedFile } from "#base/files.ts";
import { createRig } from "../cli/rig.ts";

test("a file is read whole; a folder, a missing file and one that is too large give an error with the path", () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-named-"));
  const file = join(folder, "file");
  const content = Buffer.alloc(3_000_000, "0123456789");
  writeFileSync(file, content);
  assert.ok(content.equals(readNamedFile(file)));
  assert.ok(content.equals(readNamedFile(file, content.length)));
  writeFileSync(join(folder, "empty"), "");
  assert.equal(readNamedFile(join(folder, "empty")).length, 0);
  const refused: [path: string, code: string, most?: number][] = [
    [folder, "EISDIR"],
    [join(folder, "none"), "ENOENT"],
    [join(file, "below"), "ENOTDIR"],
    [file, "EFBIG", content.length - 1],
  ];
  for (const [path, code, most] of refused)
    assert.throws(
      () => readNamedFile(path, most),
      (error) => systemErrorCode(error) === code && (error as { path?: string }).path === path,
    );
  rmSync(folder, { recursive: true });
});

test("a named pipe, a socket and a device are refused at once, links to them too", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-named-"));
  const place = (name: string) => join(folder, name);
  execFileSync("mkfifo", [place("pipe")]);
  symlinkSync("pipe", place("link"));
  const server = createServer().listen(place("socket"));
  await once(server, "listening");
  for (const [path, kind] of [
    [place("pipe"), "a named pipe"],
    [place("link"), "a named pipe"],
    [place("socket"), "a socket"],
    ["/dev/zero", "a device"],
  ] as const)
    assert.throws(
      () => readNamedFile(path),
      (error) =>
        isPipeliteError(error, "FILE_ENDLESS") &&
        error.exitCode === 2 &&
        error.message.includes(`${path}: it is ${kind}`),
    );
  assert.equal(readNamedFile("/dev/null").length, 0);
  server.close();
  rmSync(folder, { recursive: true });
});

test("what the shell has opened is read to its end", () => {
  const read =
    'import { readNamedText } from "#base/files.ts"; process.stdout.write(readNamedText(process.argv[1]));';
  const script = 'printf "through a pipe" | "$0" --input-type=module --eval "$1" "$2"';
  const options = { cwd: join(import.meta.dirname, "../.."), encoding: "utf8" } as const;
  for (const path of ["/dev/stdin", "/dev/fd/0"]) {
    const { stdout, stderr } = spawnSync("sh", ["-c", script, process.execPath, read, path], options);
    assert.equal(stdout, "through a pipe", stderr);
  }
});

test("a folder or an endless file in the place of a key ends with 2 and its name", async () => {
  using rig = createRig();
  for (const [key, says] of [
    ["/", "error: Cannot use /: it is a folder, and must be a file\n"],
    [
      "/dev/zero",
      "error: Cannot read /dev/zero: it is a device, and that may have no end\nhint: Put a file in its place\n",
    ],
  ] as const) {
    const words = [
      "deviation",
      "move",
      "D-000000000000",
      "investigating",
      "--reason",
      "r",
      "--as",
      "A",
      "--key",
      key,
    ];
    const { code, stderr } = await rig(...words);
    assert.equal(code, 2, stderr);
    assert.equal(stderr, says);
  }
});

test("a folder that cannot be made below one that is there, or where a file is, ends with 2 and its name", async () => {
  using rig = createRig();
  // Node's own way to make folders never comes back from /proc: in another process, so that it can be stopped.
  const args = [
    "--input-type=module",
    "--eval",
    'import { makeFolder } from "#base/files.ts"; makeFolder("/proc/x/y");',
  ];
  const { signal, stderr } = spawnSync(process.execPath, args, {
    cwd: join(import.meta.dirname, "../.."),
    encoding: "utf8",
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  assert.equal(signal, null);
  assert.match(stderr, /ENOENT: no such file or directory, mkdir '\/proc\/x'/);
  const { code, stderr: says } = await rig("init", "/dev/null");
  assert.equal(code, 2);
  assert.match(says, /^error: Cannot use \/dev\/null: /);
});

test("before the first run the latest one is no run that cannot be found", async () => {
  using rig = createRig();
  const { code, stdout } = await rig("show", "--json");
  assert.equal(code, 2);
  assert.match(stdout, /"code":"RUN_NONE","message":"There is no run yet"/);
});
