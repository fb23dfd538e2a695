// A figure of real matplotlib as SVG is another one each time, for two reasons at once: both are found, and nothing less than both held
// still makes it the same. docs/rebuild.md explains it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lock } from "#app/lock.ts";
import { rebuild } from "#app/rebuild.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

/** matplotlib for Python 3.11, with all that it needs: `pip download matplotlib==3.10.3 --python-version 3.11`. */
const REQUIREMENTS = `
contourpy==1.3.3 --hash=sha256:51e79c1f7470158e838808d4a996fa9bac72c498e93d8ebe5119bc1e6becb0db
cycler==0.12.1 --hash=sha256:85cef7cff222d8644161529808465972e51340599459b8ac3ccbac5a854e0d30
fonttools==4.68.0 --hash=sha256:4b9c89b5876f1a74b1341632dfaf4c4c2be565d76c060445df401ebe7a4ceefa
kiwisolver==1.5.1 --hash=sha256:95a02752aa032eef4aed01cda6d9b687c669bd0396bf4519eef8bba22a286720
matplotlib==3.10.3 --hash=sha256:fdfa07c0ec58035242bc8b2c8aae37037c9a886370eef6850703d7583e19964b
numpy==2.4.6 --hash=sha256:89cd468399cfd2504718f0ba50e410dca55a170b61a02ad92bb18c8a65186e93
packaging==26.4 --hash=sha256:81383611a09c1bc0b08b76e0fd5829d7c6824c65b27a6aee339da133f4233ea2
pillow==13.0.0 --hash=sha256:a625df9a2a5597fa5e5266e01aefc82604bb85d291e3547981e863560d75da6c
pyparsing==3.3.3 --hash=sha256:ece8c00a69cf01b45d0b1dedabb469c90d8caf996d4fda40f147627a122849a4
python_dateutil==4.0.0 --hash=sha256:a5e246f79eb80475e691bf93862cead98decd8a498cf53ba0516fcdc0f50dc1c
tzdata==2026.6 --hash=sha256:0a10eec6e13ef16b627fabed9a5f2ba61a62b1c67f327305f4e7e412a70b4aec
`;

const PIPELINE = `
import { command, debian, out, pipeline, python } from "pipelite";
const env = python({ requirements: "requirements.lock", base: debian(["python3", "libstdc++6"]) });
const draw = (setup: string, how: string) =>
  command(env.tool("python3"), ["-c", [
    "import sys, matplotlib",
    "from matplotlib.figure import Figure",
    setup,
    "figure = Figure(figsize=(1, 1))",
    "figure.subplots().plot([1, 2])",
    "figure.savefig(sys.argv[1]" + how + ")",
  ].join("\\n"), out("plot.svg")]);
export default pipeline({
  plain: draw("", ""),
  still: draw("matplotlib.rcParams['svg.hashsalt'] = 'plot'", ", metadata={'Date': None}"),
});
`;

test(
  "a figure of matplotlib is found to differ twice over, and not where both are settled",
  {
    skip: sweep() || peer("apt-get"),
    timeout: 900_000,
  },
  async () => {
    using project = new Project({ "pipeline.ts": PIPELINE, "requirements.lock": REQUIREMENTS });
    const { signal } = new AbortController();
    const options = { pipeline: project.root, params: {}, update: false, env: process.env, signal };
    await lock({ ...options, now: new Date(), home: project.door, say: () => undefined });
    const { ends, runId } = await project.run();
    assert.deepEqual([ends["plain"], ends["still"]], ["built", "built"]);
    const report = await rebuild({
      home: project.door,
      which: { word: runId },
      stages: ["plain", "still"],
      variations: ["umask"],
      times: 1,
      engines: "embedded",
      sandbox: undefined,
      env: process.env,
      signal,
      onProgress: () => undefined,
    });
    const [plain, still] = report?.outputs ?? [];
    assert.equal(plain?.status, "differs");
    const [cause] = plain.causes;
    assert.deepEqual([cause?.by, cause?.heldStill?.toSorted()], [["itself"], ["clock", "randomness"]]);
    assert.ok(cause?.guesses.includes("timestamp"), JSON.stringify(cause));
    assert.equal(still?.status, "reproduced", JSON.stringify(still?.causes));
  },
);
