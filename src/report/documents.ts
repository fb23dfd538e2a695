// The documents of a run, all computed from its record and what was said about it since. In JSON a number stands only in
// an object that names its claim, and what is a name (a hash, a path, a date, a clause) says where it was read; in HTML the
// same by `data-claim` and `data-identifier`. test/report walks every document and finds no other digit.
import { utf8 } from "#base/bytes.ts";
import { linedJson, documentJson } from "#base/canonical-json.ts";
import { attestationsOf } from "#standards/attestations.ts";
import { evidenceFor } from "#standards/clauses.ts";
import type { StandardEvidence } from "#standards/clauses.ts";
import type { DocumentInput } from "#standards/input.ts";
import { MAPPINGS } from "#standards/mappings.ts";
import { WORDING, batchRecordOf, deviationsDocument, headOf, masterRecordOf } from "#standards/records.ts";
import { reportHtml } from "./report.ts";

/** What goes into the result tree with every run that passed; the rest is made when somebody asks for it. */
export function evidenceDocuments(input: DocumentInput): Map<string, Uint8Array> {
  const others = [MAPPINGS.iso9001, MAPPINGS.part11, MAPPINGS.annex11].map((each) =>
    evidenceFor(each, input),
  );
  const batch = batchRecordOf(input);
  return new Map([
    ["report.html", utf8(reportHtml(input, batch, others))],
    ["batch-record.json", utf8(linedJson({ ...batch }))],
  ]);
}

/** File name -> bytes, in the order of reading. The same input gives the same bytes. */
export function documentsOf(input: DocumentInput): Map<string, Uint8Array> {
  const batch = evidenceFor(MAPPINGS.batchRecord, input);
  const iso9001 = evidenceFor(MAPPINGS.iso9001, input);
  const part11 = evidenceFor(MAPPINGS.part11, input);
  const annex11 = evidenceFor(MAPPINGS.annex11, input);
  const head = headOf(input);
  const clausesDocument = (evidence: StandardEvidence) => ({
    document: "evidence for clauses",
    wording: WORDING,
    ...head,
    ...evidence,
  });
  const batchRecord = batchRecordOf(input);
  const documents: [string, unknown][] = [
    ["batch-record.json", batchRecord],
    ["master-record.json", masterRecordOf(input)],
    ["deviations.json", deviationsDocument(input)],
    ["iso9001-2015.json", clausesDocument(iso9001)],
    ["part11.json", clausesDocument(part11)],
    ["annex11.json", clausesDocument(annex11)],
    ["attestations.cdx.json", attestationsOf(input, [batch, iso9001, part11, annex11])],
  ];
  return new Map([
    ["report.html", utf8(reportHtml(input, batchRecord, [iso9001, part11, annex11]))],
    ...documents.map(([name, document]) => [name, utf8(documentJson(document))] as const),
  ]);
}
