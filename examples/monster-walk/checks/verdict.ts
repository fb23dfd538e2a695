// Checks and the verdict over them. A check is what was looked at, what was found and what was wanted; the verdict is
// their conjunction, and only `passed` is a pass.

import type { Check, Verdict } from "pipelite";

/**
 * `passed` when there are checks and every one of them passed. Studies are shown beside them: one that can't tell does
 * not decide, one that failed does.
 */
export function conclude(checks: Check[], studies: Check[] = []): Verdict {
  const isPassed =
    checks.length > 0 &&
    checks.every((check) => check.status === "passed") &&
    studies.every((study) => study.status !== "failed");
  return { status: isPassed ? "passed" : "failed", checks: [...checks, ...studies] };
}

/** Six significant digits: what is written of a figure that was computed from measurements. */
export function significant(value: number): number {
  return Number(value.toPrecision(6)) + 0;
}

/** What is known of a check before it is decided. */
export type Question = Omit<Check, "status" | "value">;

/** Decided by a truth value. */
export function judge(question: Question, value: Check["value"], isRight: boolean): Check {
  return { ...question, value, status: isRight ? "passed" : "failed" };
}

/** Decided by comparing a magnitude with the question's limit; a value that is no number fails. */
export function judgeAtMost(question: Question & { limit: number }, value: number): Check {
  if (!Number.isFinite(value)) return { ...withoutFormula(question), value: String(value), status: "failed" };
  return { ...judge(question, value, value <= question.limit), accept: "value <= limit" };
}

export function judgeAtLeast(question: Question & { limit: number }, value: number): Check {
  if (!Number.isFinite(value)) return { ...withoutFormula(question), value: String(value), status: "failed" };
  return { ...judge(question, value, value >= question.limit), accept: "value >= limit" };
}

/** Nothing to compute it from: not a failure of what is checked, and no pass. */
export function notComputable(question: Question): Check {
  return { ...withoutFormula(question), status: "not-computable", value: null };
}

/** For a value that the formula does not make: a message, or none. */
export function withoutFormula({ formula: _, ...question }: Question): Question {
  return question;
}

/**
 * Decided by what `decide` returns; a RangeError on the way, which is how bad data shows, fails the check with its
 * message as the value. Other errors are bugs and pass through.
 */
export async function attempt(question: Question, decide: () => Check | Promise<Check>): Promise<Check> {
  try {
    return await decide();
  } catch (error) {
    return { ...withoutFormula(question), status: "failed", value: messageOf(error) };
  }
}

/** The message of an error that bad data causes: a RangeError, JSON's SyntaxError, a missing file. Throws any other again. */
export function messageOf(error: unknown): string {
  const isData = error instanceof RangeError || error instanceof SyntaxError;
  if (isData) return error.message;
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return "the file is missing";
  throw error;
}
