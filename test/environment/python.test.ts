// Wheels: what is chosen of an index, what installing them gives, and what is refused.
import { createHash } from "node:crypto";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { debian, image, python } from "#author/environment.ts";
import type { PythonRequest } from "#author/environment-request.ts";
import { hexDigestOf } from "#base/digest.ts";
import { isPipeliteError } from "#base/errors.ts";
import type { LockedDebian } from "#environment/debian/locked.ts";
import { lockKey, recipeOf } from "#environment/environment.ts";
import type { EnvironmentPrograms } from "#environment/programs.ts";
import { mirrorsOf } from "#environment/mirrors.ts";
import { lockPython } from "#environment/python/lock-python.ts";
import { getWheel } from "#environment/python/package-index.ts";
import install from "#environment/python/python-install.ts";
import { errorOf } from "#run/stage-error.ts";
import { writeZip } from "../rig/zip.ts";
import { StoreRig } from "../store/rig.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-python-"));
after(() => rmSync(folder, { recursive: true }));
const { signal } = new AbortController();
const MACHINE = process.arch === "arm64" ? "aarch64" : "x86_64";

/** @param recorded what its RECORD takes for the content of files */
function wheel(
  name: string,
  files: Record<string, string> = {},
  recorded: Record<string, string> = {},
): Buffer {
  const info = `${name}-1.0.dist-info`;
  const all: Record<string, string> = {
    [`${name}/__init__.py`]: "",
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n",
    [`${info}/METADATA`]: `Name: ${name}\nVersion: 1.0\n`,
    ...files,
  };
  const rows = Object.entries(all).map(([file, content]) => {
    const hash = createHash("sha256")
      .update(recorded[file] ?? content)
      .digest("base64url");
    return `${file},sha256=${hash},${content.length}\n`;
  });
  return writeZip({ ...all, [`${info}/RECORD`]: [...rows, `${info}/RECORD,,\n`].join("") });
}

const entry = { "foo-1.0.dist-info/entry_points.txt": "[console_scripts]\nfoo = foo:main\n" };
const FOO = wheel("foo", entry);
const files: Record<string, Buffer> = {
  "foo-1.0-py3-none-any.whl": FOO,
  [`foo-1.0-cp311-cp311-manylinux_2_17_${MACHINE}.whl`]: wheel("foo", { "foo/fast.so": "x" }),
  [`foo-1.0-cp311-cp311-manylinux_2_99_${MACHINE}.whl`]: wheel("foo", { "foo/new.so": "x" }),
  "win-1.0-cp311-cp311-win_amd64.whl": wheel("win"),
  "src-1.0.tar.gz": Buffer.from("source"),
};
const sha256 = (name: string) => hexDigestOf(files[name] ?? Buffer.alloc(0));

let isHtml = false;
let status = 200;
const server = createServer((request, response) => {
  const [, project = "", file = ""] = (request.url ?? "").split("/");
  const bytes = files[file];
  const names = Object.keys(files).filter((name) => name.startsWith(`${project}-`));
  response.statusCode = names.length === 0 ? 404 : status;
  if (bytes !== undefined) return response.end(bytes);
  const links = names.map((name) => `<a href="/${project}/${name}#sha256=${sha256(name)}">${name}</a>`);
  const rows = names.map((name) => ({
    filename: name,
    url: `/${project}/${name}`,
    hashes: { sha256: sha256(name) },
    size: files[name]?.length,
  }));
  return response.end(isHtml ? links.join("\n") : JSON.stringify({ files: rows }));
});
let address = "";
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());

const BASE = {
  packages: [
    { name: "python3", version: "3.11.2-1+b1" },
    { name: "python3.11-minimal", version: "3.11.2-6+deb12u6" },
    { name: "libc6", version: "2.36-9" },
  ],
} as LockedDebian;

function access(env: Record<string, string> = {}) {
  return { mirrors: mirrorsOf({}, "/nowhere"), env: { PIP_INDEX_URL: address, ...env }, signal };
}

async function lock(
  file: string,
  text: string | undefined,
  { env = {}, base = BASE }: { env?: Record<string, string>; base?: LockedDebian } = {},
) {
  if (text !== undefined) writeFileSync(join(folder, file), text);
  const { request } = python({ requirements: file, base: debian(["python3"]) });
  using rig = new StoreRig();
  const { store } = rig;
  const rest = { root: folder, temporary: folder, store, now: new Date(), say: () => {} };
  return await lockPython(request as PythonRequest, base, { ...rest, ...access(env) });
}

