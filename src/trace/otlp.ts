// Writes spans as one OTLP/JSON request (opentelemetry-proto, `ExportTraceServiceRequest` in the JSON mapping of protobuf
// that OTLP prescribes: identifiers in hexadecimal, 64-bit integers as strings, enumerations as numbers). Names are those
// of OpenTelemetry's semantic conventions for CI/CD where they have one; the others start with `pipelite.`.
import { own } from "#base/own.ts";
import { shownJson } from "#base/shown-json.ts";
import type { AttributeValue, Span } from "./spans.ts";

const SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0";
const KIND = { internal: 1, server: 2 } as const;
const STATUS = { error: 2 } as const;

/** Every status of a run or a stage -> the convention's word for it. */
const RESULTS: Readonly<Record<string, string>> = {
  passed: "success",
  built: "success",
  cached: "success",
  substituted: "success",
  failed: "failure",
  cancelled: "cancellation",
  skipped: "skip",
};

type Value =
  | { stringValue: string }
  | { boolValue: boolean }
  | { intValue: string }
  | { doubleValue: number };

interface KeyValue {
  key: string;
  value: Value;
}

/** The same bytes for the same spans. */
export function writeOtlp(spans: readonly Span[]): string {
  const [run] = spans;
  if (run === undefined) return `${JSON.stringify({ resourceSpans: [] })}\n`;
  const version = String(run.attributes["pipelite"]);
  const [arch = "", os = ""] = String(run.attributes["system"]).split("-");
  const resource = {
    attributes: keyValues({
      "service.name": "pipelite",
      "service.version": version,
      "host.arch": own(ARCHITECTURES, arch) ?? arch,
      "os.type": os,
      "os.version": run.attributes["kernel"] ?? "",
    }),
  };
  const scopeSpans = [
    { scope: { name: "pipelite", version }, spans: spans.map((span) => spanOf(span, run)) },
  ];
  const request = { resourceSpans: [{ resource, scopeSpans, schemaUrl: SCHEMA_URL }] };
  return `${shownJson(request, 2)}\n`;
}

/** Node's words for processors -> those of `host.arch`. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", ia32: "x86" };

function spanOf(span: Span, run: Span) {
  const { traceId, id, parentId, kind, startNs, endNs, status, problem } = span;
  return {
    traceId,
    spanId: id,
    ...(parentId !== undefined && { parentSpanId: parentId }),
    name: nameOf(span),
    kind: kind === "run" ? KIND.server : KIND.internal,
    startTimeUnixNano: String(startNs),
    endTimeUnixNano: String(endNs),
    attributes: keyValues({ ...conventions(span, run), ...prefixed(span) }),
    ...(status === "failed" && {
      status: { code: STATUS.error, ...(problem !== undefined && { message: problem }) },
    }),
  };
}

function nameOf({ kind, name }: Span): string {
  return kind === "run" ? `BUILD ${name}` : kind === "stage" ? name : `${kind} ${name}`;
}

function conventions(
  { kind, name, id, status = "", attributes }: Span,
  run: Span,
): Record<string, AttributeValue> {
  const error = status === "failed" && { "error.type": attributes["code"] ?? "_OTHER" };
  const result = own(RESULTS, status) ?? status;
  if (kind === "run") {
    return {
      "cicd.pipeline.name": name,
      "cicd.pipeline.action.name": "BUILD",
      "cicd.pipeline.run.id": run.attributes["run-id"] ?? "",
      "cicd.pipeline.result": result,
      ...error,
    };
  }
  if (kind !== "stage") return {};
  return {
    "cicd.pipeline.task.name": name,
    "cicd.pipeline.task.run.id": id,
    "cicd.pipeline.task.run.result": result,
    "cicd.pipeline.task.type": "build",
    ...error,
  };
}

function prefixed({ kind, status, slot, attributes }: Span): Record<string, AttributeValue> {
  const own = { ...attributes, ...(status !== undefined && { status }) };
  return {
    ...Object.fromEntries(Object.entries(own).map(([key, value]) => [`pipelite.${kind}.${key}`, value])),
    ...(slot !== undefined && { "pipelite.stage.slot": slot }),
  };
}

function keyValues(attributes: Readonly<Record<string, AttributeValue>>): KeyValue[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value) }));
}

function valueOf(value: AttributeValue): Value {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
