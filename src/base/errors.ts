// Errors: operational ones are thrown as PipeliteError, whose rows stand beside the code that throws them (`errors.ts` of
// each folder); what a run itself may end in (a stage failed, was skipped) is a value. Bugs are assertions and carry no code.

/** What the process ends with. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  verification: 3,
  unavailable: 4,
  internal: 70,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface ErrorRow {
  exit: ExitCode;
  /** Sentence with `{name}` holes that are filled from the details. */
  message: string;
  hint?: string;
}

export type ErrorDetails = Readonly<Record<string, unknown>>;

export class PipeliteError extends Error {
  override readonly name = "PipeliteError";
  /** Public and stable. */
  readonly code: string;
  readonly details: ErrorDetails;
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;

  constructor(code: string, row: ErrorRow, details: ErrorDetails, cause?: unknown) {
    super(fill(row.message, details), cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
    this.hint = row.hint === undefined ? undefined : fill(row.hint, details);
    this.exitCode = row.exit;
  }
}

/** Makes the errors of one folder: typed by their codes, and by the holes of message and hint. */
export interface Errors<Rows extends Readonly<Record<string, ErrorRow>>> {
  <Code extends keyof Rows & string>(code: Code, ...rest: ErrorArguments<Holes<Rows[Code]>>): PipeliteError;
  readonly rows: Rows;
}

type ErrorArguments<Names extends string> = [Names] extends [never]
  ? [details?: ErrorDetails, cause?: unknown]
  : [details: Readonly<Record<Names, unknown>> & ErrorDetails, cause?: unknown];

type Holes<Row extends ErrorRow> =
  | HolesIn<Row["message"]>
  | (Row extends { hint: infer Hint extends string } ? HolesIn<Hint> : never);

type HolesIn<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? (Name extends `${string} ${string}` | "" ? never : Name) | HolesIn<Rest>
  : never;

/** The errors of a folder from its rows. */
export function errorsOf<const Rows extends Readonly<Record<string, ErrorRow>>>(rows: Rows): Errors<Rows> {
  const make = (code: keyof Rows & string, details: ErrorDetails = {}, cause?: unknown): PipeliteError =>
    new PipeliteError(code, rows[code] as ErrorRow, details, cause);
  return Object.assign(make, { rows });
}

/**
 * True for a PipeliteError, and, with `code`, for one of that code only. By its name, since `pipelite/nix` and the like have the
 * class for themselves: they are bundled with stages.
 */
export function isPipeliteError(error: unknown, code?: string): error is PipeliteError {
  if (!(error instanceof Error && error.name === "PipeliteError")) return false;
  return code === undefined || ("code" in error && error.code === code);
}

/** What went wrong first, where giving back what was held (`using`) went wrong, too. */
export function firstProblem(error: unknown): unknown {
  return error instanceof SuppressedError ? firstProblem(error.suppressed) : error;
}

/** The code of a system error (`ENOENT`, `EEXIST` ...), or undefined. */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function fill(template: string, details: ErrorDetails): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => shown(details[name]) ?? `{${name}}`);
}

/** Of what a message quotes: a word of the command line may have a hundred thousand characters. */
const QUOTED_MAX = 2000;

function shown(value: unknown): string | undefined {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text === undefined || text.length <= QUOTED_MAX) return text;
  return `${text.slice(0, QUOTED_MAX).toWellFormed()} ... (${text.length} characters)`;
}
