// What a verdict says, as a stage writes it and as a check makes it.

/** How a check ended. Only `passed` is a pass; only `failed` fails the run. */
export type CheckStatus =
  | "passed"
  | "failed"
  | "skipped"
  | "untested"
  | "not-computable"
  | "gauge-limited"
  | "unavailable"
  | "recorded";

/** One thing that was looked at: what was found, and what was wanted. */
export interface Check {
  /** Unique in its verdict. */
  id: string;
  /** What holds when it has passed. */
  statement: string;
  value: string | number | boolean | null;
  unit?: string;
  status: CheckStatus;
  /** What the value was held against. */
  limit?: string | number | boolean | null;
  /** The value from the evidence, in the language of docs/audit.md: `$1` is the first entry of `evidence`. */
  formula?: string;
  /** When it has passed: a formula over `value` and `limit`. */
  accept?: string;
  /** `<result>/<file>#<JSON pointer>`, one or several. */
  evidence?: string | string[];
}

/** The content of a `verdict.json`. */
export interface Verdict {
  status: CheckStatus;
  checks: Check[];
}

/** What a check() makes. */
export interface CheckFiles {
  "verdict.json": Verdict;
}

/** Names of files that can be a verdict: they have a status, or nothing is known of them. */
export type VerdictName<F> = {
  [K in keyof F & string]: unknown extends F[K] ? K : F[K] extends { status: string } ? K : never;
}[keyof F & string];
