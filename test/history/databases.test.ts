// One suite over both databases: what the index holds, how it follows the run records, and what it says when it can't.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { sql } from "kysely";
import { isPipeliteError } from "#base/errors.ts";
import { type ErrorCode } from "#cli/error-rows.ts";
import { RECORD_SCHEMA } from "#home/run-record.ts";
import { openRaw, withHistory, type History, type HistoryLocation } from "#history/history.ts";
import { countRuns, readChanges, readRuns, readSeries } from "#history/read.ts";
import { rebuildHistory } from "#history/rebuild.ts";
import { signalsOfRun } from "#history/signals.ts";
import { originOf, syncHistory } from "#history/sync.ts";
import { needsPostgres, startPostgres, type Postgres } from "../rig/postgres.ts";
import { contentOf, fakeRecord, FakeHome, runIdAt } from "./rig.ts";
import { inputs, sweep } from "../rig/peer.ts";

const skip = needsPostgres();
const server: Postgres | undefined = skip === false ? await startPostgres() : undefined;
after(() => server?.[Symbol.asyncDispose]());

const sync = (place: HistoryLocation) => withHistory(place, syncHistory);
const walls = async (place: HistoryLocation) => {
  const [series] = await withHistory(place, (history) =>
    readSeries(history, { stage: "audio", figure: "wall" }),
  );
  return series?.points.map(({ value }) => value) ?? [];
};

function refuses(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(isPipeliteError(error, code), String(error));
    return true;
  });
}

