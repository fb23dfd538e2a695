// The pages as a browser lays them out, wide and narrow: no text lies on another and none leaves the sheet.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { drawCapability } from "#chart/capability-page.ts";
import { drawTrend } from "#chart/trend-page.ts";
import { displayOf } from "#history/display.ts";
import { judgeTrend } from "#history/trend.ts";
import { individuals, judgeCapability, type CapabilityPlan } from "#stats/gate.ts";
import { peer } from "../rig/peer.ts";
import { normals, readRows } from "../stats/rig.ts";

function capabilityPage(
  groups: number[][],
  limits: CapabilityPlan["limits"],
  title = "v (values.csv)",
): string {
  return drawCapability({ result: judgeCapability({ groups }, { limits }), groups, title });
}

function trendPage(values: readonly number[], unit: string, subject = "audio/wall"): string {
  const points = values.map((value, index) => ({
    runId: `20261121T${100_000 + index}-7f3a`,
    startedAt: new Date(1.7e12 + index * 8.64e7).toISOString(),
    value,
    host: "{}",
  }));
  const series = {
    pipeline: "monster-walk",
    subject,
    kind: "stage",
    claims: [],
    unit,
    points,
    otherUnits: 2,
  } as const;
  const trend = judgeTrend(series);
  return drawTrend({ trend, display: displayOf(trend) });
}

const uneven = Array.from({ length: 30 }, (_, at) => normals(40 + at, 2 + (at % 5), 10, 0.1));
const shifted = normals(9, 60, 1500, 20).map((value, index) => (index > 45 ? value + 60 : value));
const long =
  "a name that is as long as names of columns seldom are, but may be, in a file whose name is long (too-long.csv)";

const pages: Record<string, string> = {
  "a series that is not stable": capabilityPage(individuals(readRows("michelso").flat()), {
    lower: 299.6,
    upper: 300.1,
    target: 299.85,
  }),
  "subgroups of different sizes": capabilityPage(uneven, { lower: 9.5, upper: 10.5 }),
  "tiny values": capabilityPage(individuals(normals(2, 40, 1e-299, 1e-301)), {
    lower: 9e-300,
    upper: 1.1e-299,
  }),
  "a small spread far from zero": capabilityPage(individuals(normals(3, 60, 123_456_789, 0.004)), {
    upper: 123_456_789.02,
  }),
  "limits and target close to one another": capabilityPage(individuals(normals(4, 50, 0, 5)), {
    lower: -0.3,
    upper: 0.3,
    target: 0.01,
  }),
  "a limit that is far": capabilityPage(individuals(normals(5, 50, 10, 1)), { lower: -1e6, upper: 14 }),
  "indices of 1e12": capabilityPage(individuals(normals(7, 50, 10, 1e-12)), {
    lower: -30,
    upper: 50,
    target: 10,
  }),
  "indices of 1e300": capabilityPage(individuals(normals(8, 50, 0, 1e-150)), {
    lower: -1e150,
    upper: 1e150,
    target: 0,
  }),
  "one limit, an index below -1e300": capabilityPage(
    uneven.map((group) => group.map((v) => v * 1e-160)),
    {
      lower: 1e150,
    },
  ),
  "subgroups with limits of 1e300": capabilityPage(uneven, { lower: -1e300, upper: 1e300, target: 1e299 }),
  "many values": capabilityPage(individuals(normals(6, 3000, -5, 2)), { lower: -15, upper: 5 }),
  "three values": capabilityPage([[1], [2], [4]], { lower: 0 }, long),
  "no spread": capabilityPage([[1], [1]], { lower: 0 }),
  "a trend out of control": trendPage(shifted, "ms"),
  "a trend of bytes": trendPage(
    normals(12, 25, 4e9, 3e6),
    "B",
    "a-stage-with-a-name-that-goes-on-and-on/peak-memory-of-the-build",
  ),
  "a trend with a value far off": trendPage([...normals(13, 30, 1, 0.01), 900], "Hz"),
  "a trend of one value": trendPage([5], "ms"),
};

/** Run in the page: what of each SVG lies on what, and what is outside of the sheet that is shown. */
const MEASURE = `
const measured = [...document.querySelectorAll("svg")].map((svg) => {
  const sheet = [...svg.querySelectorAll("rect.page")].find((rect) => rect.getBoundingClientRect().width > 0);
  const frame = sheet.getBoundingClientRect();
  const scale = frame.width / sheet.getAttribute("width");
  const texts = [...svg.querySelectorAll("text")]
    .map((each) => ({ text: each.textContent, area: each.getBoundingClientRect() }))
    .filter(({ text, area }) => text !== "" && area.width > 0);
  const problems = [];
  for (const [index, { text, area: a }] of texts.entries()) {
    if (a.left < frame.left || a.right > frame.right || a.top < frame.top || a.bottom > frame.bottom)
      problems.push(text + " is outside");
    for (const { text: other, area: b } of texts.slice(index + 1)) {
      const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (x > 1.5 * scale && y > 3 * scale) problems.push(text + " lies on " + other);
    }
  }
  return { width: sheet.getAttribute("width"), texts: texts.length, problems };
});
document.body.textContent = JSON.stringify(measured);
`;

interface Look {
  width: string;
  texts: number;
  problems: string[];
}

/** All pages in one document of the browser, which takes seconds to start. */
function lookAt(svgs: readonly string[], size: string): Look[] {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-look-"));
  try {
    const file = join(folder, "page.html");
    const body = `<body style="margin:0">${svgs.join("\n")}<script>${MEASURE}</script>`;
    writeFileSync(file, `<!doctype html><meta charset="utf-8">${body}`);
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${folder}/profile`];
    const words = [...flags, `--window-size=${size}`, "--dump-dom", `file://${file}`];
    const { stdout } = spawnSync("chromium", words, {
      encoding: "utf8",
      timeout: 120_000,
      maxBuffer: 1 << 26,
    });
    const found = /<body[^>]*>(\[.*\])<\/body>/s.exec(stdout)?.[1] ?? "[]";
    const plain = found.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
    return JSON.parse(plain) as Look[];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const [size, width] of [
  ["1200,900", "1188"],
  ["500,1800", "420"],
] as const)
  test(`${width} wide, nothing is cut and nothing lies on another`, { skip: peer("chromium") }, () => {
    const names = Object.keys(pages);
    const looks = lookAt(Object.values(pages), size);
    assert.equal(looks.length, names.length);
    for (const [index, { width: shown, texts, problems }] of looks.entries()) {
      const name = names[index] ?? "";
      assert.deepEqual(problems, [], name);
      assert.equal(shown, width);
      assert.ok(texts > 4, name);
    }
  });

test("a text that lies on another or leaves the sheet is seen", { skip: peer("chromium") }, () => {
  const [page = ""] = Object.values(pages);
  const planted = page.replace(
    '<text x="28" y="38"',
    '<text x="30" y="38" class="title">here</text><text x="1180" y="700">outside</text><text x="28" y="38"',
  );
  const [look] = lookAt([planted], "1200,900");
  assert.match(
    look?.problems.join("\n") ?? "",
    /^here lies on Process capability of .*\noutside is outside$/,
  );
});
