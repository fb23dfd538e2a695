// A disk that fails once is no table of builds that is damaged: what it has stays.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Builds } from "#home/builds.ts";
import { openHome } from "#home/home.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { peer } from "../rig/peer.ts";
import { FaultyScript, moduleText } from "./each-call.ts";

const TREE = parseStorePath("/nix/store/06kfiy682gpz8v2fh643lmgkbwlgwvdy-walk");
const REMEMBER = `
  const { Builds } = await import(${moduleText("home/builds.ts")});
  const { openHome } = await import(${moduleText("home/home.ts")});
  try {
    const builds = new Builds(openHome(process.argv[2]).layout);
    builds.rememberTree("others", "${TREE}", "other");
    builds.close();
  } catch (error) {
    console.log(error.code);
  }
`;

function open(home: string): Builds {
  return new Builds(openHome(home).layout);
}

test("a disk that fails loses no build, and is told as one", { skip: peer("gcc") }, () => {
  using script = new FaultyScript(REMEMBER);
  const codes = new Set<string>();
  script.tryEachCall(
    "EIO",
    (home, { status, stdout }, at) => {
      assert.equal(status, 0, `call ${at}`);
      if (stdout !== "") codes.add(stdout.trim());
      const builds = open(home);
      assert.equal(builds.tree("results")?.tree, TREE, `call ${at} lost what was there: ${stdout}`);
      builds.close();
    },
    (home) => {
      const builds = open(home);
      builds.rememberTree("results", TREE, "run");
      builds.close();
    },
  );
  assert.ok(codes.has("STORE_DISK_FAILED"), [...codes].join(" "));
  assert.ok(!codes.has("BUILDS_DAMAGED"));
});
