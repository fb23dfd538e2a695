// Delimited text with a header line: RFC 4180, with commas, semicolons or tabs between the fields. Which of them is named, or
// is the only one by which every line has as many fields as the header.

export const DELIMITERS = { comma: ",", semicolon: ";", tab: "\t" } as const;

export type Delimiter = keyof typeof DELIMITERS;

export interface DelimitedRecord {
  /** Of the text, from 1. */
  line: number;
  fields: string[];
}

export interface DelimitedText {
  delimiter: Delimiter;
  header: DelimitedRecord;
  records: DelimitedRecord[];
}

export interface DelimitedRequest {
  delimiter?: Delimiter | undefined;
  /** Columns that will be asked for: a delimiter that gives them is preferred. */
  columns: readonly string[];
}

/** What is wrong with a line of the text. */
export class LineProblem extends RangeError {
  readonly line: number;
  constructor(line: number, problem: string) {
    super(problem);
    this.line = line;
  }
}

/** @throws LineProblem; undefined of a text without a line. */
export function parseDelimited(text: string, request: DelimitedRequest): DelimitedText | undefined {
  // The first line by which spreadsheets tell each other the delimiter.
  const told = /^sep=([,;\t])\r?\n/i.exec(text);
  const delimiter =
    request.delimiter ?? (told === null ? undefined : nameOf(told[1] ?? "")) ?? delimiterOf(text, request);
  const [first, ...rest] = recordsOf(text, DELIMITERS[delimiter]);
  const [header, records] = told === null ? [first, rest] : [rest[0], rest.slice(1)];
  if (header === undefined) return undefined;
  const names = new Set<string>();
  const twice = header.fields.find((field) => names.size === names.add(field).size);
  if (twice !== undefined) throw new LineProblem(header.line, `two columns have the name '${twice}'`);
  const odd = records.find(({ fields }) => fields.length !== header.fields.length);
  if (odd !== undefined) throw new LineProblem(odd.line, problemOf(odd, header));
  return { delimiter, header, records };
}

function problemOf({ fields }: DelimitedRecord, header: DelimitedRecord): string {
  const counts = `it has ${fields.length} fields, the header has ${header.fields.length}`;
  const isOneColumn = header.fields.length === 1 && fields.length === 2;
  return isOneColumn
    ? `${counts}: where the comma is a decimal sign, say --delimiter tab --decimal comma`
    : counts;
}

function nameOf(sign: string): Delimiter | undefined {
  return (Object.keys(DELIMITERS) as Delimiter[]).find((name) => DELIMITERS[name] === sign);
}

/** Lines that are looked at to find the delimiter. */
const LOOKED_AT = 200;

function delimiterOf(text: string, { columns }: DelimitedRequest): Delimiter {
  const start = text.split("\n", LOOKED_AT).join("\n");
  const readings = (Object.keys(DELIMITERS) as Delimiter[]).flatMap((delimiter) => {
    const [header, ...records] = tolerantRecordsOf(start, DELIMITERS[delimiter]);
    if (header === undefined || header.fields.length === 1) return [];
    const fitting = records.filter(({ fields }) => fields.length === header.fields.length).length;
    const hasColumns = columns.every((column) => header.fields.includes(column));
    return [{ delimiter, hasColumns, isEven: fitting === records.length }];
  });
  const even = readings.filter(({ isEven }) => isEven);
  for (const found of [even.filter(({ hasColumns }) => hasColumns), even]) {
    const [only, other] = found;
    if (only !== undefined && other !== undefined)
      throw new LineProblem(1, "its fields may be parted by more than one sign: name it by --delimiter");
    if (only !== undefined) return only.delimiter;
  }
  return readings.find(({ hasColumns }) => hasColumns)?.delimiter ?? "comma";
}

/** Nothing where the text can't be read by this delimiter; a quote may still be open where the look ended. */
function tolerantRecordsOf(text: string, delimiter: string): DelimitedRecord[] {
  try {
    return recordsOf(text, delimiter);
  } catch (error) {
    if (error instanceof LineProblem) return [];
    throw error;
  }
}

/** Records of RFC 4180; empty lines are none. */
function recordsOf(text: string, delimiter: string): DelimitedRecord[] {
  const field = new RegExp(`(?:"((?:[^"]|"")*)"|([^"${delimiter}\\r\\n]*))(${delimiter}|\\r?\\n|$)`, "y");
  const records: DelimitedRecord[] = [];
  let fields: string[] = [];
  let line = 1;
  let start = 1;
  let at = 0;
  while (at < text.length || fields.length > 0) {
    field.lastIndex = at;
    const match = field.exec(text);
    if (match === null) throw new LineProblem(line, "a quote is not closed or stands inside a field");
    const [all, quoted, plain = "", end = ""] = match;
    fields.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
    line += all.split("\n").length - 1;
    at += all.length;
    if (end === delimiter) continue;
    if (fields.length > 1 || fields[0] !== "") records.push({ line: start, fields });
    fields = [];
    start = line;
    if (end === "") break;
  }
  return records;
}
