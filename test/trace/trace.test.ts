import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { prettyJson } from "#base/canonical-json.ts";
import type { Claim } from "#home/run-record.ts";
import { writeChromeTrace } from "#trace/chrome.ts";
import { criticalPath } from "#trace/critical-path.ts";
import { figuresOf } from "#trace/figures.ts";
import { writeOtlp } from "#trace/otlp.ts";
import { traceOf } from "#trace/spans.ts";
import { USAGE, anyRecord, recordOf, stageOf, walkRecord } from "./record.ts";

interface ChromeEvent {
  name: string;
  cat?: string;
  ph: string;
  ts: number;
  dur?: number;
  pid: number;
  tid: number;
  args: Record<string, unknown>;
}

function chromeEvents(record: Parameters<typeof traceOf>[0]): ChromeEvent[] {
  return (JSON.parse(writeChromeTrace(traceOf(record))) as { traceEvents: ChromeEvent[] }).traceEvents;
}

/** Microseconds -> nanoseconds, as readers of the format do. */
function nanoseconds(microseconds: number): number {
  return Math.round(microseconds * 1000);
}

test("spans: the run, its phases, stages where the record has them, and a wait that is long enough to see", () => {
  const spans = traceOf(walkRecord());
  const [run] = spans;
  assert.ok(run);
  const startMs = (ns: bigint) => Number(ns - run.startNs) / 1e6;
  assert.deepEqual(
    spans.map(({ kind, name, startNs, endNs, slot }) => [kind, name, startMs(startNs), startMs(endNs), slot]),
    [
      ["run", "walk", 0, 4000, undefined],
      ["phase", "prepare", 0, 400.125, undefined],
      ["phase", "plan", 400.125, 500, undefined],
      ["phase", "build", 500, 3999, undefined],
      ["stage", "tools", 500, 500, undefined],
      ["stage", "proof", 500, 1500, 0],
      ["stage", "audio", 500.5, 2500.5, 1],
      ["wait", "song", 1500, 1700, undefined],
      ["stage", "song", 1700, 3999, 0],
    ],
  );
  assert.equal(run.startNs, BigInt(Date.parse("2026-11-21T03:51:02.000Z")) * 1_000_000n);
  const judged = spans.filter(({ status }) => status !== undefined).map(({ kind }) => kind);
  assert.deepEqual([...new Set(judged)], ["run", "stage"], "nothing says how a phase or a wait ended");
});

test("spans: a figure stands beside its source, and one that could not be had has a source only", () => {
  const span = traceOf(walkRecord()).find(({ name, kind }) => name === "audio" && kind === "stage");
  assert.equal(span?.attributes["cpu-user.ms"], 1200.5);
  assert.equal(span?.attributes["cpu-user.source"], "cgroup2");
  assert.equal(span?.attributes["io-read.source"], "unavailable");
  assert.ok(!("io-read.bytes" in (span?.attributes ?? {})));
  const missing = figuresOf({ ...USAGE, source: { ...USAGE.source, io: "rusage" } }).find(
    ({ name }) => name === "io-read",
  );
  assert.deepEqual(missing, { name: "io-read", unit: "bytes", source: "unavailable" });
});

test("spans: identifiers follow from the run and differ within it", () => {
  const ids = (runId: string) =>
    traceOf({ ...walkRecord(), runId }).map(({ traceId, id }) => `${traceId}:${id}`);
  assert.equal(new Set(ids("a")).size, ids("a").length);
  assert.deepEqual(ids("a"), ids("a"));
  assert.ok(ids("a").every((id) => !ids("b").includes(id)));
  for (const id of ids("a")) assert.match(id, /^[0-9a-f]{32}:[0-9a-f]{16}$/);
});

test("critical path: the longest chain through inputs, whatever ran beside it", () => {
  assert.deepEqual(criticalPath(walkRecord()), { stages: ["proof", "song"], durationMs: 3299 });
  assert.deepEqual(criticalPath({ stages: [] }), { stages: [], durationMs: 0 });
  const circle = [stageOf("a", { inputs: ["b"] }), stageOf("b", { inputs: ["a"] })];
  assert.equal(criticalPath({ stages: circle }).durationMs, 2000);
});

test("critical path: as long as the claims have it, never longer than the run, and its stages follow each other", () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const { stages, durationMs } = criticalPath(record);
      const byName = new Map(record.stages.map((stage) => [stage.name, stage]));
      const sum = stages.reduce((total, name) => total + (byName.get(name)?.durationMs ?? 0), 0);
      assert.ok(Math.abs(sum - durationMs) < 1e-6);
      assert.ok(durationMs <= record.durationMs);
      const endOf = (name: string): number => {
        const { inputs = [], durationMs: own = 0 } = byName.get(name) ?? {};
        return Math.max(0, ...inputs.map(endOf)) + own;
      };
      assert.ok(Math.abs(Math.max(0, ...byName.keys().map(endOf)) - durationMs) < 1e-6);
    }),
  );
});