const hashed = (name: string, ...names: string[]) =>
  `${name}==1.0 ${names.map((each) => `\\\n  --hash=sha256:${sha256(each)}`).join(" ")}\n`;
const FOOS = Object.keys(files).filter((name) => name.startsWith("foo-"));
const BEST = `foo-1.0-cp311-cp311-manylinux_2_17_${MACHINE}.whl`;

const is =
  (code: string, words = /./) =>
  (error: unknown) => {
    assert.ok(isPipeliteError(error, code), String(error));
    assert.match(`${error.message} ${error.hint ?? ""}`, words);
    assert.doesNotMatch(error.message, /127\.0\.0\.1/);
    return true;
  };

describe("of an index is chosen", () => {
  test("the wheel that fits best, and no address is written", async () => {
    const locked = await lock("requirements.lock", `--index-url https://nowhere\n${hashed("Foo", ...FOOS)}`);
    assert.deepEqual(locked.wheels, [{ file: BEST, sha256: sha256(BEST), size: files[BEST]?.length }]);
    assert.equal(locked.python, "3.11");
    assert.doesNotMatch(JSON.stringify(locked), /http/);
  });
  test("one that has a hash of the file only", async () => {
    const { wheels } = await lock("r.txt", hashed("foo", "foo-1.0-py3-none-any.whl"));
    assert.deepEqual(
      wheels.map(({ file }) => file),
      ["foo-1.0-py3-none-any.whl"],
    );
  });
  test("by a page that has no sizes", async () => {
    isHtml = true;
    const { wheels } = await lock("r.txt", hashed("foo", ...FOOS));
    isHtml = false;
    assert.deepEqual(wheels, [{ file: BEST, sha256: sha256(BEST), size: files[BEST]?.length }]);
  });
  test("what holds for this machine", async () => {
    assert.deepEqual(
      (await lock("r.txt", `foo==1.0 ; sys_platform == "win32" --hash=sha256:${"0".repeat(64)}`)).wheels,
      [],
    );
  });
  test("from where the files of pip say", async () => {
    const config = join(folder, "pip.conf");
    writeFileSync(
      config,
      `[global]\nindex-url = https://nowhere.invalid\n[install]\nindex-url = ${address}\n`,
    );
    const env = { PIP_CONFIG_FILE: config, PIP_INDEX_URL: "" };
    const { PIP_INDEX_URL: _, ...rest } = { ...access().env, ...env };
    const { request } = python({ requirements: "r.txt", base: debian(["python3"]) });
    writeFileSync(join(folder, "r.txt"), hashed("foo", ...FOOS));
    using rig = new StoreRig();
    const locking = {
      root: folder,
      temporary: folder,
      store: rig.store,
      now: new Date(),
      say: () => {},
      ...access(),
      env: rest,
    };
    assert.equal((await lockPython(request as PythonRequest, BASE, locking)).wheels.length, 1);
  });
});

describe("lock files are read", () => {
  const only = (locked: { wheels: { file: string }[] }) =>
    assert.deepEqual(
      locked.wheels.map(({ file }) => file),
      [BEST],
    );
  test("pylock.toml", async () => {
    const text = `lock-version = "1.0"\n[[packages]]\nname = "foo"\nversion = "1.0"\nmarker = "python_version >= '3.8'"\nwheels = [{ url = "https://x/y", hashes = { sha256 = "${sha256(BEST)}" } }]\n[[packages]]\nname = "win"\nversion = "1.0"\nmarker = "sys_platform == 'win32'"\n`;
    only(await lock("pylock.toml", text));
  });
  test("uv.lock, in which a name may stand twice", async () => {
    const part = (version: string, hash: string) =>
      `[[package]]\nname = "foo"\nversion = "${version}"\nsource = { registry = "https://x" }\nwheels = [{ url = "https://x/y", hash = "sha256:${hash}" }]\n`;
    const edges = ["1.0", "2.0"].map(
      (version, index) =>
        `{ name = "foo", version = "${version}", marker = "python_full_version ${["<", ">="][index]} '3.12'" }`,
    );
    const project = `version = 1\n[[package]]\nname = "me"\nversion = "0"\nsource = { virtual = "." }\ndependencies = [${edges.join(", ")}]\n`;
    only(await lock("uv.lock", `${project}${part("1.0", sha256(BEST))}${part("2.0", "0".repeat(64))}`));
  });
  test("poetry.lock", async () => {
    const part = (name: string, groups: string) =>
      `[[package]]\nname = "${name}"\nversion = "1.0"\noptional = false\ngroups = ["${groups}"]\nfiles = [{ file = "${BEST}", hash = "sha256:${sha256(BEST)}" }]\n`;
    only(await lock("poetry.lock", part("foo", "main") + part("win", "dev")));
  });
  for (const [what, file, text, words] of [
    ["no hash", "r.txt", "foo==1.0\n", /'foo' has no wheel with a SHA-256/],
    ["no version", "r.txt", "foo>=1.0 --hash=sha256:00\n", /'foo>=1\.0': only/],
    ["a URL", "r.txt", "https://x/foo.whl --hash=sha256:00\n", /only `NAME==VERSION/],
    ["another file", "r.txt", "-r other.txt\n", /only `NAME/],
    ["no TOML", "pylock.toml", "a =", /Cannot use pylock\.toml/],
    ["another format", "pylock.toml", "lock-version = '2.0'", /not of lock-version 1/],
    ["an older Poetry", "poetry.lock", "[[package]]\nname = 'foo'\n", /Poetry 2/],
    ["a uv.lock of no project", "uv.lock", "version = 1\n", /0 projects/],
    ["a condition that is none", "r.txt", "foo==1.0 ; nonsense --hash=sha256:00\n", /is not understood/],
  ] as const)
    test(`but not with ${what}`, () => assert.rejects(lock(file, text), is("REQUIREMENTS_INVALID", words)));
});

