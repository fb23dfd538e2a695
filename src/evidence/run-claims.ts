// The claims that follow from the record of a run alone: what became of its stages, what they took, where it ran. Pure.
import { largest } from "#base/extremes.ts";
import { sumOf } from "#stats/moments.ts";
import type { BareRecord, Claim, ClaimValue, StageRecord } from "#home/run-record.ts";
import { RECORD_FILE, withUniqueIds } from "./claims.ts";
import { longestChain } from "#formula/longest-chain.ts";

/** All claims of a run: `ofOutputs` (see output-claims.ts), then those of the record itself. */
export function claimsOfRun(record: BareRecord, ofOutputs: readonly Claim[]): Claim[] {
  const ofRecord = [...runClaims(record), ...record.stages.flatMap(stageClaims), ...listClaims(record)];
  const counted = [...ofRecord, ...ofOutputs];
  const all = withUniqueIds([...claimCounts(counted), ...counted]);
  const own = all.length - ofOutputs.length;
  return [...all.slice(own), ...all.slice(0, own)];
}

/** A figure of the record; `null` where it has none. */
function figure(
  id: string,
  statement: string,
  pointer: string,
  value: ClaimValue | undefined,
  more: Pick<Claim, "unit" | "source"> = {},
): Claim {
  const formula = value === undefined ? "optional($1)" : "$1";
  const evidence = [`${RECORD_FILE}#${pointer}`];
  const status = value === undefined ? "unavailable" : "recorded";
  const { source, unit } = more;
  // In the order of names, in which it is written: there are many of them.
  return {
    evidence,
    formula,
    id,
    kind: "figure",
    ...(source !== undefined && { source }),
    statement,
    status,
    ...(unit !== undefined && { unit }),
    value: value ?? null,
  };
}

interface Computed {
  id: string;
  statement: string;
  value: ClaimValue;
  unit?: string;
  formula: string;
  pointers: string[];
  status?: string;
}

function computed({ pointers, status = "recorded", ...claim }: Computed): Claim {
  return {
    kind: "figure",
    ...claim,
    evidence: pointers.map((pointer) => `${RECORD_FILE}#${pointer}`),
    status,
  };
}

/** How many items each list has, counted in the list itself. */
function listClaims({ expansions = [], stages, materials }: BareRecord): Claim[] {
  const outputs = new Map<string, string | undefined>([
    ...materials.map(({ name, path }) => [name, path] as const),
    ...stages.map(({ name, outPath }) => [name, outPath] as const),
  ]);
  return expansions.flatMap(({ name, from, file, items }): Claim[] => {
    const path = outputs.get(from);
    if (path === undefined) return [];
    return [
      {
        id: `${name}/items`,
        kind: "figure",
        statement: `Items for each of which ${name} has something`,
        value: items.length,
        unit: "items",
        formula: "count($1)",
        evidence: [`${file === undefined ? path : `${path}/${file}`}#/*`],
        status: "recorded",
      },
    ];
  });
}

const USAGE = [
  ["wall", "wallMs", "wall", "ms", "Wall-clock time of building"],
  ["cpu-user", "cpuUserMs", "cpu", "ms", "User CPU time of building"],
  ["cpu-system", "cpuSystemMs", "cpu", "ms", "System CPU time of building"],
  ["peak-memory", "peakMemoryBytes", "memory", "B", "Peak memory of building"],
  ["io-read", "ioReadBytes", "io", "B", "Bytes read from storage while building"],
  ["io-write", "ioWriteBytes", "io", "B", "Bytes written to storage while building"],
  ["minor-faults", "minorFaults", "events", "faults", "Page faults without reading from disk while building"],
  ["major-faults", "majorFaults", "events", "faults", "Page faults with reading from disk while building"],
  ["voluntary-switches", "voluntarySwitches", "events", "switches", "Times of waiting while building"],
  [
    "involuntary-switches",
    "involuntarySwitches",
    "events",
    "switches",
    "Times of being interrupted while building",
  ],
] as const;

