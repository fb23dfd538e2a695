// The first line of an export: what wrote it, and in which format.
import { refuseFormat } from "#lean/fault.ts";
import type { Fields } from "./fields.ts";

export interface Meta {
  readonly exporter: string;
  readonly exporterVersion: string;
  readonly leanVersion: string;
  readonly formatVersion: string;
}

/** Formats 3.0 and 3.1; later ones of the same number have changes that nobody has looked at yet. */
const VERSION = /^3\.[01]\.\d+$/;

export function readMeta(record: Fields): Meta {
  if (!record.has("meta"))
    refuseFormat("not-an-export", "Cannot read the file: its first line has no meta object");
  const meta = record.object("meta");
  record.end();
  const exporter = meta.object("exporter");
  const lean = meta.object("lean");
  const format = meta.object("format");
  const formatVersion = format.text("version");
  if (!VERSION.test(formatVersion)) {
    refuseFormat("format-version", `Cannot read format ${formatVersion}: it must be 3.0 or 3.1`);
  }
  return {
    exporter: exporter.text("name"),
    exporterVersion: exporter.text("version"),
    leanVersion: lean.text("version"),
    formatVersion,
  };
}

/** A version alone, or a record as in `1 #NS 0 Nat`. */
const OLD_FORMAT =
  /^(?:\d+\.\d+\.\d+|\d+ #(?:NS|NI|US|UM|UIM|UP|EV|ES|EC|EA|EL|EP|EZ|EJ|ELN|ELS)\b.*|#\w+ .*)\s*$/;

/** Names the text format of lean4export before 3.0, where the first line shows that it is one. */
export function refuseOther(line: string): void {
  if (!OLD_FORMAT.test(line)) return;
  refuseFormat(
    "format-version",
    "Cannot read the text format of lean4export before 3.0: it must be 3.0 or 3.1, one JSON object a line",
  );
}
