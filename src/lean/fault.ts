// Why an export is not accepted. A fault is thrown inside the kernel and becomes the `problem` of the report; it never
// leaves `check`. `format` faults are about the file, `rejected` ones about mathematics, `limit` ones about neither.

/** Public, stable reason codes: what was wrong with the file or with a declaration. */
export type Reason =
  // The file is not an export in the format 3.0 or 3.1
  | "not-json"
  | "not-utf8"
  | "not-an-export"
  | "format-version"
  | "unknown-record"
  | "duplicate-key"
  | "unknown-field"
  | "missing-field"
  | "wrong-type"
  | "bad-index"
  | "duplicate-index"
  | "forward-reference"
  | "truncated"
  // A declaration breaks a rule of the kernel
  | "duplicate-declaration"
  | "duplicate-universe-parameter"
  | "unknown-universe-parameter"
  | "unknown-constant"
  | "unsafe-dependency"
  | "universe-count"
  | "loose-variable"
  | "not-a-type"
  | "not-a-function"
  | "argument-mismatch"
  | "type-mismatch"
  | "let-mismatch"
  | "theorem-not-a-proposition"
  | "bad-projection"
  | "projection-from-proposition"
  | "missing-literal-type"
  | "primitive-mismatch"
  | "inductive-header"
  | "inductive-not-a-sort"
  | "inductive-parameters"
  | "inductive-universe"
  | "constructor-result"
  | "constructor-field-count"
  | "non-positive"
  | "nested-invalid"
  | "recursor-missing"
  | "recursor-unexpected"
  | "recursor-mismatch"
  | "recursor-ill-typed"
  | "quotient-mismatch"
  | "axiom-not-allowed"
  // The checker gave up; nothing is said about the declaration
  | "resource-limit";

export type FaultKind = "format" | "rejected" | "limit";

export class Fault extends Error {
  readonly kind: FaultKind;
  readonly reason: Reason;

  constructor(kind: FaultKind, reason: Reason, message: string) {
    super(message);
    this.kind = kind;
    this.reason = reason;
  }
}

export function reject(reason: Reason, message: string): never {
  throw new Fault("rejected", reason, message);
}

export function refuseFormat(reason: Reason, message: string): never {
  throw new Fault("format", reason, message);
}

export function giveUp(message: string): never {
  throw new Fault("limit", "resource-limit", message);
}
