// Errors: operational ones are thrown as PipeliteError, all from one table (error-table.ts); what a run itself may end in
// (a stage failed, was skipped) is a value. Bugs are assertions and carry no code.
import type { ExitCode, Row } from "./error-table.ts";
import { rows } from "./error-table.ts";

export { EXIT, type ExitCode } from "./error-table.ts";

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
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** The rows of the table, for the generated reference and the ratchet test. */
export function errorTable(): ReadonlyMap<string, Readonly<Row>> {
  return new Map(Object.entries(rows));
}

function fill(template: string, details: ErrorDetails): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => shown(details[name]) ?? `{${name}}`);
}

function shown(value: unknown): string | undefined {
  return typeof value === "string" ? value : JSON.stringify(value);
}