for (const kind of ["SQLite", "PostgreSQL"] as const) {
  const placeOf = ({ home }: FakeHome): HistoryLocation => ({
    home,
    database: kind === "SQLite" ? undefined : server?.createDatabase(),
  });

  describe(kind, { skip: kind === "PostgreSQL" ? skip : false }, () => {
    test("runs, stages and what they measured are indexed; what was cached is no measurement", async () => {
      using home = new FakeHome();
      const place = placeOf(home);
      const stages = {
        audio: { wallMs: 812.25, checks: { pitch: 0.125 } },
        song: { status: "cached" as const },
      };
      home.write(fakeRecord({ at: 1, stages }), fakeRecord({ at: 2, pipeline: "other" }));
      const report = await sync(place);
      assert.deepEqual(report, { added: 2, changed: [], conflicts: [], missing: [], unreadable: [] });
      await withHistory(place, async (history) => {
        const [run] = await readRuns(history, { name: "walk" });
        assert.equal(run?.run_id, runIdAt(1));
        assert.equal(run.stages, 2);
        assert.equal(run.built, 1);
        assert.equal(run.duration_ms, 922.25);
        const series = await readSeries(history, { name: "walk" });
        const found = series.map(({ subject, points, unit }) => [subject, points[0]?.value, unit]);
        assert.deepEqual(found, [
          ["audio/wall", 812.25, "ms"],
          ["audio/cpu", 507.65625, "ms"],
          ["audio/memory", 50_000_000, "B"],
          ["audio/duration", 822.25, "ms"],
          ["audio/pitch", 0.125, "cents"],
        ]);
        const [claim] = await readSeries(history, { claim: "audio/wall" });
        assert.equal(claim?.points[0]?.value, 812.25);
        assert.deepEqual(await readSeries(history, { claim: "song/wall" }), []);
        const [whole] = await readSeries(history, { name: "other", figure: "duration" });
        assert.equal(whole?.subject, "run/duration");
      });
    });

    test("a second sync reads only what is new", async () => {
      using home = new FakeHome();
      const place = placeOf(home);
      home.write(fakeRecord({ at: 1 }));
      assert.equal((await sync(place)).added, 1);
      assert.equal((await sync(place)).added, 0);
      home.write(fakeRecord({ at: 2 }));
      assert.equal((await sync(place)).added, 1);
      assert.equal(await withHistory(place, countRuns), 2);
    });

    test("a changed record is told, kept in the log and indexed as it is; a second look finds nothing", async () => {
      using home = new FakeHome();
      const place = placeOf(home);
      home.write(fakeRecord({ at: 1, stages: { audio: { wallMs: 900 } } }), fakeRecord({ at: 2 }));
      await sync(place);
      home.write(fakeRecord({ at: 1, stages: { audio: { wallMs: 100 } } }));
      const { changed } = await sync(place);
      assert.deepEqual(
        changed.map(({ runId }) => runId),
        [runIdAt(1)],
      );
      assert.notEqual(changed[0]?.before, changed[0]?.after);
      assert.deepEqual(await walls(place), [100, 1000]);
      assert.deepEqual((await sync(place)).changed, []);
      await rebuildHistory(place);
      const log = await withHistory(place, readChanges);
      assert.deepEqual(
        log.map(({ runId }) => runId),
        [runIdAt(1)],
      );
    });

    test("a record that was only touched is no change", async () => {
      using home = new FakeHome();
      const place = placeOf(home);
      home.write(fakeRecord({ at: 1 }));
      await sync(place);
      rmSync(home.file(runIdAt(1)));
      home.write(fakeRecord({ at: 1 }));
      assert.deepEqual(await sync(place), {
        added: 0,
        changed: [],
        conflicts: [],
        missing: [],
        unreadable: [],
      });
    });

    test("a record that is gone is told and its rows stay, until a rebuild", async () => {
      using home = new FakeHome();
      const place = placeOf(home);
      home.write(fakeRecord({ at: 1 }), fakeRecord({ at: 2 }));
      await sync(place);
      rmSync(home.file(runIdAt(1)));
      assert.deepEqual((await sync(place)).missing, [runIdAt(1)]);
      assert.equal(await withHistory(place, countRuns), 2);
      assert.deepEqual((await rebuildHistory(place)).missing, []);
      assert.equal(await withHistory(place, countRuns), 1);
    });

    test("records that can't be read are told, the others are indexed", async () => {
      using home = new FakeHome();
      const place = placeOf(home);
      home.write(fakeRecord({ at: 1 }));
      const wrong: Record<string, unknown> = {
        text: "no JSON",
        other: fakeRecord({ at: 9 }),
        newer: { ...fakeRecord({ at: 9, runId: "newer" }), schema: RECORD_SCHEMA + 1 },
        empty: null,
        untyped: { ...fakeRecord({ at: 9, runId: "untyped" }), durationMs: "long" },
        nameless: { ...fakeRecord({ at: 9, runId: "nameless" }), pipeline: 7 },
        orphan: { runId: "orphan", repeats: { runId: "nobody", digest: "sha256:0" } },
      };
      for (const [name, content] of Object.entries(wrong)) {
        writeFileSync(home.file(name), typeof content === "string" ? content : JSON.stringify(content));
      }
      const { added, unreadable } = await sync(place);
      assert.equal(added, 1);
      assert.equal(unreadable.length, Object.keys(wrong).length);
      for (const { problem } of unreadable) assert.match(problem, /\S/);
    });

    test("a run without work is indexed from the record it repeats, and refused when that one changed", async () => {
      using home = new FakeHome();
      const place = placeOf(home);
      const whole = fakeRecord({ at: 1 });
      home.write(whole);
      await sync(place);
      const [indexed] = await withHistory(place, readRuns);
      const repeat = (at: number, digest: string): void => {
        const own = { runId: runIdAt(at), startedAt: whole.startedAt, durationMs: 30 };
        home.home.runs.repeat(own, { runId: whole.runId, digest });
      };
      repeat(2, indexed?.digest ?? "");
      repeat(3, `sha256:${"0".repeat(64)}`);
      const { added, unreadable } = await sync(place);
      assert.equal(added, 1);
      assert.match(unreadable[0]?.problem ?? "", /whose record has changed/);
      const runs = await withHistory(place, readRuns);
      assert.deepEqual(runs.map(({ duration_ms, built }) => `${duration_ms} ${built}`).toSorted(), [
        "1110 1",
        "30 0",
      ]);
      assert.deepEqual(await walls(place), [1000]);
    });

    test("property: an index that followed the records holds the rows of one made again", async () => {
      const step = fc.record({
        at: fc.integer({ min: 1, max: 6 }),
        wallMs: fc.integer({ min: 1, max: 3 }),
        // Names of stages are what they may be; ids of checks are any text.
        name: fc.constantFrom("audio", "a+b", "x?=y_", "drop"),
        id: fc.constantFrom("a'b", 'x"; drop table pipelite_runs; --', "\u0000", "\u{1F3B5}"),
        status: fc.constantFrom("built" as const, "cached" as const, "failed" as const),
        syncs: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          using home = new FakeHome();
          const place = placeOf(home);
          for (const { at, wallMs, name, id, status, syncs } of steps) {
            home.write(fakeRecord({ at, stages: { [name]: { wallMs, status, checks: { [id]: wallMs } } } }));
            if (syncs) await sync(place);
          }
          await sync(place);
          const followed = await contentOf(place);
          await rebuildHistory(place);
          assert.deepEqual(await contentOf(place), followed);
          const runs = new Set(steps.map(({ at }) => at)).size;
          assert.equal(followed[0]?.length, runs);
        }),
        { numRuns: inputs(kind === "SQLite" ? 25 : 8) },
      );
    });

    test("names are data: quotes, SQL and zero characters are found as they are written", async () => {
      using home = new FakeHome();
      const place = placeOf(home);
      const evil = "x'); drop table pipelite_runs; --";
      home.write(fakeRecord({ at: 1, pipeline: evil, stages: { audio: { checks: { [evil]: 7 } } } }));
      await sync(place);
      await withHistory(place, async (history) => {
        assert.equal((await readRuns(history, { name: evil })).length, 1);
        assert.equal((await readRuns(history, { name: "' or '1'='1" })).length, 0);
        const [series] = await readSeries(history, { claim: `audio/${evil}` });
        assert.equal(series?.points[0]?.value, 7);
        assert.equal((await readSeries(history, { stage: "audio" })).length, 5);
      });
    });

    test(
      "several processes at once, on an index that is not there yet, add every run once",
      { skip: sweep() },
      async () => {
        using home = new FakeHome();
        const place = placeOf(home);
        home.write(...Array.from({ length: 600 }, (_, at) => fakeRecord({ at })));
        const reports = await Promise.all([1, 2, 3].map(() => syncElsewhere(place)));
        assert.equal(
          reports.reduce((sum, { added }) => sum + added, 0),
          600,
        );
        const followed = await contentOf(place);
        assert.equal(followed[0]?.length, 600);
        await rebuildHistory(place);
        assert.deepEqual(await contentOf(place), followed);
      },
    );

    test("several at once in one process wait for each other", async () => {
      using home = new FakeHome();
      const place = placeOf(home);
      home.write(...Array.from({ length: 300 }, (_, at) => fakeRecord({ at })));
      const reports = await Promise.all([1, 2, 3].map(() => sync(place)));
      assert.equal(
        reports.reduce((sum, { added }) => sum + added, 0),
        300,
      );
    });

    test("thousands of runs are indexed, and their series read", { skip: sweep() }, async () => {
      const count = inputs(kind === "SQLite" ? 10_000 : 2000);
      using home = new FakeHome();
      const place = placeOf(home);
      for (let at = 0; at < count; at += 1) home.write(fakeRecord({ at, stages: { audio: { wallMs: at } } }));
      assert.equal((await sync(place)).added, count);
      assert.equal((await sync(place)).added, 0);
      const values = await walls(place);
      assert.deepEqual([values.length, values[0], values.at(-1)], [count, 0, count - 1]);
    });

    test("rows that somebody else wrote are held to their shape before anything is made of them", async () => {
      using home = new FakeHome();
      const place = placeOf(home);
      home.write(fakeRecord({ at: 1, stages: { audio: { wallMs: 1 } } }));
      const faults: [change: string, read: (history: History) => Promise<unknown>][] = [
        ["pipelite_runs set host = 'x{'", readRuns],
        ["pipelite_runs set host = 'x{'", (history) => readSeries(history, {})],
        ["pipelite_runs set host = 'null'", (history) => readSeries(history, {})],
        ["pipelite_runs set params = '[1'", readRuns],
        ["pipelite_runs set started_at = 'yesterday'", readRuns],
        ["pipelite_runs set started_at = 'yesterday'", (history) => readSeries(history, {})],
        ["pipelite_measurements set kind = 'stage', value = 9e999", (history) => readSeries(history, {})],
      ];
      for (const [change, read] of faults) {
        if (kind === "PostgreSQL" && change.includes("9e999")) continue;
        await rebuildHistory(place);
        await openRaw(place, (db) => sql.raw(`update ${change}`).execute(db));
        await refuses(withHistory(place, read), "HISTORY_DAMAGED");
      }
    });

    test("signals of a run: those it completed itself, the same after later runs; none without a baseline", async () => {
      using home = new FakeHome();
      const place = placeOf(home);
      const measured = (at: number, wallMs: number, status: "built" | "cached" = "built") =>
        fakeRecord({ at, stages: { audio: { wallMs, status, checks: { pitch: at % 3 } } } });
      const steady = Array.from({ length: 25 }, (_, at) => measured(at, 980 + 10 * ((at * 2) % 5)));
      const [slow, cached, next] = [measured(25, 2000), measured(26, 2000, "cached"), measured(27, 1000)];
      const [first] = steady;
      assert.ok(first);
      home.write(...steady, slow);
      const before = await signalsOfRun(place, slow);
      assert.deepEqual(
        before.filter(({ subject }) => subject === "audio/wall").map(({ rule }) => rule),
        ["WER1", "EWMA", "REGRESSION"],
      );
      for (const { runs, claims, baseline, value, limits } of before) {
        assert.equal(runs.at(-1), slow.runId);
        assert.equal(baseline.n, 20);
        assert.ok(claims.length > 0 && Number.isFinite(value) && limits.lower <= limits.upper);
      }
      assert.ok(!before.some(({ subject }) => subject === "audio/pitch"));
      home.write(cached, next);
      assert.deepEqual(await signalsOfRun(place, slow), before);
      assert.deepEqual(await signalsOfRun(place, cached), []);
      assert.deepEqual(await signalsOfRun(place, first), []);
      assert.deepEqual(await signalsOfRun(place, slow, { baseline: 26 }), []);
      await openRaw(place, (db) => sql`update pipelite_measurements set value = 990`.execute(db));
      assert.deepEqual(await signalsOfRun(place, slow), []);
      assert.deepEqual(await signalsOfRun({ home: home.home, isMadeNow: true }, slow), before);
      await rebuildHistory(place);
      const onlyPoints = await signalsOfRun(place, slow, { rules: ["WER1"] });
      assert.deepEqual(new Set(onlyPoints.map(({ rule }) => rule)), new Set(["WER1"]));
    });

    test("HISTORY_NEWER: tables of a newer version are left alone", async () => {
      using home = new FakeHome();
      const place = placeOf(home);
      home.write(fakeRecord({ at: 1 }));
      await sync(place);
      await openRaw(place, (db) =>
        db
          .withTables<{ pipelite_migrations: { name: string; timestamp: string } }>()
          .insertInto("pipelite_migrations")
          .values({ name: "9999-later", timestamp: new Date().toISOString() })
          .execute(),
      );
      await refuses(sync(place), "HISTORY_NEWER");
      await refuses(rebuildHistory(place), "HISTORY_NEWER");
    });

    test("HISTORY_DAMAGED: a table that is gone is told, and a rebuild makes it again", async () => {
      using home = new FakeHome();
      const place = placeOf(home);
      home.write(fakeRecord({ at: 1 }), fakeRecord({ at: 2 }));
      await sync(place);
      const before = await contentOf(place);
      await openRaw(place, (db) => db.schema.dropTable("pipelite_measurements").execute());
      await refuses(walls(place), "HISTORY_DAMAGED");
      const { added, replaced } = await rebuildHistory(place);
      assert.equal(added, 2);
      assert.match(replaced ?? "", /\S/);
      assert.deepEqual(await contentOf(place), before);
    });
  });
}