function stageClaims(stage: StageRecord, index: number): Claim[] {
  const { name, status, startMs, waitedMs, durationMs, usage, failure, former, outPath } = stage;
  const at = `/stages/${index}`;
  const claims = [
    figure(`${name}/status`, `What became of ${name} in this run`, `${at}/status`, status),
    figure(`${name}/duration`, `Time this run spent on ${name}`, `${at}/durationMs`, durationMs, {
      unit: "ms",
    }),
  ];
  if (startMs !== undefined) {
    const statement = `When this run turned to ${name}, from its own start`;
    claims.push(figure(`${name}/start`, statement, `${at}/startMs`, startMs, { unit: "ms" }));
  }
  if (waitedMs !== undefined) {
    const statement = `How long ${name} was ready before this run turned to it`;
    claims.push(figure(`${name}/waited`, statement, `${at}/waitedMs`, waitedMs, { unit: "ms" }));
  }
  for (const [id, key, source, unit, words] of usage === undefined ? [] : USAGE) {
    const more = { unit, source: usage?.source[source] ?? "unavailable" };
    claims.push(figure(`${name}/${id}`, `${words} ${name}`, `${at}/usage/${key}`, usage?.[key], more));
  }
  for (const [position, counter] of (usage?.counters ?? []).entries()) {
    const statement = `Counter ${counter.name} of building ${name}`;
    const pointer = `${at}/usage/counters/${position}/value`;
    const more = { unit: counter.unit, source: counter.source };
    claims.push(figure(`${name}/${counter.name}`, statement, pointer, counter.value, more));
  }
  if (usage?.outOfMemoryKills !== undefined) {
    const statement = `Processes of ${name} that were killed for want of memory`;
    const pointer = `${at}/usage/outOfMemoryKills`;
    claims.push(
      figure(`${name}/oom-kills`, statement, pointer, usage.outOfMemoryKills, { unit: "processes" }),
    );
  }
  if (former !== undefined) {
    claims.push(
      computed({
        id: `${name}/same-as-before`,
        statement: `Building ${name} again gave the output that it had given before`,
        value: former.outPath === outPath,
        formula: "$1 == $2",
        pointers: [`${at}/former/outPath`, `${at}/outPath`],
      }),
    );
  }
  const code = failure?.ending?.code;
  if (code !== undefined) {
    const pointer = `${at}/failure/ending/code`;
    claims.push(figure(`${name}/exit-code`, `Exit code of ${name}`, pointer, code));
  }
  return claims;
}

function runClaims(record: BareRecord): Claim[] {
  return [
    ...verdictClaims(record),
    ...timeClaims(record),
    ...countClaims(record),
    ...usageClaims(record),
    ...environmentClaims(record),
  ];
}

function verdictClaims(record: BareRecord): Claim[] {
  return [
    figure("run/status", "How the run ended", "/status", record.status),
    computed({
      id: "run/passed",
      statement: "The run ended as passed, no stage failed or was left out, and no claim failed",
      value: record.status === "passed",
      formula:
        '$1 == "passed" and countOf($2, "failed") + countOf($2, "skipped") + countOf($2, "cancelled") == 0 and countOf($3, "failed") == 0',
      pointers: ["/status", "/stages/*/status", "/claims/*/status"],
    }),
  ];
}

function timeClaims({ startedAt, finishedAt, durationMs, stages, phases = [] }: BareRecord): Claim[] {
  const { total: path } = longestChain(
    stages.map(({ name }) => name),
    stages.map(({ inputs }) => inputs),
    stages.map((stage) => stage.durationMs),
  );
  const pathPointers = ["/stages/*/name", "/stages/*/inputs", "/stages/*/durationMs"];
  const isCovered = durationMs >= path;
  return [
    figure("run/started-at", "When the run started, by the clock of the machine", "/startedAt", startedAt),
    figure("run/finished-at", "When the run ended, by the clock of the machine", "/finishedAt", finishedAt),
    figure("run/duration", "Wall-clock time of the run", "/durationMs", durationMs, { unit: "ms" }),
    computed({
      id: "run/critical-path",
      statement: "The longest chain of stages that wait for each other, by the time this run spent on each",
      value: path,
      unit: "ms",
      formula: "criticalPath($1, $2, $3)",
      pointers: pathPointers,
    }),
    computed({
      id: "run/critical-path-fits",
      statement: "The run took at least as long as its critical path",
      value: isCovered,
      formula: "$1 >= criticalPath($2, $3, $4)",
      pointers: ["/durationMs", ...pathPointers],
    }),
    ...phases.flatMap(({ name, startMs, durationMs: ms }, index) => [
      figure(`run/phase/${name}`, `Time of the phase ${name}`, `/phases/${index}/durationMs`, ms, {
        unit: "ms",
      }),
      figure(
        `run/phase/${name}/start`,
        `When the phase ${name} began, from the start of the run`,
        `/phases/${index}/startMs`,
        startMs,
        { unit: "ms" },
      ),
    ]),
  ];
}

const ENDS = ["built", "cached", "substituted", "failed", "skipped", "cancelled"] as const;