test("slots: stages in one slot follow each other, and there are no more slots than stages at a time", () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const stages = traceOf(record).filter(({ slot }) => slot !== undefined);
      for (const a of stages) {
        for (const b of stages) {
          const isApart = a.endNs <= b.startNs || b.endNs <= a.startNs;
          assert.ok(a === b || a.slot !== b.slot || isApart, `${a.name} and ${b.name}`);
        }
        const atOnce = stages.filter((b) => b.startNs <= a.startNs && a.startNs < b.endNs).length;
        assert.ok((a.slot ?? 0) < (record.jobs ?? 0) && atOnce <= (record.jobs ?? 0));
      }
    }),
  );
});

test("chrome: the events of every thread nest, times and all, and every thread has a name", () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const events = chromeEvents(record);
      const spans = events.filter(({ ph }) => ph === "X");
      for (const tid of new Set(spans.map((event) => event.tid))) {
        assert.equal(
          events.filter((event) => event.ph === "M" && event.name === "thread_name" && event.tid === tid)
            .length,
          1,
        );
        const ends: number[] = [];
        const ofThread = spans
          .filter((event) => event.tid === tid)
          .map(({ ts, dur = Number.NaN, name }) => ({
            name,
            start: nanoseconds(ts),
            end: nanoseconds(ts) + nanoseconds(dur),
          }))
          .toSorted((a, b) => a.start - b.start || b.end - a.end);
        for (const { name, start, end } of ofThread) {
          while ((ends.at(-1) ?? Number.POSITIVE_INFINITY) <= start) ends.pop();
          assert.ok(end <= (ends.at(-1) ?? Number.POSITIVE_INFINITY), `${name} ends after what it is in`);
          ends.push(end);
        }
      }
    }),
  );
});

test("chrome: counters step where stages start and end, count no cached stage, and end at zero", () => {
  const counters = chromeEvents(walkRecord()).filter(({ ph }) => ph === "C");
  const running = counters.filter(({ name }) => name === "stages running");
  assert.deepEqual(
    running.map(({ ts, args }) => [ts, args["value"]]),
    [
      [500_000, 1],
      [500_500, 2],
      [1_500_000, 1],
      [1_700_000, 2],
      [2_500_500, 1],
      [3_999_000, 0],
    ],
  );
  const cores = counters.filter(({ name }) => name.startsWith("cores used"));
  assert.equal(cores[0]?.args["value"], (1200.5 + 60) / 900);
  assert.equal(cores.at(-1)?.args["value"], 0);
});

test("chrome: a stage that turned out to be cached is drawn, and used nothing", () => {
  const cached = stageOf("proof", { status: "cached", startMs: 500, durationMs: 3, usage: USAGE });
  const events = chromeEvents(recordOf([cached]));
  assert.equal(events.find(({ name }) => name === "proof")?.dur, 3000);
  assert.deepEqual(
    events.filter(({ ph }) => ph === "C"),
    [],
  );
});

test("chrome: a stage that took no time is an instant, and a record of one line a value", () => {
  const events = chromeEvents(walkRecord());
  const tools = events.find(({ name, cat }) => name === "tools" && cat === "stage");
  assert.equal(tools?.ph, "i");
  assert.equal(tools.args["built-in-run"], "20261120T000000000Z-0000aa");
  for (const line of writeChromeTrace(traceOf(walkRecord())).trimEnd().split("\n").slice(1, -1))
    assert.doesNotThrow(() => JSON.parse(line.replace(/,$/, "")) as unknown);
});

interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: Record<string, unknown> }[];
  status?: { code: number; message?: string };
}

function otlpSpans(record: Parameters<typeof traceOf>[0]): OtlpSpan[] {
  const request = JSON.parse(writeOtlp(traceOf(record))) as {
    resourceSpans: { scopeSpans: { spans: OtlpSpan[] }[] }[];
  };
  return request.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

function attribute(span: OtlpSpan | undefined, key: string): unknown {
  const value = span?.attributes.find((each) => each.key === key)?.value;
  return value === undefined ? undefined : Object.values(value)[0];
}

test("otlp: every field has the type that protobuf's JSON mapping prescribes, and every span lies in its parent", () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const spans = otlpSpans(record);
      const byId = new Map(spans.map((span) => [span.spanId, span]));
      assert.equal(byId.size, spans.length);
      for (const span of spans) {
        assert.match(span.traceId, /^[0-9a-f]{32}$/);
        assert.match(span.spanId, /^[0-9a-f]{16}$/);
        assert.match(`${span.startTimeUnixNano} ${span.endTimeUnixNano}`, /^\d{19} \d{19}$/);
        assert.ok(BigInt(span.startTimeUnixNano) <= BigInt(span.endTimeUnixNano));
        assert.equal(new Set(span.attributes.map(({ key }) => key)).size, span.attributes.length);
        for (const { value } of span.attributes) {
          const [[kind, content] = ["none"]] = Object.entries(value);
          if (kind === "intValue") assert.match(String(content), /^-?\d+$/);
          else if (kind === "doubleValue") assert.ok(typeof content === "number" && Number.isFinite(content));
          else assert.ok(kind === "stringValue" || kind === "boolValue", kind);
        }
        const parent = span.parentSpanId === undefined ? undefined : byId.get(span.parentSpanId);
        assert.equal(parent === undefined, span.kind === 2);
        if (parent === undefined) continue;
        assert.ok(BigInt(parent.startTimeUnixNano) <= BigInt(span.startTimeUnixNano));
        assert.ok(BigInt(span.endTimeUnixNano) <= BigInt(parent.endTimeUnixNano));
      }
    }),
  );
});

