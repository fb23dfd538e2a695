// What a builder made becomes store paths: the same ones that real Nix gives to the same content, or a
// refusal.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
} from "node:fs";
import { readlinkSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { utf8 } from "#base/bytes.ts";
import { extendedAttributes } from "#base/libc.ts";
import { hashBytes } from "#nix/hash.ts";
import { scratchPath } from "#nix/placeholder.ts";
import {
  makeFixedPath,
  makeOutputPath,
  parseStorePath,
  storePathHash,
  type StorePath,
} from "#nix/store-path.ts";
import type { BuiltOutput } from "#store/outputs.ts";
import { makeRewriter } from "#store/rewrite.ts";
import { openStore } from "#store/store.ts";
import { peer } from "../rig/peer.ts";
import { coded, StoreRig } from "./rig.ts";

const DRV = parseStorePath("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-stage.drv");

/** An output as a builder leaves it: `make` fills the place where it belongs. */
function built(
  rig: StoreRig,
  make: (scratch: string, scratchPath: StorePath) => void,
  more: Partial<BuiltOutput> & { output?: string } = {},
): BuiltOutput {
  const { output = "out", ...rest } = more;
  const path = scratchPath(DRV, output);
  const folder = `${rig.home}/pipelite/builds`;
  mkdirSync(folder, { recursive: true });
  const scratch = `${folder}/${readdirSync(folder).length}-${output}`;
  make(scratch, path);
  return {
    scratch,
    scratchPath: path,
    name: output === "out" ? "stage" : `stage-${output}`,
    references: [],
    ...rest,
  };
}

/** Nothing of a failed registration is in the store directory. */
function assertEmpty(rig: StoreRig): void {
  assert.deepEqual(readdirSync(`${rig.home}/nix/store`), [".links"]);
  assert.deepEqual(rig.store.validPaths(), []);
}

describe("registerOutputs", () => {
  test(
    "puts an output into the store's form, with the references found in it",
    { skip: peer("nix-store") },
    async () => {
      using rig = new StoreRig();
      const [used, unused] = [await rig.text("used"), await rig.text("unused")];
      const output = built(
        rig,
        (scratch) => {
          mkdirSync(`${scratch}/bin`, { recursive: true });
          writeFileSync(`${scratch}/bin/run`, `#!${used}/sh\n`, { mode: 0o755 });
          writeFileSync(`${scratch}/closed`, "", { mode: 0o000 });
          symlinkSync("bin/run", `${scratch}/link`);
          chmodSync(`${scratch}/bin`, 0o500);
        },
        { references: [used, unused], deriver: DRV },
      );
      const [result] = await rig.store.registerOutputs([output]);
      assert.ok(result?.added);
      const info = rig.store.info(result.path);
      assert.deepEqual(info?.references, [used]);
      assert.equal(info.deriver, DRV);
      assert.equal(info.ultimate, true);
      assert.match(info.contentAddress ?? "", /^fixed:r:sha256:/);
      const modes = ["", "/bin", "/bin/run", "/closed"].map((name) => {
        const stat = lstatSync(rig.store.physical(result.path) + name);
        return `${(stat.mode & 0o7777).toString(8)} ${stat.mtimeMs}`;
      });
      assert.deepEqual(modes, ["555 1000", "555 1000", "555 1000", "444 1000"]);
      assert.equal(existsSync(output.scratch), false);
      assert.equal(rig.nixComplaints(), "");
    },
  );

  test("the same content gives the same path, once", async () => {
    using rig = new StoreRig();
    const make = (scratch: string): void => writeFileSync(scratch, "result");
    const [first] = await rig.store.registerOutputs([built(rig, make)]);
    const [second] = await rig.store.registerOutputs([built(rig, make, { deriver: DRV })]);
    assert.deepEqual([first?.added, second?.added], [true, false]);
    assert.equal(second?.path, first?.path);
  });

  test(
    "outputs that mention each other get final paths, in contents, links and names",
    { skip: peer("nix-store") },
    async () => {
      using rig = new StoreRig();
      const library = scratchPath(DRV, "lib");
      const results = await rig.store.registerOutputs([
        built(rig, (scratch) => {
          mkdirSync(scratch);
          writeFileSync(`${scratch}/uses`, `x${library}/y ${"z".repeat(300_000)} ${library}`);
          symlinkSync(`${library}/lib.so`, `${scratch}/link`);
          mkdirSync(`${scratch}/${storePathHash(library)}`);
        }),
        built(rig, (scratch) => writeFileSync(scratch, "library"), { output: "lib" }),
      ]);
      const [out, lib] = results.map(({ path }) => path);
      assert.ok(out !== undefined && lib !== undefined);
      assert.deepEqual(rig.store.info(out)?.references, [lib]);
      const root = rig.store.physical(out);
      assert.equal(readFileSync(`${root}/uses`, "utf8").indexOf(`x${lib}/y`), 0);
      assert.ok(readFileSync(`${root}/uses`, "utf8").endsWith(` ${lib}`));
      assert.equal(readlinkSync(`${root}/link`), `${lib}/lib.so`);
      assert.ok(existsSync(`${root}/${storePathHash(lib)}`));
      assert.equal(rig.nixComplaints(), "");
      assert.equal((await rig.store.verify({ checkContents: true })).problems.length, 0);
    },
  );

  test("outputs of equal content under one name are one path", async () => {
    using rig = new StoreRig();
    const make = (scratch: string): void => writeFileSync(scratch, "same");
    const outputs = [built(rig, make, { name: "same" }), built(rig, make, { name: "same", output: "doc" })];
    const [a, b] = await rig.store.registerOutputs(outputs);
    assert.equal(a?.path, b?.path);
    assert.equal(readdirSync(`${rig.home}/nix/store`).length, 2);
  });

  test("refuses outputs that need each other", async () => {
    using rig = new StoreRig();
    const outputs = [
      built(rig, (scratch) => writeFileSync(scratch, scratchPath(DRV, "lib"))),
      built(rig, (scratch) => writeFileSync(scratch, scratchPath(DRV, "out")), { output: "lib" }),
    ];
    await assert.rejects(rig.store.registerOutputs(outputs), coded("STORE_REFERENCE_CYCLE"));
    assertEmpty(rig);
  });

  test("gives an output that mentions itself the path that Nix 2.8 gives it", async () => {
    using rig = new StoreRig();
    const output = built(rig, (scratch, path) => {
      mkdirSync(scratch);
      writeFileSync(`${scratch}/self.txt`, `me ${path.replace(/-stage$/, "-self")}\n`);
    });
    const [result] = await rig.store.registerOutputs([{ ...output, name: "self" }]);
    const path = parseStorePath("/nix/store/xks91ycisqcwa9lca2wz2mawlgssz5k6-self");
    assert.equal(result?.path, path);
    assert.deepEqual(rig.store.info(path)?.references, [path]);
    assert.equal(readFileSync(`${rig.store.physical(path)}/self.txt`, "utf8"), `me ${path}\n`);
    assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);

    using other = openStore(rig.path("other"));
    const stream: Buffer[] = [];
    await rig.store.exportPaths([path], (chunk) => stream.push(Buffer.from(chunk)));
    assert.deepEqual(await other.importPaths(stream), [path]);
    assert.equal(other.info(path)?.contentAddress, rig.store.info(path)?.contentAddress);
    assert.ok(other.info(path)?.contentAddress, "the import finds the address again");
  });

  test("an output that mentions itself and another one is rewritten in both places", async () => {
    using rig = new StoreRig();
    const outputs = [
      built(rig, (scratch, path) => writeFileSync(scratch, `${scratchPath(DRV, "lib")} ${path} ${path}`)),
      built(rig, (scratch, path) => writeFileSync(scratch, `lib ${path}`), { output: "lib" }),
    ];
    const [out, lib] = await rig.store.registerOutputs(outputs);
    assert.ok(out !== undefined && lib !== undefined);
    const content = readFileSync(rig.store.physical(out.path), "latin1").replaceAll("-stage ", "-stage-lib ");
    assert.equal(content.split(" ")[0], lib.path);
    assert.deepEqual(rig.store.info(out.path)?.references, [out.path, lib.path].toSorted());
    assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);
  });

  test("lets an input-addressed output mention itself", { skip: peer("nix-store") }, async () => {
    using rig = new StoreRig();
    const path = makeOutputPath({ drvName: "stage", output: "out", hashModulo: new Uint8Array(32) });
    const output = built(rig, (scratch) => writeFileSync(scratch, `I am ${path}`), {
      scratchPath: path,
      expected: { kind: "input-addressed", path },
    });
    const [result] = await rig.store.registerOutputs([output]);
    assert.equal(result?.path, path);
    assert.deepEqual(rig.store.info(path)?.references, [path]);
    assert.equal(rig.store.info(path)?.contentAddress, undefined);
    assert.deepEqual(rig.store.closure([path]), [path]);
    assert.equal(rig.nixComplaints(), "");
  });

  test("holds a fixed output to its hash", async () => {
    using rig = new StoreRig();
    const hash = hashBytes("sha256", utf8("hello"));
    const fixed = (method: "flat" | "recursive") =>
      ({ kind: "fixed", method, hash, path: makeFixedPath({ name: "stage", method, hash }) }) as const;
    const write =
      (content: string, mode = 0o644) =>
      (scratch: string) =>
        writeFileSync(scratch, content, { mode });
    const used = await rig.text("used");
    const register = (make: (scratch: string) => void, method: "flat" | "recursive" = "flat") =>
      rig.store.registerOutputs([built(rig, make, { expected: fixed(method), references: [used] })]);
    await assert.rejects(register(write("hallo")), coded("STORE_HASH_MISMATCH"));
    await assert.rejects(register(write("hello", 0o755)), coded("STORE_OUTPUT_NOT_FLAT"));
    await assert.rejects(
      register((scratch) => mkdirSync(scratch)),
      coded("STORE_OUTPUT_NOT_FLAT"),
    );
    await assert.rejects(register(write("hello"), "recursive"), coded("STORE_HASH_MISMATCH"));
    const [result] = await register(write("hello"));
    assert.equal(result?.path, fixed("flat").path);
    const named = hashBytes("sha256", utf8(used));
    const path = makeFixedPath({ name: "stage", method: "flat", hash: named });
    const naming = built(rig, write(used), {
      expected: { kind: "fixed", method: "flat", hash: named, path },
      references: [used],
    });
    await assert.rejects(rig.store.registerOutputs([naming]), coded("STORE_REFERENCES_FORBIDDEN"));
  });

  test("refuses what the builder did not make, special files, setuid and open permissions", async () => {
    using rig = new StoreRig();
    const refuse = async (
      code: Parameters<typeof coded>[0],
      make: (scratch: string) => void,
    ): Promise<void> => {
      await assert.rejects(rig.store.registerOutputs([built(rig, make)]), coded(code));
      assertEmpty(rig);
    };
    rig.store.validPaths();
    await refuse("STORE_OUTPUT_MISSING", () => {});
    await refuse("STORE_SPECIAL_FILE", (scratch) => execFileSync("mkfifo", [scratch]));
    await refuse("STORE_SPECIAL_FILE", (scratch) => execFileSync("mkfifo", ["-m", "0666", scratch]));
    await refuse("STORE_SPECIAL_FILE", (scratch) => {
      mkdirSync(scratch);
      execFileSync("mkfifo", [`${scratch}/pipe`]);
    });
    await refuse("STORE_OUTPUT_UNSAFE", (scratch) => {
      writeFileSync(scratch, "");
      chmodSync(scratch, 0o4755);
    });
    await refuse("STORE_OUTPUT_UNSAFE", (scratch) => {
      mkdirSync(scratch);
      chmodSync(scratch, 0o777);
    });
  });

  test("all outputs of a build are registered, or none", async () => {
    using rig = new StoreRig();
    const hash = hashBytes("sha256", utf8("hello"));
    const path = makeFixedPath({ name: "stage-bad", method: "flat", hash });
    const expected = { kind: "fixed", method: "flat", hash, path } as const;
    const outputs = [
      built(rig, (scratch) => writeFileSync(scratch, "good")),
      built(rig, (scratch) => writeFileSync(scratch, "bad"), { output: "bad", expected }),
    ];
    await assert.rejects(rig.store.registerOutputs(outputs), coded("STORE_HASH_MISMATCH"));
    assertEmpty(rig);
  });

  test("removes extended attributes, and takes hard links", { skip: peer("python3") }, async () => {
    using rig = new StoreRig();
    const python = `import os, sys; os.setxattr(sys.argv[1], "user.note", b"x")`;
    const output = built(rig, (scratch) => {
      mkdirSync(scratch);
      writeFileSync(`${scratch}/a`, "same");
      linkSync(`${scratch}/a`, `${scratch}/b`);
      chmodSync(`${scratch}/a`, 0o400);
      execFileSync("python3", ["-c", python, `${scratch}/a`]);
    });
    assert.deepEqual(extendedAttributes(utf8(`${output.scratch}/a`)), ["user.note"]);
    const [result] = await rig.store.registerOutputs([output]);
    assert.ok(result !== undefined);
    assert.deepEqual(extendedAttributes(utf8(`${rig.store.physical(result.path)}/a`)), []);
    assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);
  });

  test("a file that has a name outside of the output stays as it is, and the output gets a copy", async () => {
    using rig = new StoreRig();
    const outside = `${rig.home}/mine`;
    mkdirSync(rig.home, { recursive: true });
    writeFileSync(outside, "mine", { mode: 0o640 });
    const before = lstatSync(outside);
    const folder = built(rig, (scratch) => {
      mkdirSync(`${scratch}/below`, { recursive: true });
      for (const name of ["a", "b", "below/c"]) linkSync(outside, `${scratch}/${name}`);
      writeFileSync(`${scratch}/d`, "own");
      linkSync(`${scratch}/d`, `${scratch}/below/e`);
    });
    const file = built(rig, (scratch) => linkSync(outside, scratch), { name: "file" });
    const [first, second] = await rig.store.registerOutputs([folder, file]);
    assert.ok(first !== undefined && second !== undefined);
    const after = lstatSync(outside);
    assert.deepEqual(
      [after.mode, after.mtimeMs, after.uid, after.nlink],
      [before.mode, before.mtimeMs, before.uid, 1],
    );
    appendFileSync(outside, ", changed");
    const at = (name: string) => `${rig.store.physical(first.path)}/${name}`;
    for (const place of [at("a"), at("b"), at("below/c"), rig.store.physical(second.path)]) {
      const { mode, mtimeMs } = lstatSync(place);
      assert.deepEqual([readFileSync(place, "utf8"), mode & 0o7777, mtimeMs], ["mine", 0o444, 1000]);
    }
    assert.equal(lstatSync(at("a")).nlink, 3);
    assert.equal(lstatSync(at("d")).nlink, 2);
    assert.deepEqual(
      ["", "below"].map((name) => lstatSync(at(name)).mode & 0o7777),
      [0o555, 0o555],
    );
    assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);
  });

  test("takes the locks its caller has as given", async () => {
    using rig = new StoreRig();
    const path = makeOutputPath({ drvName: "stage", output: "out", hashModulo: new Uint8Array(32) });
    const make = (scratch: string): void => writeFileSync(scratch, "");
    const expected = { kind: "input-addressed", path } as const;
    using held = await rig.store.lockPaths([path]);
    await assert.rejects(rig.store.lockPaths([path], { timeoutMs: 30 }), coded("LOCK_TIMEOUT"));
    await rig.store.registerOutputs([built(rig, make, { expected, scratchPath: path })], { held });
    assert.ok(rig.store.isValid(path));
  });

  test("refuses an output larger than its limit, holes counted", async () => {
    using rig = new StoreRig();
    const sparse = (size: number) => (scratch: string) => {
      writeFileSync(scratch, "x");
      truncateSync(scratch, size);
    };
    const register = (size: number, sizeMaxBytes: number) =>
      rig.store.registerOutputs([built(rig, sparse(size), { sizeMaxBytes })]);
    await assert.rejects(register(2 ** 40 + 1, 2 ** 40), coded("STORE_OUTPUT_TOO_LARGE"));
    await assert.rejects(register(4097, 4096), coded("STORE_OUTPUT_TOO_LARGE"));
    assertEmpty(rig);
    await register(4097, 4097);
  });

  test("can be stopped while it reads a terabyte of holes", async () => {
    using rig = new StoreRig();
    const output = built(rig, (scratch) => {
      writeFileSync(scratch, "x");
      truncateSync(scratch, 2 ** 40);
    });
    const signal = AbortSignal.timeout(200);
    await assert.rejects(rig.store.registerOutputs([output], { signal }), { name: "TimeoutError" });
    assertEmpty(rig);
  });
});

test("a rewriter replaces texts wherever the chunks are cut", () => {
  const [from, to] = ["abcdefgh", "ABCDEFGH"];
  const piece = fc.oneof(
    fc.constant(from),
    fc.string({ unit: fc.constantFrom("a", "b", "h"), maxLength: 9 }),
  );
  fc.assert(
    fc.property(fc.array(piece), fc.array(fc.nat(20)), (pieces, cuts) => {
      const text = pieces.join("");
      let written = "";
      const rewriter = makeRewriter(
        new Map([[from, to]]),
        (chunk) => (written += Buffer.from(chunk).toString("latin1")),
      );
      let at = 0;
      for (const cut of cuts) rewriter.push(utf8(text.slice(at, (at += cut))));
      rewriter.push(utf8(text.slice(at)));
      rewriter.end();
      assert.equal(written, text.replaceAll(from, to));
    }),
  );
});