interface Elsewhere {
  added: number;
}

function syncElsewhere({ home, database }: HistoryLocation): Promise<Elsewhere> {
  const script = join(import.meta.dirname, "sync-once.ts");
  const args = [
    "--disable-warning=ExperimentalWarning",
    script,
    home.folder,
    ...(database === undefined ? [] : [database]),
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve(JSON.parse(out) as Elsewhere) : reject(new Error(`ended with ${code}`)),
    );
  });
}

describe("SQLite alone", () => {
  test("HISTORY_DAMAGED: bytes that are no database, or a broken one; the rebuild keeps the damaged file", async () => {
    using home = new FakeHome();
    home.write(...Array.from({ length: 50 }, (_, at) => fakeRecord({ at })));
    const file = home.home.layout.history;
    writeFileSync(
      file,
      "this is not a database, though it is long enough to be looked at as one by SQLite".repeat(100),
    );
    await refuses(sync(home), "HISTORY_DAMAGED");
    const { replaced } = await rebuildHistory(home);
    assert.equal(replaced, `${file}.damaged`);
    const before = await contentOf(home);
    // Pages in the middle are overwritten, the header stays.
    await openRaw(home, (db) => sql`pragma wal_checkpoint(truncate)`.execute(db));
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xa5, 4096, bytes.length - 4096));
    await refuses(contentOf(home), "HISTORY_DAMAGED");
    await rebuildHistory(home);
    assert.deepEqual(await contentOf(home), before);
  });

  test("HISTORY_DAMAGED: what computes in the place of a table is told by its name, and is not waited for", async () => {
    using home = new FakeHome();
    home.write(fakeRecord({ at: 1 }));
    const file = home.home.layout.history;
    const endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n";
    const faults: [change: string, named: RegExp][] = [
      [
        `alter table pipelite_measurements rename to other;
         create view pipelite_measurements as select o.* from other as o, (${endless})`,
        /pipelite_measurements is a view/,
      ],
      [
        `drop table pipelite_migrations;
         create view pipelite_migrations as select i as name, '' as timestamp from (${endless})`,
        /pipelite_migrations is a view/,
      ],
      [
        `create trigger slow after insert on pipelite_runs begin
           insert into pipelite_changes select i, '', '', '', '' from (${endless}); end`,
        /slow is a trigger/,
      ],
      ["create virtual table others using fts5(words)", /others is a virtual table/],
      [
        "alter table pipelite_runs add column more as (length(hex(zeroblob(400000000))))",
        /pipelite_runs\.more is a computed column/,
      ],
    ];
    for (const [change, named] of faults) {
      await rebuildHistory(home);
      const db = new DatabaseSync(file);
      db.exec(change);
      db.close();
      await assert.rejects(sync(home), (error) => {
        assert.ok(isPipeliteError(error, "HISTORY_DAMAGED"), String(error));
        assert.match(error.message, named);
        return true;
      });
    }
    assert.equal((await rebuildHistory(home)).added, 1);
    assert.equal((await sync(home)).added, 0);
  });

  test("HISTORY_DAMAGED: pages that lead to one another again and again are not followed", async () => {
    using home = new FakeHome();
    home.write(fakeRecord({ at: 1 }));
    await sync(home);
    const before = await contentOf(home);
    await openRaw(home, (db) => sql`pragma wal_checkpoint(truncate)`.execute(db));
    windPages(home.home.layout.history, "pipelite_measurements");
    await refuses(contentOf(home), "HISTORY_DAMAGED");
    await refuses(sync(home), "HISTORY_DAMAGED");
    await rebuildHistory(home);
    assert.deepEqual(await contentOf(home), before);
  });

  test("HISTORY_REFUSED: a folder stands where the file should be", async () => {
    using home = new FakeHome();
    mkdirSync(home.home.layout.history, { recursive: true });
    await refuses(sync(home), "HISTORY_REFUSED");
  });
});

