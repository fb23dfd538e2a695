// Parsers of what a home holds that somebody else wrote, and of what stages wrote.
import { readParams } from "#app/params-file.ts";
import { capabilityFigures } from "#app/capability-figures.ts";
import { drawMeasured } from "#app/capability.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { parseJudgedJson, parseStrictJson } from "#base/strict-json.ts";
import { itemsOf } from "#compile/items.ts";
import { TsConfigs } from "#compile/tsconfig.ts";
import { parseAudit } from "#evidence/audit-file.ts";
import { lookUp } from "#evidence/evidence-files.ts";
import { finish } from "#base/steps.ts";
import { outputClaimSteps } from "#evidence/output-claims.ts";
import { evaluate, type Value } from "#formula/formula.ts";
import { parseFormula } from "#formula/syntax.ts";
import { readEventLog } from "#home/event-log.ts";
import { Journal } from "#home/journal.ts";
import { readRecordFile } from "#home/record-file.ts";
import { Notes } from "#home/notes.ts";
import { generateKey, readSigningKey } from "#keys/key-file.ts";
import { judgeCapability } from "#stats/gate.ts";
import { readSamples } from "#stats/samples.ts";
import { dirname } from "node:path";
import { documents, isRange, isSyntax, ofFile, texts } from "./corpus.ts";
import type { Target } from "./fuzz.ts";

const PATH = `/nix/store/${"0".repeat(32)}-a`;
const DIGEST = `sha256:${"0".repeat(64)}`;
const STARTED = "2026-01-02T03:04:05.006Z";
const HOST = { system: "x86_64-linux", kernel: "6", cores: 2, node: "26", pipelite: "0" };
const USAGE = { wallMs: 1, peakMemoryBytes: 5, source: { wall: "a", cpu: "b", memory: "c", io: "d" } };
const STAGE = {
  name: "a",
  kind: "stage",
  status: "built",
  place: "pipeline.ts:1",
  inputs: ["b"],
  drvPath: `${PATH}.drv`,
  outPath: PATH,
  narHash: DIGEST,
  narSize: 8,
  startMs: 0,
  durationMs: 2,
  usage: USAGE,
  limits: { cpus: { limit: 2, by: "cgroup2" } },
  reason: { kind: "first-build", text: "x" },
};
const EXPANSION = {
  name: "e",
  from: "a",
  file: "l.json",
  items: [{ key: "k", name: "k", stages: ["s"], made: "s" }],
};
const RECORD = {
  schema: 2,
  runId: "r-1",
  pipeline: "p",
  pipelineFile: "pipeline.ts",
  startedAt: STARTED,
  finishedAt: STARTED,
  durationMs: 0,
  status: "passed",
  engine: "embedded",
  sandbox: { kind: "starter", tried: [] },
  params: { n: [1, { a: null }] },
  host: HOST,
  stages: [STAGE],
  expansions: [EXPANSION],
  materials: [{ name: "b", kind: "source", path: PATH, narHash: DIGEST, narSize: 8 }],
  results: { a: PATH },
  counts: { built: 1, cached: 0, substituted: 0, failed: 0, skipped: 0, cancelled: 0 },
  claims: [
    {
      id: "a/x",
      kind: "check",
      statement: "x",
      value: 1,
      formula: "$1",
      evidence: [`${PATH}#/x`],
      status: "passed",
    },
  ],
};
const EVENTS = [
  {
    type: "run-started",
    runId: "r-1",
    pipeline: "p",
    pipelineFile: "pipeline.ts",
    startedAt: STARTED,
    engine: "embedded",
    sandbox: { kind: "starter", tried: [] },
    params: {},
    host: HOST,
    stages: [{ name: "a", inputs: [] }],
    jobs: 1,
  },
  { type: "list-expanded", ...EXPANSION, params: {}, stages: [] },
  { type: "stage-finished", ...STAGE },
];
const VERDICT = {
  status: "passed",
  checks: [
    {
      id: "x",
      statement: "x",
      value: 1,
      unit: "mm",
      limit: 2,
      status: "passed",
      formula: "max(abs($1))",
      accept: "value <= limit",
      evidence: ["a/verdict.json#/checks/0/limit"],
    },
  ],
};
const AUDIT = {
  runId: "r-1",
  auditedAt: STARTED,
  status: "holds",
  sandbox: "starter",
  claims: [],
  integrity: [{ id: "journal", status: "holds" }],
  rebuilds: [{ stage: "a", drvPath: PATH, status: "holds", narHash: DIGEST }],
};
const ENTRY = {
  sequence: 1,
  at: STARTED,
  kind: "run",
  subject: "r-1",
  file: "runs/r-1.json",
  digest: DIGEST,
  previous: DIGEST,
  own: DIGEST,
};

