// Checks and the verdict over them. A check is what was looked at, what was found and what was wanted; the verdict is
// nothing but their conjunction, and only `passed` is a pass.

export type CheckStatus = "passed" | "failed" | "skipped" | "not-computable";

export interface Check {
  id: string;
  statement: string;
  status: CheckStatus;
  value: number | string | null;
  limit: number | string | null;
  unit?: string;
  /** The file, and the place in it, that the value comes from. */
  evidence: string;
}

export interface Verdict {
  status: "passed" | "failed";
  checks: Check[];
}

/** `passed` when there are checks and every one of them passed. */
export function conclude(checks: Check[]): Verdict {
  const isPassed = checks.length > 0 && checks.every((check) => check.status === "passed");
  return { status: isPassed ? "passed" : "failed", checks };
}

/** What is known of a check before it is decided. */
export type Question = Omit<Check, "status" | "value">;

/** Decided by a truth value. */
export function judge(question: Question, value: Check["value"], isRight: boolean): Check {
  return { ...question, value, status: isRight ? "passed" : "failed" };
}

/** Decided by comparing a magnitude with the question's limit; a value that is no number fails. */
export function judgeAtMost(question: Question & { limit: number }, value: number): Check {
  return judge(question, Number.isFinite(value) ? value : String(value), value <= question.limit);
}

export function judgeAtLeast(question: Question & { limit: number }, value: number): Check {
  return judge(question, Number.isFinite(value) ? value : String(value), value >= question.limit);
}

/**
 * Decided by what `decide` returns; a RangeError on the way, which is how bad data shows, fails the check with its
 * message as the value. Other errors are bugs and pass through.
 */
export async function attempt(question: Question, decide: () => Check | Promise<Check>): Promise<Check> {
  try {
    return await decide();
  } catch (error) {
    return { ...question, status: "failed", value: messageOf(error) };
  }
}

/** The message of an error that bad data causes: a RangeError, JSON's SyntaxError, a missing file. Throws any other again. */
export function messageOf(error: unknown): string {
  const isData = error instanceof RangeError || error instanceof SyntaxError;
  if (isData) return error.message;
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return "the file is missing";
  throw error;
}
