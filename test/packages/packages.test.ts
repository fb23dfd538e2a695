// npm packages that can't be bundled, each from a lock of its own: installed, and run in a stage by both engines. Tests of the
// second lane; where the registry has not what a lock names, that is said.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { peer, sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

interface Tried {
  /** Folder with package.json and package-lock.json. */
  name: string;
  stage: string;
  /** Whether the file that it makes is what the package should give. */
  isRight: (made: Buffer) => boolean;
}

const isPng = (made: Buffer) => made.subarray(1, 4).toString() === "PNG";
const says = (wanted: object) => (made: Buffer) => {
  assert.deepEqual(JSON.parse(made.toString()), wanted);
  return true;
};

const packages: Tried[] = [
  {
    name: "sharp",
    stage: `import sharp from "sharp";
export default async () => ({ made: new Uint8Array(await sharp({ create: { width: 9, height: 9, channels: 3, background: "red" } }).png().toBuffer()) });`,
    isRight: isPng,
  },
  {
    name: "better-sqlite3",
    stage: `import Database from "better-sqlite3";
export default () => ({ made: new Database(":memory:").prepare("select 6 * 7 as n, upper('é') as upper").get() });`,
    isRight: says({ n: 42, upper: "é" }),
  },
  {
    name: "onnxruntime-node",
    // A model of one node, y = x + x, as protocol buffers write it.
    stage: `import { InferenceSession, Tensor } from "onnxruntime-node";
const field = (number, bytes) => [number * 8 + 2, bytes.length, ...bytes];
const text = (number, value) => field(number, [...Buffer.from(value)]);
const value = (name) => [...text(1, name), ...field(2, field(1, [8, 1, ...field(2, field(1, [8, 3]))]))];
const node = [...text(1, "x"), ...text(1, "x"), ...text(2, "y"), ...text(4, "Add")];
const graph = [...field(1, node), ...text(2, "g"), ...field(11, value("x")), ...field(12, value("y"))];
const model = Uint8Array.from([8, 8, ...field(7, graph), ...field(8, [16, 13])]);
export default async () => {
  const session = await InferenceSession.create(model);
  const { y } = await session.run({ x: new Tensor("float32", Float32Array.of(1, 2, 20.5), [3]) });
  return { made: [...y.data] };
};`,
    isRight: says([2, 4, 41]),
  },
  {
    name: "verovio",
    stage: `import createModule from "verovio/wasm";
import { VerovioToolkit } from "verovio/esm";
export default async () => {
  const toolkit = new VerovioToolkit(await createModule());
  toolkit.setOptions({ xmlIdSeed: 7 });
  toolkit.loadData("@clef:G-2\\n@data:4CDEF");
  return { made: toolkit.renderToSVG(1) };
};`,
    isRight: (made) => made.toString().match(/class="note"/g)?.length === 4,
  },
  {
    name: "resvg-js",
    stage: `import { Resvg } from "@resvg/resvg-js";
const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><rect width="4" height="4" fill="red"/></svg>';
export default () => ({ made: new Uint8Array(new Resvg(svg).render().asPng()) });`,
    isRight: isPng,
  },
];

for (const { name, stage, isRight } of packages) {
  test(
    `${name} works in a stage, from its lock`,
    { skip: sweep() || peer("npm", "nix-store") },
    async (context) => {
      const files = {
        "pipeline.ts": `import { pipeline, stage } from "pipelite";\nexport default pipeline({ a: stage(() => import("./a.ts")) });\n`,
        "a.ts": stage,
      };
      using project = new Project(files);
      cpSync(join(import.meta.dirname, name), project.root, { recursive: true });
      const options = ["--ignore-scripts", "--no-audit", "--no-fund"];
      const installed = spawnSync("npm", ["ci", ...options], { cwd: project.root, encoding: "utf8" });
      if (installed.status !== 0) {
        const [reason] = installed.stderr.match(/npm error .*/) ?? ["npm ended without a word"];
        return context.skip(`the registry did not give ${name}: ${reason}`);
      }
      const out = join(project.folder, "result");
      const ran = await project.run({ out });
      assert.equal(
        ran.status,
        "passed",
        JSON.stringify(ran.events.filter(({ type }) => type === "stage-finished")),
      );
      assert.ok(isRight(readFileSync(join(out, "a/made"))));
      using other = new Project({});
      const byNix = await other.run({ pipeline: project.root, engine: "nix" });
      assert.deepEqual(byNix.outputs, ran.outputs);
      // The same from the lock alone, with nothing installed.
      using bare = new Project({
        ...files,
        "pipeline.ts": `import { nodeModules, pipeline, stage } from "pipelite";
const environment = nodeModules({ lock: "package-lock.json" });
export default pipeline({ a: stage(() => import("./a.ts"), {}, { environment }) });`,
      });
      cpSync(join(import.meta.dirname, name), bare.root, { recursive: true });
      const locked = await bare.run();
      const failures = locked.events.filter(({ type }) => type === "stage-finished");
      assert.equal(locked.status, "passed", JSON.stringify(failures));
      assert.ok(isRight(readFileSync(join(bare.home, locked.outputs["a"] ?? "", "made"))));
    },
  );
}