describe("what can't be had is said", () => {
  test("a file that there is not, without the folder it was looked for in", () =>
    assert.rejects(
      lock("none.txt", undefined),
      is("REQUIREMENTS_INVALID", /use none\.txt: no such file or directory /),
    ));
  test("a wheel for another platform", () =>
    assert.rejects(
      lock("r.txt", hashed("win", "win-1.0-cp311-cp311-win_amd64.whl")),
      is(
        "WHEEL_MISSING",
        /win 1\.0 for Python 3\.11 on .*glibc 2\.36: there are win-1\.0-cp311-cp311-win_amd64\.whl/,
      ),
    ));
  test("a source only", () =>
    assert.rejects(lock("r.txt", hashed("src", "src-1.0.tar.gz")), is("WHEEL_MISSING", /its source only/)));
  test("no file with its hash", () =>
    assert.rejects(
      lock("r.txt", `foo==1.0 --hash=sha256:${"0".repeat(64)}`),
      is("WHEEL_MISSING", /no file with one/),
    ));
  test("a project that the index does not know", () =>
    assert.rejects(
      lock("r.txt", `bar==1.0 --hash=sha256:${"0".repeat(64)}`),
      is("WHEEL_UNAVAILABLE", /does not know it/),
    ));
  test("an index that refuses", async () => {
    status = 403;
    await assert.rejects(lock("r.txt", hashed("foo", ...FOOS)), is("WHEEL_UNAVAILABLE", /403/));
    status = 200;
  });
  test("a Python that nobody knows", () =>
    assert.rejects(
      lock("r.txt", "", { base: { packages: [] } as unknown as LockedDebian }),
      is("PYTHON_UNKNOWN"),
    ));
  test("a wheel that is another now, or gone", async () => {
    const from = { kind: "index", project: "foo" } as const;
    const wanted = { name: BEST, sha256: "0".repeat(64), size: 10_000, from };
    await assert.rejects(getWheel(wanted, join(folder, "w"), access()), is("FILE_HASH_DIFFERS"));
    await assert.rejects(
      getWheel({ ...wanted, name: "x" }, join(folder, "w"), access()),
      is("WHEEL_UNAVAILABLE", /no more/),
    );
  });
  test("requirements that were changed since", async () => {
    const locked = await lock("changed.txt", hashed("foo", ...FOOS));
    const { request } = python({ requirements: "changed.txt", base: debian(["python3"]) });
    const environments = { [lockKey(request)]: locked };
    writeFileSync(join(folder, "pipelite.lock.json"), JSON.stringify({ version: 1, environments }));
    writeFileSync(join(folder, "changed.txt"), "");
    const wanted = { name: "x", place: "pipeline.ts:1:1", request, root: folder };
    await assert.rejects(
      recipeOf(wanted, {} as EnvironmentPrograms),
      is("REQUIREMENTS_CHANGED", /changed\.txt/),
    );
  });
  test("what is no environment of wheels is refused where it is written", () => {
    const base = image("./x.tar");
    for (const make of [
      () => python({ requirements: "", base }),
      () => python({ requirements: "r", base, python: "3" }),
      () => python({ requirements: "r", base: python({ requirements: "r", base }) }),
    ])
      assert.throws(make, is("ENVIRONMENT_INVALID"));
  });
});

