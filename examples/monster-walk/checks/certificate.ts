// The second program: decides every statement of a proof certificate on its own. It shares no code with the mathematics
// that made the certificate, takes nothing from it but the claims and witnesses, and uses other algorithms.
import { readCount, readFields, readList, readText } from "./json.ts";
import { buildTable } from "./removal-table.ts";
import { rules } from "./rules.ts";

export interface Finding {
  id: string;
  text: string;
  status: "recomputed" | "rejected";
  /** Why it was rejected, when that is not simply that the claim is false. */
  reason?: string;
}

const FORMAT = "pipelite monster-walk certificate 2";

/**
 * One finding for each statement. Throws RangeError when the certificate as a whole can't be read, states nothing, says
 * an id twice, or is not about the Monster's order.
 */
export function checkCertificate(certificate: unknown): Finding[] {
  const { format, powers, statements } = readFields(certificate, "certificate");
  if (format !== FORMAT)
    throw new RangeError(`The certificate's format is ${JSON.stringify(format)}, not ${FORMAT}`);
  const table = buildTable(
    readList(powers, "powers").map((item, index) => {
      const { prime, exponent } = readFields(item, `powers[${index}]`);
      return { prime: readCount(prime, "prime"), exponent: readCount(exponent, "exponent") };
    }),
  );
  const listed = readList(statements, "statements").map((item, index) =>
    readFields(item, `statements[${index}]`),
  );
  if (listed.length === 0) throw new RangeError("The certificate states nothing");
  const ids = new Set(listed.map((statement) => readText(statement["id"], "id")));
  if (ids.size !== listed.length) throw new RangeError("The certificate uses an id twice");
  return listed.map((statement): Finding => {
    const id = readText(statement["id"], "id");
    const text = readText(statement["text"], "text");
    try {
      const claim = readFields(statement["claim"], "claim");
      const kind = readText(claim["kind"], "kind");
      const rule = Object.hasOwn(rules, kind) ? rules[kind] : undefined;
      if (rule === undefined) throw new RangeError(`no rule decides ${JSON.stringify(kind)}`);
      return { id, text, status: rule(claim, table) ? "recomputed" : "rejected" };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return { id, text, status: "rejected", reason: error.message };
    }
  });
}
