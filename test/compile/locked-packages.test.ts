// Packages are what package-lock.json says, or the run ends with the one that is not: by version, and by their bytes where npm
// still has the archive.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { Project } from "../rig/project.ts";

const packed = {
  "package/package.json": '{ "name": "seven", "version": "1.2.3", "main": "index.js", "bin": "bin.js" }',
  "package/index.js": "module.exports = 7;",
  "package/bin.js": "#!/usr/bin/env node\r\nconsole.log(7);\r\n",
};

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** A project with an installed package, its lock, and the archive in the cache of npm. */
function installed(): { project: Project; env: NodeJS.ProcessEnv; lock: Record<string, unknown> } {
  const project = new Project({
    "pipeline.ts":
      'import { pipeline, stage } from "pipelite";\nexport default pipeline({ a: stage(() => import("./a.ts")) });\n',
    "a.ts": 'import seven from "seven";\nexport default () => ({ "n.json": seven });\n',
  });
  const cache = join(project.folder, "npm");
  write(project.folder, packed);
  const archive = join(project.folder, "seven.tgz");
  const { status } = spawnSync("tar", ["-czf", archive, "package"], { cwd: project.folder });
  assert.equal(status, 0);
  const digest = createHash("sha512").update(readFileSync(archive)).digest();
  const hex = digest.toString("hex");
  write(cache, { [`_cacache/content-v2/sha512/${hex.slice(0, 2)}/${hex.slice(2, 4)}/x`]: "" });
  const kept = join(cache, "_cacache/content-v2/sha512", hex.slice(0, 2), hex.slice(2, 4), hex.slice(4));
  writeFileSync(kept, readFileSync(archive));
  const folder = join(project.root, "node_modules/seven");
  for (const [name, text] of Object.entries(packed))
    write(folder, { [name.slice("package/".length)]: text.replace("node\r\n", "node\n") });
  // What a script of the package made is beside what the archive has.
  write(folder, { "build/made.txt": "x" });
  const entry = { version: "1.2.3", integrity: `sha512-${digest.toString("base64")}` };
  const lock = { lockfileVersion: 3, packages: { "node_modules/seven": entry } };
  write(project.root, { "package-lock.json": JSON.stringify(lock) });
  return { project, env: { ...process.env, npm_config_cache: cache }, lock: entry };
}

test("what is installed as it is locked is taken, and what is not is named", async () => {
  const { project, env, lock } = installed();
  using _ = project;
  await project.plan({ env });
  const folder = join(project.root, "node_modules/seven");
  const refused = async (pattern: RegExp): Promise<void> =>
    assert.rejects(project.plan({ env }), (error) => {
      assert.ok(isPipeliteError(error, "PACKAGE_NOT_LOCKED"), String(error));
      assert.equal(error.exitCode, 2);
      assert.match(error.message, pattern);
      return true;
    });
  write(folder, { "index.js": "module.exports = 8;" });
  await refused(/node_modules\/seven .* package-lock.json says: index.js of it is not that of the archive/);
  write(folder, { "index.js": "module.exports = 7;" });
  await project.plan({ env });
  write(folder, { "package.json": packed["package/package.json"].replace("1.2.3", "1.2.4") });
  await refused(/the lock has 1.2.3, installed is 1.2.4/);
  write(folder, { "package.json": packed["package/package.json"] });
  // The lock is among what the bundle hangs on.
  const other = { lockfileVersion: 3, packages: { "node_modules/seven": { ...lock, version: "2.0.0" } } };
  write(project.root, { "package-lock.json": JSON.stringify(other) });
  await refused(/the lock has 2.0.0, installed is 1.2.3/);
  write(project.root, { "package-lock.json": JSON.stringify({ lockfileVersion: 3, packages: {} }) });
  await refused(/the lock does not have it/);
});

test("without a lock, or without the archive, what is installed is taken by its version", async () => {
  const { project, env } = installed();
  using _ = project;
  write(join(project.root, "node_modules/seven"), { "index.js": "module.exports = 8;" });
  await project.plan({ env: { ...env, npm_config_cache: join(project.folder, "none") } });
});
