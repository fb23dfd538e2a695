// Reads measured values from CSV, JSON or NDJSON text. Strict: a value that is no number is an error that names its line,
// never a value that is left out. CSV follows RFC 4180, with a header line.
import { type PipeliteError } from "#base/errors.ts";
import { pipeliteError } from "./errors.ts";

export type SampleFormat = "csv" | "json" | "ndjson";

export interface SampleRequest {
  /** Name of the file, for errors and to tell its format. */
  name: string;
  /** Name of the column, or of the member of each object. */
  column: string;
  /** A column that names each value's subgroup, or how many values in a row make one. */
  subgroup?: string | number | undefined;
}

export interface Samples {
  /** Subgroups in the order in which they are first named; subgroups of one without `subgroup`. */
  groups: number[][];
  /** Their names; numbers from 1 where they have none. */
  names: string[];
}

interface Row {
  /** `line 7` of text, `element 7` of a JSON array. */
  place: string;
  cells: ReadonlyMap<string, unknown>;
}

/** The format by the ending of the name, or by how the text begins. */
export function formatOf(name: string, text: string): SampleFormat {
  const ending = /\.(csv|json|ndjson|jsonl)$/i.exec(name)?.[1]?.toLowerCase();
  if (ending !== undefined) return ending === "jsonl" ? "ndjson" : (ending as SampleFormat);
  const start = text.trimStart();
  return start.startsWith("[") ? "json" : start.startsWith("{") ? "ndjson" : "csv";
}

/** @throws PipeliteError SAMPLES_INVALID with the line. */
export function parseSamples(text: string, request: SampleRequest): Samples {
  const rows = rowsOf(text.replace(/^\uFEFF/, ""), request.name);
  const refuse = (place: string, problem: string) => refusal(request.name, place, problem);
  if (rows.length === 0) throw refuse("", "it has no values");
  const values = rows.map(({ place, cells }) =>
    numberOf(cells, request.column, (problem) => refuse(place, problem)),
  );
  const { subgroup } = request;
  if (subgroup === undefined) return numbered(values.map((value) => [value]));
  if (typeof subgroup === "number") {
    if (values.length % subgroup !== 0) {
      throw refuse("", `its ${values.length} values are not whole subgroups of ${subgroup}`);
    }
    return numbered(
      Array.from({ length: values.length / subgroup }, (_, at) =>
        values.slice(at * subgroup, (at + 1) * subgroup),
      ),
    );
  }
  const groups = new Map<string, number[]>();
  rows.forEach(({ place, cells }, index) => {
    const name = cells.get(subgroup);
    if (name === undefined || name === null || name === "") throw refuse(place, noColumn(cells, subgroup));
    const key = typeof name === "string" ? name : JSON.stringify(name);
    const group = groups.get(key) ?? [];
    group.push(values[index] ?? Number.NaN);
    groups.set(key, group);
  });
  return { groups: [...groups.values()], names: [...groups.keys()] };
}

function numbered(groups: number[][]): Samples {
  return { groups, names: groups.map((_, index) => String(index + 1)) };
}

function refusal(file: string, place: string, problem: string): PipeliteError {
  return pipeliteError("SAMPLES_INVALID", { file: place === "" ? file : `${file}, ${place}`, problem });
}

function noColumn(cells: ReadonlyMap<string, unknown>, column: string): string {
  if (cells.has(column)) return `'${column}' is empty`;
  return `there is no '${column}' (there are: ${[...cells.keys()].join(", ") || "none"})`;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

function numberOf(
  cells: ReadonlyMap<string, unknown>,
  column: string,
  refuse: (problem: string) => Error,
): number {
  const cell = cells.get(column);
  if (cell === undefined || cell === null || cell === "") throw refuse(noColumn(cells, column));
  const value =
    typeof cell === "number"
      ? cell
      : typeof cell === "string" && NUMBER.test(cell)
        ? Number(cell)
        : Number.NaN;
  if (!Number.isFinite(value)) throw refuse(`'${column}' is no number: ${JSON.stringify(cell)}`);
  return value;
}

function rowsOf(text: string, name: string): Row[] {
  switch (formatOf(name, text)) {
    case "csv":
      return csvRows(text, name);
    case "json":
      return jsonRows(parseJson(text, name), name);
    case "ndjson":
      return text.split("\n").flatMap((line, index) => {
        if (line.trim() === "") return [];
        const place = `line ${index + 1}`;
        return [{ place, cells: cellsOf(parseJson(line, name, place), name, place) }];
      });
  }
}

function parseJson(text: string, name: string, place?: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const at = /position (\d+)/.exec(problem)?.[1];
    const line = place ?? (at === undefined ? "" : `line ${text.slice(0, Number(at)).split("\n").length}`);
    throw refusal(name, line, `it is no JSON: ${problem}`);
  }
}

function jsonRows(value: unknown, name: string): Row[] {
  if (!Array.isArray(value)) throw refusal(name, "", "it must be an array of objects");
  return value.map((element: unknown, index) => {
    const place = `element ${index + 1}`;
    return { place, cells: cellsOf(element, name, place) };
  });
}

function cellsOf(value: unknown, name: string, place: string): Map<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refusal(name, place, `it must be an object, not ${JSON.stringify(value)}`);
  }
  return new Map(Object.entries(value));
}

interface Record {
  line: number;
  fields: string[];
}

function csvRows(text: string, name: string): Row[] {
  const [header, ...records] = csvRecords(text, name);
  if (header === undefined) return [];
  const twice = header.fields.find((field, index) => header.fields.indexOf(field) !== index);
  if (twice !== undefined) throw refusal(name, `line ${header.line}`, `two columns have the name '${twice}'`);
  return records.map(({ line, fields }) => {
    const place = `line ${line}`;
    if (fields.length !== header.fields.length) {
      throw refusal(name, place, `it has ${fields.length} fields, the header has ${header.fields.length}`);
    }
    return { place, cells: new Map(header.fields.map((column, index) => [column, fields[index]])) };
  });
}

const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

/** Records of RFC 4180; empty lines are none. */
function csvRecords(text: string, name: string): Record[] {
  const records: Record[] = [];
  let fields: string[] = [];
  let line = 1;
  let start = 1;
  let at = 0;
  while (at < text.length || fields.length > 0) {
    FIELD.lastIndex = at;
    const match = FIELD.exec(text);
    if (match === null) throw refusal(name, `line ${line}`, "a quote is not closed or stands inside a field");
    const [all, quoted, plain = "", end = ""] = match;
    fields.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
    line += all.split("\n").length - 1;
    at += all.length;
    if (end === ",") continue;
    if (fields.length > 1 || fields[0] !== "") records.push({ line: start, fields });
    fields = [];
    start = line;
    if (end === "") break;
  }
  return records;
}