/** Each way through a table goes 301 times through every one of these pages (https://sqlite.org/fileformat.html, 1.6). */
function windPages(file: string, table: string): void {
  const db = new DatabaseSync(file);
  const found = db.prepare("select rootpage from sqlite_schema where name = ?").get(table);
  db.close();
  const [SIZE, CELLS, INTERIOR, LEAF, DATABASE_SIZE_AT] = [4096, 300, 5, 13, 28];
  const old = readFileSync(file);
  const count = old.length / SIZE;
  const chain = [Number(found?.["rootpage"]), ...Array.from({ length: 6 }, (_, at) => count + 1 + at)];
  const bytes = Buffer.concat([old, Buffer.alloc(6 * SIZE)]);
  bytes.writeUInt32BE(count + 6, DATABASE_SIZE_AT);
  for (const [at, number] of chain.entries()) {
    const page = bytes.subarray((number - 1) * SIZE, number * SIZE).fill(0);
    const next = chain[at + 1];
    page[0] = next === undefined ? LEAF : INTERIOR;
    page.writeUInt16BE(next === undefined ? SIZE : SIZE - 5 * CELLS, 5);
    if (next === undefined) continue;
    page.writeUInt16BE(CELLS, 3);
    page.writeUInt32BE(next, 8);
    for (let cell = 0; cell < CELLS; cell += 1) {
      page.writeUInt16BE(SIZE - 5 * (cell + 1), 12 + 2 * cell);
      page.writeUInt32BE(next, SIZE - 5 * (cell + 1));
    }
  }
  writeFileSync(file, bytes);
}