describe("wheels are installed", () => {
  const base = join(folder, "base");
  mkdirSync(join(base, "usr/bin"), { recursive: true });
  writeFileSync(join(base, "usr/bin/python3.11"), "");
  let times = 0;
  const run = (wheels: Record<string, Buffer>, version = "3.11"): string => {
    times += 1;
    const [out, temp] = [join(folder, `out-${times}`), join(folder, `temp-${times}`)];
    for (const each of [out, temp]) mkdirSync(each);
    const paths = Object.entries(wheels).map(([name, bytes]) => {
      writeFileSync(join(temp, name), bytes);
      return { path: join(temp, name) };
    });
    const inputs = {
      base: { path: base },
      wheels: paths,
      names: Object.keys(wheels),
      python: version,
      folders: ["/usr/bin"],
    };
    install(inputs as unknown as Parameters<typeof install>[0], { out, temp, cores: 1 });
    return out;
  };
  test("as an environment of its own on the Python below", () => {
    const out = run({ "foo-1.0-py3-none-any.whl": FOO });
    assert.equal(readlinkSync(join(out, "base")), base);
    assert.equal(readlinkSync(join(out, "bin/python3")), "/usr/bin/python3.11");
    assert.match(readFileSync(join(out, "pyvenv.cfg"), "utf8"), /^home = \/usr\/bin$/m);
    assert.match(readFileSync(join(out, "bin/foo"), "utf8"), /^#!\/bin\/sh\n[^]*from foo import main\n/);
    assert.equal(statSync(join(out, "bin/foo")).mode & 0o111, 0o111);
    const record = readFileSync(join(out, "lib/python3.11/site-packages/foo-1.0.dist-info/RECORD"), "utf8");
    assert.match(record, /^\.\.\/\.\.\/\.\.\/bin\/foo,sha256=/m);
    assert.match(record, /^foo\/__init__\.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0$/m);
  });
  const refuse = (name: string, make: () => unknown, words: RegExp): void =>
    void test(name, () =>
      assert.throws(make, (error: Error) => {
        const failed = { error: new Error("x"), ending: undefined } as unknown as Parameters<
          typeof errorOf
        >[1];
        const told = errorOf({ name: "python", kind: "environment" }, failed, [`Error: ${error.message}`]);
        return isPipeliteError(told, "WHEEL_REFUSED") && words.test(told.message);
      }),
    );
  refuse("but not where Python is another", () => run({}, "3.12"), /no python3\.12 on its PATH/);
  refuse(
    "but not of one that leads out",
    () => run({ "foo-1.0-py3-none-any.whl": wheel("foo", { "../x": "" }) }),
    /leads out/,
  );
  for (const place of ["base/usr/bin/python3.11", "bin/python", "bin/python3"])
    refuse(
      `but not over a link, or through it: ${place}`,
      () => run({ "foo-1.0-py3-none-any.whl": wheel("foo", { [`foo-1.0.data/data/${place}`]: "" }) }),
      /leads out of the environment, or to a link of it/,
    );
  refuse(
    "but not with notes that are ours",
    () => run({ "foo-1.0-py3-none-any.whl": wheel("foo", { "foo-1.0.data/data/.pipelite.json": "{}" }) }),
    /what Pipelite says of an environment/,
  );
  for (const name of ["..", "."])
    refuse(
      `but not with an entry point '${name}'`,
      () => {
        const points = `[console_scripts]\n${name} = foo:main\n`;
        return run({
          "foo-1.0-py3-none-any.whl": wheel("foo", { "foo-1.0.dist-info/entry_points.txt": points }),
        });
      },
      /'bin\/\.+' leads out/,
    );
  refuse(
    "but not of one with a file that is another than its RECORD says: wheel and file are named",
    () => run({ "foo-1.0-py3-none-any.whl": wheel("foo", { "foo/a.py": "a" }, { "foo/a.py": "b" }) }),
    /cannot install foo-1\.0-py3-none-any\.whl: the sha256 of 'foo\/a\.py' is/,
  );
  refuse(
    "but not where two have one file with other bytes",
    () =>
      run({
        "foo-1.0-py3-none-any.whl": FOO,
        "bar-1.0-py3-none-any.whl": wheel("bar", { "foo/__init__.py": "x" }),
      }),
    /another one has .*foo\/__init__\.py/,
  );
});
