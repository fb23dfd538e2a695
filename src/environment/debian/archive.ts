// Files of archives of packages, from mirrors: whichever has what was locked.
import { isPipeliteError } from "#base/errors.ts";
import { downloadTo, reasonOf } from "#environment/download.ts";
import { pipeliteError } from "#environment/errors.ts";
import type { Mirrors } from "#environment/mirrors.ts";
import { OpenFile } from "#environment/open-file.ts";
import type { InArchive, LockedFile } from "#environment/step.ts";
import { readControlParagraph } from "#package/deb-control.ts";

type ArchiveFile = LockedFile & { from: InArchive };

/** Writes the file of an archive to `target`. @throws PipeliteError FILE_UNAVAILABLE, FILE_HASH_DIFFERS, MIRROR_MISSING, PACKAGE_FILE_INVALID */
export async function getFromArchive(
  file: ArchiveFile,
  target: string,
  { mirrors, signal }: { mirrors: Mirrors; signal: AbortSignal },
): Promise<void> {
  const { name, from } = file;
  const urls = addressesOf(file, mirrors);
  if (urls.length === 0) throw pipeliteError("MIRROR_MISSING", { archive: from.archive });
  let last: unknown;
  for (const url of urls) {
    try {
      const got = await downloadTo(url, { file: target, most: file.size, signal });
      if (got === file.sha256) return await requireSaid(file, target);
      last = new Differs(got);
    } catch (error) {
      if (signal.aborted || isPipeliteError(error, "PACKAGE_FILE_INVALID")) throw error;
      last = error;
    }
  }
  if (last instanceof Differs)
    throw pipeliteError("FILE_HASH_DIFFERS", {
      file: name,
      archive: from.archive,
      wanted: file.sha256,
      got: last.found,
    });
  throw pipeliteError("FILE_UNAVAILABLE", { file: name, archive: from.archive, problem: reasonOf(last) });
}

/** Index and lock have what the package says of itself, which is what dpkg goes by. @throws PipeliteError PACKAGE_FILE_INVALID */
async function requireSaid({ name, from: { archive, says } }: ArchiveFile, target: string): Promise<void> {
  if (says === undefined) return;
  const refuse = (problem: string, cause?: unknown) =>
    pipeliteError("PACKAGE_FILE_INVALID", { file: name, archive, package: says.name, problem }, cause);
  const deb = new OpenFile(target);
  try {
    const said = await readControlParagraph(deb);
    const wanted = { Package: says.name, Version: says.version, Architecture: says.architecture };
    for (const [field, value] of Object.entries(wanted)) {
      const own = said.get(field.toLowerCase()) ?? "";
      if (own !== value) throw refuse(`its ${field} is '${own}', the lock file says '${value}'`);
    }
  } catch (error) {
    throw isPipeliteError(error, "ARCHIVE_INVALID") ? refuse(error.message, error) : error;
  } finally {
    deb.close();
  }
}

/** Mirrors first; an archive drops what is superseded, and the snapshot archive has it as it was when it was locked. */
function addressesOf({ from }: ArchiveFile, mirrors: Mirrors): string[] {
  const path = from.path.split("/").map(encodeURIComponent).join("/");
  const own = mirrors.of(from.archive).map((url) => `${url}/${path}`);
  if (from.date === undefined) return own;
  const moment = from.date.replaceAll(/[-:]|\.\d+/g, "");
  return [...own, ...mirrors.of("snapshot").map((url) => `${url}/archive/${from.archive}/${moment}/${path}`)];
}

class Differs extends Error {
  readonly found: string;

  constructor(found: string) {
    super("its hash differs");
    this.found = found;
  }
}