describe("PostgreSQL alone", { skip }, () => {
  test("several homes share one database: each keeps its runs, and a rebuild of one leaves the others'", async () => {
    using one = new FakeHome();
    using two = new FakeHome();
    const database = server?.createDatabase();
    one.write(fakeRecord({ at: 1 }), fakeRecord({ at: 2 }));
    two.write(fakeRecord({ at: 2 }), fakeRecord({ at: 3 }));
    const [first, second] = [
      { home: one.home, database },
      { home: two.home, database },
    ];
    assert.equal((await sync(first)).added, 2);
    assert.equal((await sync(second)).added, 1);
    assert.deepEqual((await sync(first)).conflicts, []);
    const both = await contentOf(first);
    await rebuildHistory(first);
    assert.deepEqual(await contentOf(second), both);
    rmSync(one.file(runIdAt(1)));
    rmSync(one.file(runIdAt(2)));
    await rebuildHistory(first);
    const runs = await withHistory(second, readRuns);
    assert.deepEqual(
      runs.map(({ run_id }) => run_id),
      [runIdAt(3), runIdAt(2)],
    );
  });

  test("times of another kind of machine are no baseline for a run's signals, and --here leaves other homes out", async () => {
    using one = new FakeHome();
    using two = new FakeHome();
    const database = server?.createDatabase();
    const wallMs = (at: number) => 980 + 10 * ((at * 2) % 5);
    const fast = Array.from({ length: 30 }, (_, at) =>
      fakeRecord({ at, stages: { audio: { wallMs: wallMs(at) } } }),
    );
    const slow = Array.from({ length: 30 }, (_, at) => {
      const record = fakeRecord({ at: at + 100, stages: { audio: { wallMs: 4 * wallMs(at) } } });
      return { ...record, host: { ...record.host, cores: 16 } };
    });
    one.write(...fast);
    two.write(...slow);
    await sync({ home: one.home, database });
    const place = { home: two.home, database };
    for (const record of slow) assert.deepEqual(await signalsOfRun(place, record), []);
    const counts = await withHistory(place, async (history) => {
      const query = { stage: "audio", figure: "wall" } as const;
      const [all] = await readSeries(history, query);
      const [own] = await readSeries(history, { ...query, origin: originOf(history.home) });
      return [all?.points.length, own?.points.length];
    });
    assert.deepEqual(counts, [60, 30]);
  });

  test("two homes with different records of one run: told each time, and the first one stays", async () => {
    using one = new FakeHome();
    using two = new FakeHome();
    const database = server?.createDatabase();
    one.write(fakeRecord({ at: 1, stages: { audio: { wallMs: 5 } } }));
    two.write(fakeRecord({ at: 1, stages: { audio: { wallMs: 6 } } }));
    const second = { home: two.home, database };
    await sync({ home: one.home, database });
    for (const _ of [1, 2]) {
      const { conflicts, changed } = await sync(second);
      assert.deepEqual(
        conflicts.map(({ runId }) => runId),
        [runIdAt(1)],
      );
      assert.deepEqual(changed, []);
    }
    assert.deepEqual(await walls(second), [5]);
  });

  test("HISTORY_UNREACHABLE: no server, no such database, and one that ended; a password is never shown", async () => {
    using home = new FakeHome();
    home.write(fakeRecord({ at: 1 }));
    const at = (database: string) => sync({ home: home.home, database });
    await refuses(at("postgres://me:secret@127.0.0.1:1/x"), "HISTORY_UNREACHABLE");
    await refuses(at("postgres:///x?host=/nonexistent"), "HISTORY_UNREACHABLE");
    const address = server?.createDatabase() ?? "";
    await refuses(at(address.replace(/test\d+/, "nosuch")), "HISTORY_UNREACHABLE");
    await at("postgres://me:secret@127.0.0.1:1/x?password=secret").catch((error: unknown) => {
      assert.ok(isPipeliteError(error));
      assert.doesNotMatch(`${error.message} ${JSON.stringify(error.details)}`, /secret/);
    });
    await using other = await startPostgres();
    const place = { home: home.home, database: other.createDatabase() };
    await refuses(
      withHistory(place, async (history) => {
        await other.kill();
        return syncHistory(history);
      }),
      "HISTORY_UNREACHABLE",
    );
  });

  test("HISTORY_REFUSED: a user without the right to make tables", async () => {
    using home = new FakeHome();
    home.write(fakeRecord({ at: 1 }));
    const database = server?.createDatabase() ?? "";
    await openRaw({ home: home.home, database }, async (db) => {
      await sql`create role reader login`.execute(db);
      await sql`revoke create on schema public from public`.execute(db);
    });
    await refuses(
      sync({ home: home.home, database: database.replace("pipelite@", "reader@") }),
      "HISTORY_REFUSED",
    );
  });
});

test("HISTORY_DATABASE_INVALID: an address that is not PostgreSQL's", async () => {
  using home = new FakeHome();
  await refuses(sync({ home: home.home, database: "mysql://me:secret@host/x" }), "HISTORY_DATABASE_INVALID");
});
