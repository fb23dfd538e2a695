// The control file of a package of Debian (deb(5)), from its first members alone: what follows them may be large.
import { toByteString } from "#base/bytes.ts";
import { pipeliteError } from "./archive-errors.ts";
import { decompress } from "./decompress.ts";
import { parseStanza, repeatedField, type Stanza } from "./deb822.ts";
import { readTar, type ByteSource } from "./tar-reader.ts";

const START = "!<arch>\n";
const HEADER_BYTES = 60;
/** `debian-binary` stands before it, and what future versions may add. */
const MEMBERS_MAX = 16;
/** Packed, and unpacked: the sums of a hundred thousand files are a sixth of it. */
const CONTROL_MAX = 64 * 2 ** 20;
/** Of the control file itself. */
const TEXT_MAX = 2 ** 20;

/** The one paragraph that it must be. @throws PipeliteError ARCHIVE_INVALID */
export async function readControlParagraph(deb: ByteSource): Promise<Stanza> {
  const { content, suffix } = controlMember(deb);
  const files = [...readTar(await decompress(content, suffix, CONTROL_MAX))].filter(
    ({ path }) => path === "control",
  );
  const [file] = files;
  if (file?.kind !== "file" || files.length > 1) throw invalid(`it has ${files.length} control files`);
  if (file.size > TEXT_MAX) throw invalid(`its control file has ${file.size} bytes`);
  const text = Buffer.from(file.content).toString("utf8").trim();
  const paragraphs = text.split(/\n\s*\n/).length;
  if (paragraphs > 1) throw invalid(`its control file has ${paragraphs} paragraphs, wanted is one`);
  const repeated = repeatedField(text);
  if (repeated !== undefined) throw invalid(`its control file has the field ${repeated} twice`);
  return parseStanza(text);
}

function controlMember(deb: ByteSource): { content: Uint8Array; suffix: string } {
  if (toByteString(deb.subarray(0, START.length)) !== START) throw invalid("it does not start as one");
  let at = START.length;
  for (let count = 0; count < MEMBERS_MAX && at < deb.length; count += 1) {
    const header = toByteString(deb.subarray(at, at + HEADER_BYTES));
    const [, name = "", digits = ""] = /^(.{16}).{32}(\d+) *`\n$/s.exec(header) ?? [];
    const [start, size] = [at + HEADER_BYTES, Number(digits)];
    if (digits === "" || start + size > deb.length) throw invalid(`no member at byte ${at}`);
    const part = /^control\.tar(|\..*)$/.exec(name.trimEnd().replace(/\/$/, ""));
    if (part !== null) {
      if (size > CONTROL_MAX) throw invalid(`its control.tar has ${size} bytes`);
      return { content: deb.subarray(start, start + size), suffix: part[1] ?? "" };
    }
    at = start + size + (size % 2);
  }
  throw invalid("it has no control.tar among its first members");
}

function invalid(problem: string): Error {
  return pipeliteError("ARCHIVE_INVALID", { format: "deb", problem });
}
