// A disk that fails while an archive is written is told with its file, and leaves the file that was there.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { peer } from "../rig/peer.ts";
import { FaultyScript, moduleText } from "./each-call.ts";

const WRITE = `
  const { writeArchive } = await import(${moduleText("archive/write.ts")});
  const { memberOf } = await import(${moduleText("archive/member.ts")});
  const members = [memberOf("a", Buffer.from("one")), memberOf("b", Buffer.from("two"))];
  const { signal } = new AbortController();
  const options = { run: "run", signal, onMember: () => {} };
  try {
    await writeArchive(process.argv[2] + "/run.tar", members, options);
  } catch (error) {
    console.log(error.code, error.path);
  }
`;
/** Two members, a block each for head and content, and the end. */
const WHOLE_BYTES = 4 * 512 + 1024;

for (const kind of ["EIO", "ENOSPC", "after"])
  test(
    `each call that fails leaves the archive of before, and names it: ${kind}`,
    { skip: peer("gcc") },
    () => {
      using script = new FaultyScript(WRITE);
      const failed = script.failEachCall(
        kind,
        (folder, { status, stdout }, at) => {
          assert.equal(status, 0, `call ${at}`);
          const bytes = readFileSync(join(folder, "run.tar"));
          if (stdout === "") return bytes.length === WHOLE_BYTES;
          assert.match(stdout, kind === "EIO" ? /^EIO / : /^ENOSPC /, `call ${at}`);
          assert.ok(stdout.includes(`${folder}/run.tar`), `call ${at} names no file: ${stdout}`);
          assert.equal(bytes.toString(), "before", `call ${at}`);
          if (kind !== "after") assert.deepEqual(readdirSync(folder), ["run.tar"], `call ${at}`);
          return false;
        },
        (folder) => writeFileSync(join(folder, "run.tar"), "before"),
      );
      assert.ok(failed >= 5, `${failed} calls`);
    },
  );