/** Whatever is read of it must be written in the one way: numbers that JSON has, text of Unicode. */
function shown(value: unknown): void {
  canonicalJson(JSON.parse(JSON.stringify(value)));
}

/** Numbers at the edges stay numbers, and no figure is one that JSON does not have. */
function requireFinite(value: unknown, at = ""): void {
  if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`${at} is ${value}`);
  if (typeof value !== "object" || value === null) return;
  for (const [name, each] of Object.entries(value)) requireFinite(each, `${at}/${name}`);
}

function capabilityOf(input: Uint8Array, subgroup: string | undefined): void {
  const samples = readSamples(input, { name: "x.csv", column: "x", subgroup });
  const limits = LIMITS[input.length % LIMITS.length] ?? { upper: 1 };
  const result = judgeCapability({ groups: samples.groups, gaugeDeviation: 1e-3 }, { limits });
  requireFinite(capabilityFigures({ result, samples }));
  const page = drawMeasured({ result, samples }, "x");
  const odd = /NaN.*|Infinity.*|undefined.*/.exec(page.replaceAll(/<(style|text|title)[^]*?<\/\1>/g, ""));
  if (odd !== null) throw new Error(`the page has ${odd[0].slice(0, 100)}`);
}

const LIMITS = [{ lower: -1, upper: 1 }, { upper: 1e300 }, { lower: 0, upper: 1e-300, target: 0 }];

