// Every error a user can meet, in one table: its code (public, stable), its message, its exit code and what to do.
// Operational errors are thrown as PipeliteError; what a run itself may end in (a stage failed, was skipped) is a value.
// Bugs are assertions and carry no code.

/** What the process ends with; documented in docs/reference/exit-codes.md. */
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

interface Row {
  exit: ExitCode;
  /** Sentence with `{name}` holes that are filled from the details. */
  message: string;
  hint?: string;
}

const rows = {
  // base
  COMMAND_FAILED: { exit: 1, message: "Cannot run {command}: it ended with {ending}" },
  LOCK_TIMEOUT: { exit: 1, message: "Cannot get a lock within {timeoutMs} ms: another process holds it" },
  JSON_NOT_CANONICAL: { exit: 2, message: "Cannot write {value} as canonical JSON at {at}" },
} as const satisfies Record<string, Row>;

export type ErrorCode = keyof typeof rows;
export type ErrorDetails = Readonly<Record<string, unknown>>;

export class PipeliteError extends Error {
  override readonly name = "PipeliteError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;

  constructor(code: ErrorCode, details: ErrorDetails = {}, cause?: unknown) {
    const row: Row = rows[code];
    super(fill(row.message, details), cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
    this.hint = row.hint === undefined ? undefined : fill(row.hint, details);
    this.exitCode = row.exit;
  }
}

/** True for a PipeliteError, and, with `code`, for one of that code only. */
export function isPipeliteError(error: unknown, code?: ErrorCode): error is PipeliteError {
  return error instanceof PipeliteError && (code === undefined || error.code === code);
}

/** The code of a system error (`ENOENT`, `EEXIST` ...), or undefined. */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}

/** The rows of the table, for the generated reference and the ratchet test. */
export function errorTable(): ReadonlyMap<string, Readonly<Row>> {
  return new Map(Object.entries(rows));
}

function fill(template: string, details: ErrorDetails): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? `{${name}}`));
}
