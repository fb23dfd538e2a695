// What a person signs about a line that broke the journal. Whether anybody has signed it is asked wherever a whole journal is: a line that
// says so itself is one that anybody can append.
import { memberAt } from "#base/strict-json.ts";
import { parseBundle, verifyBundle, type PublicKey, type Statement } from "#sigstore/index.ts";

export const BREAK_TYPE = "https://pipelite.dev/journal-break/v1";

/** A broken line, by `sha256:<hex>` of itself and of all lines up to it: the same junk may stand in other journals. */
export interface BrokenLine {
  digest: string;
  upTo: string;
}

/** @throws PipeliteError where it is no bundle, or nobody whom the home knows has signed it; RangeError where it is about something else */
export function breakStatement(
  text: string,
  keys: readonly PublicKey[],
  { digest, upTo }: BrokenLine,
): { statement: Statement; keyId: string } {
  const bundle = parseBundle(text);
  const statement = verifyBundle(bundle, keys);
  const { predicateType, subject, predicate } = statement;
  if (predicateType !== BREAK_TYPE || `sha256:${subject.at(-1)?.digest["sha256"] ?? ""}` !== digest)
    throw new RangeError("it is not about this line");
  if (memberAt(predicate, "upTo") !== upTo)
    throw new RangeError(
      "it is not about this line after those before it: another journal, or an earlier version",
    );
  return { statement, keyId: bundle.keyId };
}
