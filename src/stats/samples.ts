// Reads measured values from delimited text, JSON or NDJSON. Strict: a value that is not a number is an error that names its
// line, never a value that is left out; what may be read in two ways is not guessed but asked for.
import { isDecimal } from "#base/numbers.ts";
import { isObject, parseStrictJson } from "#base/strict-json.ts";
import type { PipeliteError } from "#base/errors.ts";
import { LineProblem, parseDelimited, type Delimiter } from "./delimited.ts";
import { decodeText, type Encoding } from "./encoding.ts";
import { pipeliteError } from "./errors.ts";

export type SampleFormat = "csv" | "json" | "ndjson";
export type Decimal = "point" | "comma";

export interface SampleRequest {
  /** Name of the file, for errors and to tell its format. */
  name: string;
  /** Name of the column, or of the member of each object. */
  column: string;
  /** A column that names each value's subgroup, or how many values in a row make one. */
  subgroup?: string | number | undefined;
  /** Found where it is not named and there is but one way to read the file. */
  encoding?: Encoding | undefined;
  delimiter?: Delimiter | undefined;
  decimal?: Decimal | undefined;
}

/** How the file was read. */
export interface Reading {
  format: SampleFormat;
  /** Absent where text was given. */
  encoding?: Encoding;
  /** Of delimited text. */
  delimiter?: Delimiter;
  decimal: Decimal;
}

export interface Samples {
  /** Subgroups in the order in which they are first named; subgroups of one without `subgroup`. */
  groups: number[][];
  /** Their names; numbers from 1 where they have none. */
  names: string[];
  reading: Reading;
}

interface Row {
  /** `line 7` of text, `element 7` of a JSON array. */
  place: string;
  cells: ReadonlyMap<string, unknown>;
}

/** The format by the ending of the name, or by how the text begins. */
export function formatOf(name: string, text: string): SampleFormat {
  const ending = /\.(csv|tsv|tab|json|ndjson|jsonl)$/i.exec(name)?.[1]?.toLowerCase();
  if (ending === "json") return "json";
  if (ending === "ndjson" || ending === "jsonl") return "ndjson";
  if (ending !== undefined) return "csv";
  const start = text.trimStart();
  return start.startsWith("[") ? "json" : start.startsWith("{") ? "ndjson" : "csv";
}

/** @throws PipeliteError SAMPLES_INVALID with the line. */
export function readSamples(bytes: Uint8Array, request: SampleRequest): Samples {
  const { text, encoding } = explained(request.name, () => decodeText(bytes, request.encoding));
  const { reading, ...samples } = parseSamples(text, request);
  return { ...samples, reading: { ...reading, encoding } };
}

/** @throws PipeliteError SAMPLES_INVALID with the line. */
export function parseSamples(text: string, request: SampleRequest): Samples {
  const { rows, format, delimiter } = rowsOf(text.replace(/^\uFEFF/, ""), request);
  const refuse = (place: string, problem: string) => refusal(request.name, place, problem);
  if (rows.length === 0) throw refuse("", "it has no values");
  const decimal = request.decimal ?? decimalOf(rows, request);
  const values = rows.map(({ place, cells }) =>
    numberOf(cells, { column: request.column, decimal }, (problem) => refuse(place, problem)),
  );
  const reading = { format, decimal, ...(delimiter !== undefined && { delimiter }) };
  return { ...grouped(rows, values, request), reading };
}

function grouped(
  rows: readonly Row[],
  values: readonly number[],
  { name: file, subgroup }: SampleRequest,
): { groups: number[][]; names: string[] } {
  if (subgroup === undefined) return numbered(values.map((value) => [value]));
  if (typeof subgroup === "number") {
    if (values.length % subgroup !== 0) {
      throw refusal(file, "", `its ${values.length} values are not whole subgroups of ${subgroup}`);
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
    if (name === undefined || name === null || name === "")
      throw refusal(file, place, noColumn(cells, subgroup));
    const key = typeof name === "string" ? name : JSON.stringify(name);
    const group = groups.get(key) ?? [];
    group.push(values[index] ?? Number.NaN);
    groups.set(key, group);
  });
  return { groups: [...groups.values()], names: [...groups.keys()] };
}

function numbered(groups: number[][]): { groups: number[][]; names: string[] } {
  return { groups, names: groups.map((_, index) => String(index + 1)) };
}

function refusal(file: string, place: string, problem: string): PipeliteError {
  return pipeliteError("SAMPLES_INVALID", { file: place === "" ? file : `${file}, ${place}`, problem });
}