test("otlp: run and stages have the attributes of the conventions for CI/CD", () => {
  const spans = otlpSpans(walkRecord());
  const [run] = spans;
  assert.equal(run?.name, "BUILD walk");
  assert.equal(attribute(run, "cicd.pipeline.name"), "walk");
  assert.equal(attribute(run, "cicd.pipeline.action.name"), "BUILD");
  assert.equal(attribute(run, "cicd.pipeline.run.id"), "20261121T035102000Z-00c0de");
  assert.equal(attribute(run, "cicd.pipeline.result"), "success");
  const song = spans.find(({ name }) => name === "song");
  assert.equal(attribute(song, "cicd.pipeline.task.name"), "song");
  assert.equal(attribute(song, "cicd.pipeline.task.run.id"), song?.spanId);
  assert.equal(attribute(song, "cicd.pipeline.task.run.result"), "success");
  assert.equal(attribute(song, "pipelite.stage.peak-memory.bytes"), "50331648");
  assert.equal(attribute(song, "pipelite.stage.cpu-user.ms"), 1200.5);
});

test("otlp: a failure, a skip and a cancellation are told apart, with the error's code", () => {
  const failure = { code: "STAGE_FAILED", message: "The stage proof failed" };
  const record = recordOf(
    [
      stageOf("proof", { status: "failed", startMs: 500, failure }),
      stageOf("audio", { status: "skipped", durationMs: 0, because: "proof" }),
      stageOf("song", { status: "cancelled", startMs: 600 }),
    ],
    { status: "failed" },
  );
  const spans = otlpSpans(record);
  const resultOf = (stage: string) =>
    attribute(
      spans.find(({ name }) => name === stage),
      "cicd.pipeline.task.run.result",
    );
  assert.deepEqual(["proof", "audio", "song"].map(resultOf), ["failure", "skip", "cancellation"]);
  const proof = spans.find(({ name }) => name === "proof");
  assert.deepEqual(proof?.status, { code: 2, message: failure.message });
  assert.equal(attribute(proof, "error.type"), "STAGE_FAILED");
  assert.equal(attribute(spans[0], "cicd.pipeline.result"), "failure");
});

function bytes(record: Parameters<typeof traceOf>[0]): string[] {
  const spans = traceOf(record);
  return [writeChromeTrace(spans), writeOtlp(spans)];
}

test("the same record gives the same bytes, and another duration gives others", () => {
  assert.deepEqual(bytes(walkRecord()), bytes(structuredClone(walkRecord())));
  const other = walkRecord();
  other.stages = other.stages.map((stage) =>
    stage.name === "song" ? { ...stage, durationMs: 2298 } : stage,
  );
  const [before, after] = [bytes(walkRecord()), bytes(other)];
  assert.ok(before.every((text, index) => text !== after[index]));
});

test("the bytes are those of the record, in memory as from its file", () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const read = JSON.parse(prettyJson(record)) as typeof record;
      assert.deepEqual(bytes(read), bytes(record));
    }),
  );
});

test("spans name the claims that their numbers are the values of, and no others", () => {
  const record = walkRecord();
  const ids = ["run/duration", "song/duration", "song/cpu-user", "song/waited", "proof/other"];
  const claim: Omit<Claim, "id"> = {
    kind: "figure",
    statement: "",
    value: 1,
    formula: "$1",
    evidence: [],
    status: "recorded",
  };
  const spans = traceOf({ ...record, claims: ids.map((id) => ({ id, ...claim })) });
  const claimsOf = (kind: string, name: string) =>
    spans.find((span) => span.kind === kind && span.name === name)?.attributes["claims"];
  assert.equal(claimsOf("run", "walk"), "run/duration");
  assert.equal(claimsOf("stage", "song"), "song/duration song/waited song/cpu-user");
  assert.equal(claimsOf("wait", "song"), "song/waited");
  assert.equal(claimsOf("stage", "proof"), undefined);
});

test("a run that had nothing to do has no slots and no counters", () => {
  const stages = [stageOf("proof", { status: "cached", durationMs: 0, usage: USAGE })];
  const { jobs: _, phases: __, ...record } = recordOf(stages);
  const events = chromeEvents(record);
  assert.deepEqual(
    events.map(({ ph }) => ph),
    ["M", "M", "X", "i"],
  );
});
