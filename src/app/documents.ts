// The writer of the documents in a result tree, handed down to the audit, which stands below it.
import type { DocumentMaker } from "#evidence/audit-evidence.ts";
import { documentWriter, makeDocuments } from "#report/index.ts";

export const documents: DocumentMaker = {
  writer: documentWriter(),
  make: makeDocuments,
};
