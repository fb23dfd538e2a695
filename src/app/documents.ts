// The writer of the documents in a result tree, handed down to the audit, which stands below it.
import type { DocumentMaker } from "#evidence/audit-evidence.ts";
import { documentWriter, evidenceDocuments, gatherAtEnd } from "#report/index.ts";

export const documents: DocumentMaker = {
  writer: documentWriter(),
  make: (home, record, logs) => evidenceDocuments(gatherAtEnd(home, record, logs)),
};