export const homeTargets: readonly Target[] = [
  {
    name: "record",
    parse: ofFile("r-1.json", (file) => shown(readRecordFile(file, "r-1").value)),
    corpus: documents(RECORD, { ...RECORD, claims: [] }),
  },
  {
    name: "event-log",
    parse: ofFile("r-1.ndjson", (file) => shown(readEventLog(file).started)),
    isRefusal: isSyntax,
    corpus: [Buffer.from(EVENTS.map((event) => `${JSON.stringify(event)}\n`).join(""))],
  },
  {
    name: "journal",
    parse: ofFile("journal.ndjson", (file) => {
      const journal = new Journal(file);
      void [
        journal.entries,
        journal.breaks,
        journal.openBreaks,
        journal.head(2),
        journal.about("run", "r-1"),
      ];
      journal.isFollowed({ offset: 0, digest: DIGEST }, { kind: "run", subject: "r-1" });
    }),
    corpus: texts(`${JSON.stringify(ENTRY)}\n${JSON.stringify({ ...ENTRY, sequence: 2 })}\n`),
  },
  {
    name: "audit-report",
    parse: (input) => shown(parseAudit(input, "audits/r-1.json")),
    corpus: documents(AUDIT),
  },
  {
    name: "verdict",
    parse: ofFile("verdict.json", (file) => {
      const { stages, materials, results } = RECORD;
      const outputs = { stages, materials, results } as unknown as Parameters<typeof outputClaimSteps>[0];
      requireFinite(
        finish(outputClaimSteps(outputs, () => dirname(file))).filter(({ kind }) => kind === "check"),
      );
    }),
    corpus: documents(VERDICT),
  },
  {
    name: "list",
    parse: (input) => {
      const names = itemsOf(input, null).map(({ name }) => name);
      if (new Set(names).size < names.length) throw new Error("two items have one name");
      if (!names.every((name) => /^[0-9a-zA-Z+_?=-][0-9a-zA-Z+._?=-]*$/.test(name)))
        throw new Error("a name that no store path may have");
    },
    isRefusal: (error) => isSyntax(error) || error instanceof TypeError,
    corpus: documents(["a", "b c", "b/c", 1], [{ id: "x" }, { id: "é" }], [[1], null]),
  },
  {
    name: "pointer",
    parse: (input) => {
      const [pointer = "", json = ""] = Buffer.from(input).toString("utf8").split("\n");
      lookUp(parseJudgedJson(json) as Value, pointer, "x.json");
    },
    isRefusal: (error) => isSyntax(error) || isRange(error),
    corpus: texts('/a/*/b~1c\n{"a":[{"b/c":1},{}]}'),
  },
  {
    name: "formula-values",
    parse: (input) => {
      const [formula = "", json = ""] = Buffer.from(input).toString("utf8").split("\n");
      const value = parseJudgedJson(json) as Value;
      const missing = () => {
        throw new RangeError("it is not there");
      };
      evaluate(parseFormula(formula), {
        evidence: () => value,
        place: missing,
        realise: missing,
        read: missing,
        measure: missing,
      });
    },
    isRefusal: (error) => isSyntax(error) || isRange(error),
    corpus: texts(
      'cpk($1, 0, 1) + sigma($1, "pooled") * freedom($1, "pooled")\n[[0.1,0.2],[0.3,0.5]]',
      "significant(quantile($1, 0.5), 3) + median($1) - sd($1) ^ 2\n[1,2,3]",
      "count(unique(flatten($1))) + at(meanEach(transpose($1)), 0)\n[[1,2],[3,4]]",
      'time("2026-01-02T03:04:05Z") - countOf($1, "a") + normalQuantile(0.3)\n["a",null]',
      'capabilityStatus($1, 0, 1, 1.33) == "capable" and cpkLowerBound($1, 0, 1, 0.95) > 0\n[[0.1,0.2],[0.3,0.5]]',
    ),
  },
  {
    name: "params",
    parse: ofFile("params.json", readParams),
    corpus: documents({ n: 1, t: "x", b: true }),
  },
  {
    name: "strict-json",
    parse: (input) => {
      const value = parseStrictJson(input);
      const again = JSON.stringify(JSON.parse(Buffer.from(input).toString("utf8")));
      if (JSON.stringify(value) !== again) throw new Error("it is read in two ways");
      parseJudgedJson(input);
    },
    isRefusal: (error) => isSyntax(error) || isRange(error),
    corpus: texts('{"a":{"a":"\\"\\\\","b":[1e3,-0]},"\\u0062":null}', '["a","a",{"__proto_":1}]'),
  },
  {
    name: "note",
    parse: ofFile("note.json", (file) => {
      const notes = new Notes({ notes: dirname(dirname(file)), sourceMaps: dirname(file) });
      notes.all(file.split("/").at(-2) ?? "");
    }),
    corpus: documents({ key: "a", value: 1 }),
  },
  {
    name: "tsconfig",
    parse: ofFile("tsconfig.json", (file) => void new TsConfigs(dirname(file)).resolve("#a", dirname(file))),
    corpus: texts('{ // c\n "compilerOptions": { "paths": { "#*": ["./src/*"] }, }, }'),
  },
  {
    name: "signing-key",
    parse: ofFile("key", (file) => void readSigningKey(file, "x")),
    corpus: texts(
      generateKey().privateKey.export({ format: "pem", type: "pkcs8" }),
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGH\n-----END ENCRYPTED PRIVATE KEY-----\n",
    ),
  },
  ...[undefined, "g"].map((subgroup) => ({
    name: subgroup === undefined ? "capability" : "capability-subgroups",
    parse: (input: Uint8Array) => capabilityOf(input, subgroup),
    isRefusal: isRange,
    corpus: texts(
      "g,x\n1,0.1\n1,0.2\n2,0.15\n2,0.3\n3,-0.1\n3,0.05\n4,0.2\n4,0\n",
      `g,x\n${Array.from({ length: 30 }, (_, index) => `${index % 6},${(index * 7919) % 101}e-2`).join("\n")}\n`,
      "g,x\n1,1e308\n1,-1e308\n2,5e-324\n2,0\n3,-0\n",
    ),
  })),
];