function noColumn(cells: ReadonlyMap<string, unknown>, column: string): string {
  if (cells.has(column)) return `'${column}' is empty`;
  const shown = [...cells.keys()].slice(0, NAMES_SHOWN).join(", ");
  const more = cells.size > NAMES_SHOWN ? ` and ${cells.size - NAMES_SHOWN} more` : "";
  return `there is no '${column}' (there are: ${shown || "none"}${more})`;
}

const NAMES_SHOWN = 20;

const COMMA_NUMBER = /^[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?$/;
/** One and a half, or one thousand five hundred? */
const MAY_BE_GROUPS = /^[+-]?[1-9]\d{0,2},\d{3}$/;

/** The decimal sign of a column, where its values leave one reading only. */
function decimalOf(rows: readonly Row[], { name, column }: SampleRequest): Decimal {
  const texts = rows.flatMap(({ place, cells }) => {
    const text = cells.get(column);
    return typeof text === "string" ? [{ place, text }] : [];
  });
  const withComma = texts.filter(({ text }) => COMMA_NUMBER.test(text));
  const [first] = withComma;
  if (first === undefined) return "point";
  const refuse = (problem: string) =>
    refusal(name, first.place, `${problem}: name the decimal sign by --decimal`);
  if (texts.some(({ text }) => text.includes(".") && isDecimal(text)))
    throw refuse(`'${column}' has a comma where others have a point: ${JSON.stringify(first.text)}`);
  if (withComma.every(({ text }) => MAY_BE_GROUPS.test(text)))
    throw refuse(
      `'${column}' may have a decimal comma or groups of three digits: ${JSON.stringify(first.text)}`,
    );
  return "comma";
}

function numberOf(
  cells: ReadonlyMap<string, unknown>,
  { column, decimal }: { column: string; decimal: Decimal },
  refuse: (problem: string) => Error,
): number {
  const cell = cells.get(column);
  if (cell === undefined || cell === null || cell === "") throw refuse(noColumn(cells, column));
  const value =
    typeof cell === "number" ? cell : typeof cell === "string" ? toNumber(cell, decimal) : Number.NaN;
  if (!Number.isFinite(value))
    throw refuse(
      `'${column}' is not a number: ${typeof cell === "number" ? "out of range" : JSON.stringify(cell)}`,
    );
  // There is one zero.
  return value + 0;
}

function toNumber(text: string, decimal: Decimal): number {
  if (decimal === "point") return isDecimal(text) ? Number(text) : Number.NaN;
  const isOne = COMMA_NUMBER.test(text) || (isDecimal(text) && !text.includes("."));
  return isOne ? Number(text.replace(",", ".")) : Number.NaN;
}

interface Rows {
  rows: Row[];
  format: SampleFormat;
  delimiter?: Delimiter;
}

function rowsOf(text: string, request: SampleRequest): Rows {
  const { name } = request;
  const format = formatOf(name, text);
  switch (format) {
    case "csv":
      return { format, ...delimitedRows(text, request) };
    case "json":
      return { format, rows: jsonRows(parseJson(text, name), name) };
    case "ndjson": {
      const rows = text.split("\n").flatMap((line, index) => {
        if (line.trim() === "") return [];
        const place = `line ${index + 1}`;
        return [{ place, cells: cellsOf(parseJson(line, name, place), name, place) }];
      });
      return { format, rows };
    }
  }
}

function delimitedRows(
  text: string,
  { name, column, subgroup, delimiter }: SampleRequest,
): { rows: Row[]; delimiter?: Delimiter } {
  const named = delimiter ?? (/\.(tsv|tab)$/i.test(name) ? "tab" : undefined);
  const columns = typeof subgroup === "string" ? [column, subgroup] : [column];
  const found = explained(name, () => parseDelimited(text, { delimiter: named, columns }));
  if (found === undefined) return { rows: [] };
  const { header, records } = found;
  const rows = records.map(({ line, fields }) => ({
    place: `line ${line}`,
    cells: new Map(header.fields.map((field, index) => [field, fields[index]])),
  }));
  return { rows, delimiter: found.delimiter };
}

/** A RangeError says what is wrong with the file; a LineProblem also where. */
function explained<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw refusal(file, error instanceof LineProblem ? `line ${error.line}` : "", error.message);
  }
}

function parseJson(text: string, name: string, place?: string): unknown {
  try {
    return parseStrictJson(text);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const at = /position (\d+)/.exec(problem)?.[1];
    const line = place ?? (at === undefined ? "" : `line ${text.slice(0, Number(at)).split("\n").length}`);
    throw refusal(name, line, `it is not JSON: ${problem}`);
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
  if (!isObject(value)) {
    throw refusal(name, place, `it must be an object, not ${JSON.stringify(value)}`);
  }
  return new Map(Object.entries(value));
}