function countClaims({ stages }: BareRecord): Claim[] {
  const pointers = ["/stages/*/status"];
  const count = (status: string) => stages.filter((stage) => stage.status === status).length;
  const done = count("built") + count("cached") + count("substituted");
  const unit = "stages";
  return [
    computed({
      id: "run/stages",
      statement: "Stages, gates, fetches and answers of the run",
      value: stages.length,
      unit,
      formula: "count($1)",
      pointers,
    }),
    ...ENDS.map((status) =>
      computed({
        id: `run/stages-${status}`,
        statement: `Stages that were ${END_WORDS[status]}`,
        value: count(status),
        unit,
        formula: `countOf($1, "${status}")`,
        pointers,
      }),
    ),
    computed({
      id: "run/yield",
      statement: "Outputs that the run has, of those that its stages declare",
      value: stages.length === 0 ? null : (100 * done) / stages.length,
      unit: "%",
      formula:
        'if(count($1) == 0, null, 100 * (countOf($1, "built") + countOf($1, "cached") + countOf($1, "substituted")) / count($1))',
      pointers,
      status: stages.length === 0 ? "not-computable" : "recorded",
    }),
  ];
}

const END_WORDS: Record<(typeof ENDS)[number], string> = {
  built: "built in this run",
  cached: "there already",
  substituted: "fetched from a cache",
  failed: "tried and failed",
  skipped: "left out because of another's failure",
  cancelled: "stopped",
};

function usageClaims({ stages }: BareRecord): Claim[] {
  return USAGE.map(([id, key, source, unit, words]) => {
    const known = stages.flatMap(({ usage }) => usage?.[key] ?? []);
    const isPeak = id === "peak-memory";
    const total = isPeak ? largest(known) : sumOf(known);
    const value = known.length === 0 ? null : total;
    const sources = new Set(
      stages.flatMap(({ usage }) => (usage?.[key] === undefined ? [] : usage.source[source])),
    );
    return {
      ...computed({
        id: `run/${id}`,
        statement: `${words} the outputs of the run: ${isPeak ? "the largest" : "the sum"} over the stages measured`,
        value,
        unit,
        formula: `${isPeak ? "max" : "sum"}(present($1))`,
        pointers: [`/stages/*/usage/${key}`],
        status: value === null ? "unavailable" : "recorded",
      }),
      ...(value === null && { formula: "if(count(present($1)) == 0, null, 0)" }),
      source: [...sources].join(", ") || "unavailable",
    };
  });
}

function environmentClaims({ host, sandbox, params, jobs }: BareRecord): Claim[] {
  const given = Object.entries(params).map(([name, value]) => {
    const pointer = `/params/${escapePointer(name)}`;
    const statement = `Parameter ${name}`;
    if (isClaimValue(value)) return figure(`run/param/${name}`, statement, pointer, value);
    return {
      ...figure(`run/param/${name}`, statement, pointer, JSON.stringify(value)),
      formula: "json($1)",
    };
  });
  return [
    ...given,
    ...(jobs === undefined
      ? []
      : [figure("run/jobs", "Stages that were built at a time, at most", "/jobs", jobs, { unit: "stages" })]),
    figure("run/cores", "Processor cores of the machine", "/host/cores", host.cores, { unit: "cores" }),
    figure("run/kernel", "Release of the kernel", "/host/kernel", host.kernel),
    figure("run/node", "Version of Node", "/host/node", host.node),
    figure("run/pipelite", "Version of Pipelite", "/host/pipelite", host.pipelite),
    figure("run/sandbox", "What isolated the builds", "/sandbox/kind", sandbox.kind),
    ...(sandbox.version === undefined
      ? []
      : [
          figure(
            "run/sandbox-version",
            "Version of what isolated the builds",
            "/sandbox/version",
            sandbox.version,
          ),
        ]),
  ];
}

/** How many claims there are, these four among them, and how many of them are checks. Only a check passes or fails. */
function claimCounts(others: readonly Claim[]): Claim[] {
  const checks = others.filter(({ kind }) => kind === "check");
  const ended = (status: string) => checks.filter((claim) => claim.status === status).length;
  return [
    computed({
      id: "run/claims",
      statement: "Claims of the run",
      value: others.length + 4,
      unit: "claims",
      formula: "count($1)",
      pointers: ["/claims/*/status"],
    }),
    computed({
      id: "run/checks",
      statement: "Checks of the run",
      value: checks.length,
      unit: "checks",
      formula: 'countOf($1, "check")',
      pointers: ["/claims/*/kind"],
    }),
    ...(["passed", "failed"] as const).map((status) =>
      computed({
        id: `run/checks-${status}`,
        statement: `Checks of the run that ${status}`,
        value: ended(status),
        unit: "checks",
        formula: `countOf($1, "${status}")`,
        pointers: ["/claims/*/status"],
      }),
    ),
  ];
}

export function isClaimValue(value: unknown): value is ClaimValue {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

/** One name as a part of a JSON pointer (RFC 6901). */
function escapePointer(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
