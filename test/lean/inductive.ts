// Inductive types, and records of them that were changed before they were written.
import { inductiveRecord, type SourceGroup } from "#lean/source/inductive.ts";
import type { Export, ExportLine } from "#lean/source/terms.ts";

export type { Ctor, Extra, ConstructorField, SourceGroup, Type } from "#lean/source/inductive.ts";

/** Changes a record before it is written. */
export type Tamper = (record: ExportLine) => unknown;

/** Writes the group; `tamper` changes the record first. */
export function inductive(e: Export, group: SourceGroup, tamper: Tamper = () => undefined): Export {
  const record = inductiveRecord(e, group);
  tamper(record);
  return e.raw({ inductive: record });
}
