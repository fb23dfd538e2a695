// Files of archives of packages, from mirrors: whichever has what was locked.
import { downloadTo, reasonOf } from "#environment/download.ts";
import { pipeliteError } from "#environment/errors.ts";
import type { Mirrors } from "#environment/mirrors.ts";
import type { InArchive, LockedFile } from "#environment/step.ts";

type ArchiveFile = LockedFile & { from: InArchive };

/** Writes the file of an archive to `target`. @throws PipeliteError FILE_UNAVAILABLE, FILE_HASH_DIFFERS, MIRROR_MISSING */
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
      if (got === file.sha256) return;
      last = new Differs(got);
    } catch (error) {
      if (signal.aborted) throw error;
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
