// Inductive types, and records of them that were changed before they were written.
import { inductiveRecord, type Group } from "#lean/source/inductive.ts";
import type { Export, Json } from "#lean/source/terms.ts";

export type { Ctor, Extra, Field, Group, Type } from "#lean/source/inductive.ts";

/** Changes a record before it is written. */
export type Tamper = (record: Json) => unknown;

/** Writes the group; `tamper` changes the record first. */
export function inductive(e: Export, group: Group, tamper: Tamper = () => undefined): Export {
  const record = inductiveRecord(e, group);
  tamper(record);
  return e.raw({ inductive: record });
}
