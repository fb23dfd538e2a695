// in-toto Statement v1: what a signature says about which bytes.
// Specification: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
import { isObject, messageOf, parseStrictJson } from "#base/strict-json.ts";
import { utf8 } from "#base/bytes.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { pipeliteError } from "./errors.ts";

const STATEMENT_V1 = "https://in-toto.io/Statement/v1";

/** Something with a digest: a subject is matched by its digest alone. */
export interface ResourceDigest {
  name: string;
  /** Algorithm -> lowercase hex. */
  digest: Readonly<Record<string, string>>;
}

export interface Statement {
  subject: readonly ResourceDigest[];
  /** URI that says what the predicate means. */
  predicateType: string;
  predicate: Readonly<Record<string, unknown>>;
}

/** Canonical JSON: the same statement gives the same bytes. */
export function writeStatement({ subject, predicateType, predicate }: Statement): Uint8Array {
  return utf8(canonicalJson({ _type: STATEMENT_V1, subject, predicateType, predicate }));
}

/** @throws PipeliteError STATEMENT_INVALID */
export function parseStatement(payload: Uint8Array): Statement {
  const value = fields(parseJson(payload), "the statement");
  if (value["_type"] !== STATEMENT_V1) refuse("it is no in-toto statement v1");
  const { subject, predicateType, predicate } = value;
  if (typeof predicateType !== "string" || predicateType === "") return refuse("it has no predicateType");
  if (!Array.isArray(subject) || subject.length === 0) return refuse("it has no subject");
  return {
    subject: subject.map(parseSubject),
    predicateType,
    predicate: predicate === undefined ? {} : fields(predicate, "its predicate"),
  };
}

function parseSubject(value: unknown): ResourceDigest {
  const { name, digest } = fields(value, "a subject");
  const entries = Object.entries(fields(digest, "the digest of a subject"));
  if (entries.length === 0) refuse("a subject has no digest");
  const digests = entries.map(([algorithm, text]): [string, string] => {
    if (typeof text !== "string" || !/^[0-9a-f]+$/.test(text)) return refuse("a digest is not lowercase hex");
    return [algorithm, text];
  });
  return { name: typeof name === "string" ? name : "", digest: Object.fromEntries(digests) };
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return parseStrictJson(payload);
  } catch (error) {
    throw pipeliteError(
      "STATEMENT_INVALID",
      { problem: `it is not JSON in UTF-8 that has one meaning: ${messageOf(error)}` },
      error,
    );
  }
}

function fields(value: unknown, what: string): Record<string, unknown> {
  if (!isObject(value)) refuse(`${what} is not an object`);
  return value;
}

function refuse(problem: string): never {
  throw pipeliteError("STATEMENT_INVALID", { problem });
}
