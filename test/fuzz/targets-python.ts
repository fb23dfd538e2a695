// Parsers of what environments take in: wheels, requirements of Python, conditions on them, keystores of Java.
import { createHash } from "node:crypto";
import { readRequirements } from "#environment/python/requirements.ts";
import { withTime } from "#package/java-keystore.ts";
import { evaluateMarker } from "#package/python-marker.ts";
import { parseWheelName, planWheel } from "#package/wheel.ts";
import { readZip } from "#package/zip.ts";
import { writeZip } from "../rig/zip.ts";
import { ofText, texts } from "./corpus.ts";
import type { Target } from "./fuzz.ts";

const VARIABLES = { python_version: "3.11", python_full_version: "3.11.2", sys_platform: "linux", extra: "" };
const SHA = "0".repeat(64);

const hashOf = (text: string): string => createHash("sha256").update(text).digest("base64url");
const METADATA = "Metadata-Version: 2.1\nName: a\nVersion: 1.0\n";
const WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n";
const ENTRIES = "[console_scripts]\na = a:main\n";
const wheel = (isWide: boolean): Buffer => {
  const files = {
    "a/__init__.py": "x = 1\n",
    "a-1.0.data/scripts/b": "#!python\n",
    "a-1.0.dist-info/METADATA": METADATA,
    "a-1.0.dist-info/WHEEL": WHEEL,
    "a-1.0.dist-info/entry_points.txt": ENTRIES,
  };
  const lines = Object.entries(files).map(
    ([name, text]) => `${name},sha256=${hashOf(text)},${text.length}\n`,
  );
  return writeZip(
    { ...files, "a-1.0.dist-info/RECORD": `${lines.join("")}a-1.0.dist-info/RECORD,,\n` },
    isWide,
  );
};

/** A plain Error is how these readers say what is wrong, to be told by who knows the file. */
const isPlain = (error: unknown): boolean =>
  error instanceof Error &&
  (error.constructor === Error || error.name === "TomlError" || error.constructor.name === "TomlError");

function keystore(): Buffer {
  const head = Buffer.from("feedfeed0000000200000001", "hex");
  const entry = Buffer.concat([
    Buffer.from("000000020001", "hex"),
    Buffer.from("a"),
    Buffer.alloc(8),
    Buffer.from("0005582e353039", "hex"),
    Buffer.from("00000001ff", "hex"),
  ]);
  return signed(Buffer.concat([head, entry]));
}

function signed(body: Uint8Array): Buffer {
  const password = Buffer.from("changeit", "utf16le").swap16();
  const digest = createHash("sha1").update(password).update("Mighty Aphrodite").update(body).digest();
  return Buffer.concat([body, digest]);
}

export const pythonTargets: readonly Target[] = [
  {
    name: "wheel",
    parse: (input) => {
      const name = parseWheelName("a-1.0-py3-none-any.whl");
      if (name === undefined) throw new TypeError("it is no name of a wheel");
      const { placed } = planWheel(name, readZip(input), { site: "lib/site", python: "python3.11" });
      for (const { entry } of placed) entry.read();
    },
    isRefusal: isPlain,
    corpus: [wheel(false), wheel(true)],
  },
  {
    name: "wheel-name",
    parse: ofText((text) => parseWheelName(text)),
    corpus: texts("a_b-1.0-1-cp39.cp310-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"),
  },
  {
    name: "python-marker",
    parse: ofText((text) => evaluateMarker(text, VARIABLES)),
    isRefusal: isPlain,
    corpus: texts('(python_version >= "3.9" and sys_platform == "linux") or extra not in "a"'),
  },
  ...["requirements.txt", "pylock.toml", "uv.lock", "poetry.lock"].map((file) => ({
    name: `python-${file}`,
    parse: ofText((text) => readRequirements(file, text, VARIABLES)),
    isRefusal: isPlain,
    corpus: texts(
      {
        "requirements.txt": `a==1.0 ; python_version > "3" --hash=sha256:${SHA} \\\n --hash=sha256:${SHA}\n# c\n-i x\n`,
        "pylock.toml": `lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1.0"\nmarker = "extra == ''"\n[[packages.wheels]]\nhashes = { sha256 = "${SHA}" }\n`,
        "uv.lock": `version = 1\n[[package]]\nname = "p"\nversion = "1.0"\nsource = { virtual = "." }\ndependencies = [{ name = "a" }]\n[[package]]\nname = "a"\nversion = "1.0"\nsource = { registry = "x" }\nwheels = [{ url = "x", hash = "sha256:${SHA}" }]\n`,
        "poetry.lock": `[[package]]\nname = "a"\nversion = "1.0"\noptional = false\ngroups = ["main"]\nfiles = [{ file = "a-1.0-py3-none-any.whl", hash = "sha256:${SHA}" }]\n[metadata]\nlock-version = "2.1"\n`,
      }[file] ?? "",
    ),
  })),
  {
    // With a sum that is right, so that what lies behind it is reached.
    name: "java-keystore",
    parse: (input) => void withTime(signed(input), 5000),
    corpus: [keystore().subarray(0, -20)],
  },
];
